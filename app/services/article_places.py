"""Sets of places as whole numbers with a bit for each: kept small, joined and weighed all at once.

A place is a number from 0; `SEGMENT` of them make one row of the database. Adding up what speaks for 20,000
places is a few dozen operations on numbers of 2,500 bytes, where reading lists through would be hundreds of
thousands.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

SEGMENT: Final = 4096
_FEW, _MANY = b"\0", b"\1"  # what follows: numbers of 16 bits, or the bits


def of(places: Iterable[int]) -> int:
    """The set of these."""
    bits = 0
    for place in places:
        bits |= 1 << place
    return bits


def pack(bits: int) -> bytes:
    """The set of one segment, as its row holds it."""
    size = (bits.bit_length() + 7) // 8
    if bits.bit_count() * 2 < size:
        return _FEW + array("H", sorted(each(bits))).tobytes()
    return _MANY + bits.to_bytes(size, "little")


def unpack(row: bytes, segment: int = 0) -> int:
    """The set again, at its place among all."""
    kind, rest = row[:1], row[1:]
    bits = of(array("H", rest)) if kind == _FEW else int.from_bytes(rest, "little")
    return bits << (segment * SEGMENT)


def each(bits: int) -> Iterator[int]:
    """Its places, the greatest first."""
    while bits:
        place = bits.bit_length() - 1
        yield place
        bits ^= 1 << place


def greatest(bits: int, most: int) -> list[int]:
    return [place for place, _ in zip(each(bits), range(most), strict=False)]


def weighed(sets: Sequence[tuple[int, int]], most: int) -> list[int]:
    """Of sets with whole weights: the places whose weights come to most, up to `most` of them in no order.

    Sums are kept as one set to each binary digit, and all are added to at once, with carry.
    """
    digits: list[int] = []
    for bits, weight in sets:
        at = 0
        while weight >> at:
            if weight >> at & 1:
                _add(digits, bits, at)
            at += 1
    return _heaviest(digits, most)


def _add(digits: list[int], carry: int, at: int) -> None:
    while carry:
        while len(digits) <= at:
            digits.append(0)
        digits[at], carry = digits[at] ^ carry, digits[at] & carry
        at += 1


def _heaviest(digits: Sequence[int], most: int) -> list[int]:
    """From the first digit down: who has it is ahead of who has not."""
    chosen, left = 0, 0
    for bits in digits:
        left |= bits
    for bits in reversed(digits):
        ahead = left & bits
        if (chosen | ahead).bit_count() > most:
            left = ahead
        else:
            chosen |= ahead
            left ^= ahead
    return greatest(chosen, most) + greatest(left, max(most - chosen.bit_count(), 0))
