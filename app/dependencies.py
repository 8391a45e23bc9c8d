"""What a web route may ask for by type. `ReadSession` serves GET; the database refuses its writes.

`WriteSession` is one writing transaction, for routes that ask for it by name.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.files import Files
from app.scanning import Scanner
from app.services.board_wording import WordFile
from app.services.channel_marks import Clicks
from app.services.digests import Moment
from app.services.interests import Noticed
from app.services.library import Library
from app.services.privacy_files import Controller
from app.services.questions import Unanswered
from app.tallies import Tally
from app.web.kept_pages import KeptPages
from app.web.limits import Limit

SHARED = "shared"  # in the ASGI scope's state

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all pages of one process work with."""

    database: Database
    clock: Clock
    library: Library
    article_reads: Tally[int]
    article_clicks: Clicks
    interests: Noticed
    unanswered: Unanswered
    public_url: str
    controller: Controller
    files: Files
    scanner: Scanner  # looks for viruses in what people and staff upload
    joining_days: int  # working days in which a 入会申请 is decided
    digest_at: Moment  # when 每周精选 goes out
    live_hosts: frozenset[str]  # of the union, whose streams our pages play
    activity_review: str  # whether another approves an activity first: app.services.activity_reviews
    words: WordFile  # what moderators are to look at twice
    article_pages: KeptPages
    strangers: Limit  # forms from one address, of people nobody knows
    tap: Callable[[str, str], str]  # a line of a message: it reads the first and, tapped, runs that handler


def handed(request: Request, name: str, kind: type[Kind]) -> Kind:
    """What the service hands to its edges under `name`.

    Raises: HTTPException 503: the service is starting or stopping.
    """
    found: Kind | None = request.scope.get("state", {}).get(name)
    if found is None:
        raise HTTPException(503, "starting")
    return found


def shared_of(request: Request) -> Shared:
    """Raises: HTTPException 503: the service is starting or stopping."""
    return handed(request, SHARED, Shared)


# What is handed to us they look up themselves: each that one asks for by `Depends` is kept once more in every
# route, and half of what routes take up was that.


async def _in_use(request: Request) -> Shared:
    return shared_of(request)


async def _reading(request: Request) -> AsyncIterator[AsyncSession]:
    async with shared_of(request).database.reading() as session:
        yield session


async def _writing(request: Request) -> AsyncIterator[AsyncSession]:
    async with shared_of(request).database.transaction() as session:
        yield session


async def _now(request: Request) -> datetime:
    return shared_of(request).clock.now()


InUse = Annotated[Shared, Depends(_in_use)]
# "function": the transaction is over before the answer is sent; a commit that fails is not told as done.
ReadSession = Annotated[AsyncSession, Depends(_reading, scope="function")]
WriteSession = Annotated[AsyncSession, Depends(_writing, scope="function")]
Now = Annotated[datetime, Depends(_now)]
