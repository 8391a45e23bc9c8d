"""Seats that an activity gives branch by branch, and from whose a sign-up takes its own.

Additive: the running release keeps working and gives all seats to who comes first. Downgrade does that with
an activity that has quotas: the release before does not know the word.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.add_column("activity", sa.Column("quotas", sa.JSON(), server_default="[]", nullable=False))
    op.add_column(
        "activity", sa.Column("quotas_released", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column("sign_up", sa.Column("quota_branch_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.execute("UPDATE activity SET allocation = 'first_come' WHERE allocation = 'quota'")
    op.drop_column("sign_up", "quota_branch_id")
    op.drop_column("activity", "quotas_released")
    op.drop_column("activity", "quotas")
