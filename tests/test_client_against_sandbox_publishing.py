"""The client against the sandbox: drafts, publishing, mass messages, and what is told of them afterwards."""

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.wechat.api.drafts import Article, Comments, PictureArticle
from app.wechat.api.mass import Articles, Film, MassState, Pictures, Speed
from app.wechat.api.media import MediaKind
from app.wechat.api.messages import Image, Text, Voice
from app.wechat.client import WeChatClient
from app.wechat.crypto import Account, Format, Mode
from app.wechat.errors import (
    AwaitsAdmin,
    ContentRefused,
    MediaGone,
    NotAllowed,
    OurMistake,
    OutcomeUnknown,
    PersonGone,
    QuotaUsedUp,
    TryLater,
)
from app.wechat.incoming import Incoming, parse
from app.wechat.job_results import (
    MASS_FINISHED,
    PUBLISH_FINISHED,
    MassEnd,
    MassResult,
    PublishState,
    mass_result,
    publish_result,
)
from app.wechat.tokens import MemoryTokenStore, TokenSource
from sandbox.config import derived_keys
from sandbox.driver import Platform
from tests.client_in_sandbox import AMR, MP4, PNG, Joined, joined, nobody_answers, refused
from tests.running import SECRET, Sandbox, until

XML = Account("wx0123456789abcdef", "token", "", Mode.PLAIN, Format.XML)


@pytest.fixture
async def ends() -> AsyncIterator[Joined]:
    async with joined(publish_seconds=0.0) as ends:
        yield ends


async def newest(ends: Joined) -> Incoming:
    """The push that was made last, as our callback reads it."""
    await ends.world.settle()
    return parse(XML, (await ends.platform.exchanges())[0]["request_xml"].encode())


async def result(ends: Joined) -> MassResult:
    incoming = await newest(ends)
    assert (incoming.kind, incoming.is_person) == (MASS_FINISHED, False)
    return mass_result(incoming.fields)


async def cover(ends: Joined) -> str:
    return (await ends.account.media.upload_permanent(MediaKind.IMAGE, "a.png", PNG)).media_id


async def test_a_draft_is_written_changed_published_and_taken_back(ends: Joined) -> None:
    drafts, publishing, picture = ends.account.drafts, ends.account.publishing, await cover(ends)
    news = Article("冬季用电", "<p>拔插头</p>", picture, author="工会", comments=Comments.ANYBODY)
    media_id = await ends.account.drafts.add([news, PictureArticle("剪影", "健步走", (picture,))])
    await ends.account.drafts.update(media_id, Article("冬季用电安全", "<p>拔掉插头</p>", picture))

    draft = await ends.account.drafts.get(media_id)
    assert [one.title for one in draft.articles] == ["冬季用电安全", "剪影"]
    assert (draft.articles[0].content, draft.articles[0].digest) == ("<p>拔掉插头</p>", "拔掉插头")
    assert (await ends.account.drafts.count(), (await ends.account.drafts.list(0)).items[0].media_id) == (
        1,
        media_id,
    )
    receipt = await ends.account.publishing.submit(media_id)
    told = publish_result((await newest(ends)).fields)
    asked = await ends.account.publishing.status(receipt.publish_id)

    assert told == asked
    assert (asked.state, len(asked.articles)) == (PublishState.DONE, 2)
    assert [one.title for one in await ends.account.publishing.get(asked.article_id)] == [
        "冬季用电安全",
        "剪影",
    ]
    assert (await ends.account.publishing.list(0)).items[0].article_id == asked.article_id
    await refused(drafts.get(media_id), MediaGone, 40007)
    await refused(publishing.submit(media_id), MediaGone, 40007)
    await ends.account.publishing.delete(asked.article_id, 1)
    assert [one.is_deleted for one in await ends.account.publishing.get(asked.article_id)] == [True, False]
    await ends.account.publishing.delete(asked.article_id)
    assert publish_result((await newest(ends)).fields).state is PublishState.DELETED_BY_US
    await refused(publishing.get("nope"), OurMistake, 53600)
    await refused(drafts.delete("nope"), MediaGone, 40007)


