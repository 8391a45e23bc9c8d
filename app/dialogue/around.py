"""What is said around an answer: lines above it, what waits below it, and which way to go at a crossroads."""

from app.dialogue.chat import Script
from app.dialogue.routing import GO_ON, TAP_WORD
from app.wechat.replies import MAX_TEXT_BYTES, Nothing, Reply, Text, choice_line, fit


def before(lines: str, reply: Reply) -> Reply:
    """`reply` opened by `lines`, where it is text or nothing; else the lines alone must do."""
    if isinstance(reply, Nothing):
        return Text(fit(lines))
    if isinstance(reply, Text):
        return Text(fit(f"{lines}\n{reply.content}"))
    return reply


def after(reply: Reply, line: str) -> Reply:
    """A text followed by `line`, which is never what is cut off."""
    room = MAX_TEXT_BYTES - len(f"\n\n{line}".encode())
    return Text(f"{fit(reply.content, room)}\n\n{line}") if isinstance(reply, Text) else reply


def counted(script: Script, reply: Reply) -> Reply:
    """A story that just ended is counted, where the words that follow do not count it themselves."""
    if not script.received or (isinstance(reply, Text) and script.received in reply.content):
        return reply
    return before(f"共收到 {script.received}。", reply)


def offer(title: str, *, still_asked: bool) -> str:
    """The line that names a dialogue which waits; `still_asked`: the next message will be its answer."""
    line = choice_line(GO_ON, "go-on", GO_ON)
    if still_asked:
        return f"（「{title}」还在等您回答，回复「{line}」再看一遍问题。）"
    return f"（「{title}」还没办完，回复「{line}」接着办。）"


def crossroads(text: str, title: str | None) -> str:
    """The open question refused `text`, which a keyword knows; `title` names what it runs, if it does."""
    there = f"去「{title}」" if title is not None else f"看「{text}」的答复"
    return "\n".join(
        (
            f"「{text}」不像刚才那个问题的答案。您想：",
            choice_line(GO_ON, "go-on", "继续回答刚才的问题"),
            choice_line(text, TAP_WORD, there),
        )
    )
