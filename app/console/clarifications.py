"""辟谣: claims that were brought, what was found out, and what waits for somebody else's approval.

Not here: what is done with one (`clarification_acts`). A claim belongs to no branch.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.clock import civil_date
from app.console import downloads, evidence_uploads, listing
from app.console.article_media import KEPT
from app.console.entrance import AtDesk, Desk, needs
from app.console.forms import number
from app.console.listing import Filter, View
from app.console.navigation import Found, Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import NotFound
from app.files import ENDINGS
from app.knowledge.front_matter import a_year_after
from app.services import (
    article_media,
    clarification_evidence,
    clarification_merging,
    clarification_rows,
    clarification_work,
    clarification_writing,
    clarifications,
)
from app.services.clarification_evidence import OWNER, PIECES, Given, Piece
from app.services.clarification_rows import NOWHERE
from app.services.permissions import Right, Standing, may
from app.web import media
from models import (
    PUBLIC,
    Clarification,
    ClarificationReport,
    ClarificationState,
    ClarificationUpdate,
    FileState,
    RefusedFor,
    StoredFile,
    Verdict,
)

PAGE: Final = "/console/clarifications"
FEWEST: Final = 3  # pieces that a form has room for
router = APIRouter(prefix="/clarifications", dependencies=[needs(Right.CLARIFICATIONS_READ)])
_PUBLIC: Final = sa.text(PUBLIC)
_UPDATES: Final = sa.select(ClarificationUpdate.clarification_id).where(
    ClarificationUpdate.approved_at.is_(None)
)


def _due(now: datetime) -> sa.ColumnElement[bool]:
    """Public ones that somebody ought to read again."""
    return sa.and_(_PUBLIC, Clarification.next_review_on <= civil_date(now))


def is_due(row: Clarification, now: datetime) -> bool:
    return row.is_public and row.next_review_on is not None and row.next_review_on <= civil_date(now)


async def _count(session: AsyncSession, *where: sa.ColumnElement[bool]) -> int:
    return await session.scalar(sa.select(sa.func.count()).select_from(Clarification).where(*where)) or 0


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    found = []
    if may(standing, Right.CLARIFICATIONS_WORK, None):
        new = await _count(session, Clarification.state == ClarificationState.REPORTED)
        due = await _count(session, _due(now))
        found += [
            Waiting("传言等核实", f"{PAGE}?state=reported", new),
            Waiting("澄清到了复核的日子", f"{PAGE}?state=due", due, due),
        ]
        if infected := await clarification_evidence.infected_of(session, standing.staff_id):
            found.append(Waiting("您写的澄清里有附件查出病毒", f"{PAGE}/{infected[0]}", len(infected)))
    if may(standing, Right.CLARIFICATIONS_PUBLISH, None):
        written = await _count(session, Clarification.state == ClarificationState.IN_REVIEW)
        updates = await _count(session, Clarification.id.in_(_UPDATES))
        found += [
            Waiting("澄清等您审批", f"{PAGE}?state=in_review", written),
            Waiting("澄清的更新等您审批", f"{PAGE}?state=updates", updates),
        ]
    return found


async def _search(session: AsyncSession, standing: Standing, words: str) -> Sequence[Found]:
    """By number or by words of what is public."""
    if not may(standing, Right.CLARIFICATIONS_READ, None):
        return []
    page = await clarifications.list_public(session, words=words, limit=listing.PAGE)
    return [Found(each.title, f"{PAGE}/{each.public_id}", each.number) for each in page.rows]


SECTION: Final = Section(
    "clarifications",
    "内容和活动",
    "辟谣",
    PAGE,
    "shield",
    Right.CLARIFICATIONS_READ,
    waiting=_waiting,
    search=_search,
)
STATES: Final = {
    **{each.value: each.label for each in ClarificationState},
    "updates": "更新等审批",
    "due": "到了复核的日子",
}


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    verdicts = {each.value: each.label for each in Verdict}
    filters = (Filter("state", "状态", STATES), Filter("verdict", "结论", verdicts))
    view = listing.view_of(request, *filters)
    async with desk.reading() as session:
        chosen = _chosen(view, now)
        if not desk.may(Right.CLARIFICATIONS_READ, None):
            chosen = chosen.where(Clarification.id < 0)
        page = await listing.page(session, chosen, Clarification.id, view)
    return shell.page("clarifications.html", page=page, view=view, is_due=lambda row: is_due(row, now))


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("clarification.html", **await facts(session, desk, public_id, now))


@router.get("/{public_id}/reports/{report}/pictures/{position}")
async def picture(public_id: str, report: int, position: int, desk: AtDesk) -> Response:
    """What somebody sent with the claim."""
    async with desk.reading() as session:
        row = await get(session, desk, Right.CLARIFICATIONS_READ, public_id)
        chosen = sa.select(ClarificationReport).where(
            ClarificationReport.clarification_id == row.id, ClarificationReport.id == report
        )
        brought = await session.scalar(chosen)
        files = brought.files if brought is not None else []
        name = files[position - 1] if 1 <= position <= len(files) else ""
        file = await session.scalar(
            sa.select(StoredFile).where(StoredFile.public_id == name, StoredFile.state == FileState.READY)
        )
    if file is None:
        raise NotFound("没有找到这张图片。")
    try:
        data = await desk.shared.files.get(file.public_id)
    except FileNotFoundError:
        raise NotFound("这张图片不见了，请联系运维人员。") from None
    called = f"{row.number}-{position}{ENDINGS.get(file.content_type, '')}"
    return downloads.answer(data, called, file.content_type, way="inline")


@router.get("/{public_id}/evidence/{name}/{cut}/{width}")
async def evidence_picture(public_id: str, name: str, cut: str, width: str, desk: AtDesk) -> Response:
    """What backs it, shown or not."""
    async with desk.reading() as session:
        await get(session, desk, Right.CLARIFICATIONS_READ, public_id)
        found = await article_media.cut_of(session, public_id, name, cut, number(width, 5) or 0, OWNER)
    return await media.picture(desk.shared.files.get, found.file, KEPT)


@router.get("/{public_id}/evidence/{name}")
async def evidence_file(request: Request, public_id: str, name: str, desk: AtDesk) -> Response:
    async with desk.reading() as session:
        await get(session, desk, Right.CLARIFICATIONS_READ, public_id)
        found = await article_media.file_of(session, public_id, name, OWNER)
    return await media.file(request, found, desk.shared.files.part, KEPT)


# --- what the pages of the room share ----------------------------------------------------------------------


async def get(session: AsyncSession, desk: Desk, right: Right, public_id: str) -> Clarification:
    """Raises: NotFound: none, or the desk is for a branch only."""
    if not desk.may(right, None):
        raise NotFound(NOWHERE)
    return await clarification_rows.get(session, public_id)


async def facts(
    session: AsyncSession,
    desk: Desk,
    public_id: str,
    now: datetime,
    written: Sequence[Given] | None = None,
) -> dict[str, Any]:
    """All that a page of one claim shows; `written` is what backs it as a form has it, not kept yet."""
    row = await get(session, desk, Right.CLARIFICATIONS_READ, public_id)
    blocks = rich_text.load(row.answer)
    pieces = await clarification_evidence.pieces(session, row, written)
    reports = await clarification_rows.reports_of(session, row)
    merged = await session.get(Clarification, row.merged_into_id) if row.merged_into_id is not None else None
    return {
        "row": row,
        "filled": {
            "title": row.title,
            "told": "\n".join(row.told),
            "verdict": row.verdict.value if row.verdict else "",
            "short": row.short,
            "answer": "\n\n".join(text for _, text in rich_text.to_typed(blocks)),
            "organ": row.organ,
            "next_review_on": _next_review(row, now).isoformat(),
        },
        "pieces": pieces,
        "places": _places(pieces),
        "about": evidence_uploads,
        "shown": rich_text.to_html(blocks),
        "reports": reports,
        "files": await clarification_rows.files_of(session, reports),
        "updates": await clarification_rows.updates_of(session, row),
        "moves": await clarification_rows.moves_of(session, row),
        "alike": await clarification_merging.list_alike(session, row),
        "merged": merged,
        "verdicts": list(Verdict),
        "refusals": list(RefusedFor),
        "is_own": desk.standing.staff_id in row.writers,
        "longest": clarification_work,
        "limits": clarification_writing,
        "most": clarification_evidence,
        "is_due": is_due(row, now),
    }


def _next_review(row: Clarification, now: datetime) -> date:
    """As it was chosen; a year from now where it was not, or has come."""
    chosen, today = row.next_review_on, civil_date(now)
    return chosen if chosen is not None and chosen > today else a_year_after(today)


def _places(pieces: Sequence[Piece]) -> list[Piece]:
    """What the form has room for: one more than there are."""
    filled = [number for number, each in enumerate(pieces, 1) if not each.given.is_empty]
    count = min(PIECES, max(FEWEST, max(filled, default=0) + 1))
    return [*pieces, *[Piece(Given())] * PIECES][:count]


def _chosen(view: View, now: datetime) -> sa.Select[Clarification]:
    chosen, state = sa.select(Clarification), view.get("state")
    if state == "updates":
        chosen = chosen.where(Clarification.id.in_(_UPDATES))
    elif state == "due":
        chosen = chosen.where(_due(now))
    elif state:
        chosen = chosen.where(Clarification.state == ClarificationState(state))
    if verdict := view.get("verdict"):
        chosen = chosen.where(Clarification.verdict == Verdict(verdict))
    return chosen
