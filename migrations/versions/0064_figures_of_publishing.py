"""Figures of publishing: by which link articles were opened, and WeChat's own statistics.

Additive: the running release counts reads as before. Downgrade forgets them; WeChat tells its own again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def _key(table: str) -> list[Any]:
    key = sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))
    return [sa.Column("id", ID, nullable=False), key]


def _to(table: str, name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}"))


def _one(table: str, *names: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*names, name=op.f(f"uq_{table}_{'_'.join(names)}"))


def _numbers(*names: str) -> list[Any]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "article_clicks",
        sa.Column("article_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        *_numbers("count"),
        *_key("article_clicks"),
        _to("article_clicks", "article_id", "article"),
        _one("article_clicks", "day", "article_id", "channel"),
    )
    op.create_table(
        "wechat_course",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        *_numbers("tries"),
        *_key("wechat_course"),
        _to("wechat_course", "account_id", "account"),
        _one("wechat_course", "account_id"),
    )
    op.create_table(
        "wechat_fetch",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("what", sa.String(24), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fetched_on", sa.Date(), nullable=False),
        *_key("wechat_fetch"),
        _to("wechat_fetch", "account_id", "account"),
        _one("wechat_fetch", "account_id", "what", "day"),
    )
    _create_articles()
    op.create_table(
        "wechat_follower_day",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *_numbers("came", "went"),
        sa.Column("in_all", sa.Integer(), nullable=True),
        *_key("wechat_follower_day"),
        _to("wechat_follower_day", "account_id", "account"),
        _one("wechat_follower_day", "account_id", "day"),
    )


def _create_articles() -> None:
    op.create_table(
        "wechat_article_figure",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("msgid", sa.String(64), nullable=False),
        sa.Column("article_id", ID, nullable=True),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("url", sa.String(1024), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("told_to", sa.Date(), nullable=True),
        *_numbers("reads", "shares", "likes", "favourites", "comments"),
        *_key("wechat_article_figure"),
        _to("wechat_article_figure", "account_id", "account"),
        _to("wechat_article_figure", "article_id", "article"),
        _one("wechat_article_figure", "account_id", "msgid"),
    )
    op.create_index(op.f("ix_wechat_article_figure_article_id"), "wechat_article_figure", ["article_id"])
    op.create_table(
        "wechat_article_day",
        sa.Column("figure_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *_numbers("reads", "shares"),
        *_key("wechat_article_day"),
        _to("wechat_article_day", "figure_id", "wechat_article_figure"),
        _one("wechat_article_day", "figure_id", "day"),
    )
    op.create_index("ix_wechat_article_day_day", "wechat_article_day", ["day"])


def downgrade() -> None:
    op.drop_table("wechat_follower_day")
    op.drop_table("wechat_article_day")
    op.drop_table("wechat_article_figure")
    op.drop_table("wechat_fetch")
    op.drop_table("wechat_course")
    op.drop_table("article_clicks")
