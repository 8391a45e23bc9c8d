"""入会申请 by chat: apply, see how it stands, bring what is missing, take it back. No rule lives here."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.dialogue import answers
from app.dialogue.answers import Accept, More, Refuse, Said
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import application_facts, applications, branches, cases, joining
from app.services.application_facts import DECLARATION, KINDS, Facts
from app.services.applications import Own
from app.services.joining import Listed
from app.wechat.replies import Reply, Text, fit
from handlers import lines
from models import Branch, CaseState, Sex

HERE, UNKNOWN = "here", "unknown"
LEVELS = 4  # of the tree that are asked for, at most
INTRO = "申请加入工会，要填几项资料，工会审核后答复。已经在花名册里的职工不用申请，直接绑定工号就行。"
LISTED = "花名册里已经有您的资料，不用申请，直接绑定工号就是会员。绑定时再核对一次工号、姓名和手机号后四位。"


class Declared(StrEnum):
    YES = "yes"
    NO = "no"

    @property
    def label(self) -> str:
        return "我自愿申请" if self is Declared.YES else "先不申请"


@dataclass(frozen=True)
class Filled(answers.Words):
    """A field of the form, refused as soon as it is wrong."""

    field: str = ""

    def parse(self, said: Said, partial: Any) -> Accept[str] | More | Refuse:
        wrong = application_facts.mistake(self.field, said.text, civil_date(said.at)) if said.text else ""
        return Refuse(f"{wrong}请再发一次。") if wrong else super().parse(said, partial)


def make_router(working_days: int) -> Router:
    """`working_days`: within how many an application is decided."""
    router = Router("joining")

    @router.flow("joining.apply", title="入会申请", version=1, confidential=True)
    async def apply(chat: Chat) -> Reply:
        """Field by field, then the declaration; the only write comes after the last yes."""
        person = chat.person
        await joining.check_may_apply(chat.session, person.person_id, civil_date(chat.at))
        open_one = await applications.find_open(chat.session, person.person_id)
        if open_one is not None:
            return Text(_standing(open_one, chat))
        facts, branch = await _facts(chat)
        declared = await chat.choose("declared", f"请看清楚再选：\n{DECLARATION}", Declared)
        if declared is Declared.NO:
            return Text(f"好的，没有提交，刚才填的很快会删除。想好了随时再来：{lines.JOIN}")
        await chat.confirm("ok", _summary(facts, branch))

        done = await joining.apply(
            chat.session,
            person.person_id,
            person.follower_id,
            facts,
            branch,
            working_days=working_days,
            channel="chat",
            now=chat.at,
        )
        if isinstance(done, Listed):
            return Text(f"{LISTED}\n{lines.BIND}")
        by = [lines.answered_by(done.due_at)] if done.due_at is not None else []
        said = "您已经有一份申请在办理。" if done.again else "已收到您的入会申请。"
        return Text(
            "\n".join([said, lines.number(done.number), *by, f"进度随时可查：{lines.MY_APPLICATION}"])
        )

    router.on("joining.mine", title="我的入会申请", confidential=True)(mine)
    router.flow("joining.supplement", title="补正入会申请", version=1, confidential=True)(supplement)
    router.flow("joining.cancel", title="撤销入会申请", version=1, confidential=True)(cancel)
    return router


async def mine(chat: Chat) -> Reply:
    """The newest with its way so far; older ones by number and state."""
    found = await applications.list_own(chat.session, chat.person.person_id)
    if not found:
        return Text(f"您还没有提交过入会申请。想加入工会，点这里：{lines.JOIN}")
    newest, *older = found
    thread = await cases.list_thread(chat.session, newest.case)
    way = [
        f"{lines.day(entry.created_at)} {entry.to_state.said_to_member}" for entry in thread if entry.to_state
    ]
    more = [f"{own.case.number} {own.case.state.said_to_member}" for own in older]
    return Text(fit("\n".join([_standing(newest, chat), "经过：", *way, *more])))


async def supplement(chat: Chat) -> Reply:
    """What was asked for is read again first."""
    own = await applications.find_open(chat.session, chat.person.person_id)
    if own is None:
        return Text(f"您现在没有正在办理的入会申请。{lines.JOIN}")
    if not own.takes_supplement:
        return Text(f"现在不用补正。\n{_standing(own, chat)}")
    asked = own.mine.answer
    story = await chat.ask(
        "story", f"要补正的：{asked}\n请发文字或图片，可以分几次发，发完回复「完成」。", answers.story
    )
    own = await joining.supplement(
        chat.session, chat.person.person_id, story.parts, channel="chat", now=chat.at
    )
    due_at = own.application.due_at
    by = lines.answered_by(due_at) if due_at is not None and due_at > chat.at else "答复会发到这里。"
    return Text(f"已补到 {own.case.number}，接着审查。\n{by}\n{lines.MY_APPLICATION}")


async def cancel(chat: Chat) -> Reply:
    own = await applications.find_open(chat.session, chat.person.person_id)
    if own is None:
        return Text(f"您现在没有正在办理的入会申请。{lines.JOIN}")
    await chat.confirm("ok", f"确认撤销入会申请 {own.case.number} 吗？撤销后不再审查，以后可以重新申请。")
    case = await joining.cancel(chat.session, chat.person.person_id, channel="chat", now=chat.at)
    return Text(f"{case.number} 已撤销。以后想入会，随时再来：{lines.JOIN}")


# --- parts -------------------------------------------------------------------------------------------------


async def _facts(chat: Chat) -> tuple[Facts, Branch | None]:
    """All fields; what is wrong is asked for again."""
    name = await chat.ask("name", f"{INTRO}\n请发您的姓名，与身份证一致。", Filled(field="name"))
    sex = await chat.choose("sex", "性别？", Sex)
    born = await chat.ask("born_on", "请发出生日期，例如 1985-03-05。", Filled(field="born_on"))
    phone = await chat.ask("phone", "请发本人的手机号。", Filled(field="phone"))
    kind = await chat.choose("kind", "您的人员类别？", {each: each.label for each in KINDS})
    branch = await _branch(chat)
    number = await chat.ask(
        "staff_number",
        "请发工号，工作证、工资条上有。还没有、记不清请回复「跳过」。",
        answers.optional(Filled(field="staff_number")),
    )
    post = await chat.ask(
        "post", "您的岗位？例如 配电运维。不想填请回复「跳过」。", answers.optional(Filled(field="post"))
    )
    given = {
        "name": name,
        "sex": sex.label,
        "born_on": born,
        "phone": phone,
        "kind": kind.label,
        "staff_number": number or "",
        "post": post or "",
    }
    return application_facts.check(given, civil_date(chat.at)), branch


async def _branch(chat: Chat) -> Branch | None:
    """Level by level from the top; who does not know leaves it to the office."""
    found: Branch | None = None
    with chat.within("branch"):
        for level in range(LEVELS):
            below = await _below(chat.session, found)
            if not below:
                return found
            options: dict[str, str] = {each.public_id: each.name for each in below}
            options |= {UNKNOWN: "说不清，请工会来定"} if found is None else {HERE: f"就报{found.name}"}
            chosen = await chat.choose(str(level), "您在哪个分工会、部门？请选一个：", options)
            if chosen in (HERE, UNKNOWN):
                return found
            found = await branches.find_public(chat.session, chosen)
    return found


async def _below(session: AsyncSession, branch: Branch | None) -> list[Branch]:
    """The next choice; where there is only one at the top, what is below it."""
    below = await branches.list_children(session, None if branch is None else branch.id)
    if branch is None and len(below) == 1:
        return list(await branches.list_children(session, below[0].id)) or list(below)
    return list(below)


def _summary(facts: Facts, branch: Branch | None) -> str:
    rows = [
        f"姓名：{facts.name}（{facts.sex.label}）",
        f"出生日期：{facts.born_on.isoformat()}",
        f"手机号：{facts.phone}",
        f"人员类别：{facts.kind.label}",
        f"组织：{branch.way if branch is not None else '请工会来定'}",
        f"工号：{facts.staff_number or '没有填'}",
        f"岗位：{facts.post or '没有填'}",
    ]
    return "\n".join([*rows, "确认提交入会申请吗？"])


def _standing(own: Own, chat: Chat) -> str:
    """State, what was said last, what comes next, what can be done."""
    case, due_at = own.case, own.application.due_at
    rows = [f"入会申请 {case.number}　{case.state.said_to_member}"]
    if case.state in (CaseState.SUPPLEMENT, CaseState.REFUSED):
        rows.append(("要补正的：" if own.takes_supplement else "原因：") + own.mine.answer)
    if due_at is not None:
        late = "答复比说好的晚了，很抱歉，我们在催办。"
        rows.append(lines.answered_by(due_at) if due_at > chat.at else late)
    if own.takes_supplement:
        rows.append(lines.go("补正", "joining.supplement"))
    if own.can_be_withdrawn:
        rows.append(lines.go("撤销申请", "joining.cancel"))
    if case.state in (CaseState.REFUSED, CaseState.CANCELLED):
        rows.append(f"可以重新申请：{lines.JOIN}")
    return "\n".join(rows)
