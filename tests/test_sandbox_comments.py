"""Comments under the sandbox's articles: people write, the account elects, answers, and is refused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.articles.comments import MOST_ELECTED
from sandbox.driver import Phone, Refusal
from tests.sandbox_articles import Press, press
from tests.test_sandbox_articles import taps


@dataclass
class Open:
    """An article with comments, and two who follow."""

    desk: Press
    url: str
    article: dict[str, Any]  # msg_data_id and index
    li: Phone
    wang: Phone

    async def call(self, name: str, **more: Any) -> dict[str, Any]:
        return await self.desk.call(f"comment/{name}", {**self.article, **more})

    async def code(self, name: str, **more: Any) -> int:
        return int((await self.call(name, **more)).get("errcode", 0))

    async def listed(self, kind: int = 0, begin: int = 0, count: int = 49) -> list[dict[str, Any]]:
        answer = await self.call("list", begin=begin, count=count, type=kind)
        assert answer["errcode"] == 0, answer
        return list(answer["comment"])

    async def page(self, phone: Phone) -> str:
        return (await phone.opens(self.url, self.desk.account.http)).text


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    async with press() as desk:
        media_id = await desk.draft(desk.article(), desk.article(title="触电急救", need_open_comment=1))
        made = await desk.call("freepublish/submit", {"media_id": media_id})
        await desk.account.app.state.world.settle()
        done = await desk.call("freepublish/get", {"publish_id": made["publish_id"]})
        url = done["article_detail"]["item"][1]["article_url"]
        people = [await desk.account.platform.follower(name) for name in ("李建国", "王秀兰")]
        yield Open(desk, url, {"msg_data_id": made["msg_data_id"], "index": 1}, *people)


async def test_people_write_and_the_account_chooses_and_answers(opened: Open) -> None:
    first = await opened.wang.comments(opened.url, "心肺复苏按多深？")
    await opened.page(opened.li)
    written = await taps(opened.desk, opened.url, "comment", text="<b>谢谢</b>\n很有用")
    assert "&lt;b&gt;谢谢&lt;/b&gt;\n很有用" in written.text
    assert "仅自己可见" in written.text
    assert "按多深" not in written.text  # not elected yet, and somebody else's

    both = await opened.listed()
    assert [one["content"] for one in both] == ["<b>谢谢</b>\n很有用", "心肺复苏按多深？"]
    assert (both[1]["user_comment_id"], both[1]["openid"]) == (first, opened.wang.openid)
    assert [one["comment_type"] for one in both] == [0, 0]
    assert "reply" not in both[1]

    assert await opened.code("markelect", user_comment_id=first) == 0
    assert await opened.code("reply/add", user_comment_id=first, content="5 到 6 厘米。") == 0
    (elected,) = await opened.listed(2)
    assert (elected["comment_type"], elected["reply"]["content"]) == (1, "5 到 6 厘米。")
    assert [one["user_comment_id"] for one in await opened.listed(1)] == [both[0]["user_comment_id"]]
    shown = await opened.page(opened.li)
    assert shown.index("按多深") < shown.index("5 到 6 厘米") < shown.index("很有用")
    second = await opened.call("list", begin=1, count=1)
    assert (second["total"], second["comment"][0]["user_comment_id"]) == (2, first)

    assert await opened.code("reply/add", user_comment_id=first, content="再答") == 88005
    assert await opened.code("reply/delete", user_comment_id=first) == 0
    assert await opened.code("reply/delete", user_comment_id=first) == 88008
    assert await opened.code("unmarkelect", user_comment_id=first) == 0
    assert "按多深" not in await opened.page(opened.li)
    assert await opened.code("delete", user_comment_id=first) == 0
    assert await opened.code("delete", user_comment_id=first) == 88008
    assert [one["content"] for one in await opened.listed()] == ["<b>谢谢</b>\n很有用"]


async def test_what_a_person_takes_back_is_gone_for_the_account_too(opened: Open) -> None:
    comment = await opened.li.comments(opened.url, "写错了")
    with pytest.raises(Refusal, match="没有这条留言"):
        await opened.wang.takes_comment_back(opened.url, comment)
    assert "写错了" in await opened.page(opened.li)

    gone = await taps(opened.desk, opened.url, "take-back", comment=str(comment))

    assert "写错了" not in gone.text
    assert await opened.listed() == []
    for name, more in (("markelect", {}), ("delete", {}), ("reply/add", {"content": "好"})):
        assert await opened.code(name, user_comment_id=comment, **more) == 88004
    assert "没有这条留言" in (await taps(opened.desk, opened.url, "take-back", comment="x")).text


async def test_comments_are_opened_and_closed_and_may_be_for_followers_only(opened: Open) -> None:
    strangers = {"need_open_comment": 1, "only_fans_can_comment": 1}
    (fans_only,) = await opened.desk.published(opened.desk.article(**strangers))
    assert await opened.code("close") == 0
    with pytest.raises(Refusal, match="没有开放留言"):
        await opened.li.comments(opened.url, "还能说吗")
    assert "写留言" not in await opened.page(opened.li)
    assert await opened.code("open") == 0
    assert "写留言" in await opened.page(opened.li)

    chen = await opened.desk.account.platform.person("陈静")
    assert await chen.comments(opened.url, "没关注也能说")
    with pytest.raises(Refusal, match="关注公众号的人"):
        await chen.comments(fans_only, "能说吗")
    assert "只有关注公众号的人可以留言" in (await chen.opens(fans_only, opened.desk.account.http)).text
    assert await opened.li.comments(fans_only, "字" * 600)
    for text in ("字" * 601, " "):
        with pytest.raises(Refusal, match="1 至 600 字"):
            await opened.li.comments(fans_only, text)


async def test_comments_refuse_with_their_codes(opened: Open) -> None:
    comment = {"user_comment_id": await opened.li.comments(opened.url, "您好")}
    ends = {"begin": 0, "count": 10, "type": 0}
    for other in ({"msg_data_id": 1}, {"msg_data_id": "x"}, {"index": 2}, {"index": -1}, {"index": "0"}):
        assert await opened.code("list", **{**ends, **other}) == 88001, other
    bounds = ({"count": 0}, {"count": 50}, {"begin": -1}, {"begin": "0"}, {"count": None})
    assert [await opened.code("list", **{**ends, **one}) for one in bounds] == [88010] * 5
    assert await opened.code("list", **{**ends, "type": 3}) == 40097
    for wrong in (0, "1", None, comment["user_comment_id"] + 1):
        assert await opened.code("markelect", user_comment_id=wrong) == 88008
    # The other article of the same publication does not have it.
    assert await opened.code("markelect", index=0, **comment) == 88008
    for content, code in (("", 88007), ("字" * 601, 88007), ("代开发票找我", 88002), ("字" * 600, 0)):
        assert await opened.code("reply/add", content=content, **comment) == code

    ids = [await opened.wang.comments(opened.url, f"第 {n} 条") for n in range(MOST_ELECTED + 1)]
    codes = [await opened.code("markelect", user_comment_id=one) for one in ids]
    assert codes == [0] * MOST_ELECTED + [88003]
    assert await opened.code("markelect", user_comment_id=ids[0]) == 0

    platform = opened.desk.account.platform
    published = (await opened.desk.call("freepublish/batchget", {"offset": 0, "count": 1}))["item"][0]
    await platform.ask("POST", "publications/ban", {"article_id": published["article_id"]})
    assert await opened.code("open") == 88002
    await platform.ask("POST", "rights", {"comments": False})
    names = ("open", "close", "list", "markelect", "unmarkelect", "delete", "reply/add", "reply/delete")
    assert {await opened.code(name, **comment) for name in names} == {88000}
    with pytest.raises(Refusal, match="权限有"):
        await platform.ask("POST", "rights", {"flying": True})
