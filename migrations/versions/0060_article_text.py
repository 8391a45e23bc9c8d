"""What articles say as plain words, and what they are found by.

Additive: the running release searches as before; a round fills both. Downgrade forgets both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "article_text",
        sa.Column("article_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_text_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_text")),
        sa.UniqueConstraint("article_id", name=op.f("uq_article_text_article_id")),
        sa.UniqueConstraint("place", name=op.f("uq_article_text_place")),
    )
    op.create_index("ix_article_text_article_id_version", "article_text", ["article_id", "version"])
    op.create_index("ix_article_state_id_version", "article", ["state", "id", "version"])
    op.create_table(
        "article_gram",
        sa.Column("gram", sa.Integer(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_gram")),
        sa.UniqueConstraint("gram", "segment", name=op.f("uq_article_gram_gram_segment")),
    )


def downgrade() -> None:
    op.drop_table("article_gram")
    op.drop_index("ix_article_state_id_version", "article")
    op.drop_table("article_text")
