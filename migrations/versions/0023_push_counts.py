"""Count pushes that came again, that could not be stored in time, and that were refused, by day.

Additive: the running release keeps working. Downgrade drops the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "push_count",
        sa.Column("id", ID, primary_key=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("trouble", sa.String(24), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_push_count"),
        sa.UniqueConstraint("day", "trouble", name="uq_push_count_day_trouble"),
    )


def downgrade() -> None:
    op.drop_table("push_count")
