"""留言板 by chat: the newest posts with links, and a post of one's own; pictures are added on the page."""

from app.dialogue import answers
from app.dialogue.answers import Accept, More, Refuse, Said
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import board, board_lists, board_rows, board_wording
from app.services.board_wording import NICKNAME, TEXT, TITLE, shown_name
from app.wechat.replies import Reply, Text, fit
from handlers import lines
from models import BoardName, BoardTopic

LISTED = 6
TITLE_SHOWN = 24  # characters
POST = lines.go("我要发帖", "board.post")


class Nickname(answers.Words):
    """A name that nobody takes for the union."""

    def parse(self, said: Said, partial: object) -> Accept[str] | More | Refuse:
        found = super().parse(said, partial)
        if isinstance(found, Accept) and (wrong := board_wording.wrong_nickname(found.value)):
            return Refuse(wrong)
        return found


def make_router(public_url: str) -> Router:
    router = Router("board")

    @router.on("board.latest", title="留言板")
    async def latest(chat: Chat) -> Reply:
        page = await board_lists.list_public(chat.session, limit=LISTED)
        posts = [*page.pinned, *page.posts][:LISTED]
        whole = _link("看全部、搜索", f"{public_url}/board")
        if not posts:
            return Text(f"留言板还没有帖子，您来写第一条：{POST}")
        rows = [
            f"{_link(lines.short(each.title, TITLE_SHOWN), f'{public_url}/board/{each.public_id}')}"
            f"（{each.name}{'，有答复' if each.answered_at else ''}）"
            for each in posts
        ]
        return Text(fit("\n".join(["留言板，点标题看全文：", *rows, f"{whole}　{POST}"])))

    # Confidential, since most choose not to be named.
    @router.flow("board.post", title="我要发帖", version=1, confidential=True)
    async def post(chat: Chat) -> Reply:
        """What about, what, under which name; the only writes come after the last question."""
        member = await board.check_may_write(chat.session, chat.person.person_id, chat.at)
        topic = await chat.choose("topic", "帖子公开前由工作人员审核。您想说哪方面的事？", BoardTopic)
        title = await chat.ask("title", f"请发一个标题，{TITLE} 个字以内。", answers.Words(at_most=TITLE))
        text = await chat.ask(
            "text",
            f"请发内容，{TEXT} 个字以内。不要写别人的姓名、电话和隐私。",
            answers.Words(at_most=TEXT),
        )
        naming = await chat.choose("naming", "公开时显示什么名字？", BoardName)
        nickname = ""
        if naming is BoardName.NICKNAME:
            nickname = await chat.ask(
                "nickname", f"请发昵称，{NICKNAME} 个字以内。", Nickname(at_most=NICKNAME)
            )
        words = board_wording.checked(topic.value, title, text, naming.value, nickname)
        await chat.confirm(
            "ok",
            f"话题：{topic.label}\n标题：{words.title}\n内容：{lines.short(words.text, 60)}\n"
            f"署名：{shown_name(words.naming, words.nickname, member)}\n确认提交审核吗？",
        )

        made = await board.submit(chat.session, chat.person.person_id, words, channel="chat", now=chat.at)
        address = board_rows.address_of(made, chat.person.person_id)
        own = _link("看我的帖子、加图片", f"{public_url}/board/mine/{address}")
        return Text(f"已收到，工作人员看过以后公开，结果会告诉您。\n没有审核前可以改：{own}")

    return router


def _link(label: str, address: str) -> str:
    """`label` are somebody's words: nothing in them may end the link."""
    closed = label.replace("<", "＜").replace(">", "＞").replace("&", "＆")
    return f'<a href="{address}">{closed}</a>'
