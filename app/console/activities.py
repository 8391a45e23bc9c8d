"""活动: what is planned, on and over; announced, called off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.console import activity_planning, forms, listing
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter
from app.console.navigation import Found, Section, Waiting
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import (
    activities,
    activity_changes,
    activity_reviews,
    activity_series,
    albums,
    branches,
    eligibility,
    lots,
    participants,
    permissions,
    quotas,
    series_rows,
    staff_jobs,
)
from app.services.audiences import Audience
from app.services.audit import does
from app.services.permissions import Right, Standing
from app.services.sign_up_questions import questions_of
from models import ANNOUNCED, UNANNOUNCED, Activity, ActivityMove, ActivityState

PAGE: Final = "/console/activities"

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_READ)])


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    scope = permissions.scope(standing, Right.ACTIVITIES_READ)
    named = Activity.title.icontains(words, autoescape=True)
    chosen = sa.select(Activity).where(named, scope.holds(Activity.branch_id))
    found = await session.scalars(chosen.order_by(Activity.id.desc()).limit(listing.PAGE))
    return [Found(each.title, f"{PAGE}/{each.public_id}", each.state.label) for each in found]


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    """Activities to review by who may, one's own that came back, sign-ups to let in."""
    found: list[Waiting] = []
    if scope := permissions.scope(standing, Right.ACTIVITIES_APPROVE):
        count = await activity_reviews.count_to_approve(session, scope, standing.staff_id)
        found.append(Waiting("活动等您审核", f"{PAGE}?state=in_review", count))
        count = await activity_changes.count(session, activity_changes.waits(standing.staff_id), scope)
        found.append(Waiting("活动改动等您审核", f"{PAGE}?changes=wait", count))
    if permissions.scope(standing, Right.ACTIVITIES_EDIT):
        count = await activity_reviews.count_returned(session, standing.staff_id)
        found.append(Waiting("您提交的活动被退回", f"{PAGE}?review=back", count))
        count = await activity_changes.count(session, activity_changes.returned(standing.staff_id))
        found.append(Waiting("您的活动改动被退回", f"{PAGE}?changes=back", count))
    if scope := permissions.scope(standing, Right.ACTIVITIES_PEOPLE):
        count = await participants.count_to_approve(session, scope, now)
        found.append(Waiting("活动报名待审核", f"{PAGE}?waits=yes", count))
    if scope := permissions.scope(standing, Right.ACTIVITIES_EDIT):
        count = await albums.count_to_decide(session, scope)
        found.append(Waiting("活动照片待审", f"{PAGE}?photos=yes", count))
    return found


