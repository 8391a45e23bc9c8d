"""Articles sent to many by the sandbox: out of the draft box, told with addresses, sent again, taken back."""

from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree

import pytest

from sandbox.driver import Phone
from tests.sandbox_articles import SANDBOX, Press, press

SENDALL, MASS = "message/mass/sendall", "message/mass"


@pytest.fixture
async def at_press() -> AsyncIterator[Press]:
    async with press() as made:
        yield made


async def to_all(at_press: Press, part: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": part, **changes}
    return await at_press.call(SENDALL, body)


async def told(at_press: Press) -> ElementTree.Element:
    await at_press.account.app.state.world.settle()
    newest = (await at_press.account.platform.exchanges())[0]
    return ElementTree.fromstring(newest["request_xml"])


async def cards(phone: Phone) -> list[list[dict[str, Any]]]:
    return [one["content"]["articles"] for one in await phone.reads() if one["type"] == "news"]


async def test_articles_leave_the_draft_box_for_the_chats_and_open_there(at_press: Press) -> None:
    li = await at_press.account.platform.follower("李建国")
    draft = await at_press.draft(
        at_press.article(), at_press.article(title="年货节", content="<p>发年货</p>")
    )
    preview = {"touser": li.openid, "msgtype": "mpnews", "mpnews": {"media_id": draft}}
    assert await at_press.code(f"{MASS}/preview", preview) == 0
    ((first, _),) = await cards(li)
    looked = (await at_press.account.http.get(first["url"])).text

    sent = await to_all(at_press, {"media_id": draft})
    event = await told(at_press)
    again = await to_all(at_press, {"media_id": draft}, clientmsgid="x")

    assert "拔掉不用的插头" in looked
    assert (sent["errcode"], event.findtext("Status")) == (0, "send success")
    urls = [one.findtext("ArticleUrl") for one in event.iterfind("ArticleUrlResult/ResultList/item")]
    assert [one.findtext("AuditState") for one in event.iterfind("CopyrightCheckResult/ResultList/item")] == [
        "11"
    ] * 2
    assert event.findtext("CopyrightCheckResult/CheckState") == "1"
    (_, came) = await cards(li)
    assert [one["title"] for one in came] == ["冬季用电安全", "年货节"]
    assert [one["url"] for one in came] == urls
    assert "发年货" in (await at_press.account.http.get(str(urls[1]))).text
    assert again["errcode"] == 40007  # the media id died with the sending
    assert (await at_press.call("freepublish/batchget", {"offset": 0, "count": 1}))["total_count"] == 0


async def test_what_is_sent_on_another_day_keeps_its_address_and_is_taken_back_everywhere(
    at_press: Press,
) -> None:
    li, platform = await at_press.account.platform.follower("李建国"), at_press.account.platform
    first = await to_all(at_press, {"media_id": await at_press.draft()})
    url = (await told(at_press)).findtext("ArticleUrlResult/ResultList/item/ArticleUrl")
    await platform.moves_time(hours=24)
    at_press.account.token = (await at_press.account.fresh_token())["access_token"]
    second = await to_all(at_press, {"msg_data_id": first["msg_data_id"]})
    await told(at_press)

    assert (second["errcode"], second["msg_data_id"]) == (0, first["msg_data_id"])
    assert [[one["url"] for one in shown] for shown in await cards(li)] == [[url], [url]]
    assert (await to_all(at_press, {"msg_data_id": 7}))["errcode"] == 40007
    delete = f"{MASS}/delete"
    for body, code in (
        ({"msg_id": second["msg_id"], "article_idx": 2}, 40060),
        ({"url": f"{SANDBOX}/s/other"}, 40059),
        ({"url": url}, 0),
        ({"msg_id": first["msg_id"]}, 40065),
    ):
        assert await at_press.code(delete, body) == code
    states = [await at_press.call(f"{MASS}/get", {"msg_id": one["msg_id"]}) for one in (first, second)]
    assert [one["msg_status"] for one in states] == ["DELETE"] * 2
    assert "拔掉" not in (await at_press.account.http.get(str(url))).text
    assert len(await cards(li)) == 2


async def test_a_reprint_stops_or_goes_on_as_was_said_and_never_where_the_original_forbids_it(
    at_press: Press,
) -> None:
    li, draft = await at_press.account.platform.follower("李建国"), await at_press.draft()
    ends = []
    for allowed, ignored in ((True, 0), (False, 1), (True, 1)):
        await at_press.account.platform.misbehaves(mass_reprint=allowed)
        await to_all(
            at_press, {"media_id": draft}, send_ignore_reprint=ignored, clientmsgid=f"{allowed}{ignored}"
        )
        event = await told(at_press)
        item = "CopyrightCheckResult/ResultList/item"
        assert event.findtext(f"{item}/UserDeclareState") == "2"
        assert event.findtext(f"{item}/CanReprint") == str(int(allowed))
        names = ("Status", "CopyrightCheckResult/CheckState", "ArticleUrlResult/Count")
        ends.append([event.findtext(name) for name in names])
        shown = len(await cards(li))
        assert shown == (ends[-1][0] == "send success")

    assert ends == [["err(30003)", "2", "0"], ["err(30002)", "3", "0"], ["send success", "2", "1"]]
    assert await at_press.code("draft/get", {"media_id": draft}) == 40007


async def test_two_at_once_with_one_draft_and_a_draft_deleted_while_the_admin_thinks(at_press: Press) -> None:
    platform = at_press.account.platform
    li, wang = await platform.follower("李建国"), await platform.follower("王秀兰")
    draft = await at_press.draft()
    await platform.ask("POST", "mass", {"protection": True})
    waits = await to_all(at_press, {"media_id": draft})
    body = {"touser": [li.openid, wang.openid], "msgtype": "mpnews", "mpnews": {"media_id": draft}}
    assert (waits["errcode"], await at_press.code(f"{MASS}/send", body)) == (89505, 42010)
    assert await at_press.code("draft/delete", {"media_id": draft}) == 0
    await platform.ask("POST", "mass/answer", {"allow": True})

    assert (await told(at_press)).findtext("Status") == "send fail"
    assert await cards(li) == []


async def test_the_account_s_home_shows_what_went_to_everybody_and_not_what_went_to_some(
    at_press: Press,
) -> None:
    platform = at_press.account.platform
    people = [(await platform.follower(name)).openid for name in ("李建国", "王秀兰")]
    some, everybody = await at_press.draft(), await at_press.draft(at_press.article(title="给全部的"))
    body = {"touser": people, "msgtype": "mpnews", "mpnews": {"media_id": some}}
    assert await at_press.code(f"{MASS}/send", body) == 0
    await to_all(at_press, {"media_id": everybody})
    await told(at_press)

    home = await platform.ask("GET", "publications")
    assert [[one["title"] for one in row["articles"]] for row in home] == [["给全部的"]]
