"""Blocks of a form: each a type and words, moved about by buttons that store nothing."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import FormData

from app.console import forms, media_blocks
from app.rich_text import MEDIA

MOST: Final = 200  # to which a form grows; what has more already keeps them
Block = list[str]  # type, words


def read(form: FormData, types: Mapping[str, str]) -> list[Block]:
    """What was typed; a type that there is not is the first one."""
    first = next(iter(types))
    rows = zip(forms.several(form, "block_type"), forms.several(form, "block_text"), strict=False)
    found: list[Block] = []
    for number, (kind, text) in enumerate(rows):
        words = forms.plain(text)[: forms.LONGEST]
        if kind in types and kind in MEDIA:
            words = media_blocks.read(form, number, kind, words)
        found.append([kind if kind in types else first, words])
    return found


def rearranged(blocks: list[Block], do: str, first: str) -> list[Block]:
    """After a button was pressed: `add`, or `up-3`, `down-3`, `remove-3`, `after-3`.

    `first` is the type of a block that is added.
    """
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
