"""Campaigns of WeChat articles: which, what was approved of them, and the draft of each order.

Additive: the running release sends those it knows. Downgrade forgets which articles went out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "campaign_article",
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("url", sa.String(1024), nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_article_campaign_id")
        ),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_campaign_article_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_article")),
        sa.UniqueConstraint("campaign_id", "place", name=op.f("uq_campaign_article_campaign_id_place")),
    )
    op.create_index("ix_campaign_article_article_id", "campaign_article", ["article_id"])
    op.add_column("campaign", sa.Column("preview_id", sa.String(128), nullable=True))
    op.add_column("mass_order", sa.Column("msg_data_id", sa.BigInteger(), nullable=True))
    op.add_column("mass_order", sa.Column("mark", sa.String(16), nullable=True))
    op.add_column("mass_order", sa.Column("draft_id", sa.String(128), nullable=True))
    op.add_column("mass_order", sa.Column("draft_begun_at", AT, nullable=True))
    op.create_index("ix_mass_order_mark", "mass_order", ["mark"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_mass_order_mark", "mass_order")
    for name in ("draft_begun_at", "draft_id", "mark", "msg_data_id"):
        op.drop_column("mass_order", name)
    op.drop_column("campaign", "preview_id")
    op.drop_table("campaign_article")
