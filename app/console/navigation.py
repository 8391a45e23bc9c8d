"""The rooms of the console: each page module declares its own, and the shell shows those one may enter."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.services.permissions import Right, Standing, may

GROUPS: Final = ("事务", "会员和客户", "内容和活动", "公众号", "管理")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work that waits for who looks: so many, of them so many late."""

    label: str
    to: str
    count: int
    late: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a search over everything has found."""

    title: str
    to: str
    note: str = ""


CountWaiting = Callable[[AsyncSession, Standing, datetime], Awaitable[Sequence[Waiting]]]
Search = Callable[[AsyncSession, Standing, str], Awaitable[Sequence[Found]]]


@dataclass(frozen=True, slots=True)
class Section:
    """One room: where it is, who may enter, what waits in it, how it is searched."""

    key: str
    group: str
    label: str
    to: str
    icon: str
    right: Right
    waiting: CountWaiting | None = None
    search: Search | None = None


def open_to(sections: Iterable[Section], standing: Standing) -> list[Section]:
    """In the order of the groups, and within one as they were listed."""
    allowed = [each for each in sections if may(standing, each.right)]
    return sorted(allowed, key=lambda each: GROUPS.index(each.group))


async def find_number(
    sections: Sequence[Section], session: AsyncSession, standing: Standing, number: str
) -> str | None:
    """Where the case of that number is read, in whichever room it lies; None: `standing` may not read it."""
    for section in open_to(sections, standing):
        if section.search is not None:
            for found in await section.search(session, standing, number):
                if found.to.endswith(f"/{number}"):
                    return found.to
    return None
