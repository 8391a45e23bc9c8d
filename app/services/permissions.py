"""Who may do what: the one function that pages, tables, API and jobs ask.

A role gives rights; a grant gives the role for a branch with all below it, or for the whole union. What
belongs to no branch is a matter of the whole union.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import branches
from models import LINEAGE, Branch, Role, Staff, StaffGrant, StaffState


class Right(StrEnum):
    """One thing that somebody may do; the label is what a refusal and the list of roles say."""

    label: str

    def __new__(cls, value: str, label: str) -> "Right":
        right = str.__new__(cls, value)
        right._value_, right.label = value, label
        return right

    DESK_READ = "desk.read", "看留言和人工"
    DESK_ANSWER = "desk.answer", "答复留言和人工"
    LEGAL_READ = "legal.read", "看法律咨询"
    LEGAL_ANSWER = "legal.answer", "办理法律咨询"
    AID_READ = "aid.read", "看法律援助申请"
    AID_DECIDE = "aid.decide", "审查法律援助申请"
    AID_CARRY = "aid.carry", "承办法律援助"
    COUNSEL_READ = "counsel.read", "看心理疏导"
    COUNSEL_ANSWER = "counsel.answer", "办理心理疏导"
    HEALTH_READ = "health.read", "看健康咨询"
    HEALTH_ANSWER = "health.answer", "办理健康咨询"
    CALLERS_WRITE = "callers.write", "代录来电来访"
    COMPLAINTS_READ = "complaints.read", "看投诉建议"
    COMPLAINTS_WORK = "complaints.work", "受理和转办投诉建议"
    COMPLAINTS_LEAD = "complaints.lead", "督办投诉建议、批准延期"
    DEPARTMENT_WORK = "department.work", "办理转给本部门的投诉建议"
    APPOINTMENTS_READ = "appointments.read", "看预约的数量"
    APPOINTMENTS_OWN = "appointments.own", "开放自己的预约时段、接待预约"
    REPORTER_REVEAL = "reporter.reveal", "查看当事人的身份"
    BOARD_READ = "board.read", "看留言板"
    BOARD_MODERATE = "board.moderate", "审核留言板"
    BOARD_ANSWER = "board.answer", "答复留言板的帖子"
    CANNED_USE = "canned.use", "用常用语、管自己的常用语"
    CANNED_EDIT = "canned.edit", "管大家的常用语"
    MEMBERS_READ = "members.read", "看会员名册"
    MEMBERS_REVEAL = "members.reveal", "查看会员的手机号和生日"
    MEMBERS_EDIT = "members.edit", "导入花名册、整理分会"
    MEMBERS_DECIDE = "members.decide", "审批入会和资料变更"
    CUSTOMERS_READ = "customers.read", "看户号登记"
    CUSTOMERS_EDIT = "customers.edit", "导入户号登记"
    PEOPLE_READ = "people.read", "看关注者"
    MESSAGES_READ = "messages.read", "看消息记录"
    MESSAGES_RAW = "messages.raw", "看消息原文"
    MESSAGES_RETRY = "messages.retry", "重新处理消息"
    DELIVERIES_READ = "deliveries.read", "看发送情况"
    DELIVERIES_RETRY = "deliveries.retry", "重新发送"
    NOTICES_READ = "notices.read", "看通知模板"
    NOTICES_EDIT = "notices.edit", "对应通知模板"
    MENUS_READ = "menus.read", "看菜单"
    MENUS_APPLY = "menus.apply", "修改菜单"
    CONTENT_READ = "content.read", "看内容"
    CONTENT_WRITE = "content.write", "写内容"
    CONTENT_CHECK = "content.check", "初审和复审内容"
    CONTENT_STEPS = "content.steps", "设置内容怎样审核"
    CONTENT_PUBLISH = "content.publish", "审核和发布内容"
    CLARIFICATIONS_READ = "clarifications.read", "看辟谣"
    CLARIFICATIONS_WORK = "clarifications.work", "核实传言、写澄清"
    CLARIFICATIONS_PUBLISH = "clarifications.publish", "审批和发布澄清"
    OUTLETS_EDIT = "outlets.edit", "管理外部渠道"
    CAMPAIGNS_READ = "campaigns.read", "看群发"
    CAMPAIGNS_EDIT = "campaigns.edit", "写群发"
    CAMPAIGNS_SEND = "campaigns.send", "审批、暂停和取消群发"
    ACTIVITIES_READ = "activities.read", "看活动"
    ACTIVITIES_EDIT = "activities.edit", "发布和修改活动"
    ACTIVITIES_APPROVE = "activities.approve", "审核活动"
    ACTIVITIES_PEOPLE = "activities.people", "看报名名单"
    ACTIVITIES_CHECK = "activities.check", "给到场的人签到"
    PRIVACY_READ = "privacy.read", "看个人信息请求"
    PRIVACY_WORK = "privacy.work", "办理个人信息请求"
    ALERTS_TAKE = "alerts.take", "接手紧急提醒"
    JOBS_READ = "jobs.read", "看任务"
    STATUS_READ = "status.read", "看运行状态"
    KEYS_ROTATE = "keys.rotate", "更换加密钥匙"
    DUTY_READ = "duty.read", "看值班表"
    DUTY_LEAD = "duty.lead", "排班、看办理情况"
    STAFF_READ = "staff.read", "看工作人员"
    STAFF_EDIT = "staff.edit", "邀请和管理工作人员"
    AUDIT_READ = "audit.read", "看操作记录"
    AUDIT_EXPORT = "audit.export", "导出操作记录"


R = Right
_CONTENT = frozenset({R.CONTENT_READ, R.CONTENT_WRITE})
_CLARIFIES = frozenset({R.CLARIFICATIONS_READ, R.CLARIFICATIONS_WORK})
_FIGURES = frozenset({R.STATUS_READ, R.JOBS_READ})

_COUNSEL = frozenset({R.COUNSEL_READ, R.COUNSEL_ANSWER})
_HEALTH = frozenset({R.HEALTH_READ, R.HEALTH_ANSWER})
_AID_DECIDED = frozenset({R.AID_READ, R.AID_DECIDE, R.CANNED_USE})
# Who carries aid and does not decide about it reads what is assigned to him: `legal_aid_lists`.
_AID_CARRIED = frozenset({R.AID_READ, R.AID_CARRY, R.CANNED_USE})
_DEPARTMENT = frozenset({R.DEPARTMENT_WORK, R.CANNED_USE})
_DOOR = frozenset({R.ACTIVITIES_READ, R.ACTIVITIES_CHECK})
_ADVISER = frozenset({R.APPOINTMENTS_READ, R.APPOINTMENTS_OWN})

# An adviser's matters are read by those of his profession alone: whoever administers the union is not one.
_OF_ROLES: Final[Mapping[Role, frozenset[Right]]] = {
    Role.UNION_ADMIN: frozenset(Right)
    - (_COUNSEL | _HEALTH)
    - {R.LEGAL_READ, R.LEGAL_ANSWER, R.AID_CARRY, R.APPOINTMENTS_OWN, R.KEYS_ROTATE}
    - {R.MESSAGES_RAW, R.AUDIT_EXPORT, R.CONTENT_PUBLISH, R.ACTIVITIES_APPROVE, R.CAMPAIGNS_SEND}
    - {R.CLARIFICATIONS_PUBLISH},
    Role.EDITOR: _CONTENT
    | _CLARIFIES
    | {R.CONTENT_CHECK, R.CAMPAIGNS_READ, R.CAMPAIGNS_EDIT}
    | {R.ACTIVITIES_READ, R.NOTICES_READ, R.MENUS_READ, R.JOBS_READ, R.BOARD_READ, R.BOARD_ANSWER},
    Role.APPROVER: _AID_DECIDED
    | {R.CONTENT_READ, R.CONTENT_CHECK, R.CONTENT_PUBLISH, R.ACTIVITIES_READ, R.ACTIVITIES_APPROVE}
    | {R.JOBS_READ, R.BOARD_READ, R.BOARD_MODERATE, R.CAMPAIGNS_READ, R.CAMPAIGNS_SEND}
    | {R.CLARIFICATIONS_READ, R.CLARIFICATIONS_PUBLISH},
    Role.LAWYER: _AID_CARRIED
    | _ADVISER
    | {R.LEGAL_READ, R.LEGAL_ANSWER, R.CALLERS_WRITE, R.REPORTER_REVEAL}
    | {R.CONTENT_READ, R.JOBS_READ},
    Role.COMPANY_LAWYER: _AID_CARRIED | {R.CONTENT_READ},
    Role.COUNSELLOR: _COUNSEL | _ADVISER | {R.REPORTER_REVEAL, R.ALERTS_TAKE, R.CANNED_USE, R.CONTENT_READ},
    Role.DOCTOR: _HEALTH | _ADVISER | {R.REPORTER_REVEAL, R.CANNED_USE, R.CONTENT_READ},
    Role.ORGANISER: _DOOR | {R.ACTIVITIES_EDIT, R.ACTIVITIES_PEOPLE, R.CONTENT_READ, R.JOBS_READ},
    Role.CHECKER: _DOOR,
    Role.COMPLAINTS: _DEPARTMENT | {R.COMPLAINTS_READ, R.COMPLAINTS_WORK, R.REPORTER_REVEAL},
    Role.HANDLER: _DEPARTMENT,
    Role.DISPATCHER: frozenset({R.CUSTOMERS_READ, R.CUSTOMERS_EDIT, R.CONTENT_READ, R.JOBS_READ}),
    Role.TRAINER: _CONTENT | {R.ACTIVITIES_READ, R.JOBS_READ},
    Role.AUDITOR: _FIGURES | {R.AUDIT_READ, R.AUDIT_EXPORT, R.STAFF_READ, R.PRIVACY_READ},
    Role.OPERATOR: _FIGURES
    | {R.MENUS_READ, R.MENUS_APPLY, R.NOTICES_READ, R.NOTICES_EDIT, R.KEYS_ROTATE, R.STAFF_READ}
    | {R.MESSAGES_READ, R.MESSAGES_RAW, R.MESSAGES_RETRY, R.DELIVERIES_READ, R.DELIVERIES_RETRY}
    | {R.PEOPLE_READ, R.CONTENT_READ, R.CONTENT_STEPS},
    Role.LEAD: frozenset({R.DUTY_LEAD}),  # of the rooms in which he answers himself: `duty_rooms.leads`
}
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    role: rights | {R.DUTY_READ} for role, rights in _OF_ROLES.items()
}
# Of what these are about nothing belongs to a branch: a role that was given for one gives none of them.
OF_THE_UNION: Final[frozenset[Right]] = frozenset(
    {R.CUSTOMERS_READ, R.CUSTOMERS_EDIT, R.NOTICES_EDIT, R.MENUS_APPLY, R.STATUS_READ, R.KEYS_ROTATE}
    | {R.CALLERS_WRITE, R.DUTY_LEAD, R.COMPLAINTS_READ, R.COMPLAINTS_WORK, R.COMPLAINTS_LEAD}
    | {R.MESSAGES_READ, R.MESSAGES_RAW, R.MESSAGES_RETRY, R.DELIVERIES_READ, R.DELIVERIES_RETRY}
    | {R.BOARD_READ, R.BOARD_MODERATE, R.BOARD_ANSWER}
    | {R.CAMPAIGNS_READ, R.CAMPAIGNS_EDIT, R.CAMPAIGNS_SEND}
    | _CLARIFIES
    | {R.CLARIFICATIONS_PUBLISH}
    | _ADVISER
)
# Who may give a role in the console; the others are given by `gonghui staff` on the server alone.
_GIVEN_BY_ADMINS = frozenset(Role) - {Role.OPERATOR, Role.AUDITOR}


class Forbidden(DomainError):
    status = 403

    def __init__(self, right: Right) -> None:
        super().__init__(f"您的角色不能「{right.label}」。需要的话，请联系工会管理员。")
        self.right = right


@dataclass(frozen=True, slots=True)
class Grant:
    role: Role
    branch_id: int | None = None  # None: for the whole union
    branch: str = ""  # its lineage
    branch_ids: frozenset[int] = frozenset()  # the branch and all below it

    @property
    def label(self) -> str:
        where = f"（{self.branch.replace(LINEAGE, ' › ')}）" if self.branch else ""
        return f"{self.role.label}{where}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which branches somebody may do a thing."""

    everything: bool
    branch_ids: frozenset[int] = field(default_factory=frozenset)
    against_company: bool = True  # false for the company's own lawyers: `case_conflicts.within`

    def covers(self, branch_id: int | None) -> bool:
        return self.everything or branch_id in self.branch_ids

    def holds(self, column: Any) -> sa.ColumnElement[bool]:
        """As a condition on a column of branch ids."""
        return sa.true() if self.everything else column.in_(self.branch_ids)

    def __bool__(self) -> bool:
        return self.everything or bool(self.branch_ids)


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody of staff is, when asked."""

    staff_id: int
    name: str
    grants: tuple[Grant, ...] = ()

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)


def scope(standing: Standing, right: Right) -> Scope:
    """Of which branches `standing` may do this; false where of none."""
    found = [grant for grant in standing.grants if right in RIGHTS[grant.role]]
    is_outside = Role.COMPANY_LAWYER not in standing.roles
    if any(grant.branch_id is None for grant in found):
        return Scope(everything=True, against_company=is_outside)
    reached: frozenset[int] = frozenset()
    if right not in OF_THE_UNION:
        reached = reached.union(*(grant.branch_ids for grant in found))
    return Scope(everything=False, branch_ids=reached, against_company=is_outside)


ANYWHERE: Final = "anywhere"


def may(standing: Standing, right: Right, branch_id: int | str | None = ANYWHERE) -> bool:
    """Whether `standing` may do this with what belongs to the branch; without one, with anything at all.

    None is what belongs to no branch.
    """
    found = scope(standing, right)
    return bool(found) if isinstance(branch_id, str) else found.covers(branch_id)


def demand(standing: Standing, right: Right, branch_id: int | str | None = ANYWHERE) -> None:
    """Raises: Forbidden."""
    if not may(standing, right, branch_id):
        raise Forbidden(right)


def may_give(standing: Standing, role: Role, branch_id: int | None) -> bool:
    """Whether `standing` may give this role for this branch, or for the whole union where that is None.

    Nobody makes another an administrator of as much as he administers himself.
    """
    if role not in _GIVEN_BY_ADMINS or not may(standing, Right.STAFF_EDIT, branch_id):
        return False
    own = {grant.branch_id for grant in standing.grants if grant.role is Role.UNION_ADMIN}
    return role is not Role.UNION_ADMIN or branch_id not in own


async def standing_of(session: AsyncSession, staff: Staff) -> Standing:
    """What this person of staff may at this moment: nothing, once out of service or not in it yet."""
    is_working = staff.state is StaffState.ACTIVE
    return Standing(staff.id, staff.name, await grants_of(session, staff.id) if is_working else ())


async def list_able(
    session: AsyncSession, right: Right, branch_id: int | str | None = ANYWHERE
) -> list[Staff]:
    """Who of staff in service may do this for a branch, for what belongs to none, or anywhere; by name."""
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    chosen = sa.select(Staff, StaffGrant.role, Branch).join(StaffGrant, StaffGrant.staff_id == Staff.id)
    chosen = chosen.outerjoin(Branch, Branch.id == StaffGrant.branch_id)
    chosen = chosen.where(Staff.state == StaffState.ACTIVE, StaffGrant.role.in_(roles))
    granted: dict[Staff, tuple[Grant, ...]] = await _granted(session, chosen.order_by(Staff.name, Staff.id))
    return [
        staff
        for staff, grants in granted.items()
        if may(Standing(staff.id, staff.name, grants), right, branch_id)
    ]


async def grants_of(session: AsyncSession, staff_id: int) -> tuple[Grant, ...]:
    """What somebody was given, with the branches it reaches today."""
    return (await grants_of_all(session, (staff_id,))).get(staff_id, ())


async def grants_of_all(session: AsyncSession, staff_ids: Collection[int]) -> Mapping[int, tuple[Grant, ...]]:
    """The same of several; who was given nothing is left out."""
    chosen = sa.select(StaffGrant.staff_id, StaffGrant.role, Branch)
    chosen = chosen.outerjoin(Branch, Branch.id == StaffGrant.branch_id)
    return await _granted(session, chosen.where(StaffGrant.staff_id.in_(staff_ids)).order_by(StaffGrant.id))


async def _granted(session: AsyncSession, chosen: sa.Select[Any, Any, Any]) -> dict[Any, tuple[Grant, ...]]:
    """Of rows that say who, which role and for which branch: what each was given, in their order."""
    found: dict[Any, list[Grant]] = {}
    for who, role, branch in (await session.execute(chosen)).all():
        found.setdefault(who, []).append(await _grant(session, role, branch))
    return {who: tuple(grants) for who, grants in found.items()}


async def _grant(session: AsyncSession, role: Role, branch: Branch | None) -> Grant:
    if branch is None:
        return Grant(role)
    return Grant(role, branch.id, branch.lineage, frozenset(await branches.ids_below(session, branch)))
