"""Articles as blocks, their moves, and how often they were read.

Additive. Downgrade forgets all articles.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "article",
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=True),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.String(length=120), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("public_id", name=op.f("uq_article_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_article_slug")),
    )
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index("ix_article_state_published_at", ["state", "published_at"], unique=False)

    op.create_table(
        "article_move",
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(24), nullable=True),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_move_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_move")),
    )
    with op.batch_alter_table("article_move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_move_article_id"), ["article_id"], unique=False)

    op.create_table(
        "article_reads",
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_reads_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_reads")),
        sa.UniqueConstraint("day", "article_id", name=op.f("uq_article_reads_day_article_id")),
    )


def downgrade() -> None:
    op.drop_table("article_reads")
    with op.batch_alter_table("article_move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_move_article_id"))

    op.drop_table("article_move")
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_state_published_at")

    op.drop_table("article")
