"""Mistakes in the menu file: where, what, and what would be right. All of them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from app.errors import OperatorError

SHOWN = 30  # a file with more has one cause; the first lines show it


@dataclass(frozen=True, order=True)
class Mistake:
    """Line and column count from 1, as editors show them."""

    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"第 {self.line} 行第 {self.column} 列：{self.message}" + (
            f" {self.hint}" if self.hint else ""
        )


class MenuMistakes(OperatorError):
    """The file cannot be used; the live menus stay as they are."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(sorted(set(mistakes)))
        lines = [str(mistake) for mistake in self.mistakes[:SHOWN]]
        if len(self.mistakes) > SHOWN:
            lines.append(f"……还有 {len(self.mistakes) - SHOWN} 处，先改好上面的再检查一次。")
        super().__init__(f"菜单文件有 {len(self.mistakes)} 处要改：\n" + "\n".join(lines))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    names = sorted(known)
    found = get_close_matches(word, names, n=1, cutoff=0.6)
    if not found:  # the part after the dot is what people remember: `topics` for power_safety.topics
        tails = {name.rpartition(".")[2]: name for name in reversed(names)}
        close = get_close_matches(word.rpartition(".")[2], sorted(tails), n=1, cutoff=0.75)
        found = [tails[tail] for tail in close]
    return found[0] if found else None


def one_of(words: Sequence[str]) -> str:
    return "、".join(words)
