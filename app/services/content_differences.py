"""What two states of a form differ in, as words that stayed, came and went. Knows no database.

Chinese has no spaces: a character is compared with a character, a Latin word or a number as a whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from app.services import content_forms
from app.services.content_forms import Filled
from models import ContentKind

SAME, ADDED, REMOVED = "same", "added", "removed"
_TOKEN: Final = re.compile(r"[A-Za-z0-9]+(?:[.,:/-][A-Za-z0-9]+)*|\s+|.", re.DOTALL)
_MOST: Final = 4_000_000  # pairs of tokens; what is longer is shown as gone and come, whole
_ALIKE: Final = 0.4  # of two blocks, to be shown as one that was changed
_MOMENTS: Final = ("publish_at", "expires_at")
_SCATTERED: Final = 2  # characters that stayed between two changes and help nobody


@dataclass(frozen=True, slots=True)
class Part:
    """Words with one fate: `SAME`, `ADDED` or `REMOVED`."""

    fate: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one field or block that is not as it was."""

    label: str
    what: str  # of a block: came, went, or another type; empty otherwise
    parts: tuple[Part, ...]


def between(kind: ContentKind, old: Filled, new: Filled) -> list[Difference]:
    """Fields in their order, then blocks; nothing where they say the same."""
    found = [each for name in _names(kind) if (each := _of_field(kind, name, old, new)) is not None]
    types = content_forms.block_types(kind)
    return found + list(_of_blocks(types, _blocks(old), _blocks(new)))


def of_words(old: str, new: str) -> tuple[Part, ...]:
    """Token by token; neighbours of one fate are one part."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(before) * len(after) > _MOST:
        return _joined([Part(REMOVED, old), Part(ADDED, new)])
    parts: list[Part] = []
    for change, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if change == "equal":
            parts.append(Part(SAME, "".join(before[i:j])))
        else:
            parts += [Part(REMOVED, "".join(before[i:j])), Part(ADDED, "".join(after[k:m]))]
    return _joined(_gathered(parts))


# --- fields ------------------------------------------------------------------------------------------------


def _names(kind: ContentKind) -> tuple[str, ...]:
    extra = () if kind is ContentKind.ARTICLE else ("call",)
    return (*content_forms.FIELDS[kind], *extra)


def _of_field(kind: ContentKind, name: str, old: Filled, new: Filled) -> Difference | None:
    before, after = (_said(kind, name, each.get(name)) for each in (old, new))
    if before == after:
        return None
    label = "栏目" if name == "category" and kind is ContentKind.ARTICLE else content_forms.LABELS[name]
    if name in ("category", "danger", "reviewed_on", *_MOMENTS):  # of a choice no half is changed
        return Difference(label, "", _joined([Part(REMOVED, before), Part(ADDED, after)]))
    return Difference(label, "", of_words(before, after))


def _said(kind: ContentKind, name: str, value: Any) -> str:
    if not value:
        return ""
    if name == "category":
        return content_forms.categories(kind).get(value, str(value))
    if name == "danger":
        return "是"
    if isinstance(value, list):
        return "、".join(map(str, value))
    return str(value).replace("T", " ") if name in _MOMENTS else str(value)


# --- blocks ------------------------------------------------------------------------------------------------


def _blocks(filled: Filled) -> list[tuple[str, str]]:
    """Type and words of those that say anything."""
    return [(str(type_), str(words)) for type_, words, *_ in filled.get("blocks", []) if str(words).strip()]


def _of_blocks(types: Any, old: list[tuple[str, str]], new: list[tuple[str, str]]) -> Iterator[Difference]:
    for change, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if change != "equal":
            yield from _replaced(types, old[i:j], list(range(k, m)), new)


def _replaced(
    types: Any, gone: Sequence[tuple[str, str]], places: list[int], new: list[tuple[str, str]]
) -> Iterator[Difference]:
    """One run of blocks that went for one that came: what is alike is one block that was changed."""
    for type_, words in gone:
        twin = next((place for place in places if _are_alike(words, new[place][1])), None)
        if twin is None:
            yield Difference(f"删去的{types.get(type_, type_)}", "删去", (Part(REMOVED, words),))
            continue
        while places[0] != twin:
            yield _came(types, places.pop(0), new)
        places.pop(0)
        now, text = new[twin]
        what = "" if now == type_ else f"由{types.get(type_, type_)}改为{types.get(now, now)}"
        yield Difference(f"第 {twin + 1} 块{types.get(now, now)}", what, of_words(words, text))
    for place in places:
        yield _came(types, place, new)


def _came(types: Any, place: int, new: list[tuple[str, str]]) -> Difference:
    type_, words = new[place]
    return Difference(f"第 {place + 1} 块{types.get(type_, type_)}", "新增", (Part(ADDED, words),))


def _are_alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= _ALIKE


# --- parts -------------------------------------------------------------------------------------------------


def _gathered(parts: list[Part]) -> list[Part]:
    """What stayed between two changes, a character, goes and comes with them: readable runs, not confetti."""
    found: list[Part] = []
    gone = come = ""
    for place, part in enumerate(parts):
        is_last = place == len(parts) - 1
        is_between = bool(gone and come) and not is_last
        if part.fate == SAME and is_between and len(part.text) < _SCATTERED and not part.text.isspace():
            gone, come = gone + part.text, come + part.text
        elif part.fate == SAME:
            found += [Part(REMOVED, gone), Part(ADDED, come), part]
            gone = come = ""
        elif part.fate == REMOVED:
            gone += part.text
        else:
            come += part.text
    return [*found, Part(REMOVED, gone), Part(ADDED, come)]


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    found: list[Part] = []
    for part in parts:
        if not part.text:
            continue
        if found and found[-1].fate == part.fate:
            found[-1] = Part(part.fate, found[-1].text + part.text)
        else:
            found.append(part)
    return tuple(found)
