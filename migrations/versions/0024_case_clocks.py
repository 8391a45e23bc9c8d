"""Keep the clocks of every case with the case, and who has taken it.

Those of consultations move there. Not additive: stop the release before this one first. Downgrade gives the
clocks back to the consultations and forgets those of other cases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

MOVED = ("first_answered_at", "answered_at", "reminder_due_at", "close_due_at")
NEW = ("waiting_since", "answer_due_at", "owned_at", "return_due_at")
INDEXES = {
    "answer_due_at": ["kind", "answer_due_at"],
    "owner_id": ["owner_id"],
    "return_due_at": ["return_due_at"],
    "reminder_due_at": ["reminder_due_at"],
    "close_due_at": ["close_due_at"],
}
OLD_INDEXES = ("next_answer_due_at", "reminder_due_at", "close_due_at")
MOMENT = sa.DateTime(timezone=True)
UNANSWERED = ["submitted", "triaged", "assigned", "in_progress", "reopened"]
KEPT = (*MOVED, "seconds_left", "overdue")


def _table(name: str, due: str) -> sa.TableClause:
    """The columns that are moved, and by which rows are found."""
    found_by = ("id", "kind", "state", "opened_at", "first_answer_due_at") if name == "case" else ("case_id",)
    return sa.table(name, *(sa.column(each) for each in (*found_by, due, "waiting_since", *KEPT)))


def upgrade() -> None:
    for name in (*MOVED, *NEW):
        op.add_column("case", sa.Column(name, MOMENT, nullable=True))
    op.add_column("case", sa.Column("seconds_left", sa.Integer(), nullable=True))
    op.add_column("case", sa.Column("overdue", sa.Boolean(), nullable=False, server_default=sa.false()))
    case, facts = _table("case", "answer_due_at"), _table("consultation", "next_answer_due_at")
    theirs = {name: facts.c[name] for name in KEPT}
    moved = sa.update(case).where(facts.c.case_id == case.c.id)
    op.execute(moved.values(answer_due_at=facts.c.next_answer_due_at, **theirs))
    is_desk = case.c.kind.in_(["desk", "feedback"]) & (case.c.state == "submitted")
    op.execute(sa.update(case).where(is_desk).values(answer_due_at=case.c.first_answer_due_at))
    # Since when exactly is not known of those that were opened again.
    waits = case.c.kind.in_(["desk", "feedback", "consultation"]) & case.c.state.in_(UNANSWERED)
    op.execute(sa.update(case).where(waits).values(waiting_since=case.c.opened_at))
    for name, columns in INDEXES.items():
        is_due = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_case_{name}", "case", columns, sqlite_where=is_due, postgresql_where=is_due)
    for name in OLD_INDEXES:
        op.drop_index(f"ix_consultation_{name}", "consultation")
    for name in (*KEPT, "next_answer_due_at"):
        op.drop_column("consultation", name)


def downgrade() -> None:
    for name in (*MOVED, "next_answer_due_at"):
        op.add_column("consultation", sa.Column(name, MOMENT, nullable=True))
    op.add_column("consultation", sa.Column("seconds_left", sa.Integer(), nullable=True))
    op.add_column(
        "consultation", sa.Column("overdue", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    case, facts = _table("case", "answer_due_at"), _table("consultation", "next_answer_due_at")
    theirs = {name: case.c[name] for name in KEPT}
    moved = sa.update(facts).where(case.c.id == facts.c.case_id)
    op.execute(moved.values(next_answer_due_at=case.c.answer_due_at, **theirs))
    for name in OLD_INDEXES:
        is_due = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_consultation_{name}", "consultation", [name], sqlite_where=is_due, postgresql_where=is_due
        )
    for name in INDEXES:
        op.drop_index(f"ix_case_{name}", "case")
    for name in (*KEPT, *NEW):
        op.drop_column("case", name)
