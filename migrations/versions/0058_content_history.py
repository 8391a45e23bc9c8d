"""Keep what content said before, let its review take several steps, and articles end.

Additive: the running release keeps no history, publishes at the first step and ends nothing. Downgrade
forgets all of it, sources, tags, comments and words to look for too: what has ended is shown again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"

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
    _comments()
    _articles()


def _comments() -> None:
    table = "content_comment"
    op.create_table(
        table,
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("once", sa.String(32), nullable=False),
        sa.Column("draft_id", ID, nullable=False),
        sa.Column("block", sa.Integer(), nullable=True),
        sa.Column("quote", sa.String(80), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("answer", sa.String(500), nullable=False),
        sa.Column("answered_by", sa.String(64), nullable=False),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("done_by", sa.String(64), nullable=False),
        sa.Column("done_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["content_draft.id"], name=op.f(f"fk_{table}_draft_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f(f"fk_{table}_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("public_id", name=op.f(f"uq_{table}_public_id")),
        sa.UniqueConstraint("once", name=op.f(f"uq_{table}_once")),
    )
    op.create_index(f"ix_{table}_draft_id", table, ["draft_id"])


def _articles() -> None:
    op.add_column("article", sa.Column("source_name", sa.String(64), server_default="", nullable=False))
    op.add_column("article", sa.Column("source_link", sa.String(1024), server_default="", nullable=False))
    op.add_column("article", sa.Column("tags", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("article", sa.Column("expires_at", AT, nullable=True))


def downgrade() -> None:
    for column in ("expires_at", "tags", "source_link", "source_name"):
        op.drop_column("article", column)
    op.drop_table("content_comment")
    op.drop_table("content_word")
    op.drop_table("content_steps")
    op.drop_column("content_move", "step")
    op.drop_column("content_draft", "approver_ids")
    op.drop_table("content_revision")
