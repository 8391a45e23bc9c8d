"""Pictures of scenes: taken in, cut piece by piece, shown once all is there, and given up.

Whoever cuts may be killed and begin anew: what is there is not made again. Not here: the cutting itself
(`panorama_pictures`) and the job (`app.jobs.panoramas`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import stored_files
from app.services.panorama_pictures import levels_of, squares_of
from models import (
    FileState,
    Panorama,
    PanoramaPicture,
    PanoramaScene,
    PanoramaState,
    PanoramaTile,
    PictureState,
    StoredFile,
)

SAME: Final = "这一处用的已经是这张图片，不用再传。"
CUTTING: Final = "这张图片已经传过，正在切图。"
NO_TILE: Final = "没有找到这张图片。"
Row = tuple[int, int]  # level, from above


async def take(
    session: AsyncSession, scene: PanoramaScene, upload: StoredFile, width: int, now: datetime
) -> PanoramaPicture:
    """A new picture of a scene; what is shown stays until it is cut. The same one twice is refused.

    Raises: DomainError: it is there already, or being cut.
    """
    await session.get_one(PanoramaScene, scene.id, with_for_update=True)
    others = (await session.scalars(_of(scene).order_by(PanoramaPicture.id.desc()))).all()
    if others and others[0].sha256 == upload.sha256 and others[0].state is not PictureState.FAILED:
        raise DomainError(CUTTING if others[0].state is PictureState.WAITING else SAME)
    await give_up(session, [each for each in others if each.state is not PictureState.READY])
    session.add(upload)
    picture = PanoramaPicture(
        scene_id=scene.id,
        state=PictureState.WAITING,
        sha256=upload.sha256,
        upload=upload.public_id,
        preview="",
        width=width,
        said="",
        created_at=now,
    )
    session.add(picture)
    await session.flush()
    return picture


async def shown(session: AsyncSession, scene_ids: Sequence[int]) -> dict[int, PanoramaPicture]:
    """By scene, what people see; nothing of one whose first picture is not cut yet."""
    ready = sa.select(PanoramaPicture).where(
        PanoramaPicture.scene_id.in_(scene_ids), PanoramaPicture.state == PictureState.READY
    )
    return {each.scene_id: each for each in await session.scalars(ready.order_by(PanoramaPicture.id))}


async def coming(session: AsyncSession, scene_ids: Sequence[int]) -> dict[int, PanoramaPicture]:
    """By scene, what is being cut, or could not be."""
    waiting = sa.select(PanoramaPicture).where(
        PanoramaPicture.scene_id.in_(scene_ids), PanoramaPicture.state != PictureState.READY
    )
    return {each.scene_id: each for each in await session.scalars(waiting.order_by(PanoramaPicture.id))}


async def file_of(
    session: AsyncSession, panorama_id: str, picture_id: str, piece: str, *, drafts: bool = False
) -> str:
    """The stored file of a piece: `preview`, or `level-across-down`.

    Raises: NotFound: none such, or not to be seen by who may not see drafts.
    """
    named = sa.select(PanoramaPicture).join(PanoramaScene, PanoramaScene.id == PanoramaPicture.scene_id)
    named = named.join(Panorama, Panorama.id == PanoramaScene.panorama_id)
    named = named.where(Panorama.public_id == panorama_id, PanoramaPicture.public_id == picture_id)
    if not drafts:
        named = named.where(
            Panorama.state == PanoramaState.PUBLISHED, PanoramaPicture.state == PictureState.READY
        )
    picture = await session.scalar(named)
    file: str | None = None
    if picture is not None and piece == "preview":
        file = picture.preview
    elif picture is not None and (place := _place(piece)) is not None:
        level, across, down = place
        file = await session.scalar(
            sa.select(PanoramaTile.file).where(
                PanoramaTile.picture_id == picture.id,
                PanoramaTile.level == level,
                PanoramaTile.across == across,
                PanoramaTile.down == down,
            )
        )
    if not file:
        raise NotFound(NO_TILE)
    return file


def _place(piece: str) -> tuple[int, int, int] | None:
    parts = piece.split("-")
    if len(parts) != 3 or not all(each.isascii() and each.isdecimal() and len(each) < 3 for each in parts):
        return None
    level, across, down = map(int, parts)
    return level, across, down


# --- for who cuts ------------------------------------------------------------------------------------------


async def find(session: AsyncSession, public_id: str) -> PanoramaPicture | None:
    """None: it was given up meanwhile."""
    return await session.scalar(sa.select(PanoramaPicture).where(PanoramaPicture.public_id == public_id))


def rows_of(picture: PanoramaPicture) -> list[Row]:
    """All there are, in the order in which they are cut: the coarsest first."""
    levels = range(len(levels_of(picture.width)))
    return [(level, down) for level in levels for down in range(squares_of(level)[1])]


async def rows_made(session: AsyncSession, picture: PanoramaPicture) -> set[Row]:
    made = sa.select(PanoramaTile.level, PanoramaTile.down).where(PanoramaTile.picture_id == picture.id)
    return {(level, down) for level, down in (await session.execute(made.distinct())).all()}


async def keep_preview(session: AsyncSession, picture: PanoramaPicture, file: StoredFile) -> bool:
    """False where nobody wants the picture any more."""
    mine = await _held(session, picture)
    session.add(file)
    if mine is None or mine.preview:
        file.state = FileState.DELETED
        return mine is not None
    mine.preview = file.public_id
    await session.flush()
    return True


async def keep_row(
    session: AsyncSession, picture: PanoramaPicture, row: Row, files: Sequence[StoredFile]
) -> bool:
    """A row of tiles, all at once; kept by who comes first. False where nobody wants the picture any more."""
    wanted = await _held(session, picture) is not None
    session.add_all(files)
    if not wanted or row in await rows_made(session, picture):
        for file in files:  # of no use: whoever tidies deletes the bytes
            file.state = FileState.DELETED
        return wanted
    level, down = row
    session.add_all(
        PanoramaTile(picture_id=picture.id, level=level, across=across, down=down, file=file.public_id)
        for across, file in enumerate(files)
    )
    await session.flush()
    return True


async def finish(session: AsyncSession, picture: PanoramaPicture) -> bool:
    """All is there: it is shown instead of the one before, and what was uploaded goes."""
    mine = await _held(session, picture)
    if mine is None:
        return False
    if mine.state is PictureState.WAITING:
        older = _of_scene(mine.scene_id).where(PanoramaPicture.id < mine.id)
        await give_up(session, (await session.scalars(older)).all())
        await stored_files.mark_deleted(session, [mine.upload])
        mine.state, mine.upload = PictureState.READY, ""
        await session.flush()
    return True


async def fail(session: AsyncSession, picture: PanoramaPicture, said: str) -> None:
    """It cannot be cut; what was shown goes on being shown."""
    mine = await _held(session, picture)
    if mine is not None:
        await stored_files.mark_deleted(session, [mine.upload])
        mine.state, mine.upload, mine.said = PictureState.FAILED, "", said[:200]
        await session.flush()


async def give_up(session: AsyncSession, pictures: Sequence[PanoramaPicture]) -> None:
    """Nobody sees these any more: their tiles and files go, then they themselves."""
    ids = [each.id for each in pictures]
    if not ids:
        return
    tiles = sa.select(PanoramaTile.file).where(PanoramaTile.picture_id.in_(ids))
    files = [*(await session.scalars(tiles)).all(), *(each.preview for each in pictures)]
    files += [each.upload for each in pictures]
    await stored_files.mark_deleted(session, [each for each in files if each])
    await session.execute(sa.delete(PanoramaTile).where(PanoramaTile.picture_id.in_(ids)))
    await session.execute(sa.delete(PanoramaPicture).where(PanoramaPicture.id.in_(ids)))


async def give_up_scene(session: AsyncSession, scene: PanoramaScene) -> None:
    await give_up(session, (await session.scalars(_of(scene))).all())


def _of(scene: PanoramaScene) -> sa.Select[PanoramaPicture]:
    return _of_scene(scene.id)


def _of_scene(scene_id: int) -> sa.Select[PanoramaPicture]:
    return sa.select(PanoramaPicture).where(PanoramaPicture.scene_id == scene_id)


async def _held(session: AsyncSession, picture: PanoramaPicture) -> PanoramaPicture | None:
    """As it is now, and nobody else's until this transaction is over."""
    chosen = sa.select(PanoramaPicture).where(PanoramaPicture.id == picture.id).with_for_update()
    return await session.scalar(chosen.execution_options(populate_existing=True))
