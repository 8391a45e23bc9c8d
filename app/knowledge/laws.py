"""One labour-law answer, and how a person reads it in chat.

Every answer cites the law and says that a lawyer or the arbitration commission decides: what is written here
is general, and a person's own papers may say otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from app.knowledge.entries import CALLS, Entry, EntryTopic
from app.knowledge.markdown import as_chat

CAUTION = "以承办律师、仲裁机构的意见为准。"
_EMERGENCY = frozenset({"110", "119", "120"})


class LawTopic(EntryTopic):
    WAGES = "wages", "工资"
    CONTRACT = "contract", "劳动合同"
    DISMISSAL = "dismissal", "辞职与辞退"
    HOURS_LEAVE = "hours_leave", "工时与休假"
    INJURY = "injury", "工伤与职业病"
    INSURANCE = "insurance", "社保与公积金"
    WOMEN = "women", "女职工"
    DISPATCH = "dispatch", "派遣与外包"
    RETIREMENT = "retirement", "退休"
    DISPUTE = "dispute", "仲裁与诉讼"
    UNION = "union", "工会与会员"
    HELP = "help", "帮扶与援助"


@dataclass(frozen=True, slots=True, kw_only=True)
class LawAnswer(Entry):
    """A labour-law answer; its body holds what to do, in steps."""

    topic: LawTopic
    short: str  # the answer in one or two sentences
    law: tuple[str, ...]  # each a law with its articles
    do_not: tuple[str, ...]
    call: tuple[str, ...]  # keys of CALLS, the most urgent first
    source: str

    topics: ClassVar[type[EntryTopic]] = LawTopic

    @property
    def prose(self) -> Iterable[str]:
        return (self.short, *self.do_not, *self.body.splitlines())

    @property
    def is_urgent(self) -> bool:
        return self.call[0] in _EMERGENCY

    def in_chat(self, *, opened: str = "") -> str:
        return law_text(self, opened=opened)


@lru_cache(maxsize=1024)
def law_text(answer: LawAnswer, *, opened: str = "") -> str:
    """The whole answer for chat: the short one, steps, what not to do, the law, whom to ask.

    `opened` is what already stands above the answer: with it no number is put before everything else.
    """
    call, urgent = list(answer.call), []
    if answer.is_urgent:
        number = call.pop(0)
        urgent = [] if opened else [f"有危险先打电话：{_explained(number)}"]
    lines = [
        *urgent,
        f"【{answer.title}】",
        answer.short,
        as_chat(answer.body),
        *(f"· {line}" for line in answer.do_not),
        f"依据：{'；'.join(answer.law)}",
        f"可以问：{'、'.join(map(_explained, call))}" if call else "",
        CAUTION,
    ]
    return "\n".join(filter(None, lines))


def _explained(number: str) -> str:
    return f"{number}（{CALLS[number]}）"
