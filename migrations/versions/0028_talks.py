"""Until when what a member writes in the chat belongs to a case.

Additive: the running release keeps working. Downgrade forgets it: words go where they went before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("case", sa.Column("talk_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("case", "talk_until")
