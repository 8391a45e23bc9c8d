"""What the first talks with a counsellor and with a doctor have in common. No rule lives here."""

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.services.care import Brought
from app.services.care_facts import Intake, Wanted
from app.wechat.replies import Reply, Text
from handlers import lines
from handlers.care import urgent_lines
from models import CaseKind

NAME = answers.optional(answers.Words(at_most=20))
EXCERPT = 40  # characters of one's own story


async def ask_name(chat: Chat, adviser: str) -> str:
    """Any name somebody wants to go by; empty for none."""
    prompt = f"{adviser}怎么称呼您？不用真名，不想写请回复「跳过」。"
    return await chat.ask("called", prompt, NAME) or ""


async def ask_how(chat: Chat, adviser: str) -> tuple[Wanted, str]:
    """In words or by a call; the number is asked only where a call is wanted."""
    wanted = await chat.choose("wanted", f"希望{adviser}怎么回您？", Wanted)
    if wanted is Wanted.WORDS:
        return wanted, ""
    contact = await chat.ask(
        "contact", f"请留个方便接的电话，只有{adviser}看得到，看过会留痕。", answers.phone
    )
    return wanted, contact


def summary_lines(asked: Intake, story: answers.Story) -> list[str]:
    text = lines.short(story.text, EXCERPT)
    words = f"「{text}」" if text else ""
    return [
        f"内容：{story.summary}{words}",
        f"称呼：{asked.called or '不写'}",
        f"回复：{asked.wanted.label}{f'（{asked.contact}）' if asked.contact else ''}",
    ]


def told(chat: Chat, brought: Brought, kind: CaseKind, first: str) -> Reply:
    """What to do at once, where there is danger; then that it has come, its number, when an answer comes."""
    opened = brought.opened
    said = [
        *urgent_lines(kind, urgent=brought.urgent),
        first,
        lines.number(opened.number),
        lines.answered_at(opened.first_answer_due_at, chat.at),
        lines.go("补充情况", "care.add", number=opened.number) + "　" + lines.MY_CARE,
    ]
    return Text("\n".join(said))
