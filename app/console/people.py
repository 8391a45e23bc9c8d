"""关注者: who follows, and one person as far as rights go. Words that were said are not here."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.console import forms, listing
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter, RowId
from app.console.navigation import Found, Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import interests, member_lists, members, merging, people_lists, permissions
from app.services.audit import does
from app.services.people_lists import Following
from app.services.permissions import Right, Scope, Standing
from models import Follower, Member, MemberEvent, MergeState, Person, PersonMerge

PAGE: Final = "/console/people"
MERGES: Final = f"{PAGE}/merges"
_BINDING: Final = frozenset({MemberEvent.BOUND, MemberEvent.UNBOUND})

router = APIRouter(prefix="/people", dependencies=[needs(Right.PEOPLE_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    if not permissions.may(standing, Right.MEMBERS_EDIT, None):
        return []
    return [Waiting("要核对是不是同一个人", MERGES, await people_lists.count_doubts(session))]


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    """By a whole public id or openid."""
    scope = permissions.scope(standing, Right.PEOPLE_READ)
    found = people_lists.chosen(scope, words=words).order_by(Follower.id.desc()).limit(listing.PAGE)
    return [
        Found(each.person.public_id, f"{PAGE}/{each.person.public_id}", people_lists.KINDS[account.kind])
        for each, account in await session.execute(found)
    ]


SECTION: Final = Section(
    *("people", "公众号", "关注者", PAGE, "users", Right.PEOPLE_READ), waiting=_waiting, search=_search
)


@router.get("")
async def everybody(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    view = listing.view_of(
        request,
        Filter("q", "编号或 openid", kind="search"),
        Filter("state", "关注", people_lists.STATES),
        Filter("tag", "标签"),
        Filter("member", "会员", people_lists.MEMBERSHIPS),
    )
    async with desk.reading() as session:
        chosen = people_lists.chosen(
            desk.scope(Right.PEOPLE_READ),
            words=view.get("q"),
            state=view.get("state"),
            tag=view.get("tag"),
            membership=view.get("member"),
        )
        page = await listing.page(session, chosen, Follower.id, view)
        ids = [follower.person_id for follower, _ in page.rows]
        known = await member_lists.find_of_persons(session, Scope(everything=True), ids)
    may_know = desk.scope(Right.MEMBERS_READ)
    return shell.page(
        "people.html",
        page=page,
        view=view,
        kinds=people_lists.KINDS,
        short=people_lists.short,
        known=known,
        named=may_know.covers,
        whole=desk.scope(Right.PEOPLE_READ).everything,
    )


@router.get("/merges")
async def doubts(desk: AtDesk, shell: InShell) -> HTMLResponse:
    desk.demand(Right.PEOPLE_READ, None)
    return shell.page("people_merges.html", **await _doubts(desk))


@router.post("/merges/{merge_id}", dependencies=[needs(Right.MEMBERS_EDIT)])
async def merge_again(
    merge_id: RowId, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    """What stood between the two is put right by hand first: a binding that was wrong is undone."""
    desk.demand(Right.PEOPLE_READ, None)
    desk.demand(Right.MEMBERS_EDIT, None)
    why = forms.words(await forms.read(request), "reason")[:200]
    try:
        if not why:
            raise DomainError("请写明怎样核对的，再合并。")
        async with desk.acting() as session:
            doubt = await people_lists.get_doubt(session, merge_id)
            does(session, "people.merge", str(doubt.id), reason=why)
            state = await merging.merge(session, doubt.stays_id, doubt.gone_id, now)
            await session.refresh(doubt)
            said = doubt.reason
    except DomainError as error:
        return shell.refused("people_merges.html", error, **await _doubts(desk), typed=why, tried=merge_id)
    if state is MergeState.REFUSED:
        return shell.done(MERGES, f"还是合不了：{said}。请先解除错的那个绑定。")
    return shell.done(MERGES, "已合成一个人。")


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        person = await people_lists.get(session, desk.scope(Right.PEOPLE_READ), public_id)
        followings = await people_lists.list_followings(session, person)
        member = await members.find_of_person(session, person.id)
        merges = await people_lists.list_merges(session, person)
        values: dict[str, Any] = {
            "person": person,
            "followings": followings,
            "stayed": await people_lists.find_stayed(session, person),
            "member": member,
            "has_left": member is not None and member.has_left(civil_date(now)),
            "named": member is not None and desk.may(Right.MEMBERS_READ, member.branch_id),
            "interests_on": await interests.is_on(session, person.id),
            "history": await _history(session, desk, person, followings, member, merges),
        }
    return shell.page("person_one.html", **values, kinds=people_lists.KINDS, short=people_lists.short)


async def _history(
    session: AsyncSession,
    desk: Desk,
    person: Person,
    followings: list[Following],
    member: Member | None,
    merges: Any,
) -> list[tuple[datetime, str]]:
    """What is known to have happened, newest first."""
    told = [(person.created_at, "第一次见到")]
    for each in followings:
        where, follower = people_lists.KINDS[each.kind], each.follower
        if follower.subscribed_at is not None:
            told.append((follower.subscribed_at, f"关注{where}"))
        if follower.unsubscribed_at is not None:
            told.append((follower.unsubscribed_at, f"取消关注{where}"))
    told += [(each.at, _merged(each, person)) for each in merges]
    if person.closed_at is not None:
        told.append((person.closed_at, "注销了账号"))
    if member is not None and desk.may(Right.MEMBERS_READ, member.branch_id):
        moves = [each for each in await members.list_moves(session, member) if each.what in _BINDING]
        told += [(each.at, MemberEvent(each.what).label) for each in moves]
    return sorted(told, key=lambda each: each[0], reverse=True)


def _merged(merge: PersonMerge, person: Person) -> str:
    if merge.state is MergeState.REFUSED:
        return f"像是同一个人，没有合并：{merge.reason}"
    return "另一边的记录并到这里" if merge.stays_id == person.id else "并到了另一边"


async def _doubts(desk: Desk) -> dict[str, Any]:
    async with desk.reading() as session:
        found = await people_lists.list_doubts(session)
        ids = {each for doubt in found for each in (doubt.stays.id, doubt.gone.id)}
        bound = await member_lists.find_of_persons(session, desk.scope(Right.MEMBERS_READ), ids)
    return {"doubts": found, "bound": bound, "may_merge": desk.may(Right.MEMBERS_EDIT, None)}
