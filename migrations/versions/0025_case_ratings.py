"""How satisfied people are with a case, and when they are asked.

Additive: the running release keeps working. Downgrade forgets all ratings.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
DUE = ("invite_due_at", "remind_due_at", "end_due_at", "rated_at")


def upgrade() -> None:
    op.create_table(
        "case_rating",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("invite_due_at", MOMENT, nullable=True),
        sa.Column("remind_due_at", MOMENT, nullable=True),
        sa.Column("end_due_at", MOMENT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("invited_at", MOMENT, nullable=True),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("rated_at", MOMENT, nullable=True),
        sa.Column("called_back_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_case_rating_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_rating"),
        sa.UniqueConstraint("case_id", name="uq_case_rating_case_id"),
    )
    for name in DUE:
        is_set = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_case_rating_{name}", "case_rating", [name], sqlite_where=is_set, postgresql_where=is_set
        )
    is_bad = sa.text("score < 3")
    op.create_index(
        "ix_case_rating_unhappy", "case_rating", ["case_id"], sqlite_where=is_bad, postgresql_where=is_bad
    )


def downgrade() -> None:
    op.drop_table("case_rating")
