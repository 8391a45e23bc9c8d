"""How somebody's own sign-up stands, as the lines of a chat."""

from app.clock import spoken
from app.dialogue.chat import Chat
from app.services import sign_up_changes
from app.services.addresses import page
from app.services.sign_up_notices import BEHIND, drawn_at, when_and_where
from handlers import lines
from models import Activity, SignUp, SignUpState


def _ticket(entry: SignUp) -> list[str]:
    """A line that opens it, where our pages can be reached from outside."""
    address = page(f"/me/sign-ups/{entry.public_id}/ticket")
    return [f'<a href="{address}">出示票码</a>'] if address else []


def standing(activity: Activity, entry: SignUp, chat: Chat, *, may_ask: bool = False) -> list[str]:
    """How things stand and what one can do, last of all the way out.

    `may_ask`: there are subscription notices to agree to (`notice_consents.may_ask`); on a page, since WeChat
    asks only there.
    """
    where, asks = f"{when_and_where(activity, chat.at)}。", activity.contact
    out = lines.go("取消报名", "activities.cancel", activity=activity.public_id)
    if sign_up_changes.may_change(activity, entry, chat.at):
        out = f"{lines.go('改报名', 'activities.change', activity=activity.public_id)}　{out}"
    if may_ask and (address := page(f"/me/sign-ups/{entry.public_id}#remind")):
        out = f'<a href="{address}">要微信提醒，点这里同意一次</a>\n{out}'
    match entry.state:
        case SignUpState.CONFIRMED:
            return [
                f"「{activity.title}」报名成功，{where}",
                "前一天会提醒您。来不了请早点取消，把名额让给别人。",
                *_ticket(entry),
                *([f"有事问{asks}。"] if asks else []),
                out,
            ]
        case SignUpState.CHECKED_IN:
            return [f"「{activity.title}」已签到，{where}", *_ticket(entry)]
        case SignUpState.FORMING:
            return [f"「{activity.title}」组队中，队长提交、有了名额才算报上，结果会通知您。", out]
        case SignUpState.ENTERED:
            return [f"「{activity.title}」的报名已收到，{drawn_at(activity, chat.at)}，结果会通知您。", out]
        case SignUpState.PENDING_APPROVAL:
            return [f"「{activity.title}」的报名已提交，审核后通知您。", out]
        case SignUpState.OFFERED if entry.offer_expires_at is not None:
            until = spoken(entry.offer_expires_at, chat.at)
            take = lines.go("接受", "activities.accept", activity=activity.public_id)
            leave = lines.go("放弃", "activities.decline", activity=activity.public_id)
            return [f"「{activity.title}」给您留了名额，留到{until}。", f"{take}　{leave}"]
        case SignUpState.WAITLISTED if entry.is_behind:
            return [f"「{activity.title}」{BEHIND}", out]
        case SignUpState.WAITLISTED:
            return [f"「{activity.title}」名额已满，您在候补名单中，有空位会通知您确认。", out]
    return [f"「{activity.title}」{entry.state.label}，{where}"]
