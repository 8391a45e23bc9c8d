"""辟谣 by chat: what was found out about claims that go round, and bringing one."""

from datetime import date
from enum import StrEnum

from app.dialogue import answers
from app.dialogue.answers import Accept, More, Refuse, Said
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.knowledge.rumours import Rumour
from app.services import clarification_rows, clarifications, stored_files
from app.services.cases import moment_kept
from app.services.library import Library
from app.wechat.replies import Reply, Text, fit
from handlers import lines
from models import HeardFrom

LISTED = 6
REPORT = lines.go("举报谣言", "clarifications.report")
LATEST = lines.go("辟谣", "clarifications.latest")
UNKNOWN = f"这个说法还没有核实过。请我们核实：{REPORT}"


class Enough(StrEnum):
    """What was found out already may be all that somebody wants."""

    KNOWN = "known"
    OTHER = "other"

    @property
    def label(self) -> str:
        return "就是这个，知道了" if self is Enough.KNOWN else "不是这个，我要反映"


class Claim(answers.Words):
    """Long enough to be looked into."""

    def parse(self, said: Said, partial: object) -> Accept[str] | More | Refuse:
        found = super().parse(said, partial)
        if isinstance(found, Accept) and len(found.value) < clarifications.LEAST:
            return Refuse("太短了，请把听到的说法写完整，例如「下个月电费要涨一倍」。")
        return found


def make_router(library: Library, public_url: str) -> Router:
    router = Router("clarifications")

    @router.on("clarifications.latest", title="辟谣")
    async def latest(chat: Chat) -> Reply:
        """What one brought oneself first is what one comes for."""
        found = library.rumours.all[:LISTED]
        mine = await clarifications.list_own(chat.session, chat.person.person_id, LISTED)
        own = [f"{each.number}　{each.state.label}" for each in mine if not each.is_public]
        rows = [f"{each.mark}{each.verdict}　{show(lines.short(each.title, 20), each)}" for each in found]
        said = ["核实过的说法，点标题看全文：", *rows] if rows else ["还没有发布过澄清。"]
        told = ["您反映的：", *own] if own else []
        return Text(fit("\n".join([*said, *told, f"听到拿不准的说法？{REPORT}"])))

    @router.on("clarifications.show", title="看一条澄清", args=("clarification",))
    async def one(chat: Chat) -> Reply:
        wanted = chat.args.get("clarification", "")
        found = next((each for each in library.rumours.all if each.id == wanted), None)
        if found is None:
            return Text(f"{clarification_rows.NOWHERE}看看别的：{LATEST}")
        return Text(in_words(found, public_url))

    # Confidential, since nobody is to know who brought what.
    @router.flow("clarifications.report", title="举报谣言", version=1, confidential=True)
    async def report(chat: Chat) -> Reply:
        return await _report(chat, library, public_url)

    return router


async def _report(chat: Chat, library: Library, public_url: str) -> Reply:
    """The claim, where it was heard, pictures if any; the only write comes after the last question."""
    await clarifications.check_may_report(chat.session, chat.person.person_id, chat.at)
    words = await chat.ask(
        "words",
        f"请把听到的说法发给我，{clarifications.MOST} 个字以内。谁反映的，工作人员看不到。",
        Claim(at_most=clarifications.MOST),
    )
    known = library.rumours.find(f"听说{words}")
    if known is not None:
        said = f"这个说法核实过：{known.mark}{known.verdict}。{known.short}"
        if await chat.choose("known", said, Enough) is Enough.KNOWN:
            return Text(in_words(known, public_url))
    heard = await chat.choose("heard", "是从哪里听到的？", HeardFrom)
    shots = await chat.ask(
        "shots",
        "有截图可以发给我，发完回复「完成」；没有请回复「跳过」。",
        answers.optional(answers.story),
    )
    count = f"\n截图和说明：{shots.summary}" if shots is not None else ""
    await chat.confirm(
        "ok",
        f"说法：{lines.short(words, 80)}\n听到的地方：{heard.label}{count}\n确认反映吗？",
    )

    parts = shots.parts if shots is not None else ()
    more = [str(part["text"]) for part in parts if "text" in part]
    files = [str(part["file"]) for part in parts if "file" in part]
    made = await clarifications.report(
        chat.session,
        chat.person.person_id,
        clarifications.Told("\n".join([words, *more]), heard),
        files,
        channel="chat",
        now=chat.at,
    )
    day = moment_kept(chat.at, anonymous=True)
    await stored_files.disown(chat.session, chat.person.person_id, files, day)
    return Text(
        f"已收到，请有关单位核实。\n{lines.number(made.number)}\n"
        f"有结果会发到这里，进度随时可查：{LATEST}\n核实前请先不要转发。"
    )


def show(label: str, rumour: Rumour) -> str:
    return lines.go(label, "clarifications.show", clarification=rumour.id)


def in_words(rumour: Rumour, public_url: str = "") -> str:
    """The finding first, then who says so, when, and where to read the whole."""
    updated = f"，{_day(rumour.updated_on)} 更新" if rumour.updated_on else ""
    whole = [f'<a href="{public_url}/clarifications/{rumour.id}">看依据和全文</a>'] if public_url else []
    return fit(
        "\n".join(
            [
                f"{rumour.mark}{rumour.verdict}：{rumour.short}",
                f"{rumour.organ}，{_day(rumour.said_on)}{updated}",
                f"《{rumour.title}》{rumour.number}",
                *whole,
                f"还听到别的说法？{REPORT}",
            ]
        )
    )


def _day(day: date) -> str:
    return f"{day:%Y-%m-%d}"
