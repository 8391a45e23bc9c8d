"""Live broadcasts: written, announced, called off; what is on, what comes, what can be watched again.

Not here: who watched and who wants to be reminded (`live_visits`), and what those are told (`live_notices`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import live_notices, live_visits, stored_files
from models import UNANNOUNCED, Activity, LivePhase, LiveSession, LiveState, StoredFile

TITLE, ABOUT, ADDRESS, COVER_ALT = 60, 200, 500, 60  # characters
MOST_CHAPTERS: Final = 60
LONGEST: Final = timedelta(hours=24)
REPLAYED: Final = timedelta(days=180)  # how long a list shows what can be watched again
LISTED: Final = 30
GONE: Final = "没有找到这场直播，可能已经撤下。"
PLAYED: Final = (".m3u8", ".mp4")  # how the path of a stream or film ends that our page plays by itself
_CHAPTER: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})[\s　]+(\S.*)")


@dataclass(frozen=True, slots=True)
class Written:
    """What staff fill in. `chapters`: a line for each, 「12:30 答疑」 or 「1:02:30 答疑」."""

    title: str
    about: str
    starts_at: datetime
    ends_at: datetime
    link: str
    replay: str = ""
    chapters: str = ""


async def create(
    session: AsyncSession,
    written: Written,
    activity: Activity | None,
    branch_id: int | None,
    *,
    hosts: Collection[str],
    now: datetime,
) -> LiveSession:
    """A draft. `hosts`: those of the union, whose streams our pages play. Raises: DomainError."""
    live = LiveSession(state=LiveState.DRAFT, cover="", cover_alt="", created_at=now)
    _write(live, written, activity, branch_id, hosts)
    session.add(live)
    await session.flush()
    return live


async def change(
    session: AsyncSession,
    live: LiveSession,
    written: Written,
    activity: Activity | None,
    branch_id: int | None,
    *,
    hosts: Collection[str],
    now: datetime,
) -> int:
    """Returns how many are told that it begins at another time: who wanted to be reminded.

    Raises: DomainError.
    """
    if live.state is LiveState.CANCELLED:
        raise DomainError("这场直播已经取消，不能再改。")
    before = live.starts_at
    _write(live, written, activity, branch_id, hosts)
    await session.flush()
    if live.state is LiveState.DRAFT or live.starts_at == before:
        return 0
    asked = await live_visits.list_to_remind(session, live)
    for visit in asked:
        await live_notices.withdraw(session, visit, now)
        live_notices.changed(session, live, visit, now)
        live_notices.remind(session, live, visit, now)
    return len(asked)


async def announce(session: AsyncSession, live: LiveSession, now: datetime) -> None:
    """Raises: DomainError: it is over already, and cannot be watched again."""
    if live.state is LiveState.CANCELLED:
        raise DomainError("这场直播已经取消。")
    if live.ends_at <= now and not live.replay:
        raise DomainError("时间已经过了，又没有回看地址，发布了也没得看。请改时间，或者填回看地址。")
    live.state = LiveState.ANNOUNCED
    await session.flush()


async def call_off(session: AsyncSession, live: LiveSession, now: datetime) -> int:
    """Returns how many are told: who wanted to be reminded. Raises: DomainError: it has begun."""
    if live.phase(now) not in (LivePhase.DRAFT, LivePhase.SCHEDULED):
        raise DomainError("已经开始或者结束的直播不能取消。")
    asked = await live_visits.list_to_remind(session, live)
    live.state = LiveState.CANCELLED
    await session.flush()
    for visit in asked:
        await live_notices.withdraw(session, visit, now)
        live_notices.called_off(session, live, visit, now)
    return len(asked)


async def put_cover(session: AsyncSession, live: LiveSession, file: StoredFile, alt: str) -> None:
    """Raises: DomainError: no words for who cannot see it."""
    alt = " ".join(alt.split())[:COVER_ALT]
    if not alt:
        raise DomainError("请用一句话说图上是什么，看不到图的人靠它知道。")
    await stored_files.mark_deleted(session, [live.cover] if live.cover else [])
    session.add(file)
    live.cover, live.cover_alt = file.public_id, alt
    await session.flush()


# --- looking -----------------------------------------------------------------------------------------------


async def get(session: AsyncSession, public_id: str, *, drafts: bool = False) -> LiveSession:
    """Raises: NotFound."""
    live = await session.scalar(sa.select(LiveSession).where(LiveSession.public_id == public_id))
    if live is None or (live.state is LiveState.DRAFT and not drafts):
        raise NotFound(GONE)
    return live


async def list_ahead(session: AsyncSession, now: datetime, limit: int) -> Sequence[LiveSession]:
    """What is on, then what comes, by the time at which it begins."""
    chosen = sa.select(LiveSession).where(LiveSession.state == LiveState.ANNOUNCED, LiveSession.ends_at > now)
    return (await session.scalars(chosen.order_by(LiveSession.starts_at, LiveSession.id).limit(limit))).all()


async def list_replays(session: AsyncSession, now: datetime, limit: int) -> Sequence[LiveSession]:
    """What can be watched again, the newest first."""
    chosen = sa.select(LiveSession).where(
        LiveSession.state == LiveState.ANNOUNCED,
        LiveSession.ends_at <= now,
        LiveSession.starts_at > now - REPLAYED,
        LiveSession.replay != "",
    )
    order = (LiveSession.starts_at.desc(), LiveSession.id)
    return (await session.scalars(chosen.order_by(*order).limit(limit))).all()


async def of_activity(session: AsyncSession, activity_id: int) -> Sequence[LiveSession]:
    """The announced ones of an activity."""
    chosen = sa.select(LiveSession).where(
        LiveSession.activity_id == activity_id, LiveSession.state == LiveState.ANNOUNCED
    )
    return (await session.scalars(chosen.order_by(LiveSession.starts_at))).all()


async def activity_of(session: AsyncSession, live: LiveSession) -> Activity | None:
    """The activity it is of, where people may see that."""
    activity = None if live.activity_id is None else await session.get(Activity, live.activity_id)
    return None if activity is None or activity.state in UNANNOUNCED else activity


def may_watch(live: LiveSession, now: datetime) -> bool:
    return live.phase(now) in (LivePhase.LIVE, LivePhase.REPLAY)


def source_of(live: LiveSession, now: datetime) -> str:
    """Where it is watched as things are now."""
    return live.replay if live.phase(now) is LivePhase.REPLAY else live.link


def is_stream(source: str) -> bool:
    return source.partition("?")[0].lower().endswith(".m3u8")


def is_played_here(address: str, hosts: Collection[str]) -> bool:
    """Whether our own page shows it: a stream or a film of a host of the union."""
    parts = urlsplit(address)
    return parts.netloc.lower() in hosts and parts.path.lower().endswith(PLAYED)


def chapters_of(live: LiveSession) -> list[tuple[int, str]]:
    """Seconds from the beginning, and what comes then."""
    kept = live.chapters if isinstance(live.chapters, list) else []
    return [(int(seconds), str(title)) for seconds, title in kept]


def clock_of(seconds: int) -> str:
    """12:30, or 1:02:30."""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"


def lines_of(live: LiveSession) -> str:
    """Its chapters as staff write them."""
    return "\n".join(f"{clock_of(seconds)} {title}" for seconds, title in chapters_of(live))


# --- parts -------------------------------------------------------------------------------------------------


def _write(
    live: LiveSession,
    written: Written,
    activity: Activity | None,
    branch_id: int | None,
    hosts: Collection[str],
) -> None:
    title = " ".join(written.title.split())
    if not title:
        raise DomainError("请写直播的名称。")
    for words, most, what in ((title, TITLE, "名称"), (written.about, ABOUT, "介绍")):
        if len(words) > most:
            raise DomainError(f"{what}最多 {most} 个字，现在有 {len(words)} 个。")
    if not written.starts_at < written.ends_at <= written.starts_at + LONGEST:
        raise DomainError("结束要在开始以后，最长 24 小时。")
    values: Mapping[str, Any] = {
        "title": title,
        "about": " ".join(written.about.split()),
        "activity_id": None if activity is None else activity.id,
        "branch_id": branch_id,
        "starts_at": written.starts_at,
        "ends_at": written.ends_at,
        "link": _address(written.link, "直播地址", hosts),
        "replay": _address(written.replay, "回看地址", hosts) if written.replay.strip() else "",
        "chapters": _chapters(written.chapters),
    }
    for name, value in values.items():
        setattr(live, name, value)


def _address(said: str, what: str, hosts: Collection[str]) -> str:
    """Raises: DomainError: no https address, or a stream from elsewhere, which no page of ours may play."""
    said = said.strip()
    try:
        parts = urlsplit(said)
        whole = parts.scheme == "https" and bool(parts.hostname) and not parts.username
    except ValueError:
        whole = False
    if not whole or len(said) > ADDRESS or re.search(r"[\s\"'<>\\]", said):
        raise DomainError(f"{what}要写 https:// 开头的完整地址。")
    if parts.path.lower().endswith(".m3u8") and parts.netloc.lower() not in hosts:
        allowed = f"允许的是：{'、'.join(sorted(hosts))}。" if hosts else "现在一个也没有允许。"
        raise DomainError(
            f"{what}是直播流（m3u8），只能用本单位自己的流媒体服务器。{allowed}"
            "要加请联系运维（GONGHUI_LIVE_HOSTS），或者改写成直播间的网页地址。"
        )
    return said


def _chapters(lines: str) -> list[list[Any]]:
    """Raises: DomainError: a line that is none."""
    found: list[list[Any]] = []
    for number, line in enumerate((each.strip() for each in lines.splitlines()), 1):
        if not line:
            continue
        read = _CHAPTER.fullmatch(line)
        if read is None or int(read[3]) > 59 or (read[1] and int(read[2]) > 59):
            raise DomainError(f"章节第 {number} 行没有看懂，请写成 12:30 答疑 这样，时间在前。")
        seconds = int(read[1] or 0) * 3600 + int(read[2]) * 60 + int(read[3])
        if found and seconds <= found[-1][0]:
            raise DomainError(f"章节第 {number} 行的时间不比上一行晚，请按先后写。")
        found.append([seconds, read[4][:40]])
    if len(found) > MOST_CHAPTERS:
        raise DomainError(f"章节最多 {MOST_CHAPTERS} 行。")
    return found
