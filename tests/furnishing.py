"""An office in which everything has come once: for looking at the pages that open behind the rooms.

What is put down goes through the services into the database that the running service uses.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.assembly import assemble
from app.clock import civil_date
from app.services import (
    canned_replies,
    case_drafts,
    case_ratings,
    case_reminders,
    case_work,
    cases,
    complaint_work,
    content_comments,
    content_forms,
    contents,
    crisis,
    departments,
    on_duty,
    permissions,
    rating_invitations,
    rota,
    staff,
)
from app.services.canned_replies import Filled
from app.services.consultation_facts import Opponent
from app.services.legal_topics import LegalTopic
from app.services.permissions import Standing
from app.services.statutory_deadlines import Dates
from app.settings import Settings
from models import CaseKind, ContentKind, DutyRoom, Employment, Half, Staff
from tests import aiding, boarding, booking, caring, checking_in, complaining, consulting, making
from tests.browser import Office

WORDS = [{"type": "text", "text": "食堂的灯坏了，晚上看不见路，" * 8}]


def settings_of(office: Office) -> Settings:
    """As its processes have them."""
    prefix = "GONGHUI_"
    given = {
        name.removeprefix(prefix).lower(): value
        for name, value in office.environment.items()
        if name.startswith(prefix) and value
    }
    return Settings(_env_file=None, **given)  # type: ignore[arg-type]


async def furnish(office: Office, login: str) -> list[str]:
    """Everything once, much of it in the hands of `login`; the addresses of what can be opened."""
    async with assemble(settings_of(office)) as house:
        now = house.clock.now()
        async with house.database.transaction() as session:
            own = await staff.get_by_login(session, login)
            standing = await permissions.standing_of(session, own)
            return [
                *await _advice(session, standing, now),
                *await _desk(session, standing, now),
                *await _complaints(session, own, now),
                *await _meetings(session, own, standing, now),
                *await _others(session, own, standing, now),
                *await _content(session, standing, now),
            ]


async def _advice(session: AsyncSession, by: Standing, now: datetime) -> Sequence[str]:
    who = await booking.somebody(session)
    near = Dates(known_on=civil_date(now) - timedelta(days=361), employment=Employment.EMPLOYED)
    legal = await consulting.consult(
        session, who, now=now, topic=LegalTopic.CONTRACT, dates=near, opponent=Opponent.OWN_COMPANY
    )
    case = await case_work.get_case(session, legal.number, lock=True)
    await case_reminders.add(session, case, by, now + timedelta(days=1), "问问对方答复了没有", now)
    await case_drafts.save(session, case, by, "您好，还差一样材料。", 0, now)
    answered = await consulting.consult(session, who, now=now)
    await case_work.answer(session, answered.number, "可以要求补发。", by.name, now)
    mind = await caring.bring(session, who, now=now)
    await crisis.alert(session, who, "furnished", "chat", "我不想活了", now)
    body = await caring.bring(session, who, caring.HEALTH, now=now)
    _, aid = await aiding.applied(session, now=now)
    return [
        f"/consultations/{legal.number}",
        f"/consultations/{legal.number}/hand",
        f"/consultations/{legal.number}/transfer",
        f"/consultations/{answered.number}/knowledge",
        f"/counselling/{mind.opened.number}",
        f"/health/{body.opened.number}",
        f"/legal-aid/{aid}",
    ]


async def _desk(session: AsyncSession, by: Standing, now: datetime) -> Sequence[str]:
    """One that waits, and one that was closed and made nobody happy."""
    who = await booking.somebody(session)
    waits = await cases.open_case(
        session, CaseKind.FEEDBACK, who, None, blocks=WORDS, contact="13812345678", now=now
    )
    sad = await cases.open_case(session, CaseKind.DESK, who, None, blocks=WORDS, now=now)
    await case_work.answer(session, sad.number, "修好了。", by.name, now)
    await case_work.close(session, sad.number, by.name, now)
    asked = await rating_invitations.find(session, await case_work.get_case(session, sad.number))
    assert asked is not None
    asked.invited_at = now
    await case_ratings.rate(session, who, sad.number, 1, now)
    await case_ratings.say(session, who, sad.number, "等了半个月", now)
    return [f"/cases/{waits.number}", f"/cases/{waits.number}/transfer", f"/cases/{sad.number}"]


async def _complaints(session: AsyncSession, own: Staff, now: datetime) -> Sequence[str]:
    """One that is new, and one that the own department has."""
    fresh = await complaining.complain(session, await booking.somebody(session), now=now)
    theirs = await complaining.complain(session, await booking.somebody(session), now=now)
    department = await complaining.department(session)
    await departments.put_in(session, department, own, now)
    case = await case_work.get_case(session, theirs.number, lock=True)
    await complaint_work.accept(session, case, own.name, now)
    await complaint_work.dispatch(session, case, department, own.name, now)
    return [
        f"/complaints/{fresh.number}",
        f"/complaints/{theirs.number}",
        f"/department/{theirs.number}",
        f"/departments/{department.public_id}",
    ]


async def _meetings(session: AsyncSession, own: Staff, by: Standing, now: datetime) -> Sequence[str]:
    slot, *_ = await booking.offered(session, by, now=now)
    await booking.booked(session, await booking.somebody(session), slot, now=now)
    cells = [(civil_date(now) + timedelta(days=1), half) for half in Half]
    await rota.add(session, DutyRoom.LEGAL, own, cells, by, now)
    return [
        f"/appointments/{slot.public_id}",
        "/duty?room=legal",
        "/duty?room=legal&view=month",
        "/workload?room=legal",
        f"/workload/people/{own.public_id}",
    ]


async def _others(session: AsyncSession, own: Staff, by: Standing, now: datetime) -> Sequence[str]:
    post = await boarding.pending(session, await boarding.writer(session))
    reply = await canned_replies.add(
        session, by, Filled("问工作地点", "{编号} 我来办。合同上写的工作地点是哪里？", ["legal"], own.id), now
    )
    activity = await making.activity(session)
    today = await checking_in.today(session)
    entry, _ = await checking_in.guest(session, today, "李娜", seats=3)
    await checking_in.reads(session, today, checking_in.ticket(entry))
    door = f"/activities/{today.public_id}/check-in"
    taken = await crisis.list_alerts(session)
    await crisis.take(session, taken[0].id, on_duty.taker(own.name, own.login), now)
    return [
        f"/board/{post.public_id}",
        "/canned/new",
        f"/canned/{reply.public_id}",
        f"/alerts/{taken[0].id}",
        f"/activities/{activity.public_id}",
        f"/activities/{activity.public_id}/edit",
        *(door, f"{door}?q=李", f"{door}/list", f"{door}/screen", f"{door}/people/{entry.public_id}"),
        f"/staff/{own.public_id}",
        "/callers",
    ]


async def _content(session: AsyncSession, by: Standing, now: datetime) -> Sequence[str]:
    """A draft that was changed, in which the check finds something, with a comment on one block."""
    kind, blocks = ContentKind.ARTICLE, [["heading", "在哪里"], ["paragraph", "二楼，电话 13812345678。。"]]
    filled = content_forms.empty(kind, "职工书屋开放了") | {"category": "notice", "blocks": blocks}
    draft = await contents.start(session, kind, contents.new_key(kind), filled, by=by, now=now)
    changed = filled | {"summary": "每天中午开门。", "blocks": blocks[1:]}
    await contents.save(session, kind, draft.key, changed, version=draft.version, by=by, now=now)
    said, at = "请写清楚是哪栋楼", draft.version
    await content_comments.add(
        session, kind, draft.key, said, version=at, block=1, once="furnished", by=by, now=now
    )
    of = f"/content/article/{draft.key}"
    return [of, f"{of}/edit", f"{of}/history", "/content/settings"]
