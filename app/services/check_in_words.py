"""What is said of an answer at the door. Not here: which it is (`check_ins`)."""

from datetime import datetime
from typing import Final

from app.clock import spoken
from app.services.arrivals import Arrival
from app.services.sittings import Sitting
from models import Activity, ActivityState, CheckInAnswer, SignUp

A = CheckInAnswer
_HIMSELF: Final = {"member": "本人扫现场码"}
# The colour of the answer: come in, look again, do not let in.
TONES: Final = {A.OK: "good", A.ALREADY_CHECKED_IN: "wait", A.TOO_EARLY: "wait", A.TOO_LATE: "wait"}


def tone(answer: CheckInAnswer) -> str:
    return TONES.get(answer, "bad")


def told(
    activity: Activity,
    answer: CheckInAnswer,
    entry: SignUp | None,
    sitting: Sitting,
    before: Arrival | None,
    now: datetime,
) -> str:
    """The line below the answer, for who stands at the door; `before`: how he came to this sitting."""
    match answer:
        case A.OK if sitting.key:
            return f"签的是{sitting.name}。"
        case A.ALREADY_CHECKED_IN if before is not None and before.at is not None:
            who = _HIMSELF.get(before.by, before.by)
            said = f"已签到{f'（{who}）' if who else ''}"
            return f"{sitting.name}{spoken(before.at, now)} {said}，不重复计数。"
        case A.CANCELLED if activity.state is ActivityState.CANCELLED:
            return "这个活动已经取消。"
        case A.CANCELLED | A.WAITLISTED | A.NOT_APPROVED if entry is not None:
            return f"报名状态：{entry.state.label}。要让他进，请找活动组织的同事。"
        case A.TOO_EARLY:
            return f"{sitting.name}{spoken(sitting.opens_at, now)} 开始签到。"
        case A.TOO_LATE:
            return f"签到到 {spoken(sitting.closes_at, now)} 为止。"
        case A.REVOKED:
            return "取消后重新报过名，请他打开「我的报名」，出示现在的票。"
        case A.WRONG_ACTIVITY:
            return f"不是「{activity.title}」的票，请他核对活动和时间。"
        case A.NOT_FOUND:
            return "不是我们发的票，或者没有扫清楚。可以按姓名、票号查找。"
    return ""


def told_himself(
    activity: Activity,
    answer: CheckInAnswer,
    entry: SignUp,
    sitting: Sitting,
    before: Arrival | None,
    now: datetime,
) -> str:
    """The same for the member, who scanned the code of the venue: what is so, and what he can do now."""
    staff = "请联系现场工作人员。"
    match answer:
        case A.OK if entry.seats > 1:
            return f"{entry.seats} 人一起签到。有人没来，请告诉现场工作人员。"
        case A.OK:
            return "请直接入场。"
        case A.ALREADY_CHECKED_IN if before is not None and before.at is not None:
            return f"{sitting.name}{spoken(before.at, now)} 已经签过到，不用再签。"
        case A.CANCELLED if activity.state is ActivityState.CANCELLED:
            return "这个活动已经取消。"
        case A.WAITLISTED:
            return f"您还在候补（{entry.state.label}），没有名额不能签到。{staff}"
        case A.NOT_APPROVED:
            return f"您的报名{entry.state.label}，还不能签到。{staff}"
        case A.TOO_EARLY:
            return f"{sitting.name}{spoken(sitting.opens_at, now)} 开始签到，到时候再扫一次。"
        case A.TOO_LATE:
            return f"签到已经结束。您确实来了，{staff}"
    return f"您的报名{entry.state.label}。{staff}"
