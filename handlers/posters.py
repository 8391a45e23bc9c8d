"""What somebody reads who scanned the poster of an activity: the activity, or what comes after it."""

from app.dialogue.chat import Chat
from app.services import activities, posters, sign_ups
from app.wechat.replies import Reply, Text, fit
from handlers import lines
from handlers.activities import row, show_one
from models import LIVE

NEXT = 3  # activities named to who came too late


async def opened(chat: Chat, thanks: str) -> Reply | None:
    """The answer to a scan; None where the code is no poster's. `thanks` comes before it."""
    followed = chat.incoming.kind == "event.subscribe"
    activity = await posters.scanned(
        chat.session, chat.incoming.scene, chat.person.person_id, followed=followed, now=chat.at
    )
    if activity is None:
        return None
    why = posters.why_over(activity, chat.at)
    own = await sign_ups.find_own(chat.session, activity.id, chat.person.person_id) if why else None
    if not why or (own is not None and own.state in LIVE):
        return await show_one(chat, activity, thanks)
    ahead = await activities.list_ahead(chat.session, chat.at, NEXT + 1, once=True)
    rows = [row(each, chat) for each in ahead if each.id != activity.id][:NEXT]
    after = ["接下来还有：", *rows] if rows else ["有新活动会发在这里。"]
    return Text(fit("\n".join([f"{thanks}{why}", *after, lines.ACTIVITIES])))
