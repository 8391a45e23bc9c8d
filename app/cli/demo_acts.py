"""What staff do in the story of the demonstration: one act of the console each, through its service."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.assembly import House
from app.cli.demo_office import acts
from app.clock import civil_date
from app.jobs import board_checks, case_ratings
from app.services import board_rows as rows
from app.services import (
    board_work,
    case_callers,
    case_lists,
    case_mentions,
    case_owners,
    case_reminders,
    case_work,
    complaint_parts,
    complaint_work,
    consultation_work,
    crisis,
    departments,
    legal_aid_carrying,
    legal_aid_work,
    staff,
)
from app.services.audit import does
from app.services.board_wording import WordFile
from app.services.board_work import Seen
from app.services.case_callers import Caller, Came, Told
from app.services.permissions import Standing
from models import BoardPost, Case, CaseKind, Department, Staff

SUPPLY: Final = timedelta(days=15)  # for papers that are missing
UNIT: Final = "黄陵供电公司工会"


@dataclass(frozen=True, slots=True)
class Asked:
    """`case` is a number, or the public id of a post; `to` a login, a department or a day."""

    does: str
    by: str
    case: str = ""
    to: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """One act under way."""

    session: AsyncSession
    asked: Asked
    who: Standing
    now: datetime

    @property
    def number(self) -> str:
        return self.asked.case

    @property
    def text(self) -> str:
        return self.asked.text

    async def case(self) -> Case:
        return await case_work.get_case(self.session, self.number, lock=True)

    async def department(self) -> Department:
        return await departments.get_named(self.session, self.asked.to)

    async def colleague(self) -> Staff:
        return await staff.get_by_login(self.session, self.asked.to)

    async def post(self) -> BoardPost:
        return await rows.get(self.session, self.asked.case)

    async def seen(self) -> Seen:
        return Seen(self.asked.case, (await self.post()).version, self.who)


async def act(house: House, known: Mapping[str, Standing], asked: Asked) -> None:
    """Raises: KeyError: no such act; DomainError: it cannot be done then."""
    if asked.does == "check":  # what jobs do: the words of the board are looked at, people are asked
        words = WordFile(house.settings.content / "board_words.yaml")
        await board_checks.run(house.database, None, words, house.clock)
        await case_ratings.run(house.database, house.clock)
        return
    who = known[asked.by]
    async with acts(house, who) as session:
        await _ACTS[asked.does](Doing(session, asked, who, house.clock.now()))
        if asked.does in _AID:  # as its page does: the services themselves do not say it
            does(session, _AID[asked.does], asked.case)


# --- cases -------------------------------------------------------------------------------------------------


async def _take(d: Doing) -> None:
    await case_owners.take(d.session, await d.case(), d.who, d.now, channel="console")


async def _answer(d: Doing) -> None:
    await case_owners.answers(d.session, await d.case(), d.who, d.now)
    await case_work.answer(d.session, d.number, d.text, d.who.name, d.now, channel="console")


async def _ask(d: Doing) -> None:
    await case_owners.answers(d.session, await d.case(), d.who, d.now)
    await consultation_work.ask(d.session, d.number, d.text, d.who.name, d.now, channel="console")


async def _close(d: Doing) -> None:
    await case_work.close(d.session, d.number, d.who.name, d.now, channel="console")


async def _hand(d: Doing) -> None:
    await case_owners.hand_to(
        d.session, await d.case(), await d.colleague(), d.text, d.who, d.now, channel="console"
    )


async def _note(d: Doing) -> None:
    case = await d.case()
    await case_mentions.write(d.session, case, d.text, d.who, _READS[case.kind], d.now)


async def _remind(d: Doing) -> None:
    due_at = case_reminders.moment_of(await d.case(), (civil_date(d.now) + _day(d)).isoformat(), "10:00")
    await case_reminders.add(d.session, await d.case(), d.who, due_at, d.text, d.now)


async def _write_down(d: Doing) -> None:
    caller = Caller(d.asked.to, phone="13900000088")
    told = Told(CaseKind.FEEDBACK, "activities", d.text)
    await case_callers.write_down(d.session, caller, told, Came.PHONE, d.who.name, d.now)


async def _take_alert(d: Doing) -> None:
    for each in await crisis.list_alerts(d.session):
        await crisis.take(d.session, each.id, d.who.name, d.now)


_READS: Final = {kind: place.reads for place in case_lists.PLACES.values() for kind in place.room.kinds}


# --- complaints --------------------------------------------------------------------------------------------


async def _accept(d: Doing) -> None:
    await complaint_work.accept(d.session, await d.case(), d.who.name, d.now, channel="console")


async def _dispatch(d: Doing) -> None:
    to = await d.department()
    await complaint_work.dispatch(d.session, await d.case(), to, d.who.name, d.now, channel="console")


async def _work(d: Doing) -> None:
    await complaint_work.take(d.session, await d.case(), d.who, d.now, channel="console")


async def _return(d: Doing) -> None:
    await complaint_work.give_back(d.session, await d.case(), d.text, d.who.name, d.now, channel="console")


async def _ask_department(d: Doing) -> None:
    to = await d.department()
    await complaint_parts.ask(d.session, await d.case(), to, d.text, d.who.name, d.now)


async def _reply(d: Doing) -> None:
    await complaint_work.reply(d.session, await d.case(), d.text, d.who.name, d.now, channel="console")


# --- legal aid ---------------------------------------------------------------------------------------------


async def _ask_papers(d: Doing) -> None:
    until = civil_date(d.now) + SUPPLY
    await legal_aid_work.ask(d.session, d.number, d.text, until, d.who, d.now)


async def _review(d: Doing) -> None:
    await legal_aid_work.accept(d.session, d.number, d.who, d.now)


async def _grant(d: Doing) -> None:
    await legal_aid_work.grant(d.session, d.number, d.who, d.now)


async def _assign(d: Doing) -> None:
    await legal_aid_carrying.assign(d.session, d.number, await d.colleague(), d.who, d.now)


async def _begin(d: Doing) -> None:
    await legal_aid_carrying.begin(d.session, d.number, d.who, d.now)


async def _tell(d: Doing) -> None:
    await legal_aid_carrying.tell(d.session, d.number, d.text, d.who, d.now)


# --- the board ---------------------------------------------------------------------------------------------


async def _publish(d: Doing) -> None:
    await board_work.publish(d.session, await d.seen(), d.now, knowingly=True)


async def _refuse(d: Doing) -> None:
    await board_work.refuse(d.session, await d.seen(), d.text, d.now)


async def _pin(d: Doing) -> None:
    await board_work.pin(d.session, await d.seen(), d.now, on=True)


async def _answer_post(d: Doing) -> None:
    await board_work.answer(d.session, await d.seen(), d.asked.to or UNIT, d.text, d.now)


def _day(d: Doing) -> timedelta:
    return timedelta(days=int(d.asked.to))


_AID: Final = {
    "ask papers": "aid.ask",
    "review": "aid.accept",
    "grant": "aid.grant",
    "assign": "aid.assign",
    "begin": "aid.begin",
    "tell": "aid.tell",
}
_ACTS: Final[Mapping[str, Callable[[Doing], Awaitable[None]]]] = {
    "take": _take,
    "answer": _answer,
    "ask": _ask,
    "close": _close,
    "hand": _hand,
    "note": _note,
    "remind": _remind,
    "write down": _write_down,
    "take alert": _take_alert,
    "accept": _accept,
    "dispatch": _dispatch,
    "work": _work,
    "return": _return,
    "ask department": _ask_department,
    "reply": _reply,
    "ask papers": _ask_papers,
    "review": _review,
    "grant": _grant,
    "assign": _assign,
    "begin": _begin,
    "tell": _tell,
    "publish": _publish,
    "refuse": _refuse,
    "pin": _pin,
    "answer post": _answer_post,
}
