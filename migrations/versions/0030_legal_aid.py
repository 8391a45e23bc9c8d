"""法律援助申请: what they know beyond their case.

Additive: the running release keeps working; it does not know this kind of case.
Downgrade forgets what was told and promised, and all clocks; stop taking such cases before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
DUE = ("due_at", "near_at", "reminder_due_at", "supplement_due_at")
TIMES = (
    *DUE,
    *("promised_at", "objection_until", "supplement_asked_at"),
    *("papers_at", "decided_at", "assigned_at"),
)


def upgrade() -> None:
    op.create_table(
        "legal_aid",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("consultation_id", ID, nullable=True),
        sa.Column("matter", sa.String(24), nullable=False),
        sa.Column("own_company", sa.Boolean(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("deadline_on", sa.Date(), nullable=True),
        sa.Column("deadline_basis", sa.String(24), nullable=True),
        sa.Column("preservation", sa.Boolean(), nullable=False),
        sa.Column("fast_track", sa.Boolean(), nullable=False),
        sa.Column("consent_version", sa.String(16), nullable=False),
        sa.Column("consent_at", AT, nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        *(sa.Column(name, AT, nullable=True) for name in TIMES),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_legal_aid_case_id")),
        sa.ForeignKeyConstraint(["consultation_id"], ["case.id"], name=op.f("fk_legal_aid_consultation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_aid")),
        sa.UniqueConstraint("case_id", name=op.f("uq_legal_aid_case_id")),
    )
    for due in DUE:
        there = sa.text(f"{due} IS NOT NULL")
        op.create_index(f"ix_legal_aid_{due}", "legal_aid", [due], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    op.drop_table("legal_aid")
