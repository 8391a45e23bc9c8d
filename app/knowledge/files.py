"""Answers as Markdown files, a folder for each kind. Not here: how they are read (`app.content_files`)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.content_files import BodyMistake, ContentFile, ContentMistakes, Mistake, read_folder
from app.knowledge.entries import ANSWER_BYTES, Entry
from app.knowledge.front_matter import Head, LawHead, SignpostHead, TipHead
from app.knowledge.laws import LawAnswer
from app.knowledge.signposts import Signpost
from app.knowledge.tips import Tip
from app.knowledge.vocabulary import normalise

EntryFile = ContentFile[Entry]

FOLDERS: dict[str, type[Head]] = {
    "power_safety": TipHead,
    "labour_law": LawHead,
    "signposts": SignpostHead,
}
"""The folders of `content/` that hold answers, and what the heads of their files say."""

SPARE_BYTES = 500  # below an answer stand two lines to others that may be meant
SIGNPOST_BYTES = 900  # of its words: its own lines to tap stand below them too


@dataclass(frozen=True, slots=True)
class Shipped:
    """All answers there are, by kind and id."""

    tips: tuple[Tip, ...]
    laws: tuple[LawAnswer, ...]
    signposts: tuple[Signpost, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return (*self.tips, *self.laws, *self.signposts)


def load(content: Path, *, handlers: Collection[str] | None = None) -> Shipped:
    """Every answer below `content`; a kind may have no folder.

    `handlers`: the names that signposts may lead to, if they are known.

    Raises:
        ContentMistakes: a folder is empty, all are missing, or any file is wrong; all mistakes at once.
    """
    files: list[EntryFile] = []
    mistakes: list[Mistake] = []
    present = [content / name for name in FOLDERS if (content / name).is_dir()]
    for folder in present or [content / name for name in FOLDERS]:
        found, wrong = _read(folder)
        files += found
        mistakes += wrong
    if handlers is not None:
        mistakes += _strays(files, handlers)
    _refuse([*mistakes, *_clashes(files)])
    found_of = [file.content for file in files]
    return Shipped(
        tuple(each for each in found_of if isinstance(each, Tip)),
        tuple(each for each in found_of if isinstance(each, LawAnswer)),
        tuple(each for each in found_of if isinstance(each, Signpost)),
    )


def load_folder(folder: Path) -> list[EntryFile]:
    """The answers of one folder, whose name tells their kind; by id.

    Raises:
        ContentMistakes: as `load`.
    """
    files, mistakes = _read(folder)
    _refuse([*mistakes, *_clashes(files)])
    return files


def _read(folder: Path) -> tuple[list[EntryFile], list[Mistake]]:
    files, mistakes = read_folder(folder, FOLDERS[folder.name], _entry)
    return sorted(files, key=lambda file: file.content.id), mistakes


def _refuse(mistakes: list[Mistake]) -> None:
    if mistakes:
        raise ContentMistakes(mistakes)


def _entry(head: Head, body: str) -> Entry:
    entry = head.entry(body)
    size = len(entry.in_chat().encode())
    most = SIGNPOST_BYTES if isinstance(entry, Signpost) else ANSWER_BYTES - SPARE_BYTES
    if size > most:
        raise BodyMistake(f"整条答复 {size} 字节，最多 {most} 字节，请缩短")
    return entry


def _strays(files: Iterable[EntryFile], handlers: Collection[str]) -> Iterator[Mistake]:
    for file in files:
        ways = file.content.go if isinstance(file.content, Signpost) else ()
        for label, target in ways:
            if target.partition("?")[0] not in handlers:
                yield Mistake(file.path, 0, "go", f"「{label}」要去的功能 {target} 不存在，请检查拼写")


def _clashes(files: Iterable[EntryFile]) -> list[Mistake]:
    """A question form or an id of two answers would make the answer a matter of chance."""
    owners: dict[str, EntryFile] = {}
    ids: dict[str, EntryFile] = {}
    mistakes = []
    for file in files:
        namesake = ids.setdefault(file.content.id, file)
        if namesake is not file:
            message = f"{namesake.path.parent.name}/{namesake.path.name} 已经用了这个编号"
            mistakes.append(Mistake(file.path, 0, "id", message))
        for form in dict.fromkeys(map(normalise, file.content.ask)):
            owner = owners.setdefault(form, file)
            if owner is not file:
                message = f"「{form}」在 {owner.path.name} 里已经有了"
                mistakes.append(Mistake(file.path, 0, "ask", message))
    return mistakes
