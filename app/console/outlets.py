"""外部渠道: Weibo and outside media that get our articles, managed by who may.

What may be done is `services.outlets`'s. Not here: sending one article there (`article_outlets`).
"""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, shanghai
from app.console import forms
from app.console.content import whole
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Section, Waiting
from app.console.office import OfficeInUse
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import outlets
from app.services.outlets import Filled, MovedOn
from app.services.permissions import Right, Standing, may
from models import ArticleCategory, Outlet, OutletKind

PAGE: Final = "/console/outlets"
FIELDS: Final = ("name", "url", "secret", "secret_until")

router = APIRouter(prefix="/outlets", dependencies=[needs(Right.OUTLETS_EDIT)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    if not may(standing, Right.OUTLETS_EDIT, None):
        return []
    count = await outlets.count_in_need(session, now)
    return [Waiting("外部渠道要处理", PAGE, count, count)]


SECTION: Final = Section(
    "outlets", "内容和活动", "外部渠道", PAGE, "share", Right.OUTLETS_EDIT, waiting=_waiting
)


@router.get("")
async def everything(desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    whole(desk, Right.OUTLETS_EDIT)
    async with desk.reading() as session:
        found = await outlets.list_all(session)
    return shell.page("outlets.html", found=found, soon=now + outlets.WARNED, feeds=_feeds(desk))


@router.get("/new")
async def new(desk: AtDesk, shell: InShell, kind: OutletKind = OutletKind.WEBHOOK) -> HTMLResponse:
    whole(desk, Right.OUTLETS_EDIT)
    by_itself = kind is OutletKind.WEBHOOK
    typed = {"categories": [each.value for each in ArticleCategory], "by_itself": by_itself, "active": True}
    return shell.page("outlet.html", **_form(kind, None), typed=dict.fromkeys(FIELDS, "") | typed)


@router.post("/new")
async def add(
    request: Request,
    desk: ActingDesk,
    shell: InShell,
    office: OfficeInUse,
    now: Now,
    kind: OutletKind = OutletKind.WEBHOOK,
) -> Response:
    whole(desk, Right.OUTLETS_EDIT)
    typed = await _typed(request)
    development = office.settings.development
    try:
        async with desk.acting() as session:
            made = await outlets.add(
                session, kind, _filled(typed), by=desk.by, now=now, development=development
            )
    except DomainError as error:
        return shell.refused("outlet.html", error, **_form(kind, None), typed=typed)
    if kind is OutletKind.WEBHOOK:
        return _shown(shell, made)
    return shell.done(PAGE, f"「{made.name}」已添加。")


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    whole(desk, Right.OUTLETS_EDIT)
    async with desk.reading() as session:
        row = await outlets.get(session, public_id)
    return shell.page("outlet.html", **_form(row.kind, row), typed=_kept(row))


@router.post("/{public_id}")
async def change(
    public_id: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now
) -> Response:
    whole(desk, Right.OUTLETS_EDIT)
    typed = await _typed(request)
    try:
        async with desk.acting() as session:
            made = await outlets.change(
                session,
                public_id,
                _filled(typed),
                version=forms.number(typed["version"], 9) or 0,
                by=desk.by,
                now=now,
                development=office.settings.development,
            )
    except NotFound:
        raise
    except DomainError as error:
        async with desk.reading() as session:
            row = await outlets.get(session, public_id)
        if isinstance(error, MovedOn):
            typed |= {"version": row.version}
        return shell.refused("outlet.html", error, **_form(row.kind, row), typed=typed)
    office.wake()
    return shell.done(PAGE, f"「{made.name}」已保存。")


@router.post("/{public_id}/renew")
async def renew(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    whole(desk, Right.OUTLETS_EDIT)
    async with desk.acting() as session:
        row = await outlets.renew_secret(session, public_id, by=desk.by, now=now)
    return _shown(shell, row)


@router.post("/{public_id}/delete")
async def delete(public_id: str, desk: ActingDesk, shell: InShell) -> Response:
    whole(desk, Right.OUTLETS_EDIT)
    async with desk.acting() as session:
        name = await outlets.delete(session, public_id)
    return shell.done(PAGE, f"「{name}」已删除。")


# --- parts -------------------------------------------------------------------------------------------------


async def _typed(request: Request) -> dict[str, Any]:
    form = await forms.read(request)
    typed: dict[str, Any] = {name: forms.words(form, name) for name in (*FIELDS, "version")}
    typed["categories"] = forms.several(form, "categories")
    return typed | {name: forms.words(form, name) == "yes" for name in ("by_itself", "active")}


def _filled(typed: dict[str, Any]) -> Filled:
    """Raises: DomainError: no such moment."""
    until = None
    if typed["secret_until"]:
        try:
            until = datetime.fromisoformat(typed["secret_until"]).replace(tzinfo=SHANGHAI)
        except ValueError:
            raise DomainError("授权到什么时候应是日期和时间，例如 2026-12-31 08:00。") from None
    return Filled(
        typed["name"],
        typed["url"],
        typed["secret"],
        until,
        typed["categories"],
        typed["by_itself"],
        typed["active"],
    )


def _kept(row: Outlet) -> dict[str, Any]:
    until = "" if row.secret_until is None else f"{shanghai(row.secret_until):%Y-%m-%dT%H:%M}"
    every = [each.value for each in ArticleCategory]
    return {
        "name": row.name,
        "url": row.url,
        "secret": "",
        "secret_until": until,
        "categories": every if row.categories is None else row.categories,
        "by_itself": row.by_itself,
        "active": row.active,
        "version": row.version,
    }


def _form(kind: OutletKind, row: Outlet | None) -> dict[str, Any]:
    return {"kind": kind, "row": row, "categories": list(ArticleCategory)}


def _shown(shell: Shell, row: Outlet) -> HTMLResponse:
    """The one time that a signature's secret is shown."""
    page = shell.page("outlet_secret.html", row=row)
    page.headers["Cache-Control"] = "no-store"
    return page


def _feeds(desk: Desk) -> list[str]:
    base = desk.shared.public_url
    return [f"{base}/news/feed.atom", f"{base}/news/feed.json"] if base else []
