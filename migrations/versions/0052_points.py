"""What coming to an activity earns.

Additive: the running release plans activities that earn nothing. Downgrade forgets what each earns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.add_column("activity", sa.Column("points", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("activity", "points")
