"""What all rooms of cases have alike, whatever lies in them: one act on one locked case, and its page again.

Which cases are seen from a room, and whose work one is, each room says itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms
from app.console.entrance import Desk
from app.console.navigation import Found
from app.console.shell import Shell
from app.errors import DomainError, NotFound
from app.services import case_reporters, case_work
from app.services.permissions import Right, Standing
from models import Case

Act = Callable[[AsyncSession, Case, datetime], Awaitable[str]]
"""What is done with a case that was locked; returns what is said of it afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyRoom(ABC):
    """One room: where it is, and what it takes to read and to work there."""

    page: str
    label: str
    reads: Right  # also who may be named in a note
    answers: Right
    template: str  # of one case

    @abstractmethod
    async def find(
        self, session: AsyncSession, standing: Standing, number: str, *, lock: bool = False
    ) -> Case:
        """Raises: NotFound: it may not be seen from here."""

    @abstractmethod
    async def shown(self, session: AsyncSession, desk: Desk, number: str, now: datetime) -> dict[str, Any]:
        """What the page of one is filled with. Raises: NotFound."""

    def demand(self, desk: Desk, case: Case, right: Right) -> None:
        """Raises: Forbidden: he may not do this with the case, though he sees it."""
        desk.demand(right, case.branch_id)

    async def search(self, session: AsyncSession, standing: Standing, words: str) -> list[Found]:
        """By the whole number, however it is spelled."""
        try:
            case = await self.find(session, standing, words.replace(" ", ""))
        except NotFound:
            return []
        return [Found(f"{case.number} {case.kind.label}", f"{self.page}/{case.number}", case.state_label)]

    # --- what is done with one ---------------------------------------------------------------------------

    async def locked(self, session: AsyncSession, desk: Desk, number: str, right: Right) -> Case:
        """Locked. Raises: NotFound: outside of what the desk may read; Forbidden: it may not do this."""
        case = await self.find(session, desk.standing, number, lock=True)
        self.demand(desk, case, right)
        return case

    async def does(self, number: str, desk: Desk, shell: Shell, act: Act, **typed: str) -> Response:
        """One act of somebody who works here, on the locked case. Refused, the page says why."""
        now = desk.shared.clock.now()
        try:
            async with desk.acting() as session:
                case = await self.locked(session, desk, number, self.answers)
                said = await act(session, case, now)
        except DomainError as error:
            return await self.again(desk, shell, number, error, now, **typed)
        return shell.done(f"{self.page}/{case.number}", said)

    async def call(self, number: str, desk: Desk, shell: Shell) -> Response:
        """The telephone number that was left to be called."""
        now = desk.shared.clock.now()
        try:
            async with desk.acting() as session:
                case = await self.locked(session, desk, number, self.answers)
                phone = await case_work.open_contact(session, case.number, desk.by, now)
        except DomainError as error:
            return await self.again(desk, shell, number, error, now)
        return await self._with(desk, shell, number, now, phone=phone)

    async def reveal(self, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
        """Who brought it, with a reason that is kept."""
        form = await forms.read(request)
        why, danger = forms.words(form, "why"), forms.words(form, "danger") == "yes"
        now = desk.shared.clock.now()
        try:
            async with desk.acting() as session:
                case = await self.locked(session, desk, number, Right.REPORTER_REVEAL)
                known = await case_reporters.reveal(session, case, why, desk.by, now, danger=danger)
        except DomainError as error:
            return await self.again(desk, shell, number, error, now, why=why)
        return await self._with(desk, shell, number, now, known=known)

    async def again(
        self, desk: Desk, shell: Shell, number: str, error: DomainError, now: datetime, **typed: str
    ) -> HTMLResponse:
        """As it stands now, with what was typed. What may not be seen or done at all stays refused so."""
        if error.status in (403, 404):
            raise error
        async with desk.reading() as session:
            shown = await self.shown(session, desk, number, now)
        return shell.refused(self.template, error, **shown, typed=typed)

    async def _with(
        self, desk: Desk, shell: Shell, number: str, now: datetime, **revealed: Any
    ) -> HTMLResponse:
        async with desk.reading() as session:
            shown = await self.shown(session, desk, number, now)
        return shell.page(self.template, **shown, **revealed)
