"""预约 by chat: booking a time with a counsellor, a doctor or a lawyer, one's own, giving one up.

No rule lives here. All of it is confidential: the journal keeps no word of who comes to whom.
"""

from datetime import datetime

from app.clock import WEEKDAYS, civil_date, shanghai
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import appointment_notices, appointment_rows, appointments
from app.services import appointment_slots as slots
from app.services.advice_kinds import ADVICE
from app.services.appointments import PURPOSES, WORDS_LENGTH, Wish
from app.wechat.replies import Reply, Text, fit
from handlers import care_intake, consenting, lines
from models import AdviceSlot, Appointment, AppointmentState, CaseKind, SlotPlace

router = Router("appointments")

WHO = {kind.value: f"{ADVICE[kind].adviser}（{kind.label}）" for kind in slots.KINDS}
WRITE = {
    CaseKind.COUNSELLING: lines.COUNSELLING,
    CaseKind.HEALTH: lines.HEALTH,
    CaseKind.CONSULTATION: lines.LEGAL_AID,
}
ROOM, PHONE = "room", "phone"
NONE = "none"
FEW_WORDS = answers.optional(answers.Words(at_most=WORDS_LENGTH))


@router.flow("appointments.book", title="预约", version=1, args=("kind",), confidential=True)
async def book(chat: Chat) -> Reply:
    """Who, when, how; the only write comes after the last question."""
    kind = await _kind(chat)
    person_id = chat.person.person_id
    live = await appointment_rows.find_live(chat.session, person_id, kind)
    if live is not None and live.slot.ends_at > chat.at:
        return await _has_one(chat, live)
    await appointments.refuse_paused(chat.session, person_id, kind, chat.at)
    if not await slots.list_free(chat.session, kind, chat.at, 1):
        return Text(_none_free(kind))
    if not await consenting.agreed(chat, PURPOSES[kind]):
        return Text("好的，什么也没有记下。")
    slot = await _slot(chat, kind)
    if slot is None:
        return Text(_none_free(kind))
    wish = await _wish(chat, slot)
    await chat.confirm("ok", _summary(slot, wish, chat))

    made = await appointments.book(chat.session, person_id, wish, channel="chat", now=chat.at)
    staff = await slots.adviser_of(chat.session, slot)
    facts = appointment_notices.facts(made, slot, staff.name, chat.at)
    said = [
        f"约好了：{facts}。",
        "前一天傍晚和开始前会提醒您。来不了请早点取消，把时间让给别人。",
        f"{_cancel(made)}　{lines.MY_APPOINTMENTS}",
    ]
    return Text("\n".join(said))


@router.on("appointments.mine", title="我的预约", confidential=True)
async def mine(chat: Chat) -> Reply:
    found = await appointment_rows.list_own(chat.session, chat.person.person_id, chat.at)
    if not found:
        return Text(f"现在没有约好的时间。{lines.APPOINT}")
    rows = []
    for each in found:
        rows.append(f"{appointment_notices.facts(each, each.slot, each.slot.staff.name, chat.at)}。")
        if appointments.may_cancel(each, each.slot, chat.at):
            rows.append(_cancel(each))
    return Text(fit("\n".join(["您约好的：", *rows, lines.APPOINT])))


@router.flow("appointments.cancel", title="取消预约", version=1, args=("appointment",), confidential=True)
async def cancel(chat: Chat) -> Reply:
    person_id = chat.person.person_id
    found = await _own(chat)
    if found is None:
        return Text(f"现在没有可以取消的预约。\n{lines.APPOINT}")
    if found.state is not AppointmentState.CANCELLED:
        when = f"{_day(found.slot)} {_hour(found.slot)}"
        await chat.confirm("ok", f"确认取消 {when} 的{found.kind.label}预约吗？时间会让给别人。")
    await appointments.cancel(chat.session, person_id, found.public_id, channel="chat", now=chat.at)
    return Text(f"已取消。想另约时间：{lines.APPOINT}\n也可以写下来问：{WRITE[found.kind]}")


# --- parts of the conversations ----------------------------------------------------------------------------


async def _kind(chat: Chat) -> CaseKind:
    given = chat.args.get("kind", "")
    return CaseKind(given if given in WHO else await chat.choose("kind", "想约谁？", WHO))


