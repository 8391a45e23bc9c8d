"""替同事报名 and 组队报名 as the lines of a chat: where one may, and what one has. Both are done on pages."""

from app.dialogue.chat import Chat
from app.services import colleagues, team_rosters
from app.services.addresses import page
from models import LIVE, Activity, SignUp

LISTED = 5


def for_colleagues(activity: Activity, chat: Chat) -> list[str]:
    """The way to the page, where the organiser lets people, and our pages can be reached."""
    address = page(f"/activities/{activity.public_id}/colleague")
    if not (activity.colleagues and activity.takes_sign_ups(chat.at) and address):
        return []
    return [f'<a href="{address}">替同事报名</a>']


async def for_teams(activity: Activity, own: SignUp | None, chat: Chat) -> list[str]:
    """The way to one's team, or to the page where one is made."""
    team = await team_rosters.of_entry(chat.session, own) if own is not None and own.state in LIVE else None
    if team is not None:
        address = page(team_rosters.page_of(team))
        return [f'<a href="{address}">我的队伍「{team.name}」</a>' if address else f"队伍：{team.name}"]
    address = page(f"/activities/{activity.public_id}")
    if not (activity.team_most and activity.takes_sign_ups(chat.at) and address):
        return []
    return [f'<a href="{address}">去建一支队</a>']


async def colleagues_lines(chat: Chat) -> list[str]:
    """Whom this person has signed up, and how that stands."""
    found = await colleagues.list_made(chat.session, chat.person.person_id, chat.at, LISTED)
    rows = [f"{each.title}「{each.entry.activity.title}」{each.state_label}" for each in found]
    address = page("/me/sign-ups")
    return [*rows, f'<a href="{address}">替同事报的，查看、取消</a>'] if rows and address else rows
