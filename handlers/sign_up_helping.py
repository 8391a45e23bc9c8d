"""替同事报名 as the lines of a chat: where one may, and what one has. It is done on a page."""

from app.dialogue.chat import Chat
from app.services import colleagues
from app.services.addresses import page
from models import Activity

LISTED = 5


def for_colleagues(activity: Activity, chat: Chat) -> list[str]:
    """The way to the page, where the organiser lets people, and our pages can be reached."""
    address = page(f"/activities/{activity.public_id}/colleague")
    if not (activity.colleagues and activity.takes_sign_ups(chat.at) and address):
        return []
    return [f'<a href="{address}">替同事报名</a>']


async def colleagues_lines(chat: Chat) -> list[str]:
    """Whom this person has signed up, and how that stands."""
    found = await colleagues.list_made(chat.session, chat.person.person_id, chat.at, LISTED)
    rows = [f"{each.title}「{each.entry.activity.title}」{each.state_label}" for each in found]
    address = page("/me/sign-ups")
    return [*rows, f'<a href="{address}">替同事报的，查看、取消</a>'] if rows and address else rows
