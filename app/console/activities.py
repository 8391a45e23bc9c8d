"""活动: what is planned, on and over; announced, called off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.console import forms, listing
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter
from app.console.navigation import Found, Section, Waiting
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import (
    activities,
    activity_previews,
    activity_reviews,
    branches,
    eligibility,
    lots,
    participants,
    permissions,
    quotas,
    sign_ups,
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
    if permissions.scope(standing, Right.ACTIVITIES_EDIT):
        count = await activity_reviews.count_returned(session, standing.staff_id)
        found.append(Waiting("您提交的活动被退回", f"{PAGE}?review=back", count))
    if scope := permissions.scope(standing, Right.ACTIVITIES_PEOPLE):
        count = await participants.count_to_approve(session, scope, now)
        found.append(Waiting("活动报名待审核", f"{PAGE}?waits=yes", count))
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
async def everything(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        listed = await branches.list_all(session)
        view = listing.view_of(
            request,
            Filter("title", "标题"),
            Filter("state", "状态", {each.value: each.label for each in ActivityState}),
            Filter("branch", "归属", {each.public_id: each.way for each in listed}),
            Filter("waits", "报名", {"yes": "有待审核的"}),
            Filter("review", "审核", {"back": "退回给我的"}),
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
        if view.get("review"):
            chosen = chosen.where(activity_reviews.returned(desk.standing.staff_id))
        page = await listing.page(session, chosen, Activity.id, view)
        counts = await sign_ups.count_live(session, [each.id for each in page.rows])
    ways = {each.id: each.way for each in listed}
    return shell.page("activities.html", page=page, view=view, counts=counts, ways=ways)


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await page_of(public_id, desk, shell)


@router.post("/{public_id}/cancel", dependencies=[needs(Right.ACTIVITIES_EDIT)])
async def cancel(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Everybody who signed up is told; the page has said how many that are."""
    reason = forms.words(await forms.read(request), "reason")[:100]
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, Right.ACTIVITIES_EDIT)
            branch_id, title = activity.branch_id, activity.title
            told = await activities.call_off(session, public_id, by=desk.by, reason=reason, now=now)
            does(
                session,
                "activity.cancel",
                public_id,
                branch_id=branch_id,
                reason=reason,
                title=title,
                told=told,
            )
    except DomainError as error:
        return await again(public_id, desk, shell, error, reason=reason)
    return shell.done(f"{PAGE}/{public_id}", f"已取消，将通知 {told} 位职工。" if told else "已取消。")


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
        reviewing = await _reviewing(session, desk, activity)
    return shell.page(
        "activity_one.html",
        **reviewing,
        activity=activity,
        told=told,
        lot=lots.fingerprint(activity),
        states=states,
        moves=moves.all(),
        way=ways.get(activity.branch_id or 0, "整个工会"),
        audience=Audience.model_validate(activity.audience) if activity.audience else "所有人",
        conditions=eligibility.conditions(activity),
        quotas=await quotas.standings(session, activity),
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


async def _reviewing(session: AsyncSession, desk: Desk, activity: Activity) -> dict[str, Any]:
    """What the page says of the review of a draft; nothing of what is announced."""
    if activity.state not in UNANNOUNCED:
        return {"is_draft": False}
    review = await activity_reviews.find(session, activity)
    return {
        "is_draft": True,
        "review": review,
        "asked": await activity_reviews.asked(session, activity, desk.standing, desk.shared.activity_review),
        "never": desk.shared.activity_review == activity_reviews.NEVER,
        "differences": await activity_reviews.differences(session, activity, review),
        "wrote": desk.standing.staff_id in activity_reviews.writers(review),
        "may_approve": desk.may(Right.ACTIVITIES_APPROVE, activity.branch_id),
        "preview": activity_previews.address(activity),
    }
