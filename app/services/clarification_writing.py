"""A clarification as it is written: what may stand in its fields, and what has to before anybody reads it.

Not here: what backs it (`clarification_evidence`), and who writes when (`clarification_work`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app import rich_text
from app.knowledge.rumours import likeness
from app.rich_text import NotRichText
from app.services.board_wording import Wrong, plain
from app.services.clarification_evidence import Given
from models import Clarification, Verdict

TITLE: Final = 40  # characters, like the next
SHORT: Final = 160
ORGAN: Final = 40
ANSWER: Final = 4000
WORDING: Final = 200
WORDINGS: Final = 20
COPIED: Final = 0.8  # a title as like a wording as that repeats it


@dataclass(frozen=True, slots=True)
class Written:
    """A clarification as it was typed; may have gaps while it is being worked on."""

    title: str = ""
    told: Sequence[str] = ()
    verdict: str = ""
    short: str = ""
    answer: str = ""
    evidence: Sequence[Given] = ()
    organ: str = ""
    next_review_on: date | None = None  # None: a year from now


def fill(row: Clarification, written: Written) -> None:
    """Raises: Wrong."""
    title, short, organ = (
        " ".join(plain(each).split()) for each in (written.title, written.short, written.organ)
    )
    answer = plain(written.answer)
    wrong = {
        "title": f"标题最多 {TITLE} 个字。" if len(title) > TITLE else "",
        "short": f"一句话答复最多 {SHORT} 个字，现在是 {len(short)} 个字。" if len(short) > SHORT else "",
        "organ": f"单位名称最多 {ORGAN} 个字。" if len(organ) > ORGAN else "",
        "answer": f"详细说明最多 {ANSWER} 个字。" if len(answer) > ANSWER else "",
        "verdict": ""
        if not written.verdict or written.verdict in set(Verdict)
        else "没有这个结论，请重新选。",
    }
    if found := {name: said for name, said in wrong.items() if said}:
        raise Wrong(found)
    try:
        blocks = rich_text.from_typed([("paragraph", answer)])
    except NotRichText as error:
        raise Wrong({"answer": f"{error.message}。"}) from None
    row.wordings = wordings(written.told)
    row.title, row.short, row.organ, row.answer = title, short, organ, rich_text.dump(blocks)
    row.verdict = Verdict(written.verdict) if written.verdict else None


def wordings(told: Sequence[str]) -> list[str]:
    """Raises: Wrong."""
    lines = list(dict.fromkeys(filter(None, (" ".join(plain(each).split()) for each in told))))
    if len(lines) > WORDINGS or any(len(each) > WORDING for each in lines):
        raise Wrong({"told": f"说法最多 {WORDINGS} 种，每种最多 {WORDING} 个字。"})
    if not lines:
        raise Wrong({"told": "请至少留一种说法，别人这样问时才找得到。"})
    return lines


def missing_in(row: Clarification, today: date) -> dict[str, str]:
    """What has to be there before anybody reads it, by field; beside what backs it."""
    copied = any(likeness(row.title, told) >= COPIED for told in row.told)
    return {
        "title": "标题不要照抄传言，写成「关于……的说明」。" if copied else "" if row.title else "请写标题。",
        "verdict": "" if row.verdict else "请选结论。",
        "short": "" if row.short else "请写一句话答复，聊天里先说它。",
        "organ": "" if row.organ else "请写是哪个单位说的。",
        "next_review_on": ""
        if row.next_review_on and row.next_review_on > today
        else "请选以后哪天再看一遍。",
    }