async def test_publishing_that_fails_says_which_article_and_a_lost_answer_is_not_repeated(
    ends: Joined,
) -> None:
    publishing, picture = ends.account.publishing, await cover(ends)
    articles = [Article(title, "<p>正文</p>", picture) for title in ("一", "二")]
    media_id = await ends.account.drafts.add(articles)
    await ends.platform.misbehaves(fail_publishing={"result": "review", "article": 2})
    receipt = await ends.account.publishing.submit(media_id)
    event = await newest(ends)

    assert event.kind == PUBLISH_FINISHED
    assert publish_result(event.fields) == await ends.account.publishing.status(receipt.publish_id)
    assert publish_result(event.fields).state is PublishState.REVIEW_REFUSED
    assert publish_result(event.fields).failed == (2,)
    path = "/cgi-bin/freepublish/submit"
    await ends.platform.misbehaves(drop_next=path)
    with nobody_answers(OutcomeUnknown):
        await ends.account.publishing.submit(media_id)
    await ends.world.settle()
    assert (await ends.made(path), (await ends.account.publishing.list(0)).total) == ([0, 0], 1)
    await ends.account.media.delete_permanent(picture)
    await ends.platform.ask("POST", "rights", {"publishing": False})
    await refused(publishing.list(0), NotAllowed, 48001)
    await ends.platform.ask("POST", "rights", {"publishing": True})
    gone = await cover(ends)
    lacks = await ends.account.drafts.add([Article("三", "<p>正文</p>", gone)])
    await ends.account.media.delete_permanent(gone)
    await refused(publishing.submit(lacks), ContentRefused, 53503)
    await ends.account.drafts.delete(lacks)
    await refused(ends.account.drafts.delete(lacks), MediaGone, 40007)


async def test_a_mass_message_is_ordered_told_and_not_sent_twice(ends: Joined) -> None:
    mass = ends.account.mass
    li, wang = [await ends.platform.follower(name) for name in ("李建国", "王秀兰")]
    people, path = [li.openid, wang.openid], "/cgi-bin/message/mass/send"
    await ends.platform.misbehaves(drop_next=path)
    with nobody_answers(OutcomeUnknown):
        await ends.account.mass.to_openids(people, Text("停电通知"), client_msg_id="c-1")
    soon = await refused(mass.to_openids(people, Text("停电通知"), client_msg_id="c-1"), TryLater, 45066)
    await ends.platform.moves_time(seconds=61)
    receipt = await ends.account.mass.to_openids(people, Text("停电通知"), client_msg_id="c-1")
    told = await result(ends)

    assert isinstance(soon, TryLater) and soon.retry_after_seconds == 60
    assert await ends.made(path) == [0, 45066, 45065]
    assert (told.msg_id, told.end, told.status) == (receipt.msg_id, MassEnd.SENT, "send success")
    assert (told.total, told.reachable, told.sent, told.failed) == (2, 2, 2, 0)
    assert await ends.account.mass.status(receipt.msg_id) is MassState.SENT
    assert [one["text"] for one in await li.reads() if one["direction"] == "in"] == ["停电通知"]
    tag = await ends.account.tags.create("职工")
    await ends.account.tags.tag(tag.id, people)
    await ends.account.mass.to_tag(tag.id, Text("给职工"), client_msg_id="c-2")
    await ends.platform.misbehaves(mass_result={"status": "send success", "failed": 1})
    await ends.account.mass.to_tag(tag.id, Text("再给职工"), client_msg_id="c-3")
    partly = await result(ends)
    assert (partly.end, partly.sent, partly.failed) == (MassEnd.SENT, 1, 1)


async def test_what_a_mass_message_is_refused_for(ends: Joined) -> None:
    mass, li = ends.account.mass, await ends.platform.follower("李建国")
    text = Text("通知")

    await refused(mass.to_openids([li.openid, "oNobody"], text, client_msg_id="a"), PersonGone, 40003)
    await refused(mass.to_tag(999, text, client_msg_id="a"), OurMistake, 40152)
    await refused(mass.to_tag(2, Articles("nope"), client_msg_id="a"), MediaGone, 40007)
    await refused(mass.status(7), OurMistake, 40059)
    await refused(mass.delete(7), OurMistake, 40059)
    await refused(mass.preview(text, wechat_id="wxid_nobody"), PersonGone, 40003)
    await ends.account.mass.to_all(text, client_msg_id="a")
    await ends.world.settle()
    used_up = await refused(mass.to_all(text, client_msg_id="b"), QuotaUsedUp, 45028)
    assert isinstance(used_up, QuotaUsedUp) and used_up.until.timestamp() > ends.world.now()
    await ends.platform.ask("POST", "mass", {"agreement": False})
    await refused(mass.speed(), NotAllowed, 48003)
    await refused(ends.mini.mass.speed(), NotAllowed, 48001)


async def test_the_admin_is_waited_for(ends: Joined) -> None:
    mass, _ = ends.account.mass, await ends.platform.follower("李建国")
    await ends.platform.ask("POST", "mass", {"protection": True})
    first = await ends.account.mass.to_all(Text("通知"), client_msg_id="a")
    again = await ends.account.mass.to_all(Text("通知"), client_msg_id="a")

    assert (first.awaits_admin, again) == (True, first)
    assert await ends.account.mass.status(first.msg_id) is MassState.SENDING
    await refused(mass.to_all(Text("另一条"), client_msg_id="b"), AwaitsAdmin, 89504)
    await ends.platform.ask("POST", "mass/answer", {"allow": False})
    told = await result(ends)
    assert (told.msg_id, told.end) == (first.msg_id, MassEnd.ADMIN_REFUSED)
    assert await ends.account.mass.status(first.msg_id) is MassState.FAILED


