"""Until when somebody who signed up for an activity may say otherwise.

Additive: the running release keeps working; nothing can be changed of what is there. Downgrade forgets the
deadlines.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.add_column("activity", sa.Column("changes_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("activity", "changes_until")
