"""Codes of check-in: the ticket of a sign-up, and the code at the venue, which is another every half minute.

Both carry a digest that only this service makes. A ticket names its sign-up and when that was made: after a
cancellation the sign-up is no more, and one that is made anew has another ticket. What may be done with
either is in `check_ins`. Not here: a code that nobody can read aloud needs a short one beside it; that is the
beginning of the sign-up's public id, which staff alone may use.
"""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from models import Activity, SignUp
from models.sealing import keyring
from models.types import PUBLIC_ALPHABET

NUMBER: Final = 8  # characters of what is read out
TURN: Final = timedelta(seconds=30)  # of the code at the venue
GRACE: Final = timedelta(seconds=60)  # after its turn: time to sign in
PASS_FOR: Final = timedelta(minutes=5)  # from opening the page to checking in: a phone asks where it is
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_STAMP: Final = 9
_TICKET: Final = re.compile(
    rf"(?:\S{{0,300}}/t/)?([{PUBLIC_ALPHABET}]{{16}})([0-9a-z]{{{_STAMP}}})([a-z2-7]{{16}})"
)
_NUMBER: Final = re.compile(rf"[{PUBLIC_ALPHABET}]{{{NUMBER}}}(?:[{PUBLIC_ALPHABET}]{{{16 - NUMBER}}})?")
_VENUE: Final = re.compile(r"([0-9a-z]{9})([a-z2-7]{16})")
_APART: Final = re.compile(r"[\s\-]+")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A genuine one, of whatever sign-up and time."""

    public_id: str
    stamp: str

    def is_of(self, entry: SignUp) -> bool:
        """Whether the sign-up is the one this was made for, and not made anew since."""
        return entry.public_id == self.public_id and _stamp(entry.signed_up_at) == self.stamp


def ticket(entry: SignUp) -> str:
    """What the QR code of a sign-up says behind `/t/`."""
    stamp = _stamp(entry.signed_up_at)
    return f"{entry.public_id}{stamp}{_mark('ticket', entry.public_id, stamp)}"


def address(entry: SignUp, public_url: str) -> str:
    """What the QR code of its ticket says, whole."""
    return f"{public_url}/t/{ticket(entry)}"


def read_ticket(words: str) -> Ticket | None:
    """Of what a camera has read, be it the whole address or the code alone; None: it is none of ours."""
    found = _TICKET.fullmatch(words.strip())
    if found is None or not _is_marked(found[3], "ticket", found[1], found[2]):
        return None
    return Ticket(found[1], found[2])


def number(entry: SignUp) -> str:
    """What a member reads out where no camera reads: K7M2 P9Q4. By itself it admits nobody."""
    said = entry.public_id[:NUMBER].upper()
    return f"{said[:4]} {said[4:]}"


def read_number(words: str) -> str | None:
    """With what the public id of a sign-up begins, or all of it, of what staff have typed; None: neither."""
    said = _APART.sub("", words).lower()
    return said if _NUMBER.fullmatch(said) else None


def venue(activity: Activity, now: datetime) -> tuple[str, timedelta]:
    """The code on the screen, and how long it stays there."""
    turn = (now - _EPOCH) // TURN
    said = _based(turn)
    return f"{said}{_mark('venue', activity.public_id, said)}", _EPOCH + (turn + 1) * TURN - now


def is_at_venue(activity: Activity, code: str, now: datetime) -> bool | None:
    """Whether somebody has just seen this code there; None: it never stood there."""
    found = _VENUE.fullmatch(code)
    if found is None or not _is_marked(found[2], "venue", activity.public_id, found[1]):
        return None
    begun = _EPOCH + int(found[1], 36) * TURN
    return begun - TURN <= now < begun + TURN + GRACE


def admit(activity: Activity, person_id: int, now: datetime) -> str:
    """For the form of a page that was opened with a code of the venue: this person was there just now."""
    until = _stamp(now + PASS_FOR)
    return f"{until}{_mark('venue-pass', activity.public_id, str(person_id), until)}"


def is_admitted(activity: Activity, person_id: int, given: str, now: datetime) -> bool:
    found = _VENUE.fullmatch(given)
    if found is None or not _is_marked(found[2], "venue-pass", activity.public_id, str(person_id), found[1]):
        return False
    return _stamp(now) <= found[1]


def _mark(purpose: str, *said: str) -> str:
    """80 bits, in letters that no reader mistakes."""
    return base64.b32encode(keyring().digest("\x00".join(said), purpose)[:10]).decode().lower()


def _is_marked(mark: str, purpose: str, *said: str) -> bool:
    return compare_digest(mark.encode(), _mark(purpose, *said).encode())


def _stamp(moment: datetime) -> str:
    return _based((moment - _EPOCH) // _MILLISECOND)


def _based(value: int) -> str:
    """As nine digits to the base of 36, which sort as the numbers do."""
    said = ""
    for _ in range(_STAMP):
        value, digit = divmod(value, 36)
        said = _DIGITS[digit] + said
    return said
