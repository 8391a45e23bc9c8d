"""What an export reads of one person: who he is to us, and what he did.

Every column that leads to a person or a follower is named by the chapter that shows it, or in
`exports.NOT_SHOWN` with the reason. Sealed words are opened: it is their owner who asks. Not here: what was
said in chat (`export_talks`).
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.clock import shanghai
from app.services import (
    case_ratings,
    cases,
    complaints,
    consents,
    export_answers,
    interests,
    members,
    privacy_requests,
    stored_files,
)
from app.services.export_sources import Row, chapter
from app.services.export_values import day, name_of, time
from models import (
    Account,
    AccountBinding,
    AccountKind,
    ApiSession,
    Case,
    CaseEntry,
    ConsentEnd,
    EntryKind,
    Follower,
    FollowerTag,
    Guess,
    NoticeConsent,
    Person,
    PortalSession,
    Staff,
)


@chapter("person", "我在这里的编号", id="编号", since="最早记录")
async def _person(session: AsyncSession, person_id: int) -> Sequence[Row]:
    person = await session.get_one(Person, person_id)
    return [{"id": person.public_id, "since": time(person.created_at)}]


@chapter(
    "followers",
    "微信里的关注",
    "follower.person_id",
    "follower_tag.follower_id",
    "notice_consent.follower_id",
    account="在哪里",
    openid="您在那里的编号",
    unionid="跨账号编号",
    subscribed="在关注",
    subscribed_at="关注时间",
    tags="标签",
    notices="同意过、还没收到的订阅通知（条）",
)
async def _followers(session: AsyncSession, person_id: int) -> Sequence[Row]:
    found = await session.execute(
        sa.select(Follower, Account.kind)
        .join(Account, Account.id == Follower.account_id)
        .where(Follower.person_id == person_id)
        .order_by(Follower.id)
    )
    rows = []
    for follower, kind in found.all():
        named = sa.select(FollowerTag.name).where(FollowerTag.follower_id == follower.id)
        agreed = sa.select(sa.func.sum(NoticeConsent.remaining)).where(
            NoticeConsent.follower_id == follower.id
        )
        rows.append(
            {
                "account": "公众号" if kind is AccountKind.OFFICIAL else "小程序",
                "openid": follower.openid,
                "unionid": follower.unionid,
                "subscribed": follower.subscribed,
                "subscribed_at": time(follower.subscribed_at),
                "tags": list(await session.scalars(named.order_by(FollowerTag.name))),
                "notices": int(await session.scalar(agreed) or 0),
            }
        )
    return rows


@chapter(
    "membership",
    "会员资料",
    "member.person_id",
    staff_number="工号",
    name="姓名",
    sex="性别",
    born_on="出生日期",
    phone="手机号",
    branch="组织",
    post="岗位",
    kind="类别",
    joined_on="入会日期",
    left_on="离开日期",
    bound_at="绑定时间",
)
async def _membership(session: AsyncSession, person_id: int) -> Sequence[Row]:
    own = await members.find_of_person(session, person_id)
    if own is None:
        return []
    return [
        {
            "staff_number": own.staff_number,
            "name": own.name,
            "sex": own.sex.label if own.sex else None,
            "born_on": own.born_on,
            "phone": own.phone,
            "branch": own.branch.way,
            "post": own.post,
            "kind": own.kind.label,
            "joined_on": day(own.joined_on),
            "left_on": day(own.left_on),
            "bound_at": time(own.bound_at),
        }
    ]


@chapter(
    "cases",
    "留言、人工服务和咨询",
    "case_reporter.person_digest",
    number="编号",
    kind="种类",
    anonymous="匿名",
    state="状态",
    opened_at="提交时间",
    answers="问过您的",
    rating="您的评价",
    thread="往来",
)
async def _cases(session: AsyncSession, person_id: int) -> Sequence[Row]:
    own = [each.case for each in await cases.list_mine(session, person_id, 10_000)]
    ratings = await case_ratings.of_cases(session, own)
    told = await export_answers.of_cases(session, own) | await complaints.read_all(session, own)
    return [
        {
            "number": case.number,
            "kind": case.kind.label,
            "anonymous": case.anonymous,
            "state": case.state_said,
            "opened_at": day(shanghai(case.opened_at).date()) if case.anonymous else time(case.opened_at),
            "answers": told.get(case.id, {}),
            "rating": ratings.get(case.id, ""),
            "thread": [_said(case, entry) for entry in await cases.list_thread(session, case)],
        }
        for case in own
    ]


def _said(case: Case, entry: CaseEntry) -> Row:
    who = {EntryKind.MEMBER: "您", EntryKind.STAFF: "工作人员"}.get(entry.kind, "")
    moved = entry.to_state.said_in(case.kind) if entry.to_state else ""
    return {"at": time(entry.created_at), "who": who, "words": cases.text_of(entry), "state": moved}


@chapter(
    "accounts",
    "绑定的户号",
    "account_binding.person_id",
    number="户号",
    nickname="名称",
    area="片区",
    state="状态",
    bound_at="绑定时间",
)
async def _accounts(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(AccountBinding).where(AccountBinding.person_id == person_id)
    return [
        {
            "number": each.number,
            "nickname": each.nickname,
            "area": each.shown_area,
            "state": each.state.label,
            "bound_at": time(each.bound_at),
        }
        for each in await session.scalars(mine.order_by(AccountBinding.id))
    ]


@chapter(
    "interests",
    "兴趣（个性化推荐用）",
    "interest.person_id",
    "interest_choice.person_id",
    topic="关于什么",
    count="次数",
    last_at="最近一次",
    counted="个性化推荐",
)
async def _interests(session: AsyncSession, person_id: int) -> Sequence[Row]:
    switched = "开" if await interests.is_on(session, person_id) else "关"
    rows = [
        {
            "topic": interests.label_of(each.topic),
            "count": each.count,
            "last_at": time(each.last_at),
            "counted": switched,
        }
        for each in await interests.list_own(session, person_id)
    ]
    nothing = {"topic": None, "count": 0, "last_at": None, "counted": switched}
    return rows if rows or switched == "开" else [nothing]


@chapter(
    "files",
    "您发来的图片、语音和视频",
    "stored_file.owner_id",
    file="文件名",
    kind="种类",
    size="字节",
    at="时间",
)
async def _files(session: AsyncSession, person_id: int) -> Sequence[Row]:
    return [
        {"file": name_of(each), "kind": each.kind, "size": each.size, "at": time(each.created_at)}
        for each in await stored_files.list_ready(session, person_id)
    ]


@chapter(
    "consents",
    "同意记录",
    "consent.person_digest",
    purpose="用途",
    version="版本",
    given_at="同意时间",
    given_by="在哪里",
    ended_at="终止时间",
    ended_how="怎样终止",
)
async def _consents(session: AsyncSession, person_id: int) -> Sequence[Row]:
    return [
        {
            "purpose": each.purpose,
            "version": each.version,
            "given_at": time(each.given_at),
            "given_by": each.given_by,
            "ended_at": time(each.ended_at),
            "ended_how": ConsentEnd(each.ended_how).label if each.ended_how else None,
        }
        for each in await consents.list_history(session, person_id)
    ]


@chapter(
    "logins",
    "小程序登录",
    "api_session.follower_id",
    started_at="登录时间",
    refreshed_at="最近一次",
    ended="已退出",
)
async def _logins(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(ApiSession).join(Follower, Follower.id == ApiSession.follower_id)
    found = await session.scalars(mine.where(Follower.person_id == person_id).order_by(ApiSession.id))
    return [
        {
            "started_at": time(each.started_at),
            "refreshed_at": time(each.refreshed_at),
            "ended": each.revoked_at is not None,
        }
        for each in found
    ]


@chapter("portal_logins", "网页登录", "portal_session.follower_id", device="设备", started_at="登录时间")
async def _portal_logins(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(PortalSession).join(Follower, Follower.id == PortalSession.follower_id)
    found = await session.scalars(mine.where(Follower.person_id == person_id).order_by(PortalSession.id))
    return [{"device": each.device.label, "started_at": time(each.started_at)} for each in found]


@chapter("staff", "工作账号", "staff.person_id", name="姓名", login="登录名", roles="角色")
async def _staff(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(Staff).where(Staff.person_id == person_id).options(selectinload(Staff.grants))
    return [
        {"name": each.name, "login": each.login, "roles": "、".join(one.role.label for one in each.grants)}
        for each in await session.scalars(mine)
    ]


@chapter("guesses", "没有核对上的次数（保留一天）", "guess.person_id", purpose="核对什么", at="时间")
async def _guesses(session: AsyncSession, person_id: int) -> Sequence[Row]:
    found = await session.scalars(sa.select(Guess).where(Guess.person_id == person_id).order_by(Guess.id))
    return [{"purpose": each.purpose, "at": time(each.at)} for each in found]


@chapter(
    "requests",
    "您提过的要求",
    "privacy_request.person_id",
    number="编号",
    kind="要求",
    asked_at="时间",
    outcome="结果",
)
async def _requests(session: AsyncSession, person_id: int) -> Sequence[Row]:
    return [
        {
            "number": each.number,
            "kind": each.kind.label,
            "asked_at": time(each.asked_at),
            "outcome": [f"{line.what}：{line.done}" for line in privacy_requests.lines_of(each)],
        }
        for each in await privacy_requests.list_own(session, person_id)
    ]
