"""Saying otherwise by chat after one has signed up: how many come, who, and what was asked."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import activities, sign_up_changes, sign_ups
from app.wechat.replies import Reply, Text
from handlers import lines, parties
from handlers.activities import applicant, asked, guests, said
from handlers.sign_up_standing import standing

router = Router("activities")


@router.flow("activities.change", title="改报名", version=1, args=("activity",))
async def change(chat: Chat) -> Reply:
    """All is asked again; until the last yes what was said before stands."""
    activity = await activities.get(chat.session, chat.args.get("activity", ""))
    own = await sign_ups.find_own(chat.session, activity.id, chat.person.person_id)
    if own is None:
        return Text(f"您没有报名「{activity.title}」。\n{lines.MY_SIGN_UPS}")
    sign_up_changes.check(activity, own, chat.at)
    seats = 1 + (await guests(chat, activity) if activity.guests else 0)
    along = await parties.party(chat, activity, seats - 1)
    given = await asked(chat, activity)
    told = [*said(activity, seats, along, given), f"{sign_up_changes.caution(own, seats)}确认这样改吗？"]
    await chat.confirm("ok", "\n".join(told))

    entry = await sign_up_changes.change(
        chat.session,
        activity.id,
        applicant(chat),
        seats=seats,
        answers={question.key: value for question, value in given},
        party=along,
        now=chat.at,
    )
    return Text("\n".join(["改好了。", *standing(activity, entry, chat)]))
