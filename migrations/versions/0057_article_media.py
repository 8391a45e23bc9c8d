"""Pictures, films, sound and files in the text of articles, and where pictures are at WeChat.

Additive: the running release shows no such blocks; articles that have one need the new one. Downgrade forgets
which files belong to articles.
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "article_media",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("sort", sa.String(24), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("ending", sa.String(8), nullable=False),
        sa.Column("file", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("look_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_media")),
        sa.UniqueConstraint("public_id", name=op.f("uq_article_media_public_id")),
    )
    op.create_index("ix_article_media_key", "article_media", ["key"])
    op.create_index("ix_article_media_look_at", "article_media", ["look_at"])
    op.create_table(
        "article_cut",
        sa.Column("media_id", ID, nullable=False),
        sa.Column("cut", sa.String(16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(16), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["article_media.id"], name=op.f("fk_article_cut_media_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_cut")),
        sa.UniqueConstraint("media_id", "cut", "width", name=op.f("uq_article_cut_media_id_cut_width")),
    )
    op.create_table(
        "wechat_body_picture",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("address", sa.String(512), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_wechat_body_picture_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_body_picture")),
        sa.UniqueConstraint("account_id", "sha256", name=op.f("uq_wechat_body_picture_account_id_sha256")),
    )


def downgrade() -> None:
    for table in ("wechat_body_picture", "article_cut", "article_media"):
        op.drop_table(table)
