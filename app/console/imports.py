"""Bringing in a sheet: upload, preview with every wrong row, confirm, and how far the job is.

The same pages for the roster of members and the register of electricity accounts.
"""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import IO, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from app.clock import civil_date
from app.console import downloads, forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound, OperatorError
from app.services import import_previews, staff_uploads
from app.services.audit import does
from app.services.permissions import Right
from app.services.sheets import Form
from models import UploadKind, UploadState

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHOICES: Final = ("complete", "skip_wrong", "force")


@dataclass(frozen=True, slots=True)
class Sheets:
    """One kind of sheet that may be brought in."""

    kind: UploadKind
    right: Right
    home: str  # the list that it fills
    home_label: str
    title: str
    form: Form
    template: Callable[[IO[bytes]], None]
    area: str  # of acts and jobs: members
    may_be_complete: bool  # whether who is not in it leaves

    @property
    def page(self) -> str:
        return f"{self.home}/import"


def router_for(sheets: Sheets) -> APIRouter:
    path = sheets.page.removeprefix("/console")
    router = APIRouter(prefix=path, dependencies=[needs(sheets.right)])
    pages = _Pages(sheets)
    router.add_api_route("", pages.start, methods=["GET"])
    router.add_api_route("", pages.upload, methods=["POST"])
    router.add_api_route("/template", pages.template, methods=["GET"])
    router.add_api_route("/{public_id}", pages.one, methods=["GET"])
    router.add_api_route("/{public_id}/confirm", pages.confirm, methods=["POST"])
    router.add_api_route("/{public_id}/discard", pages.discard, methods=["POST"])
    return router


class _Pages:
    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets

    async def start(self, desk: AtDesk, shell: InShell) -> HTMLResponse:
        return shell.page("import_start.html", **await self._start(desk))

    async def template(self, desk: AtDesk) -> Response:
        file = io.BytesIO()
        self._sheets.template(file)
        return downloads.answer(file.getvalue(), f"{self._sheets.title}模板.xlsx", XLSX)

    async def upload(self, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
        sheets = self._sheets
        try:
            name, data = await self._sent(request, civil_date(now))
        except (DomainError, OperatorError) as error:
            refused = DomainError(import_previews.on_page(error.message, sheets.form))
            return shell.refused("import_start.html", refused, **await self._start(desk))
        file = staff_uploads.file_for(data, now)
        # The bytes first: the row says that they are there.
        await desk.shared.files.put(file.public_id, staff_uploads.sealed(data))
        work = f"{sheets.area}.look"
        async with desk.acting() as session:
            made = await staff_uploads.keep(session, desk.standing, sheets.kind, name, file, work, now)
            does(session, f"{sheets.area}.upload", made.public_id, name=name, size=len(data))
            public_id = made.public_id
        return shell.done(f"{sheets.page}/{public_id}")

    async def one(self, public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
        return shell.page("import_one.html", **await self._one(desk, public_id))

    async def confirm(
        self, public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
    ) -> Response:
        sheets = self._sheets
        form = await forms.read(request)
        choices = {name: forms.words(form, name) == "yes" for name in CHOICES}
        choices["complete"] = choices["complete"] and sheets.may_be_complete
        try:
            async with desk.acting() as session:
                upload = await staff_uploads.get_own(
                    session, desk.standing.staff_id, sheets.kind, public_id, lock=True
                )
                work = f"{sheets.area}.import"
                await staff_uploads.confirm(session, desk.standing, upload, work, choices, now)
                does(session, f"{sheets.area}.import", public_id, name=upload.name, choices=choices)
        except DomainError as error:
            return await self._again(desk, shell, public_id, error, choices)
        return shell.done(f"{sheets.page}/{public_id}")

    async def discard(self, public_id: str, desk: ActingDesk, shell: InShell) -> Response:
        sheets = self._sheets
        try:
            async with desk.acting() as session:
                upload = await staff_uploads.get_own(
                    session, desk.standing.staff_id, sheets.kind, public_id, lock=True
                )
                does(session, "sheets.discard", public_id, name=upload.name)
                await staff_uploads.discard(session, upload)
        except DomainError as error:
            return await self._again(desk, shell, public_id, error, {})
        return shell.done(sheets.page, "没有导入，上传的文件已经删除。")

    async def _again(
        self, desk: Desk, shell: Shell, public_id: str, error: DomainError, choices: dict[str, bool]
    ) -> HTMLResponse:
        if isinstance(error, NotFound):
            raise error
        said = DomainError(import_previews.on_page(error.message, self._sheets.form))
        return shell.refused("import_one.html", said, **await self._one(desk, public_id), chosen=choices)

    async def _start(self, desk: Desk) -> dict[str, Any]:
        async with desk.reading() as session:
            uploads = await staff_uploads.list_own(session, desk.standing.staff_id, self._sheets.kind)
        everything = desk.scope(self._sheets.right).everything
        return {"sheets": self._sheets, "uploads": uploads, "everything": everything}

    async def _one(self, desk: Desk, public_id: str) -> dict[str, Any]:
        async with desk.reading() as session:
            upload = await staff_uploads.get_own(
                session, desk.standing.staff_id, self._sheets.kind, public_id
            )
            job = await staff_uploads.find_job(session, upload)
        at_work = upload.state in (UploadState.LOOKING, UploadState.IMPORTING)
        everything = desk.scope(self._sheets.right).everything
        return {
            "sheets": self._sheets,
            "upload": upload,
            "job": job,
            "preview": upload.preview,
            "at_work": at_work,
            "warned": lambda words: import_previews.on_page(words, self._sheets.form),
            "everything": everything,
        }

    async def _sent(self, request: Request, today: date) -> tuple[str, bytes]:
        """The file's name and its bytes. Raises: DomainError: none; OperatorError: not such a sheet."""
        file = (await forms.read(request)).get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise DomainError("请先选一个 .xlsx 文件。")
        data = await file.read()
        await asyncio.to_thread(import_previews.check, data, self._sheets.form, today)
        return "".join(each for each in file.filename if each.isprintable()), data
