"""Words on the board are checked before anybody publishes them, whatever WeChat says or does not say."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app.database import Database, refuse_in_transaction
from app.errors import OperatorError
from app.jobs import board_checks as job
from app.services import board, board_checks, board_work
from app.services.board_checks import BACKOFF, LEASE
from app.services.board_rows import NotNow
from app.services.board_wording import WordFile
from app.wechat import errors
from app.wechat.api.content_checks import Scene, Suggestion, Verdict
from app.wechat.client import WeChatClient
from models import Account, AccountKind, BoardCheck, BoardPost, BoardState, Follower
from tests.boarding import moderator, seen, words, writer
from tests.conftest import NOON, FakeClock
from tests.rooms import ROOT

PROGRAM = "wxmini0000000001"
WORDS = ROOT / "content" / "board_words.yaml"


@dataclass
class WeChat:
    """The far side: what it says, and what it was asked."""

    says: Verdict | Exception = field(default_factory=lambda: Verdict(Suggestion.PASS, 100))
    app_id: str = PROGRAM
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[object]] | None = None

    @property
    def content_checks(self) -> "WeChat":
        return self

    async def text(
        self, openid: str, content: str, scene: Scene, *, title: str = "", nickname: str = ""
    ) -> Verdict:
        refuse_in_transaction("content check")
        assert scene is Scene.FORUM
        self.asked.append((openid, content, title, nickname))
        if self.meanwhile is not None:
            await self.meanwhile()
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def fits(client: WeChatClient) -> job.Client:
    """The real client has what is asked of one: for the type checker."""
    return client


async def wrote(database: Database, *, in_program: bool = True, **given: str) -> tuple[int, str]:
    """A post of somebody who has been in the mini-program, or has not; the person and the post."""
    async with database.transaction() as session:
        li = await writer(session)
        account = Account(app_id=PROGRAM, kind=AccountKind.MINIPROGRAM)
        session.add(account)
        await session.flush()
        if in_program:
            session.add(Follower(account_id=account.id, openid="o-li", person_id=li, subscribed=True))
        post = await board.submit(session, li, words(**given), channel="portal", now=NOON)
        return li, post.public_id


async def post_of(database: Database) -> BoardPost:
    async with database.reading() as session:
        return (await session.scalars(sa.select(BoardPost))).one()


async def run(database: Database, wechat: WeChat | None, clock: FakeClock) -> int:
    return await job.run(database, wechat, WordFile(WORDS), clock)


async def test_what_passes_waits_for_somebody_all_the_same(database: Database, clock: FakeClock) -> None:
    await wrote(database)
    wechat = WeChat()
    with capture_logs() as logs:
        assert await run(database, wechat, clock) == 1
    assert await run(database, wechat, clock) == 0
    (said,) = [each for each in logs if each["event"] == "board_checked"]
    assert set(said) == {"event", "log_level", "verdict", "kept"}  # not which post: it was just sent

    post = await post_of(database)
    assert (post.verdict, post.state, post.is_clean) == (BoardCheck.PASSED, BoardState.PENDING, True)
    assert wechat.asked == [("o-li", "夜班的同事六点才到，菜都凉了。", "晚饭能不能早一点", "李师傅")]
    assert post.check_due_at is None and post.lease_token is None


@pytest.mark.parametrize(
    ("suggestion", "label", "verdict", "said"),
    [
        (Suggestion.REVIEW, 20003, BoardCheck.REVIEW, "辱骂"),
        (Suggestion.RISKY, 10001, BoardCheck.RISKY, "广告"),
        (Suggestion.RISKY, 30009, BoardCheck.RISKY, "类别 30009"),
    ],
)
async def test_what_wechat_doubts_is_told_to_staff(
    database: Database,
    clock: FakeClock,
    suggestion: Suggestion,
    label: int,
    verdict: BoardCheck,
    said: str,
) -> None:
    await wrote(database)
    await run(database, WeChat(Verdict(suggestion, label)), clock)
    post = await post_of(database)
    assert post.verdict is verdict and said in post.check_said and not post.is_clean


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (errors.WindowClosed(61010, "x"), job.NOT_LATELY),
        (errors.NotAllowed(48001, "x"), job.NOT_ALLOWED),
        (errors.OurMistake(40129, "x"), job.NOT_TAKEN),
    ],
)
async def test_where_wechat_cannot_tell_that_is_said(
    database: Database, clock: FakeClock, refusal: Exception, said: str
) -> None:
    await wrote(database)
    await run(database, WeChat(refusal), clock)
    post = await post_of(database)
    assert (post.verdict, post.check_said, post.state) == (BoardCheck.UNKNOWN, said, BoardState.PENDING)


async def test_without_a_mini_program_our_own_words_are_looked_for(
    database: Database, clock: FakeClock
) -> None:
    await wrote(database, text="那个组长是废 物，打 13812345678 骂他")
    await run(database, None, clock)
    post = await post_of(database)
    assert (post.verdict, post.check_said) == (BoardCheck.UNKNOWN, job.NO_PROGRAM)
    assert post.marks == ["attacks", "phone"]


async def test_of_who_was_never_in_the_mini_program_wechat_is_not_asked(
    database: Database, clock: FakeClock
) -> None:
    await wrote(database, in_program=False)
    wechat = WeChat()
    await run(database, wechat, clock)
    assert wechat.asked == [] and (await post_of(database)).check_said == job.NOT_THERE


async def test_a_broken_line_is_tried_again_and_given_up_at_last(
    database: Database, clock: FakeClock
) -> None:
    await wrote(database)
    wechat = WeChat(errors.TryLater(-1, "busy"))
    for pause in BACKOFF:
        await run(database, wechat, clock)
        post = await post_of(database)
        assert (post.verdict, post.check_due_at) == (BoardCheck.WAITING, clock.now() + pause)
        assert await run(database, wechat, clock) == 0
        clock.advance(pause.total_seconds())
    await run(database, wechat, clock)
    post = await post_of(database)
    assert (post.verdict, post.check_said) == (BoardCheck.UNKNOWN, job.NO_ANSWER)


async def test_who_dies_between_asking_and_keeping_is_followed_by_another(
    database: Database, clock: FakeClock
) -> None:
    await wrote(database)
    wechat = WeChat()

    async def dies() -> object:
        raise KeyboardInterrupt

    wechat.meanwhile = dies
    with pytest.raises(KeyboardInterrupt):
        await run(database, wechat, clock)
    wechat.meanwhile = None
    assert (await post_of(database)).verdict is BoardCheck.WAITING
    assert await run(database, wechat, clock) == 0  # still held
    async with database.transaction() as session:  # and nobody publishes it meanwhile
        wang = await moderator(session)
        with pytest.raises(NotNow, match="还没有结果"):
            await board_work.publish(session, seen(await _fresh(database), wang), NOON)
    clock.advance(LEASE.total_seconds())
    assert await run(database, wechat, clock) == 1
    assert (await post_of(database)).verdict is BoardCheck.PASSED


async def _fresh(database: Database) -> BoardPost:
    return await post_of(database)


async def test_a_verdict_on_other_words_is_not_kept(database: Database, clock: FakeClock) -> None:
    li, name = await wrote(database)
    wechat = WeChat()

    async def edits() -> object:
        wechat.meanwhile = None
        async with database.transaction() as session:
            post = (await session.scalars(sa.select(BoardPost))).one()
            return await board.edit(
                session, li, name, words(text="完全别的话"), version=post.version, channel="portal", now=NOON
            )

    wechat.meanwhile, wechat.says = edits, Verdict(Suggestion.RISKY, 20003)
    assert await run(database, wechat, clock) == 2  # once more, for the new words
    assert [content for _, content, _, _ in wechat.asked][-1] == "完全别的话"


async def test_what_was_refused_meanwhile_is_left_alone(database: Database, clock: FakeClock) -> None:
    li, name = await wrote(database)
    wechat = WeChat()

    async def withdraws() -> object:
        async with database.transaction() as session:
            return await board.withdraw(session, li, name, channel="portal", now=NOON)

    wechat.meanwhile = withdraws
    assert await run(database, wechat, clock) == 1
    post = await post_of(database)
    assert (post.state, post.verdict, post.text) == (BoardState.WITHDRAWN, BoardCheck.WAITING, "")


async def test_two_processes_do_not_take_the_same(database: Database) -> None:
    await wrote(database)
    async with database.transaction() as session:
        first = await board_checks.lease(session, PROGRAM, NOON, NOON)
    async with database.transaction() as session:
        assert first is not None and await board_checks.lease(session, PROGRAM, NOON, NOON) is None
        later = await board_checks.lease(session, PROGRAM, NOON, NOON + LEASE)
        assert later is not None and later.tries == 2
        assert not await board_checks.settle(session, first, board_checks.Verdict(BoardCheck.PASSED))


def test_the_list_of_words_is_read_again_when_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "board_words.yaml"
    assert WordFile(path).now().forbidden == ()
    path.write_text("forbidden: [代开发票]\n", encoding="utf-8")
    words_now = WordFile(path)
    assert words_now.now().forbidden == ("代开发票",)
    path.write_text("attacks: [傻瓜]\n", encoding="utf-8")
    _saved_later(path, 1)
    assert words_now.now().attacks == ("傻瓜",)
    path.write_text("attack: [傻瓜]\n", encoding="utf-8")  # a slip: the good one stays
    _saved_later(path, 2)
    assert words_now.now().attacks == ("傻瓜",)
    with pytest.raises(OperatorError, match=r"board_words\.yaml"):
        WordFile(path)


def _saved_later(path: Path, seconds: int) -> None:
    moment = path.stat().st_mtime + timedelta(seconds=seconds).total_seconds()
    os.utime(path, (moment, moment))


def test_the_shipped_list_is_in_order() -> None:
    assert WordFile(WORDS).now().attacks
