"""The body of an article on its way to WeChat: its pictures are brought there, and stand in their places.

Not here: what the body is otherwise (`app.services.wechat_markup`).
"""

from typing import Final

import structlog

from app.clock import Clock
from app.database import Database
from app.files import Files
from app.jobs import wechat_pictures
from app.rich_text import Shot
from app.services import article_media, wechat_markup
from app.services.wechat_markup import Converted
from app.wechat.client import WeChatClient

log = structlog.get_logger(__name__)

AT_ONCE: Final = 5  # pictures in one step: a row's lease must outlast them
MOST_BYTES: Final = 1024 * 1024 - 1  # of a picture in a body


async def whole(
    database: Database,
    client: WeChatClient,
    clock: Clock,
    files: Files,
    account_id: int,
    article: str,
    content: Converted,
) -> str | None:
    """The HTML of `content`, of the article with this public id. A picture that we lost is left out.

    None: more pictures are to be brought there than one step may; what was brought is remembered.

    Raises: WeChatError: a picture is not there, or nobody knows.
    """
    addresses: dict[tuple[str, str], str] = {}
    brought = 0
    for shot in content.pictures:
        data = b""
        if (shot.file, shot.cut) not in addresses:
            data = await picture(database, files, article, shot, most=MOST_BYTES)
        if not data:
            continue
        address = await wechat_pictures.find_in_text(database, account_id, data)
        if address is None and brought == AT_ONCE:
            return None
        if address is None:
            brought += 1
            address = await wechat_pictures.bring_into_text(database, client, clock, account_id, data)
        addresses[shot.file, shot.cut] = address
    return wechat_markup.placed(content.content, addresses)


async def picture(
    database: Database, files: Files, article: str, shot: Shot, *, most: int | None = None
) -> bytes:
    """Its widest cut of at most so many bytes; empty where there is none any more."""
    async with database.reading() as session:
        cuts = (await article_media.cuts_of(session, article)).get((shot.file, shot.cut), [])
    for cut in reversed(cuts):
        try:
            data = await files.get(cut.file)
        except FileNotFoundError:
            continue
        if most is None or len(data) <= most:
            return data
    log.warning("picture_of_article_gone", article=article, picture=shot.file)
    return b""