SECTION: Final = Section(
    "activities",
    "内容和活动",
    "活动",
    PAGE,
    "calendar",
    Right.ACTIVITIES_READ,
    waiting=_waiting,
    search=_search,
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        listed = await branches.list_all(session)
        view = listing.view_of(
            request,
            Filter("title", "标题"),
            Filter("state", "状态", {each.value: each.label for each in ActivityState}),
            Filter("branch", "归属", {each.public_id: each.way for each in listed}),
            Filter("waits", "报名", {"yes": "有待审核的"}),
            Filter("photos", "照片", {"yes": "有待审的"}),
            Filter("review", "审核", {"back": "退回给我的"}),
            Filter("changes", "改动", {"wait": "等审核的", "back": "退回给我的"}),
            *await _of_series(session, request),
        )
        ids = {each.public_id: each.id for each in listed}
        chosen = sa.select(Activity).where(desk.scope(Right.ACTIVITIES_READ).holds(Activity.branch_id))
        if view.get("title"):
            chosen = chosen.where(Activity.title.icontains(view.get("title"), autoescape=True))
        if view.get("state"):
            chosen = chosen.where(Activity.state == ActivityState(view.get("state")))
        if view.get("branch"):
            chosen = chosen.where(Activity.branch_id == ids[view.get("branch")])
        if view.get("waits"):
            chosen = chosen.where(participants.has_to_approve())
        if view.get("photos"):
            chosen = chosen.where(albums.has_to_decide())
        if view.get("review"):
            chosen = chosen.where(activity_reviews.returned(desk.standing.staff_id))
        if view.get("changes"):
            which = activity_changes.waits if view.get("changes") == "wait" else activity_changes.returned
            chosen = chosen.where(which(desk.standing.staff_id))
        if view.get("series"):
            chosen = chosen.where(Activity.series == view.get("series"))
        else:
            chosen = series_rows.once(chosen, now)
        page = await listing.page(session, chosen, Activity.id, view)
        counts = await participants.count_people(session, [each.id for each in page.rows])
        dates = await series_rows.count(session, [each.series for each in page.rows])
    ways = {each.id: each.way for each in listed}
    return shell.page("activities.html", page=page, view=view, counts=counts, dates=dates, ways=ways)


async def _of_series(session: AsyncSession, request: Request) -> list[Filter]:
    """No filter to choose: a row of a series leads here."""
    key = request.query_params.get("series", "")[:16]
    title = await series_rows.title(session, key) if key.isalnum() else None
    return [] if title is None else [Filter("series", "系列", {key: title})]


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await page_of(public_id, desk, shell)


@router.post("/{public_id}/cancel", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def cancel(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Everybody who signed up is told; the page has said how many that are."""
    form = await forms.read(request)
    reason, more = forms.words(form, "reason")[:100], 0
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            branch_id, title = activity.branch_id, activity.title
            if forms.words(form, "scope") == "later":
                told, more = await activity_series.call_off(
                    session, public_id, by=desk.standing, reason=reason, now=now
                )
            else:
                told = await activities.call_off(session, public_id, by=desk.by, reason=reason, now=now)
            does(
                session,
                "activity.cancel",
                public_id,
                branch_id=branch_id,
                reason=reason,
                title=title,
                told=told,
                later=more,
            )
    except DomainError as error:
        return await again(public_id, desk, shell, error, reason=reason)
    said = f"已取消这一场和以后 {more} 场" if more else "已取消"
    return shell.done(f"{PAGE}/{public_id}", f"{said}，将通知 {told} 位职工。" if told else f"{said}。")


# --- what the pages of activities share --------------------------------------------------------------------


async def allowed(session: AsyncSession, desk: Desk, public_id: str, right: Right) -> Activity:
    """One that this desk may do this with; any other is as if it did not exist. Raises: NotFound."""
    activity = await activities.get(session, public_id, drafts=True)
    if not desk.may(right, activity.branch_id):
        raise NotFound("没有找到这个活动。")
    return activity


async def begin_export(
    desk: Desk, shell: Shell, public_id: str, right: Right, work: str, what: str, now: datetime
) -> Response:
    """A job of this kind of `work` for one activity; `what` is exported."""
    async with desk.acting() as session:
        activity = await allowed(session, desk, public_id, right)
        title, given = f"导出{what}：{activity.title}"[:80], {"activity": public_id}
        await staff_jobs.start(session, desk.standing, work, title, given, now)
    return shell.done("/console/jobs", "正在导出，好了会在这里出现。")


async def page_of(public_id: str, desk: Desk, shell: Shell, **values: Any) -> HTMLResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_READ)
        told = await participants.count_live(session, activity)
        states = await participants.count_states(session, activity)
        moves = await session.scalars(
            sa.select(ActivityMove).where(ActivityMove.activity_id == activity.id).order_by(ActivityMove.id)
        )
        ways: Mapping[int, str] = {each.id: each.way for each in await branches.list_all(session)}
        planning = await activity_planning.facts(session, desk, activity, desk.shared.clock.now())
        by_branch = await quotas.standings(session, activity)
    return shell.page(
        "activity_one.html",
        **planning,
        activity=activity,
        told=told,
        lot=lots.fingerprint(activity),
        states=states,
        moves=moves.all(),
        way=ways.get(activity.branch_id or 0, "整个工会"),
        audience=Audience.model_validate(activity.audience) if activity.audience else "所有人",
        conditions=eligibility.conditions(activity),
        quotas=by_branch,
        questions=questions_of(activity),
        words=rich_text.to_text(rich_text.load(activity.blocks)),
        may_change=activity.state in (*UNANNOUNCED, *ANNOUNCED)
        and desk.may(Right.ACTIVITIES_EDIT, activity.branch_id),
        may_check=desk.may(Right.ACTIVITIES_CHECK, activity.branch_id),
        may_plan=desk.may(Right.ACTIVITIES_EDIT, activity.branch_id),
        may_see=desk.may(Right.ACTIVITIES_PEOPLE, activity.branch_id),
        **values,
    )


async def again(public_id: str, desk: Desk, shell: Shell, error: DomainError, **values: Any) -> HTMLResponse:
    if isinstance(error, NotFound):
        raise error
    return await page_of(public_id, desk, shell, status=422, error=error.message, **values)
