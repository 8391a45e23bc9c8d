"""Revisions of the menu file in the database: the newest is live, the file is only input.

Functions flush and never commit. Pushing the buttons to WeChat is planned in `app.menus.pushes`.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.database import insert_into
from app.errors import DomainError, NotFound
from app.menus.differences import difference
from app.menus.file import read, read_unchecked
from app.menus.known import Handlers
from app.menus.mistakes import MenuMistakes
from app.menus.model import MenuFile
from models import MenuRevision, SharedVersion

VERSION = "menus"
NOTE_LENGTH, BY_LENGTH = 200, 64


class Overtaken(DomainError):
    """Somebody else has applied a revision while this one was written."""

    def __init__(self, present: MenuRevision, base: int) -> None:
        when = f"{shanghai(present.created_at):%m月%d日 %H:%M}"
        super().__init__(
            f"您改的是第 {base} 版，这期间{present.applied_by}在 {when} 应用了第 {present.number} 版，"
            "所以没有应用。您写的都还在；请看过与那一版的区别，需要的话再应用一次。"
        )


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


async def live(session: AsyncSession) -> MenuRevision | None:
    """The revision in force."""
    newest = sa.select(MenuRevision).order_by(MenuRevision.number.desc()).limit(1)
    return (await session.scalars(newest)).first()


async def account_name(session: AsyncSession) -> str:
    """What the live file calls the account; empty where there is none yet."""
    revision = await live(session)
    return read_unchecked(revision.text).account if revision is not None else ""


async def first(session: AsyncSession, text: str, known: Handlers, now: datetime) -> MenuRevision:
    """The live revision; on a new database the file becomes revision 1.

    Raises:
        MenuMistakes: there is none yet and the file is wrong.
    """
    return await live(session) or await _apply(session, text, known, "首次启动", "", now, only_first=True)


async def apply(
    session: AsyncSession, text: str, known: Handlers, by: str, note: str, now: datetime
) -> MenuRevision:
    """Make `text` live, in every process. The same text again returns the live revision.

    Two who apply at once queue here: both texts become revisions, the later one is live.

    Raises:
        MenuMistakes: the text is wrong; what is live stays.
    """
    return await _apply(session, text, known, by, note, now)


async def _apply(
    session: AsyncSession,
    text: str,
    known: Handlers,
    by: str,
    note: str,
    now: datetime,
    *,
    only_first: bool = False,
) -> MenuRevision:
    file = read(text, known)
    await _queue(session)
    before = await live(session)
    if before is not None and (only_first or before.text == text):
        return before
    revision = MenuRevision(
        number=(before.number if before else 0) + 1,
        text=text,
        digest=digest_of(text),
        applied_by=by[:BY_LENGTH],
        note=note[:NOTE_LENGTH],
        difference=_difference(before, file),
        created_at=now,
    )
    session.add(revision)
    await session.flush()
    raised = sa.update(SharedVersion).where(SharedVersion.name == VERSION)
    await session.execute(raised.values(value=SharedVersion.value + 1))
    return revision


async def apply_over(
    session: AsyncSession, text: str, base: int, known: Handlers, by: str, note: str, now: datetime
) -> MenuRevision:
    """As `apply`, for who has worked on revision `base` (0: none) and must not undo what others did since.

    Raises:
        Overtaken: another revision is live meanwhile.
        MenuMistakes: the text is wrong.
    """
    await _queue(session)
    present = await live(session)
    if present is not None and present.number != base:
        raise Overtaken(present, base)
    return await _apply(session, text, known, by, note, now)


async def _queue(session: AsyncSession) -> None:
    """Wait for others who apply; until the transaction ends. On SQLite its start has waited already."""
    made = insert_into(session.get_bind().dialect.name, SharedVersion).values(name=VERSION, value=0)
    await session.execute(made.on_conflict_do_nothing(index_elements=["name"]))
    row = sa.select(SharedVersion.id).where(SharedVersion.name == VERSION)
    await session.execute(row.with_for_update())


def _difference(before: MenuRevision | None, file: MenuFile) -> str:
    if before is None:
        return difference(None, file)
    try:
        old = read_unchecked(before.text)
    except MenuMistakes:  # written for an older form of the file
        return "旧版写法不同，无法逐条比较"
    return difference(old, file) or "只改了写法，内容没有变"


def compared(revision: MenuRevision | None, text: str, checked: MenuFile) -> str:
    """What applying `text` would change, in words; `checked` is what it says."""
    if revision is None:
        return "还没有生效的菜单，应用后就是第 1 版。"
    if revision.text == text:
        return f"与正在生效的第 {revision.number} 版一样。"
    return _difference(revision, checked)


async def history(session: AsyncSession, limit: int = 20) -> Sequence[MenuRevision]:
    """Newest first."""
    newest = sa.select(MenuRevision).order_by(MenuRevision.number.desc()).limit(limit)
    return (await session.scalars(newest)).all()


async def find(session: AsyncSession, number: int) -> MenuRevision | None:
    if not 0 < number < 2**31:
        return None
    return (await session.scalars(sa.select(MenuRevision).where(MenuRevision.number == number))).first()


async def rollback(
    session: AsyncSession, number: int, known: Handlers, by: str, now: datetime, *, base: int | None = None
) -> MenuRevision:
    """Make the text of revision `number` live again, as a new revision; with `base` as in `apply_over`.

    Raises:
        NotFound: no such revision.
        Overtaken: `base` is given, and another revision is live.
        MenuMistakes: it names handlers that are gone.
    """
    old = await find(session, number)
    if old is None:
        raise NotFound(f"没有第 {number} 版菜单。")
    note = f"恢复第 {number} 版"
    if base is not None:
        return await apply_over(session, old.text, base, known, by, note, now)
    return await apply(session, old.text, known, by, note, now)


async def digests(session: AsyncSession) -> frozenset[str]:
    """Of every text that was ever applied."""
    return frozenset(await session.scalars(sa.select(MenuRevision.digest)))


async def version(session: AsyncSession) -> int:
    """Grows with each revision; cheap to ask every two seconds."""
    found = await session.scalar(sa.select(SharedVersion.value).where(SharedVersion.name == VERSION))
    return found or 0
