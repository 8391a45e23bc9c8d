"""Files that come with the form of an article: checked, kept, cut as was chosen, and named in their blocks.

One that is refused costs none of the others. What nobody keeps in a draft goes by itself some days later.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from app.console import forms, media_blocks
from app.console.entrance import Desk
from app.console.media_checks import Checked, NotThis, checked
from app.files import cuts
from app.rich_text.media import SHAPES, WHOLE, WIDTHS, is_cut
from app.rich_text.media_typed import CROP, FILE, KEY, MOST_SHOTS, NAME, POSTER, Said, parts, text_of
from app.scanning import Answer, Verdict
from app.services import article_cards, article_media, stored_files
from app.services.audit import does
from app.services.content_forms import Filled
from models import FileState, MediaSort, StoredFile
from models.types import public_id

AT_ONCE: Final = 20  # cuts made for one form


@dataclass(slots=True)
class _New:
    """What is to be kept: bytes are put before rows are."""

    sort: MediaSort
    name: str
    made: Checked
    file: StoredFile
    held: bool  # nobody has looked for viruses in it yet
    id: str = field(default_factory=public_id)


@dataclass(slots=True)
class _Cut:
    of: str  # the id of a picture
    cut: str
    made: Sequence[tuple[int, int, StoredFile]]


class Uploads:
    """Of one form."""

    def __init__(self, desk: Desk, key: str, now: datetime) -> None:
        self._desk, self._key, self._now = desk, key, now
        self._new: list[_New] = []
        self._cuts: list[_Cut] = []
        self._parts: dict[str, bytes] = {}
        self._scanner = desk.shared.scanner
        self._is_silent = False
        self._infected: list[tuple[str, str]] = []
        self.refused: list[str] = []

    async def take(self, form: FormData, filled: Filled) -> str:
        """Name what was sent in the blocks of `filled`; returns what was refused, in words, or nothing."""
        blocks = filled["blocks"]
        for number, (kind, text) in enumerate(blocks):
            if kind in media_blocks.SORTS:
                blocks[number] = [kind, await self._block(form, number, kind, text)]
        await self._cut_missing(blocks)
        if self._parts:
            await self._keep()
        await self._report()
        await self._name_cards(blocks)
        return f"{'；'.join(self.refused)}。" if self.refused else ""

    async def _block(self, form: FormData, number: int, kind: str, text: str) -> str:
        said = parts(text)
        for upload in _sent(form, f"m{number}-file"):
            if kind == "gallery" and len(said) >= MOST_SHOTS:
                self.refused.append(f"一组最多 {MOST_SHOTS} 张图片，「{upload.filename}」没有放进去")
                continue
            if (new := await self._sent(upload, media_blocks.SORTS[kind])) is None:
                continue
            if kind == "gallery":
                said.append({FILE: new.id})
            else:  # another one in its place, of which the same is said
                said = [_said(said[0] if said else {}, new, kind)]
        for upload in _sent(form, f"m{number}-poster"):
            if kind == "video" and said and (new := await self._sent(upload, MediaSort.PICTURE)):
                said[0][POSTER] = new.id
        return text_of(said)

    async def pasted(self, pictures: Sequence[bytes]) -> list[str]:
        """Ids of pictures that came with words; of one that is refused nothing."""
        taken = []
        for number, data in enumerate(pictures, 1):
            new = await self._take(f"粘贴的图片 {number}", data, MediaSort.PICTURE)
            taken.append(new.id if new else "")
        if self._parts:
            await self._keep()
        await self._report()
        return taken

    async def _sent(self, upload: UploadFile, sort: MediaSort) -> _New | None:
        # Without the folders that some browsers, and nobody honest, put before it.
        name = re.split(r"[/\\]", forms.plain(str(upload.filename)))[-1][-80:]
        return await self._take(name, await upload.read(), sort)

    async def _take(self, name: str, data: bytes, sort: MediaSort) -> _New | None:
        try:
            made = await asyncio.to_thread(checked, sort, data)
        except NotThis as error:
            self.refused.append(f"「{name}」没有收下：{error.message.rstrip('。')}")
            return None
        said = await self._looked_at(data)
        if said.verdict is Verdict.INFECTED:
            self.refused.append(f"「{name}」没有收下：查出病毒（{said.words}），请先在自己的电脑上杀毒")
            self._infected.append((name, said.words))
            return None
        kind = "image" if sort is MediaSort.PICTURE else "document"
        file = stored_files.made(
            made.data, _TYPES.get(sort, "application/octet-stream"), self._now, kind=kind
        )
        new = _New(sort, name, made, file, held=said.verdict is Verdict.UNKNOWN)
        self._parts[file.public_id] = made.data
        self._new.append(new)
        if sort is MediaSort.PICTURE:
            await self._cut(new.id, WHOLE, made.data)
        return new

    async def _looked_at(self, data: bytes) -> Answer:
        """As it was sent. A scanner that gives no answer is not asked about the rest of the form."""
        if self._scanner is None:
            return Answer(Verdict.CLEAN)
        if self._is_silent:
            return Answer(Verdict.UNKNOWN)
        said = await self._scanner.ask(data)
        self._is_silent = said.verdict is Verdict.UNKNOWN
        return said

    async def _cut(self, of: str, cut: str, data: bytes) -> None:
        shape, _, point = cut.partition("-")
        left, _, top = point.partition("-")
        focus = (int(left), int(top)) if point else (50, 50)
        jpegs = await asyncio.to_thread(cuts, data, SHAPES.get(shape), focus, WIDTHS)
        made = [
            (each.width, each.height, stored_files.made(each.data, "image/jpeg", self._now, kind="image"))
            for each in jpegs
        ]
        self._parts |= {file.public_id: each.data for each, (_, _, file) in zip(jpegs, made, strict=True)}
        self._cuts.append(_Cut(of, cut, made))

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
        data = {new.id: new.made.data for new in self._new}
        for name, cut in sorted(wanted - there.keys())[:AT_ONCE]:
            media = known.get(name)
            is_there = media is not None and media.state is not FileState.INFECTED
            if name not in data and media is not None and is_there and media.sort is MediaSort.PICTURE:
                data[name] = await self._desk.shared.files.get(media.file)
            if name in data and is_cut(cut):
                await self._cut(name, cut, data[name])

    async def _keep(self) -> None:
        """Bytes first, then rows; bytes that belong to no row go again."""
        files = self._desk.shared.files
        await files.put_all(self._parts)
        try:
            async with self._desk.acting() as session:
                await self._add(session)
        except BaseException:
            await files.delete_all(self._parts)
            raise

    async def _report(self) -> None:
        """The record keeps who came with a virus: his computer is to be looked at."""
        for name, said in self._infected:
            async with self._desk.acting() as session:
                does(session, "content.infected", self._key, name=name, said=said)
        self._infected.clear()

    async def _add(self, session: AsyncSession) -> None:
        for new in self._new:
            await article_media.add(
                session,
                self._key,
                new.sort,
                new.name,
                new.made.ending,
                new.file,
                called=new.id,
                size=(new.made.width, new.made.height),
                held=new.held,
                by=self._desk.by,
                now=self._now,
            )
        known = await article_media.of_article(session, self._key)
        for cut in self._cuts:
            await article_media.add_cut(session, known[cut.of], cut.cut, cut.made)
        does(session, "content.upload", self._key, count=len(self._new))

    async def _name_cards(self, blocks: list[list[str]]) -> None:
        if not any(kind in media_blocks.CARDS for kind, _ in blocks):
            return
        async with self._desk.reading() as session:
            choices = await article_cards.choices(session, self._now)
        for number, (kind, text) in enumerate(blocks):
            for said in parts(text) if kind in media_blocks.CARDS else ():
                name = choices[kind].get(said.get(KEY, ""), said.get(NAME, ""))
                blocks[number] = [kind, text_of([{KEY: said.get(KEY, ""), NAME: name}])]


_TYPES: Final = {MediaSort.PICTURE: "image/jpeg", MediaSort.FILM: "video/mp4"}


def _sent(form: FormData, name: str) -> Iterator[UploadFile]:
    for each in form.getlist(name):
        if isinstance(each, UploadFile) and each.filename:
            yield each


def _said(before: Said, new: _New, kind: str) -> Said:
    said = {FILE: new.id, **{name: rest for name, rest in before.items() if name not in (FILE, CROP)}}
    if kind != "picture" and not said.get(NAME):
        said[NAME] = new.name.rpartition(".")[0] or new.name
    return said if kind != "picture" else {name: rest for name, rest in said.items() if name != NAME}


async def take(form: FormData, filled: Filled, desk: Desk, key: str, now: datetime) -> str:
    """See `Uploads.take`. Raises: DomainError: there are too many already."""
    return await Uploads(desk, key, now).take(form, filled)
