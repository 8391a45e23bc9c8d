"""Who wrote the draft of an activity, and what became of it in review.

Additive: the running release keeps working and announces drafts without review. It does not know the state of
what is in review: activities are submitted after the upgrade. Downgrade makes that a draft again, and forgets
who wrote in it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "activity_review",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("writer_ids", sa.JSON(), nullable=False),
        sa.Column("submitted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("before_was", sa.String(80), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_review_activity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_review")),
        sa.UniqueConstraint("activity_id", name=op.f("uq_activity_review_activity_id")),
    )


def downgrade() -> None:
    op.execute("UPDATE activity SET state = 'draft' WHERE state = 'in_review'")
    op.execute("UPDATE activity_move SET to_state = 'draft' WHERE to_state = 'in_review'")
    op.execute("UPDATE activity_move SET from_state = 'draft' WHERE from_state = 'in_review'")
    op.drop_table("activity_review")
