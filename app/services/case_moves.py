"""Which moves each kind of case may make. A move that is not here is an error, never silent."""

from app.errors import DomainError
from models import CaseKind, CaseState

S = CaseState

_LEFT = frozenset({S.REFERRED, S.CANCELLED})  # from wherever nothing has been answered yet
_DECIDED = frozenset({S.APPROVED, S.REFUSED})

_ADVICE: dict[CaseState, frozenset[CaseState]] = {
    S.SUBMITTED: frozenset({S.TRIAGED, *_LEFT}),
    S.TRIAGED: frozenset({S.ASSIGNED, *_LEFT}),
    S.ASSIGNED: frozenset({S.IN_PROGRESS, S.TRIAGED, *_LEFT}),  # back to the queue from who stays silent
    S.IN_PROGRESS: frozenset({S.WAITING_USER, S.ANSWERED, *_LEFT}),
    S.WAITING_USER: frozenset({S.IN_PROGRESS, S.ANSWERED, S.CLOSED, *_LEFT}),
    S.ANSWERED: frozenset({S.REOPENED, S.CLOSED}),
    S.REOPENED: frozenset({S.ASSIGNED, *_LEFT}),
    S.CLOSED: frozenset({S.REOPENED}),
    S.REFERRED: frozenset(),
    S.CANCELLED: frozenset(),
}

_ENDED = frozenset({S.MERGED, S.CANCELLED})  # from wherever nothing has been replied yet

_COMPLAINT: dict[CaseState, frozenset[CaseState]] = {
    S.SUBMITTED: frozenset({S.ACCEPTED, S.NOT_ACCEPTED, *_ENDED}),
    S.ACCEPTED: frozenset({S.DISPATCHED, *_ENDED}),
    S.DISPATCHED: frozenset({S.IN_PROGRESS, S.RETURNED, *_ENDED}),
    S.RETURNED: frozenset({S.DISPATCHED, *_ENDED}),
    # To RETURNED from here: taken back by the union from whom it is about; a department returns it no more.
    S.IN_PROGRESS: frozenset({S.EXTENDED, S.SUSPENDED, S.REPLIED, S.RETURNED, *_ENDED}),
    S.EXTENDED: frozenset({S.SUSPENDED, S.REPLIED, S.RETURNED, *_ENDED}),
    S.SUSPENDED: frozenset({S.IN_PROGRESS, S.EXTENDED, S.RETURNED, *_ENDED}),  # else to where it came from
    S.REPLIED: frozenset({S.REOPENED, S.CLOSED}),
    S.REOPENED: frozenset({S.DISPATCHED, S.IN_PROGRESS, S.RETURNED, *_ENDED}),  # anew, or where it was
    S.CLOSED: frozenset({S.REOPENED}),
    S.NOT_ACCEPTED: frozenset(),
    S.MERGED: frozenset({S.ACCEPTED}),  # where the other ends before anybody replied
    S.CANCELLED: frozenset(),
}

