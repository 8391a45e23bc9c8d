"""Planning an activity and changing it: one form, whose buttons for blocks store nothing."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import activities as room
from app.console import blocks, forms
from app.console.activities import PAGE
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.rich_text import TYPED
from app.services import (
    activities,
    activity_changes,
    activity_forms,
    activity_reviews,
    activity_series,
    branches,
    participants,
    quotas,
    sitting_forms,
)
from app.services.activity_forms import FIELDS, KINDS, TIMES, Filled
from app.services.audit import does
from app.services.form_words import NotWhole
from app.services.permissions import Right
from models import Activity, Branch
from models.types import public_id as new_id

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_EDIT)])

_QUESTION: Final = ("key", "prompt", "kind", "options", "required")
_QUESTIONS: Final = 12
_QUOTA: Final = ("branch", "seats")
_BLANK: Final = 4  # rows more than are filled
_SITTINGS: Final = 60  # rows that are read: what is too many is said, not cut off
WAITS: Final = "已提交审核。通过以前职工看到的不变，审核人会在「待我处理」里看到。"


@router.get("/new")
async def new(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    """Empty, or filled as the activity `like` is: all but its times, and nothing of anybody."""
    async with desk.reading() as session:
        held = await _branches(session, desk)
        like = await _like(session, desk, request.query_params.get("like", ""))
    filled = activity_forms.empty()
    if like is not None:
        filled = activity_forms.of_activity(like, {each.id: each for each in held})
        filled |= dict.fromkeys((*TIMES, "changes_until"), "")
        filled["sittings"] = sitting_forms.without_times(filled["sittings"])
    return _form(desk, shell, None, filled, held, key=new_id(), like=like)


@router.post("/new")
async def write_new(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Sent twice it is made once: the form carries the name that it gets."""
    form = await forms.read(request)
    filled, do, key = _filled(form), forms.words(form, "do"), forms.words(form, "key")[:16]
    async with desk.reading() as session:
        held = await _branches(session, desk)
        like = await _like(session, desk, forms.words(form, "like"))
    if do != "save":
        _rearrange(filled, do)
        return _form(desk, shell, None, filled, held, key=key, like=like)
    try:
        if like is not None:
            filled["sittings"] = sitting_forms.followed(filled["sittings"], like)
        async with desk.acting() as session:
            made = await _create(session, desk, filled, held, key, now, like)
    except DomainError as error:
        return _form(desk, shell, None, filled, held, key=key, error=error, like=like)
    return shell.done(f"{PAGE}/{made}", "草稿已保存，还没有发布。")


