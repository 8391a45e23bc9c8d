"""Consultations: what the lawyer asked for, their clocks; and by which way an entry of a case came.

Additive: the running release keeps working, what it adds to a thread has no channel.
Downgrade forgets the facts and clocks of consultations; their cases stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

DUE = ("next_answer_due_at", "reminder_due_at", "close_due_at")


def upgrade() -> None:
    op.add_column("case_entry", sa.Column("channel", sa.String(16), nullable=False, server_default=""))
    op.create_table(
        "consultation",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("known_on", sa.Date(), nullable=True),
        sa.Column("employment", sa.String(24), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("own_company", sa.Boolean(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("deadline_on", sa.Date(), nullable=True),
        sa.Column("deadline_basis", sa.String(24), nullable=True),
        sa.Column("urgency", sa.String(24), nullable=False),
        sa.Column("fast_track", sa.Boolean(), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("consent_version", sa.String(16), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("referral_consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_answer_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds_left", sa.Integer(), nullable=True),
        sa.Column("reminder_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_consultation_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation")),
        sa.UniqueConstraint("case_id", name=op.f("uq_consultation_case_id")),
    )
    for due in DUE:
        is_due = sa.text(f"{due} IS NOT NULL")
        op.create_index(
            f"ix_consultation_{due}", "consultation", [due], sqlite_where=is_due, postgresql_where=is_due
        )


def downgrade() -> None:
    for due in DUE:
        op.drop_index(f"ix_consultation_{due}", table_name="consultation")
    op.drop_table("consultation")
    op.drop_column("case_entry", "channel")
