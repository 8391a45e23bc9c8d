"""我的隐私: what somebody agreed to, and taking it back; the rest about one's data is on the portal."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import consents, purposes, withdrawing
from app.services.consents import Standing
from app.wechat.replies import Reply, Text
from handlers import lines

WITHDRAW = lines.go("撤回同意", "privacy.withdraw")


def make_router(public_url: str) -> Router:
    """`public_url`: where the pages are."""
    router = Router("privacy")

    @router.on("privacy.show", title="我的隐私", confidential=True)
    async def show(chat: Chat) -> Reply:
        """Confidential: what somebody agreed to tells what he asked for."""
        standing = [each for each in await _own(chat) if each.stands]
        if standing:
            said = ["您同意过：" + "、".join(each.purpose.title for each in standing) + f"。{WITHDRAW}"]
        else:
            said = ["现在没有需要您同意的事。"]
        return Text(
            "\n".join(
                [
                    *said,
                    f'<a href="{public_url}/me/privacy">查看、导出、更正、删除自己的资料，或者注销</a>',
                    f'<a href="{public_url}/privacy">我们为什么用、用哪些、保存多久</a>',
                ]
            )
        )

    @router.flow("privacy.withdraw", title="撤回同意", version=1, confidential=True)
    async def withdraw(chat: Chat) -> Reply:
        """Which one, what it does, and then at once."""
        titles = {each.purpose.key: each.purpose.title for each in await _own(chat) if each.stands}
        if not titles:
            return Text("现在没有可以撤回的同意。")
        purpose = purposes.get(await chat.choose("purpose", "要撤回哪一项？", titles))
        await chat.confirm("ok", f"撤回「{purpose.title}」的同意吗？{purpose.withdrawing}")
        await withdrawing.withdraw(chat.session, chat.person.person_id, purpose, channel="chat", now=chat.at)
        return Text(f"「{purpose.title}」的同意已撤回，现在就生效。以前办过的事不受影响。")

    return router


async def _own(chat: Chat) -> list[Standing]:
    return list(await consents.list_own(chat.session, chat.person.person_id))
