"""Files that come with the form of an article: named in their blocks, and cut as was chosen there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from starlette.datastructures import FormData, UploadFile

from app.console import media_blocks
from app.console.entrance import Desk
from app.console.media_uploads import Incoming, New, called, sent
from app.rich_text.media import is_cut
from app.rich_text.media_typed import CROP, FILE, KEY, MOST_SHOTS, NAME, POSTER, Said, parts, text_of
from app.services import article_cards, article_media
from app.services.content_forms import Filled
from models import FileState, MediaOwner, MediaSort

AT_ONCE: Final = 20  # cuts made for one form


class Uploads:
    """Of one form."""

    def __init__(self, desk: Desk, key: str, now: datetime) -> None:
        self._desk, self._key, self._now = desk, key, now
        self._incoming = Incoming(desk, MediaOwner.ARTICLE, key, now)

    @property
    def refused(self) -> list[str]:
        return self._incoming.refused

    async def take(self, form: FormData, filled: Filled) -> str:
        """Name what was sent in the blocks of `filled`; returns what was refused, in words, or nothing."""
        blocks = filled["blocks"]
        for number, (kind, text) in enumerate(blocks):
            if kind in media_blocks.SORTS:
                blocks[number] = [kind, await self._block(form, number, kind, text)]
        await self._cut_missing(blocks)
        await self._incoming.keep()
        await self._name_cards(blocks)
        return f"{'；'.join(self.refused)}。" if self.refused else ""

    async def _block(self, form: FormData, number: int, kind: str, text: str) -> str:
        said = parts(text)
        for upload in sent(form, f"m{number}-file"):
            if kind == "gallery" and len(said) >= MOST_SHOTS:
                self.refused.append(f"一组最多 {MOST_SHOTS} 张图片，「{upload.filename}」没有放进去")
                continue
            if (new := await self._sent(upload, media_blocks.SORTS[kind])) is None:
                continue
            if kind == "gallery":
                said.append({FILE: new.id})
            else:  # another one in its place, of which the same is said
                said = [_said(said[0] if said else {}, new, kind)]
        for upload in sent(form, f"m{number}-poster"):
            if kind == "video" and said and (new := await self._sent(upload, MediaSort.PICTURE)):
                said[0][POSTER] = new.id
        return text_of(said)

    async def pasted(self, pictures: Sequence[bytes]) -> list[str]:
        """Ids of pictures that came with words; of one that is refused nothing."""
        taken = []
        for number, data in enumerate(pictures, 1):
            new = await self._incoming.take(f"粘贴的图片 {number}", data, MediaSort.PICTURE)
            taken.append(new.id if new else "")
        await self._incoming.keep()
        return taken

    async def _sent(self, upload: UploadFile, sort: MediaSort) -> New | None:
        return await self._incoming.take(called(upload), await upload.read(), sort)

    async def _cut_missing(self, blocks: Sequence[Sequence[str]]) -> None:
        """What was chosen and is not there yet, of pictures of this article."""
        wanted = {
            (said[FILE], said[CROP])
            for kind, text in blocks
            if kind in ("picture", "gallery")
            for said in parts(text)
            if said.get(FILE) and said.get(CROP)
        }
        if not wanted:
            return
        async with self._desk.reading() as session:
            known = await article_media.of_article(session, self._key)
            there = await article_media.cuts_of(session, self._key)
        data = {new.id: new.made.data for new in self._incoming.new}
        for name, cut in sorted(wanted - there.keys())[:AT_ONCE]:
            media = known.get(name)
            is_there = media is not None and media.state is not FileState.INFECTED
            if name not in data and media is not None and is_there and media.sort is MediaSort.PICTURE:
                data[name] = await self._desk.shared.files.get(media.file)
            if name in data and is_cut(cut):
                await self._incoming.cut(name, cut, data[name])

    async def _name_cards(self, blocks: list[list[str]]) -> None:
        if not any(kind in media_blocks.CARDS for kind, _ in blocks):
            return
        async with self._desk.reading() as session:
            choices = await article_cards.choices(session, self._now)
        for number, (kind, text) in enumerate(blocks):
            for said in parts(text) if kind in media_blocks.CARDS else ():
                name = choices[kind].get(said.get(KEY, ""), said.get(NAME, ""))
                blocks[number] = [kind, text_of([{KEY: said.get(KEY, ""), NAME: name}])]


def _said(before: Said, new: New, kind: str) -> Said:
    said = {FILE: new.id, **{name: rest for name, rest in before.items() if name not in (FILE, CROP)}}
    if kind != "picture" and not said.get(NAME):
        said[NAME] = article_media.title_of(new.name)
    return said if kind != "picture" else {name: rest for name, rest in said.items() if name != NAME}


async def take(form: FormData, filled: Filled, desk: Desk, key: str, now: datetime) -> str:
    """See `Uploads.take`. Raises: DomainError: there are too many already."""
    return await Uploads(desk, key, now).take(form, filled)
