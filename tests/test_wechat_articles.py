"""An article on its way at WeChat, in the sandbox: once, whatever is lost, and told apart from others."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import rich_text
from app.errors import DomainError
from app.jobs.walking import Walker
from app.jobs.wechat_article_claims import Claim
from app.jobs.wechat_articles import Publisher
from app.services import articles, wechat_articles
from app.services.content_forms import ReadyArticle
from models import (
    AccountKind,
    Article,
    ArticleCategory,
    Message,
    WalkKind,
    WeChatArticle,
    WeChatArticleState,
)
from models.message import PUBLISH_EVENTS
from models.types import public_id
from tests.both_ends import Ends, both_ends, settings_for
from tests.menus_wechat import Crash

S = WeChatArticleState
ADD, SUBMIT = "/cgi-bin/draft/add", "/cgi-bin/freepublish/submit"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


class Dying(Publisher):
    """Its process is killed when a call was answered, before that is written down."""

    async def _settle(self, claim: Claim, change: Any) -> None:
        raise Crash


def publisher(ends: Ends, kind: type[Publisher] = Publisher) -> Publisher:
    account_id = ends.house.accounts[AccountKind.OFFICIAL][0]
    house = ends.house
    return kind(house.database, house.wechat, house.clock, house.files, account_id)


async def written(ends: Ends, text: str = "本周起三个班组分批参加。", *, key: str = "") -> str:
    """A published article of ours, or another text of it; its public id."""
    now = ends.house.clock.now()
    ready = ReadyArticle(
        ArticleCategory.UNION,
        "冬训开始了",
        "三个班组。",
        "公司工会",
        rich_text.from_markdown(text),
        "",
        None,
        None,
    )
    async with ends.house.database.transaction() as session:
        row = await articles.put(session, key or public_id(), ready, by="李娜", now=now)
        return row.public_id


async def does(ends: Ends, key: str, act: str, **given: Any) -> None:
    """What staff decide in the console, about what they see."""
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        article = (await session.scalars(sa.select(Article).where(Article.public_id == key))).one()
        if act == "put":
            app_id = ends.house.settings.wechat_app_id
            await wechat_articles.put(session, app_id, article, by="李娜", now=now)
            return
        live = await wechat_articles.find_live(session, article)
        assert live is not None
        do = getattr(wechat_articles, act)
        await do(session, article, version=live.version, by="李娜", now=now, **given)


async def row_of(ends: Ends, key: str) -> WeChatArticle:
    """The newest try."""
    async with ends.house.database.reading() as session:
        article = (await session.scalars(sa.select(Article).where(Article.public_id == key))).one()
        return (await wechat_articles.list_tries(session, article))[0]


async def goes_on(ends: Ends, key: str) -> WeChatArticle:
    """What is due is done, and what WeChat has begun is at its end."""
    await publisher(ends).run()
    await ends.settle()
    await publisher(ends).run()
    return await row_of(ends, key)


async def at_wechat(ends: Ends) -> tuple[int, list[str]]:
    """How many drafts lie there, and the addresses of what is published."""
    page = await ends.house.wechat.publishing.list(0)
    shown = [each.url for item in page.items for each in item.articles if not each.is_deleted]
    return await ends.house.wechat.drafts.count(), shown


async def lease_ends(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(WeChatArticle).values(lease_until=LONG_AGO))


async def test_an_article_is_laid_published_and_told_by_wechats_own_event(ends: Ends) -> None:
    key = await written(ends, "## 时间\n\n**周一**，见[地图](/news)。")
    await does(ends, key, "put")
    row = await goes_on(ends, key)

    assert (row.state, row.due_at, await at_wechat(ends)) == (S.DRAFT, None, (1, []))
    (draft,) = (await ends.house.wechat.drafts.get(row.media_id or "")).articles
    assert (draft.title, draft.author, draft.digest) == ("冬训开始了", "公司工会", "三个班组。")
    assert "<h2 style=" in draft.content and "阅读原文" in draft.content and "/news" not in draft.content
    assert draft.raw["content_source_url"].endswith(f"/news/{key}?wx={row.public_id}")
    assert (await ends.web.get(f"/news/{key}?wx={row.public_id}")).status_code == 200

    await does(ends, key, "publish")
    row = await goes_on(ends, key)

    drafts, shown = await at_wechat(ends)
    assert (row.state, row.reason, drafts, shown) == (S.PUBLISHED, "", 0, [row.url])
    assert row.published_at is not None and row.msg_data_id and row.published_id
    page = await (await ends.platform.follower("王秀兰")).reads_article(row.url or "")
    assert page
    async with ends.house.database.reading() as session:
        left = await session.scalar(sa.select(sa.func.count(Message.id)).where(sa.text(PUBLISH_EVENTS)))
    assert left == 0
    with pytest.raises(DomainError, match="不能再放一份草稿"):
        await does(ends, key, "put")

    await does(ends, key, "withdraw", reason="时间写错了")
    row = await goes_on(ends, key)
    assert (row.state, row.reason, await at_wechat(ends)) == (S.WITHDRAWN, "时间写错了", (0, []))
    assert (await ends.web.get(f"/news/{key}")).status_code == 200
    await does(ends, key, "put")
    assert (await goes_on(ends, key)).state is S.DRAFT
    covers = await ends.house.wechat.media.count_permanent()
    assert covers.images == 1  # brought there once


async def test_ours_is_no_article_of_others_and_what_is_done_in_wechats_console_is_noticed(
    ends: Ends,
) -> None:
    key = await written(ends)
    await does(ends, key, "put")
    await goes_on(ends, key)
    # A person publishes the draft in WeChat's console: no event of ours tells of it.
    draft = (await row_of(ends, key)).media_id or ""
    await ends.house.wechat.publishing.submit(draft)
    await ends.settle()
    await ends.platform.ask("POST", "publications", {"articles": [{"title": "慰问一线"}]})
    account_id = ends.house.accounts[AccountKind.OFFICIAL][0]
    walker = Walker(ends.house.database, ends.house.wechat, ends.house.clock, account_id)

    await walker.walk(WalkKind.ADOPTION)

    async with ends.house.database.reading() as session:
        adopted = await session.scalars(sa.select(Article.title).where(Article.source.is_not(None)))
        assert adopted.all() == ["慰问一线"]
    row = await row_of(ends, key)
    assert (row.state, await at_wechat(ends)) == (S.PUBLISHED, (0, [(await at_wechat(ends))[1][0], row.url]))

    await ends.house.wechat.publishing.delete(row.published_id or "")
    await ends.settle()
    await ends.moves_time(hours=25)
    await walker.walk(WalkKind.DAILY)
    row = await row_of(ends, key)
    assert (row.state, "公众平台里删除" in row.reason) == (S.WITHDRAWN, True)


@pytest.mark.parametrize("dies", [True, False])
async def test_killed_or_without_an_answer_nothing_is_done_twice(ends: Ends, dies: bool) -> None:
    key = await written(ends)
    await does(ends, key, "put")
    await loses(ends, ADD, dies)
    assert (await row_of(ends, key)).state is S.PREPARING and (await at_wechat(ends))[0] == 1

    await ends.moves_time(seconds=90)
    row = await goes_on(ends, key)
    assert (row.state, (await at_wechat(ends))[0]) == (S.DRAFT, 1)

    await does(ends, key, "publish")
    await loses(ends, SUBMIT, dies)
    await ends.settle()  # the event comes, and whose it is nobody knows
    assert (await row_of(ends, key)).state is S.PUBLISHING

    await ends.moves_time(seconds=90)
    row = await goes_on(ends, key)
    assert (row.state, await at_wechat(ends)) == (S.PUBLISHED, (0, [row.url]))
    calls = [call["path"] for call in await ends.platform.calls()]
    assert (calls.count(ADD), calls.count(SUBMIT)) == (1, 1)


async def loses(ends: Ends, path: str, dies: bool) -> None:
    if dies:
        with pytest.raises(Crash):
            await publisher(ends, Dying).run()
        await publisher(ends).run()  # another process: it is leased still
        await lease_ends(ends)
    else:
        await ends.platform.misbehaves(drop_next=path)
        await publisher(ends).run()


async def test_a_call_that_never_arrived_is_made_when_that_is_sure(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await written(ends)
    await does(ends, key, "put")
    await goes_on(ends, key)
    await does(ends, key, "publish")
    with monkeypatch.context() as patch:

        async def dies(media_id: str) -> None:
            raise Crash

        patch.setattr(ends.house.wechat.publishing, "submit", dies)
        with pytest.raises(Crash):
            await publisher(ends).run()
    await lease_ends(ends)

    assert (await goes_on(ends, key)).state is S.PUBLISHING  # it may be at work there
    await ends.moves_time(seconds=11 * 60)
    row = await goes_on(ends, key)
    assert (row.state, await at_wechat(ends)) == (S.PUBLISHED, (0, [row.url]))


async def test_without_an_event_the_end_is_asked_for(ends: Ends) -> None:
    key = await written(ends)
    await does(ends, key, "put")
    await goes_on(ends, key)
    await does(ends, key, "publish")
    await publisher(ends).run()
    await ends.settle()
    async with ends.house.database.transaction() as session:
        await session.execute(sa.delete(Message).where(sa.text(PUBLISH_EVENTS)))

    assert (await goes_on(ends, key)).state is S.SUBMITTED
    await ends.moves_time(seconds=150)
    assert (await goes_on(ends, key)).state is S.PUBLISHED


async def test_what_wechats_review_refuses_fails_in_words_and_leaves_no_draft_behind(ends: Ends) -> None:
    key = await written(ends)
    await does(ends, key, "put")
    await goes_on(ends, key)
    await ends.platform.misbehaves(fail_publishing={"result": "review"})
    await does(ends, key, "publish")
    row = await goes_on(ends, key)

    assert (row.state, "审核没有通过" in row.reason) == (S.FAILED, True)
    assert await at_wechat(ends) == (0, [])
    await does(ends, key, "put")
    await goes_on(ends, key)
    await ends.platform.misbehaves(fail_next={"path": SUBMIT, "errcode": 53504})
    await does(ends, key, "publish")
    row = await goes_on(ends, key)
    assert (row.state, row.errcode, "由人在微信公众平台" in row.reason) == (S.DRAFT, 53504, True)
    await ends.platform.misbehaves(fail_next={"path": SUBMIT, "errcode": -1})
    await does(ends, key, "publish")
    assert (await goes_on(ends, key)).state is S.PUBLISHING
    await ends.moves_time(seconds=120)
    assert (await goes_on(ends, key)).state is S.PUBLISHED


async def test_a_text_that_changed_or_was_taken_down_at_the_last_second_does_not_go_out(ends: Ends) -> None:
    key = await written(ends)
    await does(ends, key, "put")
    await goes_on(ends, key)
    await does(ends, key, "publish")
    await written(ends, "时间改到下周。", key=key)
    row = await goes_on(ends, key)

    assert (row.state, "后来改过" in row.reason, await at_wechat(ends)) == (S.DRAFT, True, (1, []))
    with pytest.raises(DomainError, match="换成现在的文字"):
        await does(ends, key, "publish")
    await does(ends, key, "put")
    row = await goes_on(ends, key)
    (draft,) = (await ends.house.wechat.drafts.get(row.media_id or "")).articles
    assert "改到下周" in draft.content and (await at_wechat(ends))[0] == 1

    await does(ends, key, "publish")
    async with ends.house.database.transaction() as session:
        article = (await session.scalars(sa.select(Article).where(Article.public_id == key))).one()
        articles.withdraw(session, article, by="李娜", reason="有误", now=ends.house.clock.now())
    row = await goes_on(ends, key)
    assert (row.state, "正在显示" in row.reason, await at_wechat(ends)) == (S.DRAFT, True, (1, []))


async def test_several_workers_and_two_who_press_at_once_make_one(ends: Ends) -> None:
    key = await written(ends)
    await asyncio.gather(*(does(ends, key, "put") for _ in range(3)))
    await asyncio.gather(*(publisher(ends).run() for _ in range(4)))
    await does(ends, key, "publish")
    await asyncio.gather(*(publisher(ends).run() for _ in range(4)))

    row = await goes_on(ends, key)
    assert (row.state, await at_wechat(ends)) == (S.PUBLISHED, (0, [row.url]))


async def test_a_cover_or_draft_that_was_deleted_there_is_made_anew(ends: Ends) -> None:
    key = await written(ends)
    await does(ends, key, "put")
    first = await goes_on(ends, key)
    (draft,) = (await ends.house.wechat.drafts.get(first.media_id or "")).articles
    await ends.house.wechat.drafts.delete(first.media_id or "")
    await ends.house.wechat.media.delete_permanent(str(draft.raw["thumb_media_id"]))
    await written(ends, "新的文字。", key=key)
    await does(ends, key, "put")

    row = await goes_on(ends, key)

    assert row.state is S.DRAFT and row.media_id != first.media_id
    assert (await at_wechat(ends))[0] == 1
    await ends.house.wechat.drafts.delete(row.media_id or "")
    await does(ends, key, "publish")
    row = await goes_on(ends, key)
    assert (row.state, "核对" in row.reason) == (S.FAILED, True)
