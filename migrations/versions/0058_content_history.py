"""Keep what content said before, let its review take several steps, and articles end.

Additive: the running release keeps no history, publishes at the first step and ends nothing. Downgrade
forgets all of it, sources, tags and words to look for too: what has ended is shown again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0056"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "content_revision",
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("filled", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("writer_ids", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("shown_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_revision")),
        sa.UniqueConstraint("kind", "key", "number", name=op.f("uq_content_revision_kind_key_number")),
    )
    op.create_index("ix_content_revision_at", "content_revision", ["at"])
    op.add_column("content_draft", sa.Column("approver_ids", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("content_move", sa.Column("step", sa.String(8), server_default="", nullable=False))
    op.create_table(
        "content_steps",
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_steps")),
        sa.UniqueConstraint("kind", "category", name=op.f("uq_content_steps_kind_category")),
    )
    op.create_table(
        "content_word",
        sa.Column("word", sa.String(30), nullable=False),
        sa.Column("level", sa.String(24), nullable=False),
        sa.Column("note", sa.String(60), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("added_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_word")),
        sa.UniqueConstraint("word", name=op.f("uq_content_word_word")),
    )
    _articles()


def _articles() -> None:
    op.add_column("article", sa.Column("source_name", sa.String(64), server_default="", nullable=False))
    op.add_column("article", sa.Column("source_link", sa.String(1024), server_default="", nullable=False))
    op.add_column("article", sa.Column("tags", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("article", sa.Column("expires_at", AT, nullable=True))


def downgrade() -> None:
    for column in ("expires_at", "tags", "source_link", "source_name"):
        op.drop_column("article", column)
    op.drop_table("content_word")
    op.drop_table("content_steps")
    op.drop_column("content_move", "step")
    op.drop_column("content_draft", "approver_ids")
    op.drop_table("content_revision")
