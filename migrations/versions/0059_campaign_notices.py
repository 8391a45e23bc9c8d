"""Campaigns by subscription notice: the template, its words, and when a key of WeChat's was first used.

Additive: the running release sends those it knows. Downgrade forgets what notices were to say.
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("campaign", sa.Column("template_id", sa.String(64), nullable=True))
    op.add_column("campaign", sa.Column("fields", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("campaign_delivery", sa.Column("asked_at", AT, nullable=True))


def downgrade() -> None:
    op.drop_column("campaign_delivery", "asked_at")
    op.drop_column("campaign", "fields")
    op.drop_column("campaign", "template_id")
