"""Files that come with a form of staff: checked, kept with what they are for, pictures in all their widths.

One that is refused costs none of the others. Which field names them says each form (`article_uploads`,
`evidence_uploads`); what no saved form names goes by itself some days later (`article_media`).
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from app.console import forms
from app.console.entrance import Desk
from app.console.media_checks import Checked, NotThis, checked
from app.files import cuts
from app.rich_text.media import SHAPES, WHOLE, WIDTHS
from app.scanning import Answer, Verdict
from app.services import article_media, stored_files
from app.services.audit import does
from models import MediaOwner, MediaSort, StoredFile
from models.types import public_id

ACTS: Final = {MediaOwner.ARTICLE: "content.upload", MediaOwner.CLARIFICATION: "clarifications.upload"}
_TYPES: Final = {MediaSort.PICTURE: "image/jpeg", MediaSort.FILM: "video/mp4"}


@dataclass(slots=True)
class New:
    """What is to be kept: bytes are put before rows are."""

    sort: MediaSort
    name: str
    made: Checked
    file: StoredFile
    held: bool = False  # nobody has looked for viruses in it yet
    id: str = field(default_factory=public_id)


@dataclass(slots=True)
class _Cut:
    of: str  # the id of a picture
    cut: str
    made: Sequence[tuple[int, int, StoredFile]]


class Incoming:
    """Of one form, for one article or clarification.

    `known`, where it is given: by digest of the bytes the id of what is there; the same again is that one.
    """

    def __init__(
        self,
        desk: Desk,
        owner: MediaOwner,
        key: str,
        now: datetime,
        known: dict[str, str] | None = None,
    ) -> None:
        self._desk, self._owner, self._key, self._now, self._known = desk, owner, key, now, known
        self.new: list[New] = []
        self._cuts: list[_Cut] = []
        self._parts: dict[str, bytes] = {}
        self._is_silent = False
        self._infected: list[tuple[str, str]] = []
        self.refused: list[str] = []

    async def take(self, name: str, data: bytes, sort: MediaSort) -> New | None:
        """Nothing of one that is refused."""
        try:
            made = await asyncio.to_thread(checked, sort, data)
        except NotThis as error:
            self.refused.append(f"「{name}」没有收下：{error.message.rstrip('。')}")
            return None
        kind = "image" if sort is MediaSort.PICTURE else "document"
        file = stored_files.made(
            made.data, _TYPES.get(sort, "application/octet-stream"), self._now, kind=kind
        )
        new = New(sort, name, made, file)
        if self._known is not None and (there := self._known.get(file.sha256)):
            return replace(new, id=there)
        said = await self._looked_at(data)
        if said.verdict is Verdict.INFECTED:
            self.refused.append(f"「{name}」没有收下：查出病毒（{said.words}），请先在自己的电脑上杀毒")
            self._infected.append((name, said.words))
            return None
        new.held = said.verdict is Verdict.UNKNOWN
        if self._known is not None:
            self._known[file.sha256] = new.id
        self._parts[file.public_id] = made.data
        self.new.append(new)
        if sort is MediaSort.PICTURE:
            await self.cut(new.id, WHOLE, made.data)
        return new

    async def _looked_at(self, data: bytes) -> Answer:
        """As it was sent. A scanner that gives no answer is not asked about the rest of the form."""
        if self._is_silent:
            return Answer(Verdict.UNKNOWN)
        said = await self._desk.shared.scanner.ask(data)
        self._is_silent = said.verdict is Verdict.UNKNOWN
        return said

    async def cut(self, of: str, cut: str, data: bytes) -> None:
        """In each width, of the picture with the id `of`, whose bytes are `data`."""
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

    async def keep(self) -> None:
        """Bytes first, then rows; bytes that belong to no row go again. Nothing where nothing came."""
        if self._parts:
            files = self._desk.shared.files
            try:
                await files.put_all(self._parts)
                async with self._desk.acting() as session:
                    await self._add(session)
            except BaseException:
                await files.delete_all(self._parts)
                raise
        await self._report()

    async def _report(self) -> None:
        """The record keeps who came with a virus: his computer is to be looked at."""
        for name, said in self._infected:
            async with self._desk.acting() as session:
                does(session, "content.infected", self._key, name=name, said=said)
        self._infected.clear()

    async def _add(self, session: AsyncSession) -> None:
        for new in self.new:
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
                owner=self._owner,
            )
        known = await article_media.of_article(session, self._key, self._owner)
        for cut in self._cuts:
            await article_media.add_cut(session, known[cut.of], cut.cut, cut.made)
        does(session, ACTS[self._owner], self._key, count=len(self.new))


def sent(form: FormData, name: str) -> Iterator[UploadFile]:
    for each in form.getlist(name):
        if isinstance(each, UploadFile) and each.filename:
            yield each


def called(upload: UploadFile) -> str:
    """Without the folders that some browsers, and nobody honest, put before it."""
    return re.split(r"[/\\]", forms.plain(str(upload.filename)))[-1][-80:]
