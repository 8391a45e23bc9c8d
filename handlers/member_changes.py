"""资料变更 by chat: another phone number, how a request stands, taking it back, and objecting to one."""

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import binding_claims, member_changes, member_words, members
from app.wechat.replies import Reply, Text
from handlers import lines

router = Router("membership")


@router.flow("membership.change_phone", title="换手机号", version=1, confidential=True)
async def change_phone(chat: Chat) -> Reply:
    own = await members.find_of_person(chat.session, chat.person.person_id)
    if own is None:
        return Text(f"绑定工号以后才能改。手机号换了，绑定时可以用出生日期核对：{lines.BIND}")
    known = f"花名册里是 {member_words.mask_phone(own.phone)}。" if own.phone else ""
    phone = await chat.ask("phone", f"{known}请发新的手机号。", answers.phone)
    await chat.confirm("ok", f"申请把花名册里的手机号改成 {phone}，工作人员核对后生效。确认吗？")
    asked = await member_changes.ask_phone(
        chat.session,
        chat.person.person_id,
        chat.person.follower_id,
        phone,
        channel="chat",
        now=chat.at,
    )
    said = "已换成这个新号码，还是原来那件申请。" if asked.again else "已提交。"
    return Text("\n".join([said, lines.number(asked.number), *_by(asked)]))


@router.on("membership.changes", title="我的变更申请", confidential=True)
async def changes(chat: Chat) -> Reply:
    found = await member_changes.list_own(chat.session, chat.person.person_id)
    if not found:
        return Text(f"没有变更申请。{lines.CHANGE_PHONE}")
    rows = []
    for own in found:
        undo = (
            "　" + lines.go("撤销", "membership.withdraw_change", number=own.case.number)
            if own.is_open
            else ""
        )
        rows.append(
            f"{own.case.number} {own.change.what.label}，{lines.day(own.case.opened_at)}，"
            f"{own.case.state.said_to_member}{undo}"
        )
    return Text("\n".join(["您的变更申请：", *rows]))


@router.on("membership.withdraw_change", title="撤销变更申请", args=("number",), confidential=True)
async def withdraw_change(chat: Chat) -> Reply:
    """One's own only; anybody can make up a number."""
    case = await member_changes.cancel(
        chat.session,
        chat.person.person_id,
        chat.args.get("number") or chat.text,
        channel="chat",
        now=chat.at,
    )
    return Text(f"{case.number} 已撤销。")


@router.on("membership.object", title="不是我申请的", confidential=True)
async def object_to(chat: Chat) -> Reply:
    stopped = await binding_claims.object_to(chat.session, chat.person.person_id, channel="chat", now=chat.at)
    if not stopped:
        return Text("现在没有人申请换走您的绑定。")
    return Text(
        "已记下您的异议。您的绑定不变，工作人员会请对方当面核对身份。\n有情况要说明，请回复「人工」。"
    )


def _by(asked: member_changes.Asked) -> list[str]:
    return [lines.answered_by(asked.due_at)] if asked.due_at is not None else []
