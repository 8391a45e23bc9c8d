"""Tips as Markdown files. Not here: how such files are read and mistakes named (`app.content_files`)."""

from collections.abc import Iterable
from pathlib import Path

from app.content_files import BodyMistake, ContentFile, ContentMistakes, Mistake, read_folder
from app.knowledge.front_matter import FrontMatter
from app.knowledge.tips import ANSWER_BYTES, Tip, answer_text
from app.knowledge.vocabulary import normalise

TipFile = ContentFile[Tip]


def load(folder: Path) -> list[TipFile]:
    """Every `*.md` of `folder`, by id.

    Raises:
        ContentMistakes: the folder is missing or empty, or any file is wrong.
    """
    files, mistakes = read_folder(folder, FrontMatter, _tip)
    mistakes += _clashes(files)
    if mistakes:
        raise ContentMistakes(mistakes)
    return sorted(files, key=lambda file: file.content.id)


def _tip(matter: FrontMatter, body: str) -> Tip:
    tip = matter.tip(body)
    size = len(answer_text(tip).encode())
    if size > ANSWER_BYTES:
        raise BodyMistake(f"整条答复 {size} 字节，最多 {ANSWER_BYTES} 字节，请缩短")
    return tip


def _clashes(files: Iterable[TipFile]) -> list[Mistake]:
    """A question form in two tips would make the answer a matter of chance."""
    owners: dict[str, TipFile] = {}
    mistakes = []
    for file in files:
        for form in dict.fromkeys(map(normalise, file.content.ask)):
            owner = owners.setdefault(form, file)
            if owner is not file:
                message = f"「{form}」在 {owner.path.name} 里已经有了"
                mistakes.append(Mistake(file.path, 0, "ask", message))
    return mistakes
