"""外部渠道: an article goes to Weibo and to outside media once, is changed and taken down there, and no
failure, crash or second press sends it twice where that could be seen.
"""

import hmac
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from app.errors import DomainError
from app.jobs.outlets import Spreader
from app.services import article_posts, articles, outlets
from app.services.outlets import Filled
from app.weibo.client import length
from models import Article, ArticlePost, Outlet, OutletKind, PostState, Role
from tests.both_ends import OURS, WECHAT, Ends, both_ends, settings_for
from tests.console_kit import at_work
from tests.test_portal_pages import publish, write

MEDIA = "http://media.example.com"
SHARE = "/2/statuses/share.json"
WEIBO, WEBHOOK = OutletKind.WEIBO, OutletKind.WEBHOOK


@dataclass
class Media:
    """An outside medium: what it got, and what it answers."""

    status: int = 200
    got: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        self.bodies.append(await request.body())
        self.headers.append(dict(request.headers))
        self.got.append(json.loads(self.bodies[-1]))
        await Response(status_code=self.status)(scope, receive, send)

    @property
    def events(self) -> list[str]:
        return [each["event"].removeprefix("article.") for each in self.got]


@pytest.fixture
def media() -> Media:
    return Media()


@pytest.fixture
async def ends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, media: Media
) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path)
    async with both_ends(settings, monkeypatch, others={MEDIA: media}) as joined:
        yield joined


async def opens(ends: Ends, kind: OutletKind, **given: Any) -> Outlet:
    """Staff add an outlet."""
    now = ends.house.clock.now()
    filled: dict[str, Any] = {"name": kind.label, "url": "", "secret": "", "secret_until": None}
    filled |= {"categories": [], "by_itself": True, "active": True}
    if kind is WEBHOOK:
        filled["url"] = f"{MEDIA}/in"
    else:
        told = await ends.platform.ask("POST", "weibo/token", {"days": 30})
        filled |= {"secret": told["access_token"], "secret_until": now.replace(year=now.year + 1)}
    async with ends.house.database.transaction() as session:
        return await outlets.add(
            session, kind, Filled(**filled | given), by="赵敏", now=now, development=True
        )


async def article(ends: Ends, folder: Path, name: str = "winter", **given: Any) -> Article:
    """Comes out a moment after the outlets were opened."""
    write(folder / "news", name, **given)
    await publish(ends, folder / "news")
    async with ends.house.database.transaction() as session:
        found = await session.scalar(sa.select(Article).where(Article.slug == name).with_for_update())
        assert found is not None
        found.published_at = max(ends.house.clock.now(), found.created_at)
    await ends.moves_time(seconds=1)
    return found


async def posts(ends: Ends) -> Sequence[ArticlePost]:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(ArticlePost).order_by(ArticlePost.id))).all()


async def on_weibo(ends: Ends) -> list[str]:
    return [each["text"] for each in (await ends.platform.ask("GET", "weibo"))["posts"]]


async def goes_round(ends: Ends, *, minutes: float = 0) -> None:
    await ends.moves_time(seconds=minutes * 60)
    spreader = Spreader(ends.house.database, ends.house.clock, public_url=OURS, weibo_url=WECHAT)
    await spreader.run()


# --- outside media -----------------------------------------------------------------------------------------


async def test_outside_media_are_told_once_of_what_comes_out_changes_and_goes(
    ends: Ends, tmp_path: Path, media: Media
) -> None:
    old = await article(ends, tmp_path, "old", title="以前的文章")
    await ends.moves_time(hours=1)
    outlet = await opens(ends, WEBHOOK)
    new = await article(ends, tmp_path, "winter")

    for _ in range(2):
        await goes_round(ends)
    assert media.events == ["published"]
    told = media.got[0]
    assert (told["id"], told["title"], told["category"]) == (new.public_id, "立冬特巡", "union")
    assert (
        told["url"] == f"{OURS}/news/{new.public_id}?from=webhook"
        and "<strong>46 公里</strong>" in told["html"]
    )
    assert "<script>" not in told["html"]
    stamp = media.headers[0]["x-gonghui-timestamp"]
    mark = hmac.digest(outlet.secret.encode(), stamp.encode() + b"." + media.bodies[0], sha256).hex()
    assert media.headers[0]["x-gonghui-signature"] == f"sha256={mark}"

    async with ends.house.database.transaction() as session:  # nothing that anybody reads
        (await articles.get(session, new.public_id)).comments_closed = True
    await goes_round(ends)
    assert media.events == ["published"]

    write(tmp_path / "news", "winter", title="立冬特巡归来")
    await publish(ends, tmp_path / "news")
    await goes_round(ends)
    assert media.events == ["published", "updated"] and media.got[1]["title"] == "立冬特巡归来"
    assert media.got[1]["delivery"] == media.got[0]["delivery"]

    async with ends.house.database.transaction() as session:
        row = await articles.get(session, new.public_id)
        articles.withdraw(session, row, by="赵敏", reason="要核对", now=ends.house.clock.now())
    for _ in range(2):
        await goes_round(ends)
    assert media.events == ["published", "updated", "withdrawn"] and "html" not in media.got[2]
    assert old.public_id not in {each["id"] for each in media.got}


