"""What a canned reply goes on to do when it is used with one press.

Additive: the running release keeps working; what was there has no steps. Downgrade forgets the steps; what
has only steps and no words is deleted, since the older release shows it as an empty answer.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.add_column("canned_reply", sa.Column("steps", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM canned_reply WHERE text = ''")
    op.drop_column("canned_reply", "steps")
