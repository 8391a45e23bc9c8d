"""Posters of an activity, made: a code from WeChat for each place, and a picture where there is a font.

May be run twice: what is there already and still right is left alone.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from app.clock import civil_date
from app.errors import DomainError
from app.jobs import fonts, poster_drawing
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.jobs.staff_work import XLSX, workbook
from app.menus.revisions import account_name
from app.services import activities, permissions, posters, stored_files
from app.services.addresses import page
from app.services.permissions import Right
from app.services.poster_words import words_of
from app.wechat.client import WeChatClient
from app.wechat.errors import WeChatError
from models import Activity, Poster, StoredFile

MAKE: Final = "activities.posters"
EXPORT: Final = "activities.posters_sheet"
NO_FONT: Final = (
    "这台服务器没有中文字体，没有做图片；可以打开海报直接打印。装字体的办法在《活动怎么发布》里。"
)


def kinds(client: WeChatClient | None) -> Mapping[str, Work]:
    """`client`: None where the account may not make codes; then they open the activity's page."""

    async def make(bench: Bench) -> Ended:
        """`given`: the public id of an activity."""
        activity, hung = await _read(bench, Right.ACTIVITIES_EDIT)
        drawn = 0
        for done, poster in enumerate(hung, 1):
            await _code(bench, client, activity, poster)
            drawn += await _picture(bench, activity, poster)
            await bench.went_on(done, len(hung))
        said = f"{len(hung)} 张海报的二维码都好了" + (f"，新做了 {drawn} 张图片。" if drawn else "。")
        return Ended(said if fonts.find() else f"{said}{NO_FONT}")

    return {MAKE: make, EXPORT: _export}


async def _read(bench: Bench, right: Right) -> tuple[Activity, list[Poster]]:
    standing = await standing_of(bench)
    async with bench.database.reading() as session:
        activity = await activities.get(session, str(bench.given["activity"]))
        permissions.demand(standing, right, activity.branch_id)
        return activity, list(await posters.list_all(session, activity))


async def _code(bench: Bench, client: WeChatClient | None, activity: Activity, poster: Poster) -> None:
    """Raises: DomainError: WeChat gives none now."""
    if not posters.wants_code(activity, poster):
        return
    now = bench.clock.now()
    values: dict[str, Any]
    if client is None:
        values = {"code": page(f"/activities/{activity.public_id}"), "counts": False}
    else:
        try:
            made = await client.qrcodes.create(posters.scene(poster), posters.code_seconds(activity, now))
        except WeChatError as error:
            raise DomainError(
                f"微信没有给「{poster.place}」的二维码（{error.errcode}），请稍后再做。"
            ) from error
        lasts = made.expires_seconds
        until = None if lasts is None else now + timedelta(seconds=lasts)
        values = {"code": made.url, "counts": True, "code_until": until}
    await _change(bench, poster, values)


async def _picture(bench: Bench, activity: Activity, poster: Poster) -> bool:
    """Whether a new one was drawn; the one before it is given up."""
    found = fonts.find()
    async with bench.database.reading() as session:
        words = words_of(activity, poster, await account_name(session))
    if found is None or not poster.code or poster.drawn_of == words.digest:
        return False
    cover = None
    if words.cover:
        try:
            cover = await bench.files.get(words.cover)
        except FileNotFoundError:
            cover = None
    data = await asyncio.to_thread(poster_drawing.draw, words, cover, found)
    row = stored_files.made(data, "image/png", bench.clock.now(), kind="image")
    await bench.files.put(row.public_id, data)
    async with bench.database.transaction() as session:
        before = None if poster.file_id is None else await session.get(StoredFile, poster.file_id)
        session.add(row)
        await session.flush()
        mine = sa.update(Poster).where(Poster.id == poster.id)
        await session.execute(mine.values(file_id=row.id, drawn_of=words.digest))
        if before is not None:
            await stored_files.mark_deleted(session, [before.public_id])
    return True


async def _change(bench: Bench, poster: Poster, values: Mapping[str, Any]) -> None:
    """In the database, and in the row in hand, which belongs to no session."""
    async with bench.database.transaction() as session:
        await session.execute(sa.update(Poster).where(Poster.id == poster.id).values(values))
    for name, value in values.items():
        setattr(poster, name, value)


async def _export(bench: Bench) -> Ended:
    """`given`: the public id of an activity. Counts only: nothing of anybody."""
    activity, _ = await _read(bench, Right.ACTIVITIES_READ)
    async with bench.database.reading() as session:
        counted = await posters.count(session, activity)
    lines = [posters.line(each) for each in counted]
    name = f"海报效果-{civil_date(bench.clock.now()):%Y%m%d}.xlsx"
    return Ended(f"共 {len(lines)} 行。", workbook("海报效果", posters.HEADS, lines), name, XLSX)