async def test_only_its_columns_and_nothing_while_it_is_off(ends: Ends, tmp_path: Path, media: Media) -> None:
    await opens(ends, WEBHOOK, categories=["policy"])
    await opens(ends, WEBHOOK, active=False)
    await article(ends, tmp_path, "winter", category="union")
    await article(ends, tmp_path, "law", title="最低工资标准", category="policy")

    await goes_round(ends)
    assert [each["title"] for each in media.got] == ["最低工资标准"]


@pytest.mark.parametrize("status", [500, 404, 302])
async def test_who_does_not_take_it_is_asked_again_and_given_up_after_days(
    ends: Ends, tmp_path: Path, media: Media, status: int
) -> None:
    outlet = await opens(ends, WEBHOOK)
    await article(ends, tmp_path)
    media.status = status
    for _ in range(3):
        await goes_round(ends)
        await goes_round(ends, minutes=31)
    async with ends.house.database.reading() as session:
        assert f"HTTP {status}" in (await outlets.get(session, outlet.public_id)).reason
    (post,) = await posts(ends)
    assert (post.state, len({each["delivery"] for each in media.got})) == (PostState.DUE, 1)

    for _ in range(8):
        await goes_round(ends, minutes=12 * 60)
    (post,) = await posts(ends)
    assert post.state is PostState.FAILED and f"HTTP {status}" in post.reason

    media.status = 200
    async with ends.house.database.transaction() as session:
        row = (await session.scalars(sa.select(Article))).one()
        now = ends.house.clock.now()
        await article_posts.send(session, row, outlet.public_id, "", by="赵敏", now=now)
    await goes_round(ends)
    assert [each.state for each in await posts(ends)] == [PostState.SENT]
    async with ends.house.database.reading() as session:
        assert not (await outlets.get(session, outlet.public_id)).reason


async def test_who_wants_no_more_is_left_alone(ends: Ends, tmp_path: Path, media: Media) -> None:
    await opens(ends, WEBHOOK)
    media.status = 410
    for name in ("winter", "spring"):
        await article(ends, tmp_path, name)
    await goes_round(ends)
    await goes_round(ends, minutes=60)
    assert len(media.got) == 1


async def test_what_was_taken_down_before_it_went_is_not_told(
    ends: Ends, tmp_path: Path, media: Media
) -> None:
    outlet = await opens(ends, WEBHOOK, by_itself=False)
    found = await article(ends, tmp_path)
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        row = await articles.get(session, found.public_id)
        await article_posts.send(session, row, outlet.public_id, "", by="赵敏", now=now)
    async with ends.house.database.transaction() as session:
        row = await articles.get(session, found.public_id)
        articles.withdraw(session, row, by="赵敏", reason="要核对", now=now)
    await goes_round(ends)
    assert not media.got and [each.reason for each in await posts(ends)] == ["还没有发，文章就撤下了。"]


@pytest.mark.parametrize(
    "url",
    [
        *("http://media.example.com/in", "https://localhost/in", "https://127.0.0.1/in", "https://[::1]/"),
        "https://[::ffff:127.0.0.1]/in",
        *(
            "https://169.254.169.254/latest",
            "https://a:b@media.example.com/",
            "ftp://x/",
            "https://",
            "x" * 30,
        ),
        *("https://media.example.com:99999/", "x" * 30),
    ],
)
def test_addresses_where_nobody_outside_is_are_refused(url: str) -> None:
    with pytest.raises(DomainError, match="推送地址"):
        outlets.check_url(url, development=False)


# --- Weibo -------------------------------------------------------------------------------------------------


async def test_an_article_is_posted_on_weibo_once_with_its_link(ends: Ends, tmp_path: Path) -> None:
    await opens(ends, WEIBO)
    found = await article(ends, tmp_path)
    for _ in range(3):
        await goes_round(ends, minutes=20)

    (text,) = await on_weibo(ends)
    assert text == f"【立冬特巡】塬上三天，处理缺陷 11 处。 {OURS}/news/{found.public_id}?from=weibo"
    (post,) = await posts(ends)
    assert post.state is PostState.SENT and post.remote_id


@pytest.mark.parametrize("after", [True, False])
async def test_a_post_whose_answer_was_lost_stands_there_once(
    ends: Ends, tmp_path: Path, *, after: bool
) -> None:
    await opens(ends, WEIBO)
    await article(ends, tmp_path)
    await ends.platform.misbehaves(drop_next={"path": SHARE, "after": after})
    await goes_round(ends)
    assert [each.state for each in await posts(ends)] == [PostState.DUE]

    await goes_round(ends, minutes=2)
    assert len(await on_weibo(ends)) == 1
    assert [each.state for each in await posts(ends)] == [PostState.SENT]


