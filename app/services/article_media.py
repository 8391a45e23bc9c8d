"""What staff put into the text of an article: kept with it, looked up for its blocks, forgotten with it.

A file belongs to the article it was uploaded for, and no other shows it; likewise one of a clarification, as
part of its evidence (`clarification_evidence`). Functions flush and never commit.
Not here: what a file is and how pictures are cut (the console, `app.files`); what cards lead to
(`article_cards`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.errors import DomainError, NotFound
from app.rich_text import Attachment, Block, Blocks, Film, Gallery, Picture, Shot, Sound
from app.services import stored_files
from app.services.content_forms import NotWhole
from app.services.forgetting import Ids, Rule, Where
from models import (
    OPEN_DRAFTS,
    Article,
    ArticleCut,
    ArticleMedia,
    Clarification,
    ContentDraft,
    ContentKind,
    ContentRevision,
    FileState,
    MediaOwner,
    MediaSort,
    StoredFile,
)
from models.article_media import NOT_READY

MOST: Final = 300  # files of one article, or clarification
LOOSE_FOR: Final = timedelta(days=7)  # somebody may be writing
LOOK_AGAIN: Final = timedelta(days=30)
GONE: Final = "没有找到这个文件，可能已经撤下。"
_LOST: Final = "{}的文件已经不在，请重新上传"
_HELD: Final = "「{name}」正在查病毒，查完才能打开和提交，请过几分钟再来"
_INFECTED: Final = "「{name}」查出病毒（{reason}），已经隔离。请在自己的电脑上先杀毒，换一个文件"
Named = Mapping[str, ArticleMedia]
_ARTICLE: Final = MediaOwner.ARTICLE
Text = TypeVar("Text", Attachment, Film, Sound)


async def add(
    session: AsyncSession,
    key: str,
    sort: MediaSort,
    name: str,
    ending: str,
    file: StoredFile,
    *,
    called: str,
    size: tuple[int, int] = (0, 0),
    held: bool = False,
    by: str,
    now: datetime,
    owner: MediaOwner = _ARTICLE,
) -> ArticleMedia:
    """One more, by the id `called`; its bytes are put already. `size`: of a picture, in pixels. `held`: it is
    still to be looked at for viruses (`article_scans`).

    Raises: DomainError: too many.
    """
    count = sa.select(sa.func.count()).select_from(ArticleMedia).where(*_of(owner, key))
    if (await session.scalar(count) or 0) >= MOST:
        raise DomainError(f"{owner.label}最多上传 {MOST} 个文件，没有用到的过几天会自动清理。")
    session.add(file)
    made = ArticleMedia(
        public_id=called,
        owner=owner,
        key=key,
        sort=sort,
        name=name[-80:],
        ending=ending,
        file=file.public_id,
        size=file.size,
        width=size[0],
        height=size[1],
        state=FileState.EXPECTED if held else FileState.READY,
        by=by[:64],
        created_at=now,
        look_at=now + LOOSE_FOR,
    )
    session.add(made)
    await session.flush()
    return made


async def add_cut(
    session: AsyncSession, media: ArticleMedia, cut: str, made: Sequence[tuple[int, int, StoredFile]]
) -> None:
    """In each width (width, height, file); its bytes are put already. Twice is once."""
    await session.execute(sa.select(ArticleMedia.id).where(ArticleMedia.id == media.id).with_for_update())
    known = sa.select(ArticleCut.width).where(ArticleCut.media_id == media.id, ArticleCut.cut == cut)
    there = set(await session.scalars(known))
    for width, height, file in made:
        if width not in there:
            session.add(file)
            session.add(
                ArticleCut(media_id=media.id, cut=cut, width=width, height=height, file=file.public_id)
            )
    await session.flush()


def _of(owner: MediaOwner, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    return ArticleMedia.owner == owner, ArticleMedia.key == key


async def of_article(
    session: AsyncSession, key: str, owner: MediaOwner = _ARTICLE
) -> dict[str, ArticleMedia]:
    """By id, all that was uploaded for it."""
    found = await session.scalars(sa.select(ArticleMedia).where(*_of(owner, key)))
    return {each.public_id: each for each in found}


async def digests_of(session: AsyncSession, key: str, owner: MediaOwner) -> dict[str, str]:
    """By the digest of what is kept of it, the id of each in which no virus was found."""
    chosen = sa.select(StoredFile.sha256, ArticleMedia.public_id).join(
        ArticleMedia, ArticleMedia.file == StoredFile.public_id
    )
    chosen = chosen.where(*_of(owner, key), ArticleMedia.state != FileState.INFECTED)
    found = await session.execute(chosen.order_by(ArticleMedia.id))
    return {each.sha256: each.public_id for each in found}


async def cuts_of(
    session: AsyncSession, key: str, owner: MediaOwner = _ARTICLE
) -> dict[tuple[str, str], list[ArticleCut]]:
    """By id and cut, what there is, the narrowest first."""
    chosen = sa.select(ArticleMedia.public_id, ArticleCut)
    chosen = chosen.join(ArticleCut, ArticleCut.media_id == ArticleMedia.id).where(*_of(owner, key))
    found: dict[tuple[str, str], list[ArticleCut]] = {}
    for name, cut in await session.execute(chosen.order_by(ArticleCut.width)):
        found.setdefault((name, cut.cut), []).append(cut)
    return found


def title_of(name: str) -> str:
    """What a file is called before people: without its ending."""
    return name.rpartition(".")[0] or name


async def infected(session: AsyncSession, owner: MediaOwner) -> dict[str, str]:
    """Files in which a virus was found, by id, with what they were uploaded for."""
    chosen = sa.select(ArticleMedia.public_id, ArticleMedia.key).where(
        sa.text(NOT_READY), ArticleMedia.owner == owner, ArticleMedia.state == FileState.INFECTED
    )
    return {each.public_id: each.key for each in await session.execute(chosen)}


def trouble(media: ArticleMedia | None) -> str:
    """Why it cannot be shown, in words; empty where it can, or is not there."""
    if media is None or media.state is FileState.READY:
        return ""
    words = _INFECTED if media.state is FileState.INFECTED else _HELD
    return words.format(name=media.name, reason=media.reason)


# --- for blocks --------------------------------------------------------------------------------------------


async def settled(session: AsyncSession, key: str, blocks: Blocks) -> Blocks:
    """The blocks with what only the files know: their sizes. Raises: NotWhole: a file is not there."""
    if not rich_text.files_in(blocks):
        return blocks
    named, cuts = await of_article(session, key), await cuts_of(session, key)
    return tuple(_settled(block, number, named, cuts) for number, block in enumerate(blocks, 1))


def _settled(
    block: Block, number: int, named: Named, cuts: Mapping[tuple[str, str], list[ArticleCut]]
) -> Block:
    def check(file: str) -> None:
        if why := trouble(named.get(file)):
            raise NotWhole(f"正文第 {number} 块：{why}。")

    def shot(of: Shot) -> Shot:
        check(of.file)
        there = cuts.get((of.file, of.cut))
        if not there:
            raise NotWhole(f"正文第 {number} 块：{_LOST.format('图片')}。")
        return of.model_copy(update={"width": there[-1].width, "height": there[-1].height})

    def sized(of: Text, sort: MediaSort) -> Text:
        check(of.file)
        media = named.get(of.file)
        if media is None or media.sort is not sort:
            raise NotWhole(f"正文第 {number} 块：{_LOST.format(sort.label)}。")
        ending: dict[str, str] = {"ending": media.ending} if isinstance(of, Attachment) else {}
        return of.model_copy(update={"size": media.size, **ending})

    match block:
        case Picture():
            return Picture(shot=shot(block.shot))
        case Gallery():
            return Gallery(shots=tuple(map(shot, block.shots)))
        case Attachment():
            return sized(block, MediaSort.DOCUMENT)
        case Sound():
            return sized(block, MediaSort.SOUND)
        case Film():
            film = sized(block, MediaSort.FILM)
            return film.model_copy(update={"poster": shot(film.poster)}) if film.poster else film
    return block


async def file_of(session: AsyncSession, key: str, name: str, owner: MediaOwner = _ARTICLE) -> ArticleMedia:
    """Of a file, a film or sound. Raises: NotFound."""
    chosen = sa.select(ArticleMedia).where(*_of(owner, key), ArticleMedia.public_id == name)
    chosen = chosen.where(ArticleMedia.state == FileState.READY)
    media = await session.scalar(chosen.where(ArticleMedia.sort != MediaSort.PICTURE))
    if media is None:
        raise NotFound(GONE)
    return media


async def cut_of(
    session: AsyncSession, key: str, name: str, cut: str, width: int, owner: MediaOwner = _ARTICLE
) -> ArticleCut:
    """Raises: NotFound."""
    chosen = sa.select(ArticleCut).join(ArticleMedia, ArticleMedia.id == ArticleCut.media_id)
    chosen = chosen.where(*_of(owner, key), ArticleMedia.public_id == name)
    chosen = chosen.where(ArticleMedia.state == FileState.READY)
    found = await session.scalar(chosen.where(ArticleCut.cut == cut, ArticleCut.width == width))
    if found is None:
        raise NotFound(GONE)
    return found


def shows(article: Article, name: str, cut: str = "") -> bool:
    """Whether the text that people read has this file, and of a picture this cut."""
    blocks = rich_text.load(article.blocks)
    if cut:
        return any((each.file, each.cut) == (name, cut) for each in rich_text.shots_in(blocks))
    return name in rich_text.files_in(blocks)


async def forget_bytes(session: AsyncSession, media: ArticleMedia) -> None:
    """Its file and its cuts go; the row is the caller's."""
    cuts = (await session.scalars(sa.select(ArticleCut).where(ArticleCut.media_id == media.id))).all()
    await stored_files.mark_deleted(session, [media.file, *(each.file for each in cuts)])
    await session.execute(sa.delete(ArticleCut).where(ArticleCut.media_id == media.id))