async def _has_one(chat: Chat, live: Appointment) -> Reply:
    staff = await slots.adviser_of(chat.session, live.slot)
    said = [
        "您已经约了，一次只能约一个：",
        f"{appointment_notices.facts(live, live.slot, staff.name, chat.at)}。",
        "要换时间，请先取消它。",
    ]
    door = _cancel(live) if appointments.may_cancel(live, live.slot, chat.at) else lines.DESK
    return Text("\n".join([*said, door]))


async def _slot(chat: Chat, kind: CaseKind) -> AdviceSlot | None:
    """First the day, then the time; None where the last was booked meanwhile."""
    free = await slots.list_free(chat.session, kind, chat.at)
    if not free:
        return None
    days = {civil_date(each.starts_at).isoformat(): _day(each) for each in free}
    day = await chat.choose("day", "请选哪一天：", days)
    on = {each.public_id: each for each in free if civil_date(each.starts_at).isoformat() == day}
    times = {name: f"{_hour(each)}（{each.staff.name}，{each.place.label}）" for name, each in on.items()}
    return on[await chat.choose("time", "请选几点：", times)]


async def _wish(chat: Chat, slot: AdviceSlot) -> Wish:
    adviser = ADVICE[slot.kind].adviser
    way = PHONE if slot.place is SlotPlace.PHONE else ROOM
    if slot.place is SlotPlace.BOTH:
        options = {ROOM: f"当面（{slot.room}）", PHONE: f"电话（{adviser}打给我）"}
        way = await chat.choose("way", "当面谈还是打电话？", options)
    phone = ""
    if way == PHONE:
        prompt = f"请留个方便接的电话，只有{adviser}看得到，看过会留痕。"
        phone = await chat.ask("phone", prompt, answers.phone)
    called = await care_intake.ask_name(chat, adviser)
    words = await chat.ask("words", f"想先告诉{adviser}几句吗？不想写请回复「跳过」。", FEW_WORDS) or ""
    own = await appointment_rows.open_cases(chat.session, chat.person.person_id, slot.kind)
    case = NONE
    if own:
        options = {each.number: f"{each.number}（{lines.day(each.opened_at)}问的）" for each in own}
        options[NONE] = "不是，是别的事"
        case = await chat.choose("case", "是为了您问过的这件事吗？", options)
    return Wish(slot.public_id, way == PHONE, phone, called, words, "" if case == NONE else case)


async def _own(chat: Chat) -> Appointment | None:
    """The one that was tapped; else the only one, or which of them."""
    person_id = chat.person.person_id
    if given := chat.args.get("appointment", ""):
        return await appointment_rows.get_own(chat.session, person_id, given)
    found = {
        each.public_id: each
        for each in await appointment_rows.list_own(chat.session, person_id, chat.at)
        if appointments.may_cancel(each, each.slot, chat.at)
    }
    if len(found) == 1 and not chat.is_at("which"):
        return next(iter(found.values()))
    if not found:
        return None
    labels = {name: f"{_day(each.slot)} {_hour(each.slot)} {each.kind.label}" for name, each in found.items()}
    return found[await chat.choose("which", "要取消哪一个？", labels)]


def _summary(slot: AdviceSlot, wish: Wish, chat: Chat) -> str:
    adviser = ADVICE[slot.kind].adviser
    facts = [
        f"{slot.kind.label}：{adviser}{slot.staff.name}",
        f"时间：{_day(slot)} {_hour(slot)} 到 {_clock(slot.ends_at)}",
        f"方式：{f'电话（{wish.phone}）' if wish.by_phone else f'当面（{slot.room}）'}",
        f"称呼：{wish.called or '不写'}",
        *([f"想说的话：「{lines.short(wish.words, care_intake.EXCERPT)}」"] if wish.words else []),
        *([f"关于：{wish.case}"] if wish.case else []),
    ]
    return "\n".join([*facts, "确认预约吗？"])


def _none_free(kind: CaseKind) -> str:
    adviser = ADVICE[kind].adviser
    return f"{slots.AHEAD} 天以内{adviser}没有空着的时段了。可以先写下来，{adviser}会答复您：{WRITE[kind]}"


def _cancel(appointment: Appointment) -> str:
    return lines.go("取消预约", "appointments.cancel", appointment=appointment.public_id)


def _day(slot: AdviceSlot) -> str:
    local = shanghai(slot.starts_at)
    return f"{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）"


def _hour(slot: AdviceSlot) -> str:
    return _clock(slot.starts_at)


def _clock(moment: datetime) -> str:
    local = shanghai(moment)
    return f"{local.hour}:{local.minute:02d}"
