"""Checking what was written on the board: by our own list of words, and by WeChat where it may be asked.

WeChat looks at words of somebody who used the mini-program within the last two hours; of others, and where
there is no mini-program, it says nothing, and staff are told that there is no result. Its answer is asked for
outside of any transaction; who dies in between leaves a lease that runs out.
"""

from pathlib import Path
from typing import Final, Protocol

import structlog

from app.clock import Clock
from app.database import Database
from app.jobs.rounds import Round
from app.services import board_checks
from app.services.board_checks import Asked, Verdict
from app.services.board_wording import WordFile, marks_of
from app.wechat import errors
from app.wechat.api.content_checks import Scene, Suggestion
from app.wechat.api.content_checks import Verdict as Opinion
from models import BoardCheck

log = structlog.get_logger(__name__)

AT_ONCE: Final = 20
NO_PROGRAM: Final = "没有开通小程序，微信的内容检查用不了"
NOT_THERE: Final = "作者没有用过小程序，微信不检查"
NOT_LATELY: Final = "作者两小时内没有用过小程序，微信不检查"
NO_ANSWER: Final = "问了几次，微信没有答复"
USED_UP: Final = "今天能检查的次数用完了"
NOT_ALLOWED: Final = "微信没有给检查的权限，请运维人员查看"
NOT_TAKEN: Final = "微信没有收下这段内容"
LABELS: Final = {
    100: "正常",
    10001: "广告",
    20001: "时政",
    20002: "色情",
    20003: "辱骂",
    20006: "违法犯罪",
    20008: "欺诈",
    20012: "低俗",
    20013: "版权",
    21000: "其他",
}
_VERDICTS: Final = {
    Suggestion.PASS: BoardCheck.PASSED,
    Suggestion.REVIEW: BoardCheck.REVIEW,
    Suggestion.RISKY: BoardCheck.RISKY,
}


class Checks(Protocol):
    async def text(
        self, openid: str, content: str, scene: Scene, *, title: str = "", nickname: str = ""
    ) -> Opinion: ...


class Client(Protocol):
    """What is needed of `app.wechat.client.WeChatClient`: the mini-program's."""

    @property
    def app_id(self) -> str: ...
    @property
    def content_checks(self) -> Checks: ...


def round_of(database: Database, client: Client | None, content: Path, clock: Clock) -> Round:
    """`content`: the folder with the list of words."""
    words = WordFile(content / "board_words.yaml")
    return Round("board checks", lambda: run(database, client, words, clock), 10, wakes=True)


async def run(database: Database, client: Client | None, words: WordFile, clock: Clock) -> int:
    """Check what is due; returns how many posts were looked at. `client` is None without a mini-program."""
    app_id = client.app_id if client is not None else ""
    for count in range(AT_ONCE):
        now, real_now = clock.now(), clock.real_now()
        async with database.reading() as session:
            if not await board_checks.is_any_due(session, now, real_now):
                return count
        async with database.transaction() as session:
            asked = await board_checks.lease(session, app_id, now, real_now)
        if asked is None:
            return count
        verdict = await _verdict(asked, client, words, clock)
        async with database.transaction() as session:
            kept = await board_checks.settle(session, asked, verdict)
        # Not which post: it was sent some seconds ago, and the minute leads to who was here then.
        log.info("board_checked", verdict=verdict.verdict.value, kept=kept)
    return AT_ONCE


async def _verdict(asked: Asked, client: Client | None, words: WordFile, clock: Clock) -> Verdict:
    """Whatever goes wrong ends in a verdict: a post must neither be lost nor spin."""
    marks = marks_of(words.now(), asked.title, asked.text, asked.name)
    if client is None or not asked.openid:
        return Verdict(BoardCheck.UNKNOWN, NO_PROGRAM if client is None else NOT_THERE, marks)
    try:
        opinion = await client.content_checks.text(
            asked.openid, asked.text, Scene.FORUM, title=asked.title, nickname=asked.name
        )
    except errors.WindowClosed:
        return Verdict(BoardCheck.UNKNOWN, NOT_LATELY, marks)
    except errors.QuotaUsedUp:
        return Verdict(BoardCheck.UNKNOWN, USED_UP, marks)
    except errors.NotAllowed as error:
        log.error("board_not_checked", error=str(error))
        return Verdict(BoardCheck.UNKNOWN, NOT_ALLOWED, marks)
    except errors.OurMistake as error:
        log.error("board_not_checked", error=str(error))
        return Verdict(BoardCheck.UNKNOWN, NOT_TAKEN, marks)
    except Exception as error:
        pause = board_checks.again_after(asked.tries)
        log.warning("board_check_put_off", tries=asked.tries, error=type(error).__name__)
        return Verdict(
            BoardCheck.UNKNOWN, NO_ANSWER, marks, again_at=None if pause is None else clock.now() + pause
        )
    label = LABELS.get(opinion.label, f"类别 {opinion.label}")
    return Verdict(
        _VERDICTS[opinion.suggestion],
        "" if opinion.suggestion is Suggestion.PASS else f"微信认为可能涉及：{label}",
        marks,
    )
