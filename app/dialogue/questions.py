"""A question as it was shown: what the next message is parsed against, never a fresh read."""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from app.dialogue.answers import Said, folded
from app.wechat.replies import choice_line

PAGE = 8  # choices at a time
WAY_OUT = "回复「取消」可退出。"
NUMERALS = {word: n for n, word in enumerate("一二三四五六七八", 1)}
YES = {"确认", "是", "是的", "对", "确定", "提交", "确认提交", "yes", "y"}
AROUND = re.compile("^我?(?:选择?|想?要|就)|[吧啊呀哦嘛]$")  # what people say around a choice
NO = {"否", "不", "不是", "不对", "取消", "不提交", "no", "n"}


@dataclass(frozen=True, slots=True)
class Pending:
    """The open question. `options` are (value, label) in the order shown; `digest` binds a confirmation."""

    key: str
    text: str
    serial: int = 0
    options: tuple[tuple[Any, str], ...] = ()
    page: int = 0
    partial: Any = None
    digest: str = ""

    def dump(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "text": self.text,
            "serial": self.serial,
            "options": [list(option) for option in self.options],
            "page": self.page,
            "partial": self.partial,
            "digest": self.digest,
        }

    @classmethod
    def load(cls, stored: dict[str, Any]) -> "Pending":
        options = tuple((value, label) for value, label in stored["options"])
        return cls(**{**stored, "options": options})

    def shown(self, ref: str) -> str:
        """The question as text, with its choices as lines to tap."""
        lines = [self.text]
        start = self.page * PAGE
        for place, (_, label) in enumerate(self.options[start : start + PAGE], start):
            number = place - start + 1
            lines.append(choice_line(label, self.tap(ref, str(place)), f"{number}. {label}"))
        if len(self.options) > start + PAGE:
            lines.append(choice_line("更多", self.tap(ref, "more"), "更多 ›"))
        elif start:
            lines.append(choice_line("更多", self.tap(ref, "more"), "回到第一页 ›"))
        if self.digest:
            lines.append(
                choice_line("确认", self.tap(ref, "yes")) + "　" + choice_line("取消", self.tap(ref, "no"))
            )
            return "\n".join(lines)
        return "\n".join([*lines, WAY_OUT])

    def tap(self, ref: str, place: str) -> str:
        """The id of a line to tap: which dialogue, which question, which choice."""
        return f"{ref[:8]}.{self.serial}.{place}"

    def next_page(self) -> "Pending":
        last = (len(self.options) - 1) // PAGE
        return replace(self, page=0 if self.page >= last else self.page + 1)

    def chosen(self, said: Said, ref: str) -> int | None:
        """Which option was tapped, numbered or named; None when that is not clear."""
        if said.choice:
            place = said.choice.rpartition(".")[2]
            known = said.choice == self.tap(ref, place) and place.isdecimal()
            return int(place) if known and int(place) < len(self.options) else None
        text = folded(said.text)
        meant = self._meant(text)
        return meant if meant is not None else self._meant(AROUND.sub("", text))

    def _meant(self, text: str) -> int | None:
        labels = [folded(label) for _, label in self.options]
        if labels.count(text) == 1:
            return labels.index(text)
        begun = [place for place, label in enumerate(labels) if len(text) > 1 and label.startswith(text)]
        if len(begun) == 1:
            return begun[0]
        number = _number(text)
        start = self.page * PAGE
        if number is not None and 1 <= number <= len(self.options[start : start + PAGE]):
            return start + number - 1
        return None


def _number(text: str) -> int | None:
    match = re.fullmatch(r"第?(\d{1,2}|[一二三四五六七八])[个项条、.]?", unicodedata.normalize("NFKC", text))
    if match is None:
        return None
    return NUMERALS.get(match[1]) or int(match[1])


def is_stale_tap(said: Said, pending: Pending | None, ref: str) -> bool:
    """Whether a tapped line belongs to a question that no longer stands open."""
    if not re.fullmatch(r"[0-9a-f]{8}\.\d+\.\w+", said.choice):
        return False
    return pending is None or not said.choice.startswith(f"{ref[:8]}.{pending.serial}.")


def confirms(pending: dict[str, Any] | None, said: Said) -> bool:
    """Whether this is a clear yes to an open confirmation."""
    return bool(pending and pending["digest"]) and folded(said.text) in YES