@router.get("/{public_id}/edit")
async def edit(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        activity = await room.allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        held = await _branches(session, desk)
        told = await participants.count_live(session, activity)
        later = await _later(session, desk, activity, now)
        change = await activity_changes.find(session, activity)
    shown = activity if change is None else activity_changes.as_proposed(activity, change)
    filled = activity_forms.of_activity(shown, {each.id: each for each in held})
    return _form(desk, shell, activity, filled, held, told=told, later=later, change=change)


@router.post("/{public_id}/edit")
async def write(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    filled, do, given = _filled(form), forms.words(form, "do"), forms.words(form, "version")
    async with desk.reading() as session:
        activity = await room.allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
        held = await _branches(session, desk)
        told = await participants.count_live(session, activity)
        later = await _later(session, desk, activity, now)
    shown: dict[str, Any] = {"told": told, "later": later}
    if do not in ("save", "save_later"):
        _rearrange(filled, do)
        return _form(desk, shell, activity, filled, held, version=given, **shown)
    version, more = forms.number(given, 9) or 0, 0
    try:
        async with desk.acting() as session:
            kept = await room.allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            values = _values(desk, filled, held, kept)
            how: Any = {"version": version, "tell_of_notice": bool(filled["tell_of_notice"]), "now": now}
            if await _waits(session, desk, kept, values, later=do == "save_later", how=how):
                return shell.done(f"{PAGE}/{public_id}", WAITS)
            if do == "save_later":
                told, more = await activity_series.change(session, public_id, values, by=desk.standing, **how)
            else:
                told = await activities.change(session, public_id, values, by=desk.by, **how)
            await activity_reviews.wrote(session, kept, desk.standing)
            branch_id, title = values["branch_id"], values["title"]
            does(
                session, "activity.change", public_id, branch_id=branch_id, title=title, told=told, later=more
            )
    except NotFound:
        raise
    except activities.ChangedMeanwhile as error:
        # Whoever saves again has seen what is there now, and means it.
        return _form(desk, shell, activity, filled, held, error=error, present=True, **shown)
    except DomainError as error:
        return _form(desk, shell, activity, filled, held, error=error, version=given, **shown)
    said = f"已保存，以后 {more} 场也改了" if more else "已保存"
    return shell.done(f"{PAGE}/{public_id}", f"{said}，将通知 {told} 位职工。" if told else f"{said}。")


# --- parts -------------------------------------------------------------------------------------------------


async def _waits(
    session: AsyncSession,
    desk: Desk,
    activity: Activity,
    values: dict[str, Any],
    *,
    later: bool,
    how: dict[str, Any],
) -> bool:
    """Whether another looks at this change first; it waits then."""
    rule, branch_id, title = desk.shared.activity_review, activity.branch_id, activity.title
    given: Any = {"later": later, "by": desk.standing, "rule": rule, **how}
    waits = await activity_changes.propose(session, activity.public_id, values, **given)
    if waits:
        does(session, "activity.propose", activity.public_id, branch_id=branch_id, title=title)
    return waits


async def _later(session: AsyncSession, desk: Desk, activity: Activity, now: Any) -> tuple[int, int]:
    """How many later dates of its series there are, and how many people have signed up for those."""
    found = await activity_series.later(session, activity, desk.standing, now)
    return len(found), await activity_series.count_live(session, found)


async def _like(session: AsyncSession, desk: Desk, public_id: str) -> Activity | None:
    """Raises: NotFound."""
    if not public_id:
        return None
    return await room.allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)


async def _create(
    session: AsyncSession,
    desk: Desk,
    filled: Filled,
    held: list[Branch],
    key: str,
    now: Any,
    like: Activity | None,
) -> str:
    values = _values(desk, filled, held, like)
    if like is not None:
        values |= {"cover": like.cover, "cover_alt": like.cover_alt}
    if len(key) == 16 and key.isalnum() and key.isascii():
        if await activities.exists(session, key):
            return key
        values["public_id"] = key
    activity = await activities.create(session, values, by=desk.by, now=now)
    await activity_reviews.wrote(session, activity, desk.standing, like=like)
    does(session, "activity.create", activity.public_id, branch_id=activity.branch_id, title=activity.title)
    return activity.public_id


async def _branches(session: AsyncSession, desk: Desk) -> list[Branch]:
    """Those for which this desk may plan."""
    scope = desk.scope(Right.ACTIVITIES_EDIT)
    return [each for each in await branches.list_all(session) if scope.covers(each.id)]


def _values(desk: Desk, filled: Filled, held: list[Branch], kept: Activity | None) -> dict[str, Any]:
    """Raises: NotWhole."""
    audience = None if kept is None else kept.audience
    values = activity_forms.values_of(filled, {each.public_id: each for each in held}, audience)
    if kept is not None:
        before = activity_forms.of_activity(kept, {each.id: each for each in held})["questions"]
        if [each for each in filled["questions"] if each["prompt"]] == before:
            values["questions"] = kept.questions
        by_id = {each.id for each in held}
        values["quotas"] += [each for each in kept.quotas if each[0] not in by_id]  # not shown to this desk
    if values["branch_id"] is None and not desk.may(Right.ACTIVITIES_EDIT, None):
        raise NotWhole("请选择活动属于哪个组织。")
    return values


def _filled(form: FormData) -> Filled:
    names = (*FIELDS, *TIMES, "approval", "quotas_released")
    filled: Filled = {name: forms.words(form, name) for name in names}
    filled["blocks"] = blocks.read(form, TYPED)
    filled["questions"] = _rows(form, "question", _QUESTION, _QUESTIONS)
    filled["quotas"] = _rows(form, "quota", _QUOTA, quotas.MOST)
    filled["sittings"] = _rows(form, "sitting", sitting_forms.FIELDS, _SITTINGS)
    return filled


def _rearrange(filled: Filled, do: str) -> None:
    """After a button that stores nothing."""
    if do.startswith("sitting-"):
        filled["sittings"] = sitting_forms.rearranged(filled["sittings"], do)
    else:
        filled["blocks"] = blocks.rearranged(filled["blocks"], do, "paragraph")


def _rows(form: FormData, what: str, names: Sequence[str], most: int) -> list[dict[str, str]]:
    """Fields that stand there once for each row."""
    columns = [forms.several(form, f"{what}_{name}") for name in names]
    rows = [[forms.plain(value) for value in row] for row in zip(*columns, strict=False)]
    return [dict(zip(names, row, strict=True)) for row in rows[:most]]


def _form(
    desk: Desk,
    shell: Shell,
    activity: Activity | None,
    filled: Filled,
    held: list[Branch],
    *,
    error: DomainError | None = None,
    version: str = "",
    **values: Any,
) -> HTMLResponse:
    blank = dict.fromkeys(_QUESTION, "") | {"kind": "text", "required": "yes"}
    asked = [each for each in filled["questions"] if each["prompt"]]
    given = [each for each in filled["quotas"] if each["branch"]]
    values |= {
        "activity": activity,
        "filled": filled
        | {
            "questions": [*asked, blank, blank][:_QUESTIONS],
            "quotas": [*given, *[dict.fromkeys(_QUOTA, "")] * _BLANK][: quotas.MOST],
            "sittings": sitting_forms.shown(filled["sittings"]),
        },
        "version": version or (activity.version if activity is not None else ""),
        "address": f"{PAGE}/new" if activity is None else f"{PAGE}/{activity.public_id}/edit",
        "back": PAGE if activity is None else f"{PAGE}/{activity.public_id}",
        "branches": held,
        "whole": desk.may(Right.ACTIVITIES_EDIT, None),
        "types": TYPED,
        "kinds": KINDS,
        "times": TIMES,
    }
    if error is not None:
        return shell.refused("activity_form.html", error, **values)
    return shell.page("activity_form.html", **values)
