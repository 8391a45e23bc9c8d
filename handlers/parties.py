"""Signing up by chat: who comes along, the consent of a child's guardian, and the safety notice.

Not here: questions that an organiser wrote himself (`activities`).
"""

from app.dialogue.answers import Whole, Words
from app.dialogue.chat import Chat
from app.services import parties, safety_notices
from app.services.parties import NOBODY, Guest, Party
from models import Activity

_NAME = Words(at_most=parties.NAME)
_AGE = Whole(at_most=parties.OLDEST, unit="周?岁")


async def party(chat: Chat, activity: Activity, guests: int) -> Party:
    """Name and age of each, where the organiser asks for them."""
    if not activity.names_guests:
        return NOBODY
    with chat.within("guest"):
        found = Party(tuple([await _guest(chat, number, guests) for number in range(1, guests + 1)]))
    if not found.children:
        return found
    children = "、".join(map(str, found.children))
    asked = f"{children}不满 {parties.CHILD} 周岁，要有监护人同意。监护人叫什么名字？"
    guardian = await chat.ask("guardian", asked, _NAME)
    words = parties.consent(activity, guardian, found.children)
    await chat.confirm("consent", f"请监护人看一遍：\n{words}\n同意请确认。")
    return Party(found.guests, guardian, agreed=True)


async def safety(chat: Chat, activity: Activity) -> str:
    """The version of the notice that was read and accepted; a no ends the flow."""
    if activity.safety_notice:
        await chat.confirm("safety", safety_notices.words(activity))
    return safety_notices.version(activity)


async def _guest(chat: Chat, number: int, of: int) -> Guest:
    which = "同伴" if of == 1 else f"第 {number} 位同伴"
    name = await chat.ask(f"{number}.name", f"{which}叫什么名字？", _NAME)
    return Guest(name, await chat.ask(f"{number}.age", f"{name}活动那天几周岁？", _AGE))
