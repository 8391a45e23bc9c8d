"""户号: a customer binds electricity accounts, proves one his, names it, says where it lies, unbinds it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.clock import spoken
from app.dialogue import answers
from app.dialogue.answers import Accept, Refuse, Said
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import DomainError
from app.services import customer_accounts
from app.services.customer_accounts import NICKNAME, Fact, called
from app.services.guesses import NotFitting
from app.services.purposes import ACCOUNTS
from app.wechat.replies import Reply, Text, fit
from handlers import consenting, lines
from models import AccountBinding

router = Router("accounts")

LISTED = 8
UNKNOWN: Final = ""  # the area, to who does not know it
NONE = "您还没有绑定户号。绑定后按片区收通知，核实后能看到它的资料："
NUMBER = "请发户号（10 位或 13 位数字，在电费单、缴费短信里）。"
REFUSED = f"好的，没有绑定，什么也没有记下。改主意了随时再来：{lines.BIND_ACCOUNT}"
NAME = "起个名称，好分清是哪一户，例如 老家、店里。不起名请回复「跳过」。"


class Way(StrEnum):
    OWNER = "owner"
    PHONE = "phone"
    LATER = "later"

    @property
    def label(self) -> str:
        return _WAYS[self]


_WAYS = {Way.OWNER: "户名", Way.PHONE: "登记手机号的后四位", Way.LATER: "先不核实"}


@dataclass(frozen=True)
class _Number:
    """An account's number as we keep it."""

    def parse(self, said: Said, partial: Any) -> Accept[str] | Refuse:
        try:
            return Accept(customer_accounts.written(said.text))
        except DomainError as refusal:
            return Refuse(refusal.message)

    def dump(self, value: str) -> Any:
        return value

    def load(self, stored: Any) -> str:
        return str(stored)


@router.flow("accounts.bind", title="绑定户号", version=1)
async def bind(chat: Chat) -> Reply:
    """Number, name, and one fact or where it lies; the only writes come after the last question."""
    session, who = chat.session, chat.person.person_id
    await customer_accounts.check_may_bind(session, who)
    if not await consenting.agreed(chat, ACCOUNTS):
        return Text(REFUSED)
    number = await chat.ask("number", NUMBER, _Number())
    own = await customer_accounts.find_by_number(session, who, number)
    if own is not None:
        return Text("\n".join(["这个户号您已经绑定了。", *await _standing(chat, own)]))
    nickname = await chat.ask("nickname", NAME, answers.optional(answers.Words(at_most=NICKNAME)))
    fact, area = None, None
    if chat.remember("may_verify", await customer_accounts.may_verify(session, who, chat.at)):
        fact = await _fact(chat, "现在核实是您家的吗？选一样：", Way)
    if fact is None:
        area = await _area(chat)

    row = await customer_accounts.bind(
        session, who, number, nickname=nickname or "", area=area, channel="chat", now=chat.at
    )
    if fact is None:
        said = "已绑定，还没有核实，只按片区收通知。"
        return Text("\n".join([said, *await _standing(chat, row)]))
    return await _verified(chat, row, fact, "已绑定，核实成功。", "已绑定，但")


@router.on("accounts.show", title="我的户号")
async def show(chat: Chat) -> Reply:
    rows = await customer_accounts.list_own(chat.session, chat.person.person_id)
    if not rows:
        return Text(f"{NONE}{lines.BIND_ACCOUNT}")
    if len(rows) == 1:
        return Text("\n".join(await _standing(chat, rows[0])))
    listed = [
        f"{lines.go(called(each), 'accounts.one', account=each.public_id)} {each.state.label}"
        for each in rows[:LISTED]
    ]
    more = [f"还有 {len(rows) - LISTED} 个，在菜单「我的」里看。"] if len(rows) > LISTED else []
    return Text(fit("\n".join(["您的户号，点名称看详情：", *listed, *more, lines.BIND_ACCOUNT])))


@router.on("accounts.one", title="看一个户号", args=("account",))
async def one(chat: Chat) -> Reply:
    """One's own only: the id may be tapped, and anybody can make one up."""
    row = await customer_accounts.get_own(chat.session, chat.person.person_id, chat.args.get("account", ""))
    return Text("\n".join(await _standing(chat, row)))


@router.flow("accounts.verify", title="核实户号", version=1, args=("account",))
async def verify(chat: Chat) -> Reply:
    """One fact more; what did not fit is never said, and tries are counted."""
    row = await _chosen(chat, "要核实哪一个？", lambda each: not each.is_verified)
    if row is None:
        return await show(chat)
    if row.is_verified:
        return Text("\n".join(["这个户号已经核实过了。", *await _standing(chat, row)]))
    await customer_accounts.check_may_verify(chat.session, chat.person.person_id, chat.at)
    ways = {way: way.label for way in (Way.OWNER, Way.PHONE)}
    fact = await _fact(chat, f"核实{called(row)}，选一样：", ways)
    assert fact is not None
    return await _verified(chat, row, fact, "核实成功。", "")