MOVES: dict[CaseKind, dict[CaseState, frozenset[CaseState]]] = {
    # A talk may be over without a written answer.
    CaseKind.DESK: {
        S.SUBMITTED: frozenset({S.ANSWERED, S.CLOSED, S.CANCELLED}),
        S.ANSWERED: frozenset({S.SUBMITTED, S.CLOSED}),
        S.CLOSED: frozenset(),
        S.CANCELLED: frozenset(),
    },
    CaseKind.FEEDBACK: {
        S.SUBMITTED: frozenset({S.ANSWERED, S.CANCELLED}),
        S.ANSWERED: frozenset({S.SUBMITTED, S.CLOSED}),
        S.CLOSED: frozenset(),
        S.CANCELLED: frozenset(),
    },
    CaseKind.CONSULTATION: _ADVICE,
    CaseKind.COUNSELLING: _ADVICE,
    CaseKind.HEALTH: _ADVICE,
    CaseKind.COMPLAINT: _COMPLAINT,
    CaseKind.APPLICATION: {
        S.SUBMITTED: frozenset({S.REVIEWING, S.CANCELLED}),
        S.REVIEWING: frozenset({S.SUPPLEMENT, S.CANCELLED, *_DECIDED}),
        # Who brings what is missing to the office need not write it down as well.
        S.SUPPLEMENT: frozenset({S.REVIEWING, S.CANCELLED, *_DECIDED}),
        S.APPROVED: frozenset(),
        S.REFUSED: frozenset(),
        S.CANCELLED: frozenset(),
    },
    CaseKind.MEMBER_CHANGE: {
        S.SUBMITTED: frozenset({S.CANCELLED, *_DECIDED}),
        S.APPROVED: frozenset(),
        S.REFUSED: frozenset(),
        S.CANCELLED: frozenset(),
    },
    # As《法律援助法》has it; from where help comes first and papers later, straight to who helps.
    CaseKind.LEGAL_AID: {
        S.SUBMITTED: frozenset({S.SUPPLEMENT, S.REVIEWING, S.ASSIGNED, S.CANCELLED}),
        S.SUPPLEMENT: frozenset({S.REVIEWING, S.CANCELLED, S.DEEMED_WITHDRAWN}),
        S.REVIEWING: frozenset({S.GRANTED, S.REJECTED, S.CANCELLED}),
        S.GRANTED: frozenset({S.ASSIGNED, S.TERMINATED}),
        S.ASSIGNED: frozenset({S.IN_PROGRESS, S.TERMINATED}),
        S.IN_PROGRESS: frozenset({S.CONCLUDED, S.TERMINATED}),
        S.REJECTED: frozenset({S.OBJECTION}),
        S.TERMINATED: frozenset({S.OBJECTION}),
        S.OBJECTION: frozenset({S.GRANTED, S.UPHELD}),
        S.UPHELD: frozenset(),
        S.CONCLUDED: frozenset(),
        S.DEEMED_WITHDRAWN: frozenset(),
        S.CANCELLED: frozenset(),
    },
}
# 转台: from where a case may go to another desk, and how it arrives there.
TRANSFERS: dict[CaseKind, frozenset[CaseState]] = {
    CaseKind.DESK: frozenset({S.SUBMITTED, S.ANSWERED}),
    CaseKind.FEEDBACK: frozenset({S.SUBMITTED, S.ANSWERED}),
    CaseKind.CONSULTATION: frozenset(
        {S.SUBMITTED, S.TRIAGED, S.ASSIGNED, S.IN_PROGRESS, S.WAITING_USER, S.ANSWERED, S.REOPENED}
    ),
    CaseKind.COMPLAINT: frozenset({S.SUBMITTED}),  # what was taken up has the clock of the law
}
ARRIVES = {
    CaseKind.FEEDBACK: S.SUBMITTED,
    CaseKind.CONSULTATION: S.TRIAGED,
    CaseKind.COMPLAINT: S.SUBMITTED,
}
# By a yes or no, not by an answer.
DECIDED_KINDS = frozenset({CaseKind.APPLICATION, CaseKind.MEMBER_CHANGE, CaseKind.LEGAL_AID})

UNANSWERED = (S.SUBMITTED, S.TRIAGED, S.ASSIGNED, S.IN_PROGRESS, S.REOPENED)  # an answer is owed
WITH_UNION = (S.SUBMITTED, S.ACCEPTED, S.RETURNED)  # of a complaint: the union's move, no department's

# One person who answers by himself takes these on the way, each with its trace.
_NEXT = {
    S.SUBMITTED: S.TRIAGED,
    S.TRIAGED: S.ASSIGNED,
    S.REOPENED: S.ASSIGNED,
    S.ASSIGNED: S.IN_PROGRESS,
}
_REVIEWED = {S.SUBMITTED: S.REVIEWING}
_BY_THE_WAY = {CaseKind.APPLICATION: _REVIEWED, CaseKind.LEGAL_AID: _REVIEWED}


def check_move(kind: CaseKind, from_: CaseState, to: CaseState) -> None:
    """Raises: DomainError."""
    if to in MOVES[kind].get(from_, ()):
        return
    if from_ in UNANSWERED and to is S.CLOSED:
        raise DomainError("还没有答复，请先答复再办结。")
    raise DomainError(f"{from_.label_in(kind)}的事项不能改为{to.label_in(kind)}。")


def way(kind: CaseKind, from_: CaseState, to: CaseState) -> list[CaseState]:
    """The states one after the other until `to`; straight to it where that is one move.

    Raises:
        DomainError: there is no way.
    """
    states, here, then = [], from_, _BY_THE_WAY.get(kind, _NEXT)
    while to not in MOVES[kind].get(here, ()) and here in then and then[here] in MOVES[kind][here]:
        here = then[here]
        states.append(here)
    check_move(kind, here if to in MOVES[kind].get(here, ()) else from_, to)
    return [*states, to]
