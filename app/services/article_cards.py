"""What the cards in a text lead to: an activity, a panorama, a tip; as it is at the moment it is shown.

Not here: how a card looks (`app.rich_text.media_showing`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.knowledge import Tip
from app.rich_text import Blocks, Card, Found
from app.services import article_pictures, panoramas, seats, sittings
from app.services.content_forms import NotWhole
from models import ANNOUNCED, Activity, ActivityState, Article, Panorama, PanoramaState
from models import Tip as TipRow

OFFERED: Final = 60
_FEW: Final = 10**6  # more seats than this is no number


async def found(session: AsyncSession, blocks: Blocks, now: datetime) -> dict[tuple[str, str], Found]:
    """By type and key; what is not shown any more is not among them."""
    keys: dict[str, list[str]] = {}
    for card in rich_text.cards_in(blocks):
        keys.setdefault(card.type, []).append(card.key)
    there: dict[tuple[str, str], Found] = {}
    if wanted := keys.get("activity"):
        there |= await _activities(session, wanted, now)
    if wanted := keys.get("panorama"):
        there |= await _panoramas(session, wanted)
    if wanted := keys.get("tip"):
        there |= await _tips(session, wanted)
    return there


async def read_elsewhere(session: AsyncSession, article: Article, now: datetime, site: str) -> str:
    """The text as HTML for who shows it in other places: with whole addresses, `site` before ours."""
    blocks = rich_text.load(article.blocks)
    cards = await found(session, blocks, now)
    around = rich_text.Around(f"{site}{article_pictures.at(article)}", cards, site)
    return rich_text.to_html(blocks, around)


async def titled(session: AsyncSession, blocks: Blocks, now: datetime) -> Blocks:
    """The blocks with what their cards are called now. Raises: NotWhole: one leads to nothing."""
    if not rich_text.cards_in(blocks):
        return blocks
    there = await found(session, blocks, now)
    made: list[rich_text.Block] = []
    for number, block in enumerate(blocks, 1):
        if not isinstance(block, Card):
            made.append(block)
            continue
        if (to := there.get((block.type, block.key))) is None:
            said = f"正文第 {number} 块：{block.label}「{block.title or block.key}」已经撤下"
            raise NotWhole(f"{said}，请换一个，或者删去这一块。")
        made.append(block.model_copy(update={"title": to.title}))
    return tuple(made)


async def choices(session: AsyncSession, now: datetime) -> dict[str, dict[str, str]]:
    """What may be chosen, by type: key → words. The newest activities and tours, every tip by its title."""
    chosen = sa.select(Activity).where(Activity.state.in_((*ANNOUNCED, ActivityState.ENDED)))
    announced = await session.scalars(chosen.order_by(Activity.starts_at.desc(), Activity.id).limit(OFFERED))
    tips = sa.select(TipRow.slug, TipRow.title).where(TipRow.live.is_(True)).order_by(TipRow.title)
    return {
        "activity": {each.public_id: f"{each.title}（{sittings.when(each, now)}）" for each in announced},
        "panorama": {each.public_id: each.title for each in await panoramas.list_shown(session)},
        "tip": {row.slug: row.title for row in await session.execute(tips)},
    }


# --- of each kind ------------------------------------------------------------------------------------------


async def _activities(
    session: AsyncSession, keys: Sequence[str], now: datetime
) -> dict[tuple[str, str], Found]:
    chosen = sa.select(Activity).where(Activity.public_id.in_(keys))
    there = {}
    for row in await session.scalars(chosen.where(Activity.state.in_((*ANNOUNCED, ActivityState.ENDED)))):
        lines = [f"{sittings.when(row, now)}{f'　{row.place}' if row.place else ''}"]
        if row.takes_sign_ups(now):
            left = (await seats.count(session, row, now)).total
            lines.append("正在报名，名额不限" if left > _FEW else f"正在报名，还有 {left} 个名额")
        else:
            lines.append(row.state.label)
        cover = f"/activities/{row.public_id}/cover?of={row.cover}" if row.cover else ""
        href = f"/activities/{row.public_id}"
        there["activity", row.public_id] = Found(row.title, tuple(lines), href, cover, row.cover_alt)
    return there


async def _panoramas(session: AsyncSession, keys: Sequence[str]) -> dict[tuple[str, str], Found]:
    chosen = sa.select(Panorama).where(Panorama.public_id.in_(keys))
    tours = (await session.scalars(chosen.where(Panorama.state == PanoramaState.PUBLISHED))).all()
    pictures = await panoramas.pictures_of(session, tours)
    there = {}
    for tour in tours:
        href, picture = f"/panoramas/{tour.public_id}", pictures.get(tour.id)
        seen = f"{href}/pictures/{picture.public_id}/preview" if picture is not None else ""
        lines = tuple(filter(None, (tour.about, "点开看全景")))
        there["panorama", tour.public_id] = Found(tour.title, lines, href, seen, tour.title)
    return there


async def _tips(session: AsyncSession, keys: Sequence[str]) -> dict[tuple[str, str], Found]:
    rows = await session.scalars(sa.select(TipRow).where(TipRow.slug.in_(keys), TipRow.live.is_(True)))
    there = {}
    for row in rows:
        tip = Tip.from_dict(row.data)  # type: ignore[arg-type]
        there["tip", row.slug] = Found(tip.title, (tip.first,), f"/tips/{row.slug}")
    return there
