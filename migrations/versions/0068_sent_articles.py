"""Articles that were sent: WeChat's favourites by day, whose the figures of mass messages are, what was done
about copies of articles that are over; and whether a file of an article was looked at for viruses.

Additive: the running release leaves the columns as they are. Downgrade forgets favourites, which WeChat tells
again, that somebody dealt with copies, and that a file is held: it would be shown.
"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"

COPIES = ("campaign_article", "article_post")
NOT_READY = sa.text("state <> 'ready'")

# A message has the number that its order was answered with; behind it stands the place of the article.
OURS = """
UPDATE wechat_article_figure SET article_id = (
    SELECT MAX(campaign_article.article_id) FROM mass_order
    JOIN campaign_article ON campaign_article.campaign_id = mass_order.campaign_id
    WHERE mass_order.msg_data_id IS NOT NULL AND wechat_article_figure.msgid =
        CAST(mass_order.msg_data_id AS VARCHAR(32)) || '_' || CAST(campaign_article.place AS VARCHAR(32))
) WHERE article_id IS NULL
"""


def upgrade() -> None:
    op.add_column(
        "wechat_article_day", sa.Column("favourites", sa.Integer(), nullable=False, server_default="0")
    )
    op.execute(OURS)
    for table in COPIES:
        op.add_column(table, sa.Column("dealt_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("article_media", sa.Column("state", sa.String(24), nullable=False, server_default="ready"))
    op.add_column("article_media", sa.Column("reason", sa.String(200), nullable=False, server_default=""))
    op.create_index(
        "ix_article_media_not_ready",
        "article_media",
        ["id"],
        sqlite_where=NOT_READY,
        postgresql_where=NOT_READY,
    )


def downgrade() -> None:
    op.drop_index("ix_article_media_not_ready", "article_media")
    op.drop_column("article_media", "reason")
    op.drop_column("article_media", "state")
    for table in COPIES:
        op.drop_column(table, "dealt_at")
    op.drop_column("wechat_article_day", "favourites")
