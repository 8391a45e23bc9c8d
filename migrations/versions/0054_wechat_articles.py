"""Articles of ours that go out as WeChat articles, the pictures brought there, and events of their ends.

Additive: the running release publishes none. Downgrade forgets what was published there; it stays at WeChat.
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
LIVE = sa.text("state NOT IN ('withdrawn', 'failed')")
EVENTS = sa.text("kind = 'event.publishjobfinish' AND body IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "wechat_article",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("media_id", sa.String(128)),
        sa.Column("cover", sa.String(16), nullable=False),
        sa.Column("cover_id", sa.String(128)),
        sa.Column("publish_id", sa.String(64)),
        sa.Column("msg_data_id", sa.BigInteger()),
        sa.Column("published_id", sa.String(128)),
        sa.Column("url", sa.String(1024)),
        sa.Column("errcode", sa.Integer()),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("published_at", TIME),
        sa.Column("begun_at", TIME),
        sa.Column("due_at", TIME),
        sa.Column("lease_token", sa.String(32)),
        sa.Column("lease_until", TIME),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_wechat_article_account_id")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_wechat_article_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_article")),
        sa.UniqueConstraint("public_id", name=op.f("uq_wechat_article_public_id")),
        sa.UniqueConstraint("account_id", "publish_id", name=op.f("uq_wechat_article_account_id_publish_id")),
    )
    op.create_index(
        "uq_wechat_article_live",
        "wechat_article",
        ["article_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    for name in ("article_id", "published_id", "due_at"):
        op.create_index(op.f(f"ix_wechat_article_{name}"), "wechat_article", [name])
    op.create_table(
        "wechat_picture",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_id", sa.String(128), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_wechat_picture_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_picture")),
        sa.UniqueConstraint("account_id", "sha256", name=op.f("uq_wechat_picture_account_id_sha256")),
    )
    op.create_index(
        "ix_message_publish_event", "message", ["id"], sqlite_where=EVENTS, postgresql_where=EVENTS
    )


def downgrade() -> None:
    op.drop_index("ix_message_publish_event", "message")
    op.drop_table("wechat_picture")
    op.drop_table("wechat_article")
