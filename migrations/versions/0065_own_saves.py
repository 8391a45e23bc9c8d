"""Revisions of content that saved themselves while somebody was writing.

Additive: the running release saves by button only, and so were all there are. Downgrade forgets the
difference; the revisions stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"


def upgrade() -> None:
    mark: sa.Column[bool] = sa.Column("by_itself", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("content_revision", mark)


def downgrade() -> None:
    op.drop_column("content_revision", "by_itself")
