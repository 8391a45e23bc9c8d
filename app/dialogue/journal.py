"""The journal's vocabulary: what is read about a message before it is handled, what is written after.

Many messages are read by one statement and written by one transaction; see `app.dialogue.groups` for how
they come together, and `sqlite_groups` and `postgres_groups` for the statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from app.clock import civil_date
from models import DialogueState, MemberKind, Membership, MessageState, Sex
from models.message import PLACES
from models.types import seal_json, unseal_json

# What is made anew for every message is a tuple: as immutable as a frozen dataclass, made in a quarter of the
# time.


class Speaker(NamedTuple):
    """Who a message is from: the follower row's facts as the group read them."""

    follower_id: int
    person_id: int
    openid: str
    version: int
    subscribed: bool
    known_to_speak: bool = False  # the window facts say already that the person spoke just now
    tags: frozenset[str] = frozenset()
    owed: int | None = None  # an outbox row that could not be sent: it opens a reply
    membership: Membership | None = None  # while the person is a member
    areas: frozenset[str] = frozenset()  # of the electricity accounts the person has bound

    @property
    def id(self) -> int:
        return self.person_id


def membership(row: tuple[Any, ...] | list[Any], at: datetime) -> Membership | None:
    """Of kind, lineage, sex and the day of leaving as read; None for who is no member, or no longer one."""
    kind, lineage, sex, left_on = row
    if kind is None or (left_on is not None and left_on <= civil_date(at)):
        return None
    return Membership(MemberKind(kind), lineage, Sex(sex) if sex else None)


JUST_NOW = timedelta(minutes=1)  # a window of 48 h may be short by so much; it saves a page per message


