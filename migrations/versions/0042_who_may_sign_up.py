"""Who may sign up for an activity: how old, and how often for one kind.

Additive: the running release keeps working and asks for neither. Downgrade forgets both, and who waited
behind all others waits among them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("activity", sa.Column("youngest", sa.Integer(), nullable=True))
    op.add_column("activity", sa.Column("oldest", sa.Integer(), nullable=True))
    op.add_column("activity", sa.Column("kind_of", sa.String(20), nullable=False, server_default=""))
    op.add_column("activity", sa.Column("apart_months", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("activity", sa.Column("again", sa.String(24), nullable=False, server_default="refused"))


def downgrade() -> None:
    op.execute("UPDATE sign_up SET priority = 0 WHERE priority < 0")
    for column in ("again", "apart_months", "kind_of", "oldest", "youngest"):
        op.drop_column("activity", column)