async def test_articles_pictures_and_a_film_are_previewed_sent_and_taken_back(ends: Joined) -> None:
    mass, picture = ends.account.mass, await cover(ends)
    li, wang = [await ends.platform.follower(name) for name in ("李建国", "王秀兰")]
    people = [li.openid, wang.openid]
    wechat_id = next(
        one["wechat_id"] for one in await ends.platform.ask("GET", "people") if one["name"] == "李建国"
    )
    draft = await ends.account.drafts.add([Article(title, "<p>正文</p>", picture) for title in ("一", "二")])
    voice = (await ends.account.media.upload_temporary(MediaKind.VOICE, "a.amr", AMR)).media_id
    film = (await ends.account.media.upload_temporary(MediaKind.VIDEO, "a.mp4", MP4)).media_id
    for content in (Image(picture), Articles(draft), Voice(voice)):
        await ends.account.mass.preview(content, wechat_id=wechat_id)
    await ends.account.mass.preview(Text("看看"), openid=li.openid)
    await ends.account.mass.to_openids(
        people, Pictures((picture, picture), recommend="剪影"), client_msg_id="p"
    )
    sent = await ends.account.mass.to_openids(people, Film(film, "触电急救"), client_msg_id="f")
    await ends.world.settle()
    await ends.account.mass.delete(sent.msg_id)
    articles = await ends.account.mass.to_openids(people, Articles(draft), client_msg_id="a")
    told = await result(ends)

    came = [one["type"] for one in await li.reads() if one["direction"] == "in"]
    assert came == ["image", "news", "voice", "text", "pictures", "video", "news"]
    assert [one["type"] for one in await wang.reads() if one["direction"] == "in"] == came[4:]
    assert articles.msg_data_id > 0
    assert [one.number for one in told.articles] == [1, 2]
    assert told.articles[0].url == (await li.reads())[-1]["content"]["articles"][0]["url"]
    assert told.reprints == ()
    assert await ends.account.mass.status(sent.msg_id) is MassState.DELETED
    await refused(mass.delete(articles.msg_id, 3), OurMistake, 40060)
    await ends.account.mass.delete(articles.msg_id)
    await ends.account.mass.set_speed(3)
    assert await ends.account.mass.speed() == Speed(3, 300_000)


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("send fail", MassEnd.FAILED),
        ("err(10001)", MassEnd.ADVERTISING),
        ("err(30002)", MassEnd.REPRINT_FORBIDDEN),
    ],
)
async def test_a_bad_end_has_a_name(ends: Joined, status: str, end: MassEnd) -> None:
    await ends.platform.follower("李建国")
    draft = await ends.account.drafts.add([Article("一", "<p>正文</p>", await cover(ends))])
    await ends.platform.misbehaves(mass_result=status)
    await ends.account.mass.to_all(Articles(draft), client_msg_id="a")
    told = await result(ends)

    assert (told.end, told.status, told.sent, told.articles) == (end, status, 0, ())
    assert told.reprints == ((1,) if end is MassEnd.REPRINT_FORBIDDEN else ())
    assert (await ends.account.drafts.count()) == 1


class Kept(Sandbox):
    """With a state file, so that it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.state = folder / "state.db"

    def command(self) -> list[str]:
        return ["sandbox", "--service", self.service, "--state", str(self.state)]


async def test_sixty_thousand_get_it_once_though_the_platform_is_killed_in_the_middle(tmp_path: Path) -> None:
    sandbox, people = Kept(tmp_path), 60_000
    keys = derived_keys(SECRET)
    async with httpx.AsyncClient() as http, httpx.AsyncClient(base_url=sandbox.url) as browser:
        account = keys["app_id"], keys["app_secret"]
        tokens = TokenSource(MemoryTokenStore(time.time), http, *account, sandbox.url, time.time)
        mass = WeChatClient(*account, http=http, tokens=tokens, base_url=sandbox.url).mass
        with sandbox:
            await Platform(browser).ask("POST", "crowd", {"count": people})
            first = await mass.to_all(Text("全体职工"), client_msg_id="campaign-7")
            sandbox.kill()
            sandbox.start()
            with pytest.raises(TryLater):
                await mass.to_all(Text("全体职工"), client_msg_id="campaign-7")
            await until(lambda: _finished(sandbox.state))
            told = (await Platform(browser).ask("GET", "mass"))["sent"]

    assert [(one["msg_id"], one["sent"], one["status"]) for one in told] == [
        (first.msg_id, people, "send success")
    ]
    assert _asked(sandbox.state, "select count(*), count(distinct openid) from message") == (people, people)


def _finished(state: Path) -> bool:
    return _asked(state, "select count(*) from mass_job where state = 'finished'") == (1,)


def _asked(state: Path, question: str) -> tuple[int, ...]:
    with closing(sqlite3.connect(state)) as other:
        return tuple(other.execute(question).fetchone())
