"""The mini-program's own rounds: messages and media with its own token; and who of its users follows too."""

from app.clock import Clock
from app.database import Database
from app.files import Files
from app.jobs import media, unionids
from app.jobs.deliveries import Sender
from app.jobs.rounds import Round
from app.scanning import NOBODY_ASKED, Scanner
from app.wechat.api.users import UsersApi
from app.wechat.client import WeChatClient


def rounds(
    database: Database,
    client: WeChatClient,
    users: UsersApi,
    files: Files,
    clock: Clock,
    *,
    official_id: int,
    notice_page: str,
    scanner: Scanner = NOBODY_ASKED,
) -> list[Round]:
    """`users` are the official account's, which is `official_id`."""
    sender = Sender(database, client, clock, customer_messages=True, notice_page=notice_page)
    return [
        Round("unionids", lambda: unionids.ask(database, users, clock, official_id), 15),
        Round("mini-program deliveries", sender.send_due, 3, wakes=True),
        Round(
            "mini-program media",
            lambda: media.fetch_due(database, client, files, clock, scanner=scanner),
            5,
            wakes=True,
        ),
    ]
