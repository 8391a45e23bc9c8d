"""What the rooms in which people are answered have in common: list, one case, answering, closing.

Each room says which cases lie in it and what right it takes; rules are in the services.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import case_beside, forms, listing
from app.console.case_room import AnyRoom
from app.console.entrance import Desk
from app.console.listing import Filter, View
from app.console.navigation import Waiting
from app.console.office import Office
from app.console.shell import Shell
from app.errors import DomainError
from app.services import (
    appointment_work,
    care_wording,
    case_callers,
    case_earlier,
    case_facts,
    case_links,
    case_lists,
    case_narrowing,
    case_owners,
    case_ratings,
    case_seen,
    case_threads,
    case_transfers,
    case_work,
    consultation_work,
    rating_invitations,
    telling,
)
from app.services.advice_kinds import ADVICE, CARE
from app.services.care_wording import Doubtful
from app.services.case_lists import Asked, Unhappy
from app.services.case_moves import MOVES
from app.services.case_work import Answered
from app.services.permissions import Right, Standing, scope
from models import OVER, Branch, Case, CaseKind, CaseState

DUE: Final = {"late": "已超时", "today": "今天到期和已超时"}
ORDER: Final = {"waiting": "等得最久的在前"}
OWNERS: Final = {"mine": "我接手的", "free": "待接的"}
FOR_ME: Final = {"named": "备注提到我", "reminded": "到时间跟进"}
RATED: Final = {Unhappy.ALL.value: "不满意的", Unhappy.WAITING.value: "不满意、没有回访"}
KINDS: Final = {each.value: each.label for each in (CaseKind.DESK, CaseKind.FEEDBACK)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRoom(AnyRoom):
    """A room in which people are answered, and what lies in it."""

    waits: str  # what a number of unanswered ones is called
    room: case_lists.Room
    topics: Mapping[str, str]
    states: Sequence[CaseState]
    files_by_act: bool  # looking at a file leaves a trace
    takes_callers: bool = False  # staff write down here what callers say
    list_template: str = "case_list.html"
    template: str = "case_one.html"

    @property
    def holds(self) -> tuple[CaseKind, ...]:
        return self.room.kinds

    # --- lists -------------------------------------------------------------------------------------------

    async def waiting(self, session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
        asked = Asked(self.room, scope(standing, self.answers), now)
        found = await case_lists.count(session, asked, standing.staff_id)
        everything = replace(asked, scope=scope(standing, self.reads))
        due = replace(everything, reminded_id=standing.staff_id)
        named = replace(everything, named_id=standing.staff_id)
        theirs = await case_narrowing.waited_for(session, standing.staff_id, now)
        to_follow = await case_lists.count_all(session, due) if theirs.reminded else 0
        to_read = await case_lists.count_all(session, named) if theirs.named else 0
        unhappy = await case_ratings.count_waiting(session, self.room.holds, asked.scope)
        return [
            Waiting(f"到时间跟进的{self.label}", f"{self.page}?for=reminded", to_follow),
            Waiting(f"提到我的{self.label}", f"{self.page}?for=named", to_read),
            Waiting(self.waits, self.page, found.waiting, found.late),
            Waiting(f"其中我接手的{self.label}", f"{self.page}?owner=mine", found.mine, found.mine_late),
            Waiting(f"评价不满意的{self.label}", f"{self.page}?rated={Unhappy.WAITING}", unhappy),
        ]

    def view(self, request: Request) -> View:
        """What the address asks of the list."""
        kinds = [Filter("kind", "类别", KINDS)] if len(self.room.kinds) > 1 else []
        return listing.view_of(
            request,
            *kinds,
            Filter("state", "状态", {state.value: state.label for state in self.states}),
            *([Filter("topic", "话题", self.topics)] if self.topics else []),
            Filter("owner", "办理人", OWNERS),
            Filter("login", "办理人的登录名"),
            Filter("for", "与我有关", FOR_ME),
            Filter("due", "时限", DUE),
            Filter("rated", "评价", RATED),
            Filter("order", "排序", ORDER),
            Filter("number", "编号"),
        )

    def asked(self, desk: Desk, view: View, now: datetime) -> Asked:
        scope, staff_id = desk.scope(self.reads), desk.standing.staff_id
        return case_lists.asked_of(self.room, scope, staff_id, view.chosen, now)

    # --- one case ----------------------------------------------------------------------------------------

    async def find(
        self, session: AsyncSession, standing: Standing, number: str, *, lock: bool = False
    ) -> Case:
        return await case_lists.get(session, self.room, scope(standing, self.reads), number, lock=lock)

    async def one(self, number: str, desk: Desk, shell: Shell, now: datetime) -> HTMLResponse:
        async with desk.reading() as session:
            shown = await self.shown(session, desk, number, now)
        await case_beside.look(desk, shown, now)
        return shell.page(self.template, **shown)

    async def shown(self, session: AsyncSession, desk: Desk, number: str, now: datetime) -> dict[str, Any]:
        newest = await case_threads.newest(session)
        case = await self.find(session, desk.standing, number)
        thread, seen = await case_threads.read(session, case, now)
        facts = await case_facts.read(session, case, now)
        may_answer = desk.may(self.answers, case.branch_id)
        is_over, moves = case.state in OVER, MOVES[case.kind][case.state]
        is_asked = case.kind in ADVICE
        rating = await rating_invitations.find(session, case)
        is_answered = case.state in (CaseState.ANSWERED, CaseState.WAITING_USER)
        return {
            "room": self,
            "case": case,
            "row": case_lists.row_of(case, facts, now),
            "thread": thread,
            "is_new": may_answer and case.id in await case_seen.new_among(session, [case.id]),
            "may_work": may_answer,  # also with what is over
            "seen": seen,
            "newest": newest,
            "signed": _signed(case),
            "warnings": facts.warnings,
            "known_facts": facts.rows,
            "sends_to_hospital": may_answer and not is_over and case.kind in care_wording.ADVICE_TO_GO,
            "only_in_danger": case.kind in CARE,
            "may_answer": may_answer and not is_over,
            "may_ask": may_answer and is_asked and not is_over and case.state is not CaseState.ANSWERED,
            "may_refer": may_answer and CaseState.REFERRED in moves,
            "may_close": may_answer and CaseState.CLOSED in moves,
            "is_answered": is_answered,
            "rating": rating,
            "may_call_back": may_answer and rating is not None and rating.waits_for_call,
            "booked": await appointment_work.of_case(session, case) if is_asked else [],
            "branch": await session.get(Branch, case.branch_id) if case.branch_id is not None else None,
            "owner": await case_owners.name_of(session, case),
            "is_mine": case.owner_id == desk.standing.staff_id,
            "may_own": may_answer and not is_over and case.state is not CaseState.ANSWERED,
            "may_transfer": may_answer and bool(case_transfers.targets(case)),
            "may_reveal": not case.anonymous and desk.may(Right.REPORTER_REVEAL, case.branch_id),
            "may_join": may_answer and await case_callers.can_be_joined(session, case),
            "may_call": not case.anonymous and desk.may(self.answers, case.branch_id),
            "earlier": await case_earlier.list_of(session, case, self.room, desk.scope(self.reads)),
            "links": await case_links.list_of(session, case),
            "may_link": may_answer and case.kind not in CARE,
            "longest": case_work.ANSWER_LENGTH,
            **await case_beside.beside(session, desk, self, case, now, may_answer=may_answer),
        }

    # --- what is done with it ----------------------------------------------------------------------------

    async def answer(
        self, number: str, request: Request, desk: Desk, shell: Shell, office: Office
    ) -> Response:
        form = await forms.read(request)
        text, how, canned = (forms.words(form, name) for name in ("text", "how", "canned"))
        now = desk.shared.clock.now()
        if how == "hospital":
            typed = {"canned": canned, "warned_of": forms.words(form, "warned_of")}
            return await self._sends_to_hospital(desk, shell, number, text, now, **typed)
        try:
            async with desk.acting() as session:
                case = await self.taken_up(session, desk, number, forms.words(form, "seen"), now)
                care_wording.refuse_doubtful(case.kind, text, forms.words(form, "warned_of"))
                await case_owners.answers(session, case, desk.standing, now)
                if how == "ask":
                    done = await consultation_work.ask(
                        session, case.number, text, desk.by, now, channel="console"
                    )
                else:
                    done = await case_work.answer(session, case.number, text, desk.by, now, channel="console")
                await case_beside.sent(session, desk, case, form)
                words = await told(session, done, "已问本人" if how == "ask" else "已答复", office, now)
        except DomainError as error:
            warned = {"warned_of": error.found} if isinstance(error, Doubtful) else {}
            typed = {"text": text, "how": how, "canned": canned, **warned}
            return await self.again(desk, shell, number, error, now, **typed)
        return shell.done(f"{self.page}/{done.case.number}", words)

    async def _sends_to_hospital(
        self, desk: Desk, shell: Shell, number: str, text: str, now: datetime, **typed: str
    ) -> HTMLResponse:
        """The same form with a sentence more; nothing is done yet."""
        async with desk.reading() as session:
            shown = await self.shown(session, desk, number, now)
        if shown["sends_to_hospital"]:
            text = care_wording.with_advice_to_go(shown["case"].kind, text)
        return shell.page(self.template, **shown, typed=typed | {"text": text})

    async def refer(
        self, number: str, request: Request, desk: Desk, shell: Shell, office: Office
    ) -> Response:
        form = await forms.read(request)
        to, consent = forms.words(form, "to")[:60], forms.words(form, "consent")[:200]
        now = desk.shared.clock.now()
        try:
            async with desk.acting() as session:
                case = await self.taken_up(session, desk, number, forms.words(form, "seen"), now)
                done = await consultation_work.refer(
                    session, case.number, to, consent, desk.by, now, channel="console"
                )
                words = await told(session, done, "已转介", office, now)
        except DomainError as error:
            return await self.again(desk, shell, number, error, now, to=to, consent=consent)
        return shell.done(f"{self.page}/{done.case.number}", words)

    async def close(self, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
        seen = forms.words(await forms.read(request), "seen")

        async def closed(session: AsyncSession, case: Case, now: datetime) -> str:
            await case_threads.refuse_unseen(session, case, forms.number(seen) or 0, now)
            await case_work.close(session, case.number, desk.by, now, channel="console")
            return f"{case.number} 已办结。"

        return await self.does(number, desk, shell, closed)

    async def taken_up(
        self, session: AsyncSession, desk: Desk, number: str, seen: str, now: datetime
    ) -> Case:
        """As `locked`, by somebody who has seen all there is. Raises: MovedOn."""
        case = await self.locked(session, desk, number, self.answers)
        await case_threads.refuse_unseen(session, case, forms.number(seen) or 0, now)
        return case


def _signed(case: Case) -> str:
    if case.kind in CARE:
        return "保密"
    return "匿名" if case.anonymous else "实名"


async def told(session: AsyncSession, done: Answered, what: str, office: Office, now: datetime) -> str:
    """What was done, and when the person will hear of it."""
    settings = office.settings
    return await telling.told(
        session,
        done.case,
        done.notice,
        what,
        now,
        app_id=settings.wechat_app_id,
        customer_messages=settings.wechat_account.is_certified,
    )