async def test_of_a_process_that_died_long_ago_nobody_knows(ends: Ends, tmp_path: Path) -> None:
    await opens(ends, WEIBO)
    await article(ends, tmp_path)
    await ends.platform.misbehaves(drop_next={"path": SHARE, "after": True})
    await goes_round(ends)
    await goes_round(ends, minutes=30)

    (post,) = await posts(ends)
    assert post.state is PostState.UNKNOWN and "到微博上看一看" in post.reason
    assert len(await on_weibo(ends)) == 1


async def test_a_token_that_ended_waits_for_a_new_one(ends: Ends, tmp_path: Path) -> None:
    outlet = await opens(ends, WEIBO)
    await article(ends, tmp_path)
    await ends.platform.ask("POST", "weibo/revoke", {})
    await goes_round(ends)
    async with ends.house.database.reading() as session:
        now = ends.house.clock.now()
        assert "填新的授权" in (await outlets.get(session, outlet.public_id)).reason
        assert await outlets.count_in_need(session, now) == 1

    told = await ends.platform.ask("POST", "weibo/token", {"days": 30})
    until = now.replace(year=now.year + 1)
    filled = Filled("微博", "", told["access_token"], until, [], by_itself=True, active=True)
    async with ends.house.database.transaction() as session:
        row = await outlets.get(session, outlet.public_id)
        await outlets.change(
            session, outlet.public_id, filled, version=row.version, by="赵敏", now=now, development=True
        )
    await goes_round(ends)
    assert len(await on_weibo(ends)) == 1


async def test_weibo_words_fit_whatever_the_article_says() -> None:
    long = Article(public_id="a" * 16, title="题" * 64, summary="摘" * 120)
    assert length(article_posts.weibo_text(long)) <= 140
    assert "…" in article_posts.weibo_text(long)


# --- in the console ----------------------------------------------------------------------------------------


async def test_staff_open_a_channel_and_send_an_article(ends: Ends, tmp_path: Path, media: Media) -> None:
    admin = await at_work(ends, "王强", Role.UNION_ADMIN)
    approver = await at_work(ends, "赵敏", Role.APPROVER)
    assert 'href="/console/outlets/new?kind=webhook"' in await admin.reads("/outlets")
    bad = await admin.sends("/outlets/new?kind=webhook", name="县融媒体中心", url="不是地址", active="yes")
    assert bad.status_code == 422 and "推送地址" in bad.text and 'value="不是地址"' in bad.text
    made = await admin.sends(
        "/outlets/new?kind=webhook", name="县融媒体中心", url=f"{MEDIA}/in", active="yes"
    )
    async with ends.house.database.reading() as session:
        outlet = (await session.scalars(sa.select(Outlet))).one()
    assert outlet.secret in made.text and outlet.secret not in await admin.reads(
        f"/outlets/{outlet.public_id}"
    )

    found = await article(ends, tmp_path)
    path = f"/content/article/{found.public_id}"
    button = f'action="/console{path}/outlets/{outlet.public_id}"'
    assert button in await approver.reads(path)
    await approver.does(f"{path}/outlets/{outlet.public_id}")
    await approver.does(f"{path}/outlets/{outlet.public_id}")  # pressed twice
    await ends.house.rounds.once()
    assert media.events == ["published"] and "已发" in await approver.reads(path)

    said = {"version": str(outlet.version), "name": "融媒体", "url": f"{MEDIA}/in", "active": ""}
    assert "「融媒体」已保存" in await admin.does(f"/outlets/{outlet.public_id}", **said)
    stale = await admin.sends(f"/outlets/{outlet.public_id}", **said)
    assert stale.status_code == 422 and "刚才改过这个渠道" in stale.text
    renewed = await admin.sends(f"/outlets/{outlet.public_id}/renew")
    assert renewed.status_code == 200 and outlet.secret not in renewed.text
    await admin.does(f"/outlets/{outlet.public_id}/delete")
    assert not await posts(ends)


async def test_the_json_feed_reads_as_the_atom_feed(ends: Ends, tmp_path: Path) -> None:
    found = await article(ends, tmp_path)
    answer = await ends.web.get("/news/feed.json?category=union")
    assert answer.headers["content-type"].startswith("application/feed+json")
    feed = answer.json()
    assert feed["feed_url"] == f"{OURS}/news/feed.json?category=union"
    (item,) = feed["items"]
    assert item["url"] == f"{OURS}/news/{found.public_id}" and "<strong>46 公里" in item["content_html"]
    assert not (await ends.web.get("/news/feed.json?category=policy")).json()["items"]
