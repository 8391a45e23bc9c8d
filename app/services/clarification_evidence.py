"""What backs a clarification: each piece has words, and may have an address, a document or a picture.

A file is uploaded for its clarification (`article_media`) and shown with no other. Functions flush and never
commit. Not here: what a file is and where its bytes go (the console).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.rich_text import Around, Attachment, Picture, Shot
from app.rich_text.media import WHOLE
from app.services import article_media
from app.services.article_media import LOOSE_FOR
from app.services.board_wording import Wrong, plain
from models import (
    ArticleCut,
    ArticleMedia,
    Clarification,
    ClarificationState,
    MediaOwner,
    MediaSort,
)

PIECES: Final = 8
TEXT: Final = 300  # characters, like the next
ALT: Final = 120
LINK: Final = 500
CALLED: Final = 32  # of a file's name, in what happened
OWNER: Final = MediaOwner.CLARIFICATION
LOST: Final = "第 {} 条依据的附件已经不在，请重新上传。"
Cuts = Mapping[tuple[str, str], Sequence[ArticleCut]]


@dataclass(frozen=True, slots=True)
class Given:
    """One piece as it was typed. `file`: the id of one that was uploaded for this clarification."""

    text: str = ""
    url: str = ""
    file: str = ""
    alt: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.url or self.file)


@dataclass(frozen=True, slots=True)
class Piece:
    """One as it is shown. `block`: its file, as texts show such; None where it has none to show."""

    given: Given
    name: str = ""  # of the file, as it was called
    trouble: str = ""  # why its file cannot be shown
    block: Picture | Attachment | None = None

    @property
    def shot(self) -> Shot | None:
        return self.block.shot if isinstance(self.block, Picture) else None

    @property
    def document(self) -> Attachment | None:
        return self.block if isinstance(self.block, Attachment) else None

    def html(self, at: str) -> str:
        """Of the file, which lies below the address `at`; empty where there is none."""
        return rich_text.to_html([self.block], Around(at)) if self.block is not None else ""


# --- writing -----------------------------------------------------------------------------------------------


async def fill(session: AsyncSession, row: Clarification, given: Iterable[Given], now: datetime) -> str:
    """Put into the row what backs it; returns which files came and went, in words. Raises: Wrong."""
    there = await _lock_files(session, row)
    before = [each.file for each in typed(row) if each.file]
    found = [_checked(each, number, there) for number, each in enumerate(map(_plain, given), 1)]
    pieces = [each for each in found if not each.is_empty]
    if len(pieces) > PIECES:
        raise Wrong({"evidence": f"依据最多 {PIECES} 条。"})
    row.evidence = [_kept(each) for each in pieces]
    after = [each.file for each in pieces if each.file]
    for name in {*before, *after}:  # one that is taken out may be put back for a while
        if name in there:
            there[name].look_at = max(there[name].look_at, now + LOOSE_FOR)
    came = _called("加了附件", [each for each in after if each not in before], there)
    went = _called("去掉附件", [each for each in before if each not in after], there)
    return "；".join(filter(None, (came, went)))


async def missing(session: AsyncSession, row: Clarification) -> str:
    """What has to be there before anybody reads it, in words; empty where all is."""
    if not row.evidence:
        return "请至少写一条依据。"
    for number, each in enumerate(await pieces(session, row), 1):
        if each.trouble:
            return f"第 {number} 条依据：{each.trouble}。"
        if each.given.file and each.block is None:
            return LOST.format(number)
        if each.shot is not None and not each.given.alt:
            return f"请写第 {number} 条依据的图上是什么，看不见图的人靠它。"
    return ""


def _plain(given: Given) -> Given:
    return Given(*(" ".join(plain(each).split()) for each in (given.text, given.url, given.file, given.alt)))


def _checked(given: Given, number: int, there: Mapping[str, ArticleMedia]) -> Given:
    """Raises: Wrong."""
    media = there.get(given.file)
    if given.file and media is None:  # gone, or of another one
        raise Wrong({"evidence": LOST.format(number)})
    text, alt = given.text, given.alt if media and media.sort is MediaSort.PICTURE else ""
    if media is not None and media.sort is MediaSort.DOCUMENT and not text:
        text = article_media.title_of(media.name)
    if given.is_empty:
        return given
    if not text or len(text) > TEXT:
        raise Wrong({"evidence": f"每条依据请写 1 到 {TEXT} 个字，例如文件名称和文号。"})
    url = given.url
    if url and not (url.startswith("https://") and rich_text.is_safe(url) and len(url) <= LINK):
        raise Wrong({"evidence": "依据的链接应以 https:// 开头。"})
    if len(alt) > ALT:
        raise Wrong({"evidence": f"第 {number} 条依据：图上是什么，最多 {ALT} 个字。"})
    return Given(text, url, given.file, alt)


def _kept(given: Given) -> dict[str, str]:
    named = {"file": given.file, "alt": given.alt}
    return {"text": given.text, "url": given.url} | {name: said for name, said in named.items() if said}


async def _lock_files(session: AsyncSession, row: Clarification) -> dict[str, ArticleMedia]:
    """By id, all of the row; who sweeps meanwhile waits."""
    chosen = sa.select(ArticleMedia).where(ArticleMedia.owner == OWNER, ArticleMedia.key == row.public_id)
    locked = chosen.order_by(ArticleMedia.id).with_for_update().execution_options(populate_existing=True)
    return {each.public_id: each for each in await session.scalars(locked)}


def _called(what: str, names: Iterable[str], there: Mapping[str, ArticleMedia]) -> str:
    called = "、".join(f"「{_short(there[each].name)}」" if each in there else "「不在了」" for each in names)
    return f"{what}{called}" if called else ""


def _short(name: str) -> str:
    """With its ending."""
    return name if len(name) <= CALLED else f"{name[: CALLED - 8]}…{name[-7:]}"


# --- reading -----------------------------------------------------------------------------------------------


def typed(row: Clarification) -> list[Given]:
    return [Given(**each) for each in row.evidence]


async def pieces(
    session: AsyncSession, row: Clarification, given: Sequence[Given] | None = None
) -> list[Piece]:
    """In their order, with their files. `given`: as a form has them, else as they are kept."""
    shown = typed(row) if given is None else given
    if not any(each.file for each in shown):
        return [Piece(each) for each in shown]
    there = await article_media.of_article(session, row.public_id, OWNER)
    cuts = await article_media.cuts_of(session, row.public_id, OWNER)
    return [_piece(each, there.get(each.file), cuts) for each in shown]


def _piece(given: Given, media: ArticleMedia | None, cuts: Cuts) -> Piece:
    if media is None:
        return Piece(given)
    if trouble := article_media.trouble(media):
        return Piece(given, media.name, trouble=trouble)
    if media.sort is MediaSort.DOCUMENT:
        title = article_media.title_of(media.name)
        made = Attachment(file=media.public_id, name=title, ending=media.ending, size=media.size)
        return Piece(given, media.name, block=made)
    widest = cuts[media.public_id, WHOLE][-1]
    shot = Shot(file=media.public_id, alt=given.alt, width=widest.width, height=widest.height)
    return Piece(given, media.name, block=Picture(shot=shot))


async def infected_of(session: AsyncSession, staff_id: int) -> list[str]:
    """Public ids of claims that this one of staff writes about, with a file in which a virus was found."""
    bad = await article_media.infected(session, OWNER)
    if not bad:
        return []
    open_ones = sa.select(Clarification).where(
        Clarification.public_id.in_(set(bad.values())),
        Clarification.state.in_((ClarificationState.VERIFYING, ClarificationState.IN_REVIEW)),
    )
    return [
        row.public_id
        for row in await session.scalars(open_ones.order_by(Clarification.id))
        if staff_id in row.writers and any(each.file in bad for each in typed(row))
    ]


def address(row: Clarification) -> str:
    """Below this address of ours its files are."""
    return f"/clarifications/{row.public_id}/evidence"


def shows(row: Clarification, name: str) -> bool:
    """Whether what people read has this file."""
    return row.is_public and any(each.file == name for each in typed(row))
