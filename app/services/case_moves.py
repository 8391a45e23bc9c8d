"""Which moves each kind of case may make. A move that is not here is an error, never silent."""

from app.errors import DomainError
from models import CaseKind, CaseState

S = CaseState

MOVES: dict[CaseKind, dict[CaseState, frozenset[CaseState]]] = {
    # A talk may be over without a written answer.
    CaseKind.DESK: {
        S.SUBMITTED: frozenset({S.ANSWERED, S.CLOSED}),
        S.ANSWERED: frozenset({S.SUBMITTED, S.CLOSED}),
        S.CLOSED: frozenset(),
    },
    CaseKind.FEEDBACK: {
        S.SUBMITTED: frozenset({S.ANSWERED}),
        S.ANSWERED: frozenset({S.SUBMITTED, S.CLOSED}),
        S.CLOSED: frozenset(),
    },
}


def check_move(kind: CaseKind, from_: CaseState, to: CaseState) -> None:
    """Raises: DomainError."""
    if to in MOVES[kind][from_]:
        return
    if from_ is S.SUBMITTED and to is S.CLOSED:
        raise DomainError("还没有答复，请先答复再办结。")
    raise DomainError(f"{from_.label}的事项不能改为{to.label}。")