# --- forgetting --------------------------------------------------------------------------------------------


def _is_due(now: datetime) -> Where:
    return (ArticleMedia.look_at <= now,)


async def _sweep(session: AsyncSession, ids: Ids, now: datetime) -> int:
    """What neither the text that is shown nor its open draft names goes, with its cuts; likewise evidence."""
    due = sa.select(ArticleMedia).where(ArticleMedia.id.in_(ids), *_is_due(now)).with_for_update()
    count = 0
    for media in (await session.scalars(due.order_by(ArticleMedia.id))).all():
        if await _is_needed(session, media):
            media.look_at = now + LOOK_AGAIN
            continue
        await forget_bytes(session, media)
        await session.delete(media)
        count += 1
    await session.flush()
    return count


async def _is_needed(session: AsyncSession, media: ArticleMedia) -> bool:
    """Whether what is shown, was shown, is being written, or can be restored names it."""
    if media.owner is MediaOwner.CLARIFICATION:
        backs = sa.select(Clarification.evidence).where(Clarification.public_id == media.key)
        return media.public_id in f"{await session.scalar(backs)}"
    shown = await session.scalar(sa.select(Article.blocks).where(Article.public_id == media.key))
    draft = await session.scalar(
        sa.select(ContentDraft.filled).where(
            ContentDraft.kind == ContentKind.ARTICLE,
            ContentDraft.key == media.key,
            ContentDraft.state.in_(OPEN_DRAFTS),
        )
    )
    if media.public_id in f"{shown} {draft}":
        return True
    earlier = sa.select(ContentRevision.id).where(
        ContentRevision.kind == ContentKind.ARTICLE,
        ContentRevision.key == media.key,
        sa.cast(ContentRevision.filled, sa.Text).contains(media.public_id, autoescape=True),
    )
    return await session.scalar(earlier.limit(1)) is not None


sweep = Rule("article_media", ArticleMedia.id, _is_due, _sweep, by=ArticleMedia.look_at)
