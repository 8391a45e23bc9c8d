"""补签: who came and was not checked in at the door is, afterwards, by staff who say why.

At the door a ticket is good until two hours after the end (`check_ins`): who is asked to hold one up later is
not there any more, so no phone checks anybody in then. A list on paper is another matter: people signed it
there, and it is typed in the next morning. So staff name the sitting, and the reason stays in the history.

- Not before that sitting began: nobody has come yet. Not while its door is open: then the door says when.
- Until 30 days after its end. Points and certificates are kept nowhere and follow from who came, whenever
  that is said (`points`, `certificates`); but an office takes its sheets by the month, and one that was taken
  stands. What was a mistake is taken back at any time (`check_ins.undo`).
- He counts as in time, at its start: paper says who was there, not when.
- He needs a seat: nobody gets one by being written down.

Not here: who may (the console asks for the right to see who signed up, which helpers at a door have not got).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import arrivals, check_ins, participants, sign_ups, sittings
from app.services.attendance import EXPECTED
from app.services.check_ins import LATER
from app.services.participants import Participant
from app.services.sittings import Sitting
from models import Activity, ActivityState

UNTIL: Final = timedelta(days=30)  # after the end of a sitting
AT_ONCE: Final = 200  # people of one list


def obstacle(activity: Activity, sitting: Sitting, now: datetime) -> str:
    """Why nobody is checked in to this sitting afterwards; empty where somebody may be."""
    which = f"「{activity.title}」{sitting.name}"
    if activity.state is ActivityState.CANCELLED:
        return f"{which}取消了，不能补签。"
    if now < sitting.starts_at:
        return f"{which}还没有开始，不能补签。"
    if now <= sitting.closes_at and sittings.for_moment(activity, now).key == sitting.key:
        return f"{which}还在签到，请直接签到，不用补签。"
    if now > sitting.ends_at + UNTIL:
        return f"{which}结束满 {UNTIL.days} 天了，谁来过不再改。"
    return ""


def due(activity: Activity, now: datetime) -> list[Sitting]:
    """Those to which somebody may be checked in afterwards."""
    return [each for each in sittings.of(activity) if not obstacle(activity, each, now)]


async def add(
    session: AsyncSession,
    activity_id: int,
    codes: Sequence[str],
    key: str,
    *,
    by: str,
    reason: str,
    now: datetime,
) -> list[Participant]:
    """Check these in to the sitting of that `key`; returns those who were not yet. All of them, or nobody.

    Raises:
        NotFound: no such activity, sitting or sign-up.
        DomainError: no reason, nobody, too many; not now (`obstacle`); somebody has no seat.
    """
    reason = reason.strip()
    if not reason:
        raise DomainError("请写明为什么补签，会留在记录里，例如「纸质签到表」。")
    if not 1 <= len(codes) <= AT_ONCE:
        raise DomainError("请先勾选要补签的人。" if not codes else f"一次最多补签 {AT_ONCE} 人，请分几次。")
    activity = await sign_ups.lock(session, activity_id)
    sitting = sittings.get(activity, key)
    if why_not := obstacle(activity, sitting, now):
        raise DomainError(why_not)
    new = []
    for code in dict.fromkeys(codes):
        who = await participants.get(session, activity, code)
        if key in await arrivals.of_entry(session, activity, who.entry):
            continue
        if who.entry.state not in EXPECTED:
            raise DomainError(f"{who.name}的报名是「{who.state.label}」，没有名额，不能补签。")
        how: Any = {"by": by, "channel": LATER, "reason": reason, "now": now}
        await check_ins.arrive(session, activity, who.entry, sitting, sitting.starts_at, **how)
        new.append(who)
    return new
