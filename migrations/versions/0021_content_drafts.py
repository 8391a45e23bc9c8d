"""Drafts that staff write, the moves of content, and which shown things are staff's own by now.

Additive: what was shipped belongs to its files until staff edit it. Downgrade forgets drafts and their
moves; what staff published stays until the next `gonghui content load` brings the files' own words back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
IS_OPEN = sa.text("state IN ('draft', 'in_review', 'changes_requested')")
SHOWN = ("tip", "law_answer", "signpost", "article")


def upgrade() -> None:
    for table in SHOWN:
        op.add_column(table, sa.Column("edited", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("article", sa.Column("reviewer", sa.String(40), nullable=False, server_default=""))
    op.add_column("article", sa.Column("next_review_on", sa.Date()))
    op.create_index("ix_article_next_review_on", "article", ["next_review_on"])
    op.create_table(
        "content_draft",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("filled", sa.JSON(), nullable=False),
        sa.Column("writer_ids", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_draft")),
        sa.UniqueConstraint("public_id", name=op.f("uq_content_draft_public_id")),
    )
    op.create_index(
        "uq_content_draft_open",
        "content_draft",
        ["kind", "key"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_table(
        "content_move",
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("from_state", sa.String(24)),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_move")),
    )
    op.create_index("ix_content_move_kind_key", "content_move", ["kind", "key"])


def downgrade() -> None:
    op.drop_table("content_move")
    op.drop_table("content_draft")
    op.drop_index("ix_article_next_review_on", "article")
    op.drop_column("article", "next_review_on")
    op.drop_column("article", "reviewer")
    for table in SHOWN:
        op.drop_column(table, "edited")
