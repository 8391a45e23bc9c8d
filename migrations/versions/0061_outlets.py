"""Outlets: Weibo and outside media, and what of each article went there.

Additive: the running release tells nobody. Downgrade forgets them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outlet",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("url", sa.String(1024), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("secret_until", AT, nullable=True),
        sa.Column("categories", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("by_itself", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outlet")),
        sa.UniqueConstraint("public_id", name=op.f("uq_outlet_public_id")),
    )
    op.create_table(
        "article_post",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("outlet_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("text", sa.String(300), nullable=False),
        sa.Column("article_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("remote_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("begun_at", AT, nullable=True),
        sa.Column("due_at", AT, nullable=True),
        sa.Column("lease_token", sa.String(32), nullable=True),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("sent_at", AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["outlet_id"], ["outlet.id"], name=op.f("fk_article_post_outlet_id")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_post_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_post")),
        sa.UniqueConstraint("public_id", name=op.f("uq_article_post_public_id")),
        sa.UniqueConstraint("outlet_id", "article_id", name=op.f("uq_article_post_outlet_id_article_id")),
    )
    for name in ("article_id", "due_at"):
        op.create_index(op.f(f"ix_article_post_{name}"), "article_post", [name])


def downgrade() -> None:
    op.drop_table("article_post")
    op.drop_table("outlet")
