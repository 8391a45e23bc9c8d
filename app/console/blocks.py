"""Blocks of a form: each a type and words, moved about by buttons that store nothing."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import FormData

from app.console import forms

MOST: Final = 100
Block = list[str]  # type, words


def read(form: FormData, types: Mapping[str, str]) -> list[Block]:
    """What was typed; a type that there is not is the first one."""
    first = next(iter(types))
    rows = zip(forms.several(form, "block_type"), forms.several(form, "block_text"), strict=False)
    found = [[each if each in types else first, forms.plain(text)[: forms.LONGEST]] for each, text in rows]
    return found[:MOST]


def rearranged(blocks: list[Block], do: str, first: str) -> list[Block]:
    """After a button was pressed: `add`, or `up-3`, `down-3`, `remove-3`, `after-3`."""
    what, _, number = do.partition("-")
    if what == "add" and len(blocks) < MOST:
        return [*blocks, [first, ""]]
    place = forms.number(number, 3)
    if place is None or place >= len(blocks):
        return blocks
    if what == "after" and len(blocks) < MOST:
        return [*blocks[: place + 1], [first, ""], *blocks[place + 1 :]]
    if what == "remove":
        return blocks[:place] + blocks[place + 1 :]
    other = place + {"up": -1, "down": 1}.get(what, 0)
    if 0 <= other < len(blocks):
        blocks[place], blocks[other] = blocks[other], blocks[place]
    return blocks
