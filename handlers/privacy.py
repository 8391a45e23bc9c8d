"""我的隐私: what somebody agreed to, and taking it back; the rest about one's data is on the portal."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import consents, purposes, withdrawing
from app.services.consents import Standing
from app.wechat.replies import Reply, Text
from handlers import lines
from handlers.consenting import agreed

WITHDRAW = lines.go("撤回同意", "privacy.withdraw")
RENEW = lines.go("看新的说明", "privacy.renew")


def make_router(public_url: str) -> Router:
    """`public_url`: where the pages are."""
    router = Router("privacy")

    @router.on("privacy.show", title="我的隐私", confidential=True)
    async def show(chat: Chat) -> Reply:
        """Confidential: what somebody agreed to tells what he asked for."""
        own = await _own(chat)
        standing, outdated = [e for e in own if e.stands], [e for e in own if e.is_outdated]
        said = []
        if outdated:
            said += [f"{_named(outdated)}的说明有更新，请您看看再决定：{RENEW}　{WITHDRAW}"]
        if standing:
            said += ["您同意过：" + "、".join(e.purpose.title for e in standing) + f"。{WITHDRAW}"]
        return Text(
            "\n".join(
                [
                    *(said or ["现在没有需要您同意的事。"]),
                    f'<a href="{public_url}/me/privacy">查看、导出、更正、删除自己的资料，或者注销</a>',
                    f'<a href="{public_url}/privacy">我们为什么用、用哪些、保存多久</a>',
                ]
            )
        )

    @router.flow("privacy.withdraw", title="撤回同意", version=1, confidential=True)
    async def withdraw(chat: Chat) -> Reply:
        """Which one, what it does, and then at once."""
        titles = {each.purpose.key: each.purpose.title for each in await _own(chat) if each.may_withdraw}
        if not titles:
            return Text("现在没有可以撤回的同意。")
        purpose = purposes.get(await chat.choose("purpose", "要撤回哪一项？", titles))
        await chat.confirm("ok", f"撤回「{purpose.title}」的同意吗？{purpose.withdrawing}")
        await withdrawing.withdraw(chat.session, chat.person.person_id, purpose, channel="chat", now=chat.at)
        return Text(f"「{purpose.title}」的同意已撤回，现在就生效。以前办过的事不受影响。")

    @router.flow("privacy.renew", title="看新的说明", version=1, confidential=True)
    async def renew(chat: Chat) -> Reply:
        """Which one, what it says now, and yes or no; no leaves it for him to take back."""
        titles = {each.purpose.key: each.purpose.title for each in await _own(chat) if each.is_outdated}
        if not titles:
            return Text("现在没有更新过的说明。")
        purpose = purposes.get(await chat.choose("purpose", "要看哪一项？", titles))
        if not await agreed(chat, purpose):
            return Text(f"好的，新的说明您没有同意。「{purpose.title}」不想继续了，可以{WITHDRAW}。")
        await consents.renew(chat.session, chat.person.person_id, purpose, channel="chat", now=chat.at)
        return Text(f"「{purpose.title}」新的说明，您已经同意。随时可以{WITHDRAW}。")

    return router


def _named(standing: list[Standing]) -> str:
    return "、".join(f"「{each.purpose.title}」" for each in standing)


async def _own(chat: Chat) -> list[Standing]:
    return list(await consents.list_own(chat.session, chat.person.person_id))
