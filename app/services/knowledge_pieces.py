"""Our tips and law answers as words for an answer of staff, each with the source it rests on."""

from collections.abc import Sequence
from typing import Final

from app.errors import NotFound
from app.knowledge import Entry, LawAnswer, Tip
from app.knowledge.tips import short_source
from app.services.case_work import ANSWER_LENGTH
from app.services.library import Library

KINDS: Final[dict[str, type[Tip] | type[LawAnswer]]] = {"tip": Tip, "law": LawAnswer}
SHOWN: Final = 6


def search(library: Library, words: str) -> Sequence[tuple[str, Entry]]:
    """Those that fit, best first, each with the name by which it is put in."""
    names = {kind: name for name, kind in KINDS.items()}
    found = [each for each in library.index.list_fitting(words) if type(each) in names]
    return [(f"{names[type(each)]}:{each.id}", each) for each in found[:SHOWN]]  # type: ignore[index]


def get(library: Library, name: str) -> Entry:
    """Raises: NotFound."""
    kind, _, slug = name.partition(":")
    found = library.find(KINDS[kind], slug) if kind in KINDS else None
    if found is None:
        raise NotFound("没有找到这条知识，可能已经撤下。")
    return found


def words_of(entry: Entry) -> str:
    """The whole answer where it goes into one message; else what matters most, and always the source."""
    whole = entry.in_chat()
    if len(whole) <= ANSWER_LENGTH:
        return whole
    if isinstance(entry, LawAnswer):
        return f"{entry.short}\n依据：{'；'.join(entry.law)}"
    assert isinstance(entry, Tip)
    return "\n".join([entry.first, *entry.never, f"来源：{short_source(entry.source)}"])
