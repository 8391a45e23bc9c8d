"""会员绑定: a follower shows who he is in the roster, looks at what it says, or takes the binding back."""

from enum import StrEnum

from app.clock import civil_date
from app.dialogue import answers, dates
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import binding, member_changes, members
from app.services.binding import Bound, Proof, Taken
from app.services.binding_claims import OBJECTION_FOR
from app.services.guesses import NotFitting
from app.services.member_changes import Asked
from app.services.purposes import MEMBERSHIP
from app.wechat.replies import Reply, Text
from handlers import consenting, lines
from models import Member

router = Router("membership")

NUMBER = "请发您的工号（工作证、工资条上有）。"
REFUSED = f"好的，没有绑定，什么也没有记下。改主意了随时再来：{lines.BIND}"

MOVING = "换了微信号，先核对是您本人。\n请发您的工号（工作证、工资条上有）。"
TAKEN = (
    "这个工号已经绑定了另一个微信号。是您本人换了微信，可以申请把绑定换到这里："
    f"会先告诉原来的微信号，{OBJECTION_FOR.days} 天里没有异议，工作人员核对后换好。\n"
    "不是您换了微信，请选「取消」，再回复「人工」说明。申请换到这里吗？"
)


class Fact(StrEnum):
    PHONE = "phone"
    BIRTH = "birth"

    @property
    def label(self) -> str:
        return "单位登记的手机号后四位" if self is Fact.PHONE else "出生日期"


@router.flow("membership.bind", title="会员绑定", version=2)
async def bind(chat: Chat) -> Reply:
    """Number, name and one more fact; what did not fit is never said, and tries are counted."""
    return await _bind(chat, NUMBER)


@router.flow("membership.move_here", title="换微信号", version=1)
async def move_here(chat: Chat) -> Reply:
    """The same questions: where the number is bound elsewhere, it may be asked for."""
    return await _bind(chat, MOVING)


async def _bind(chat: Chat, first: str) -> Reply:
    person = chat.person
    own = await members.find_of_person(chat.session, person.person_id)
    if own is not None:
        return Text("\n".join(["您已经绑定了。", *_standing(own, chat)]))
    await binding.check_may_bind(chat.session, person.person_id, chat.at)
    if not await consenting.agreed(chat, MEMBERSHIP):
        return Text(REFUSED)
    fact, proof = await _proof(chat, first)
    found: Bound | NotFitting | Taken | Asked = await binding.bind(
        chat.session, person.person_id, proof, channel="chat", now=chat.at
    )
    if isinstance(found, Taken):
        await chat.confirm("move", TAKEN)
        found = await member_changes.ask_move(
            chat.session, person.person_id, person.follower_id, proof, channel="chat", now=chat.at
        )
    match found:
        case NotFitting():
            return Text(_did_not_fit(fact, found.tries_left))
        case Asked():
            return Text(_asked(found))
    done = "绑定成功。会员菜单这就换好，退出公众号再进来就能看到。"
    return Text("\n".join([done, *_standing(found.member, chat)]))


async def _proof(chat: Chat, first: str) -> tuple[Fact, Proof]:
    number = await chat.ask("number", first, answers.Words(at_most=32))
    name = await chat.ask("name", "请发您的姓名。", answers.Words(at_most=40))
    fact = await chat.choose("fact", "再核对一项，请选一个：", Fact)
    if fact is Fact.PHONE:
        end = await chat.ask("phone", "请发手机号后四位。", answers.Digits(4))
        return fact, Proof(number, name, phone_end=end)
    born = await chat.ask("born", "请发出生日期，例如 1985-03-05。", dates.birth_date)
    return fact, Proof(number, name, born_on=born)


@router.on("membership.show", title="我的会员信息")
async def show(chat: Chat) -> Reply:
    own = await members.find_of_person(chat.session, chat.person.person_id)
    if own is None:
        return Text(
            f"您还没有绑定工号。绑定后可以看到会员菜单：{lines.BIND}\n还不是会员，可以申请：{lines.JOIN}"
        )
    return Text("\n".join(_standing(own, chat)))


@router.flow("membership.unbind", title="解除绑定", version=1)
async def unbind(chat: Chat) -> Reply:
    own = await members.find_of_person(chat.session, chat.person.person_id)
    if own is None:
        return Text(f"您没有绑定工号。{lines.BIND}")
    await chat.confirm(
        "ok",
        f"解除工号 {own.staff_number} 的绑定吗？解除后看不到会员菜单；您的报名、留言和咨询都还在。",
    )
    await binding.unbind(chat.session, chat.person.person_id, channel="chat", now=chat.at)
    return Text(f"已解除绑定。需要时可以再绑定：{lines.BIND}")


def _standing(member: Member, chat: Chat) -> list[str]:
    facts = [
        f"{member.name}，工号 {member.staff_number}",
        member.branch.way,
        " · ".join(each for each in (member.kind.label, member.post) if each),
    ]
    if member.has_left(civil_date(chat.at)):
        facts.append("花名册里您已经离开，会员的菜单和活动不再对您开放。有疑问请回复「人工」。")
    return [*facts, f"资料不对请回复「人工」。　{lines.CHANGE_PHONE}　{lines.UNBIND}"]


def _asked(asked: Asked) -> str:
    said = "您已经申请过了，正在办理。" if asked.again else "已提交。"
    by = [lines.answered_by(asked.due_at)] if asked.due_at is not None else []
    return "\n".join([said, lines.number(asked.number), *by])


def _did_not_fit(fact: Fact, tries_left: int) -> str:
    words = f"工号、姓名和{fact.label}对不上，请核对后再试。"
    if not tries_left:
        return f"{words}今天不能再试了，请明天再来，或回复「人工」请工作人员核对。"
    return f"{words}今天还可以试 {tries_left} 次：{lines.BIND}"