@dataclass(slots=True)
class DialogueRow:
    """One row of `models.Dialogue`, opened."""

    ref: str
    flow: str
    version: int
    state: DialogueState
    started_at: datetime
    expires_at: datetime
    args: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[str, Any]] = field(default_factory=list)
    pending: dict[str, Any] | None = None
    serial: int = 0
    confidential: bool = False
    ended_at: datetime | None = None

    def sealed(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """args, answers and pending as the columns hold them; of an ended one nothing: nobody reads them."""
        if self.state is DialogueState.ENDED:
            return None, None, None
        pending = None if self.pending is None else seal_json(self.pending, "dialogue.pending")
        return seal_json(self.args, "dialogue.args"), seal_json(self.answers, "dialogue.answers"), pending

    def open_columns(self, args: bytes | None, answers: bytes | None, pending: bytes | None) -> None:
        self.args = unseal_json(args, "dialogue.args") if args else {}
        stored = unseal_json(answers, "dialogue.answers") if answers else []
        self.answers = [(key, value) for key, value in stored]
        self.pending = unseal_json(pending, "dialogue.pending") if pending else None


@dataclass(frozen=True, slots=True)
class Seen:
    """A message that is in the journal already."""

    message_id: int
    state: MessageState
    reply: dict[str, Any] | None
    lease_token: str | None
    late: bool  # its push was answered with `success`


@dataclass(slots=True)
class Snapshot:
    """All that must be known before a message can be handled."""

    seen: Seen | None = None
    speaker: Speaker | None = None
    open: DialogueRow | None = None
    suspended: DialogueRow | None = None
    drafts: list[DialogueRow] = field(default_factory=list)  # oldest first

    @property
    def draft(self) -> DialogueRow | None:
        return self.drafts[-1] if self.drafts else None

    def add(self, row: DialogueRow) -> None:
        """Put a dialogue in its place; drafts come oldest first."""
        if row.state is DialogueState.OPEN:
            self.open = row
        elif row.state is DialogueState.SUSPENDED:
            self.suspended = row
        else:
            self.drafts.append(row)


class Question(NamedTuple):
    """One message a group is asked about."""

    account_id: int
    key: str
    openid: str
    is_person: bool
    at: datetime


class Contact(Enum):
    """What a message changes in the follower's facts: the platform's windows hang on it."""

    NONE = "none"  # an event that opens no window
    SPOKE = "spoke"  # 5 customer messages within 48 h
    ACTED = "acted"  # 3 within 1 min
    FOLLOWED = "followed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Expected:
    """A picture, voice or video still at WeChat, to be fetched after the commit."""

    public_id: str
    kind: str
    media_id: str


class TalkQuestion(NamedTuple):
    """Whether somebody is in a talk with staff; by which digests his named and anonymous cases are found."""

    named: bytes
    unnamed: bytes
    at: datetime


@dataclass(slots=True)
class Entry:
    """What one handled message leaves behind."""

    account_id: int
    key: str
    kind: str
    state: MessageState
    request_id: str
    received_at: datetime
    answered_at: datetime | None
    body: bytes | None  # sealed
    reply: bytes | None  # sealed
    rule: str = ""
    speaker: Speaker | None = None
    contact: Contact = Contact.NONE
    dialogue_ref: str | None = None
    dialogue_serial: int | None = None
    lease_token: str | None = None
    lease_until: datetime | None = None
    dialogues: Sequence[DialogueRow] = ()
    expected: Sequence[Expected] = ()
    paid: Sequence[int] = ()  # the owed outbox rows that opened this reply
    wrote: bool = False  # its handler did: another process at this person must notice
    unless: TalkQuestion | None = None  # not stored while such a talk stands open: that is where it belongs

    @property
    def plain(self) -> bool:
        """Nothing but the message and the follower's facts: the case that must be fast."""
        return not (self.dialogues or self.expected or self.paid or self.contact is Contact.LEFT)

    @property
    def looks_only(self) -> bool:
        """The follower's row need not be written, its version only be as expected.

        Such a message changes nothing that another process could trip over.
        """
        return (
            self.plain
            and not self.wrote
            and self.contact is Contact.SPOKE
            and self.speaker is not None
            and self.speaker.known_to_speak
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A message about to be handled in a writing transaction: what tells whether that may be done."""

    account_id: int
    key: str
    speaker: Speaker | None
    contact: Contact
    received_at: datetime


class Written(Enum):
    OK = "ok"
    DUPLICATE = "duplicate"  # the key is in the journal: read again and repeat what was answered
    STALE = "stale"  # the follower's version moved on, or it belongs to a talk: run again


MESSAGE_COLUMNS = (
    "account_id",
    "key",
    "follower_id",
    "kind",
    "state",
    "rule",
    "request_id",
    "received_at",
    "answered_at",
    "body",
    "reply",
    "dialogue_ref",
    "dialogue_serial",
    "lease_token",
    "lease_until",
    "tries",
)
DIALOGUE_COLUMNS = (
    "ref", "follower_id", "flow", "version", "state", "confidential", "args", "answers", "pending", "serial",
    "started_at", "updated_at", "expires_at", "ended_at", "emptied",
)  # fmt: skip
KEPT = ("ref", "follower_id", "flow", "started_at", "confidential", "emptied")  # when put again


def put_dialogues(rows: str) -> str:
    """The statement that stores dialogues, new ones or changed; `rows` gives them as SQL."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in DIALOGUE_COLUMNS if name not in KEPT)
    columns = ", ".join(DIALOGUE_COLUMNS)
    return f"INSERT INTO dialogue ({columns}) {rows} ON CONFLICT (ref) DO UPDATE SET {changes}"


# The oldest answer owed to the follower `f`; one that belongs to another openid waits for that one.
OWED = """(SELECT min(o.id) FROM outbox o WHERE o.person_id = f.person_id AND o.state = 'owed'
     AND (o.follower_id IS NULL OR o.follower_id = f.id))"""

# What is told by a reply is settled with it; so is the message whose late answer it was.
PAY = (
    "UPDATE outbox SET state = 'delivered', way = 'passive', reason = '', settled_at = {at}"
    " WHERE id = {row} AND state = 'owed'",
    "UPDATE message SET state = 'delivered' WHERE state = 'undeliverable'"
    " AND id = (SELECT message_id FROM outbox WHERE id = {row})",
)

# One UPDATE for all kinds of contact: `f` is the follower, `v` the group's row.
FOLLOWER_CHANGES = """
  version = f.version + 1,
  spoke_at = CASE WHEN v.contact = 'spoke' AND (f.spoke_at IS NULL OR v.at > f.spoke_at) THEN v.at
    WHEN v.contact = 'left' AND {still} THEN NULL ELSE f.spoke_at END,
  spoke_used = CASE WHEN v.contact = 'spoke' AND (f.spoke_at IS NULL OR v.at > f.spoke_at) THEN 0
    ELSE f.spoke_used END,
  acted_at = CASE WHEN {acts} AND (f.acted_at IS NULL OR v.at > f.acted_at) THEN v.at
    WHEN v.contact = 'left' AND {still} THEN NULL ELSE f.acted_at END,
  acted_used = CASE WHEN {acts} AND (f.acted_at IS NULL OR v.at > f.acted_at) THEN 0 ELSE f.acted_used END,
  subscribed = CASE WHEN v.contact = 'left' AND {still} THEN {false} WHEN {here} THEN {true}
    ELSE f.subscribed END,
  subscribed_at = CASE WHEN v.contact = 'followed' AND {here} THEN v.at ELSE f.subscribed_at END,
  unsubscribed_at = CASE WHEN v.contact = 'left' AND {still} THEN v.at WHEN {here} THEN NULL
    ELSE f.unsubscribed_at END,
  menu_tag = CASE WHEN v.contact = 'left' AND {still} THEN NULL ELSE f.menu_tag END
"""
# A message that is run again late must not turn the facts back: it speaks of its own time only.
for _name, _condition in (
    ("{acts}", "v.contact IN ('acted', 'followed')"),
    ("{still}", "(f.subscribed_at IS NULL OR v.at >= f.subscribed_at)"),
    (
        "{here}",
        "(v.contact IN ('spoke', 'acted', 'followed')"
        " AND (f.unsubscribed_at IS NULL OR v.at >= f.unsubscribed_at))",
    ),
):
    FOLLOWER_CHANGES = FOLLOWER_CHANGES.replace(_name, _condition)


# What goes at once when somebody leaves, if it is older than that: told late, it must not take what was given
# after a return. `retention.forget_leavers` does the same where no event told.
LEAVING = (
    "DELETE FROM follower_tag WHERE follower_id = {who} AND given_at <= {at}",
    "DELETE FROM notice_consent WHERE follower_id = {who} AND said_at <= {at}",
    "DELETE FROM interest WHERE first_at <= {at}"
    " AND person_id = (SELECT f.person_id FROM follower f WHERE f.id = {who})",
    "DELETE FROM article_visit WHERE first_at <= {at}"
    " AND person_id = (SELECT f.person_id FROM follower f WHERE f.id = {who})",
    "UPDATE follower SET unionid = NULL, asked_at = NULL WHERE id = {who} AND unsubscribed_at = {at}",
    f"UPDATE message SET body = NULL WHERE follower_id = {{who}} AND received_at <= {{at}} AND {PLACES}",
    "UPDATE dialogue SET args = NULL, answers = NULL"
    " WHERE follower_id = {who} AND state = 'ended' AND updated_at <= {at}",
)


def message_row(entry: Entry) -> tuple[Any, ...]:
    """The values of `MESSAGE_COLUMNS`; times are still datetimes."""
    return (
        entry.account_id,
        entry.key,
        entry.speaker.follower_id if entry.speaker else None,
        entry.kind,
        entry.state.value,
        entry.rule,
        entry.request_id,
        entry.received_at,
        entry.answered_at,
        entry.body,
        entry.reply,
        entry.dialogue_ref,
        entry.dialogue_serial,
        entry.lease_token,
        entry.lease_until,
        0,
    )


def dialogue_row(row: DialogueRow, follower_id: int, at: datetime) -> tuple[Any, ...]:
    """The values of `DIALOGUE_COLUMNS`; times are still datetimes."""
    args, answers, pending = row.sealed()
    return (
        row.ref,
        follower_id,
        row.flow,
        row.version,
        row.state.value,
        row.confidential,
        args,
        answers,
        pending,
        row.serial,
        row.started_at,
        at,
        row.expires_at,
        row.ended_at,
        False,
    )
