"""Articles that were sent: WeChat's favourites by day, whose the figures of mass messages are, and what was
done about copies of articles that are over.

Additive: the running release leaves the columns as they are. Downgrade forgets favourites, which WeChat tells
again, and that somebody dealt with copies.
"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0066"

COPIES = ("campaign_article", "article_post")

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


def downgrade() -> None:
    for table in COPIES:
        op.drop_column(table, "dealt_at")
    op.drop_column("wechat_article_day", "favourites")