@router.flow("accounts.rename", title="户号改名", version=1, args=("account",))
async def rename(chat: Chat) -> Reply:
    row = await _chosen(chat, "要给哪一个改名？", lambda each: True)
    if row is None:
        return await show(chat)
    prompt = f"{called(row)}改成什么名称？最多 {NICKNAME} 个字，例如 老家。去掉名称请回复「跳过」。"
    nickname = await chat.ask("nickname", prompt, answers.optional(answers.Words(at_most=NICKNAME)))
    row = await customer_accounts.rename(chat.session, chat.person.person_id, row.public_id, nickname or "")
    return Text("\n".join(["已改名。", *await _standing(chat, row)]))


@router.flow("accounts.area", title="户号选片区", version=1, args=("account",))
async def area(chat: Chat) -> Reply:
    row = await _chosen(chat, "要给哪一个选片区？", lambda each: not each.is_verified)
    if row is None:
        return await show(chat)
    chosen = await _area(chat)
    row = await customer_accounts.choose_area(
        chat.session, chat.person.person_id, row.public_id, chosen, now=chat.at
    )
    return Text("\n".join(["已记下。", *await _standing(chat, row)]))


@router.flow("accounts.unbind", title="解绑户号", version=1, args=("account",))
async def unbind(chat: Chat) -> Reply:
    row = await _chosen(chat, "要解绑哪一个？", lambda each: True)
    if row is None:
        return await show(chat)
    name = called(row)
    await chat.confirm("ok", f"解绑{name}吗？解绑后不再按它的片区收通知，也看不到它的资料。")
    await customer_accounts.unbind(chat.session, chat.person.person_id, row.public_id, now=chat.at)
    return Text(f"已解绑{name}。需要时可以再绑定：{lines.BIND_ACCOUNT}")


# --- parts -------------------------------------------------------------------------------------------------


async def _chosen(chat: Chat, prompt: str, fits: Callable[[AccountBinding], bool]) -> AccountBinding | None:
    """The one that was tapped; else the only one that fits, or the choice between several."""
    session, who = chat.session, chat.person.person_id
    if chat.args.get("account"):
        return await customer_accounts.get_own(session, who, chat.args["account"])
    rows = await customer_accounts.list_own(session, who)
    offered = chat.remember("offered", [each.public_id for each in rows if fits(each)])
    if not offered:
        return None
    options = {each.public_id: called(each) for each in rows if each.public_id in offered}
    chosen = offered[0] if len(offered) == 1 else await chat.choose("account", prompt, options)
    return await customer_accounts.get_own(session, who, chosen)


async def _fact(chat: Chat, prompt: str, ways: type[Way] | Mapping[Way, str]) -> Fact | None:
    """What the person knows of the account; None to who will say it later."""
    way = await chat.choose("way", prompt, ways)
    if way is Way.OWNER:
        name = await chat.ask("owner", "请发户名，和电费单上的一样。", answers.Words(at_most=100))
        return Fact(name=name)
    if way is Way.PHONE:
        end = await chat.ask("phone", "请发登记手机号的后四位。", answers.Digits(4))
        return Fact(phone_end=end)
    return None


async def _area(chat: Chat) -> str | None:
    areas = await customer_accounts.list_areas(chat.session)
    if not areas:
        return None
    options = {**{each: each for each in areas}, UNKNOWN: "不清楚"}
    return await chat.choose("area", "在哪个片区？", options) or None


async def _verified(chat: Chat, row: AccountBinding, fact: Fact, done: str, before: str) -> Reply:
    """Compare, and say how it went."""
    found = await customer_accounts.verify(
        chat.session, chat.person.person_id, row.public_id, fact, now=chat.at
    )
    if not isinstance(found, NotFitting):
        return Text("\n".join([done, *await _standing(chat, found.binding)]))
    way = Way.PHONE if fact.phone_end else Way.OWNER
    words = f"{before}{called(row)}的{way.label}对不上，还没有核实。"
    if not found.tries_left:
        more = "今天不能再试了，请明天再来，或回复「人工」请工作人员核对。"
        return Text(f"{words}\n{more}\n{lines.MY_ACCOUNTS}")
    again = lines.go("再核实一次", "accounts.verify", account=row.public_id)
    return Text(f"{words}\n今天还可以试 {found.tries_left} 次：{again}\n{lines.MY_ACCOUNTS}")


async def _standing(chat: Chat, row: AccountBinding) -> list[str]:
    """How one account stands and what one can do, the way out last."""
    (seen,) = await customer_accounts.shown(chat.session, [row])
    facts = [f"{called(row)}　{row.state.label}"]
    if row.shown_area:
        facts.append(f"片区：{row.shown_area}")
    if row.is_verified:
        facts += [f"户名：{seen.owner}"] if seen.owner else []
        facts += [f"地址：{seen.address}"] if seen.address else []
        if row.verified_at is not None:
            facts.append(f"{spoken(row.verified_at, chat.at)}核实")
    doors = [("改名", "accounts.rename"), ("解绑", "accounts.unbind")]
    if not row.is_verified:
        doors = [("核实", "accounts.verify"), ("选片区", "accounts.area"), *doors]
    taps = "　".join(lines.go(label, name, account=row.public_id) for label, name in doors)
    return [*facts, taps, lines.BIND_ACCOUNT]
