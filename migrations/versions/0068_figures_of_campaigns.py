"""WeChat's figures of mass messages: favourites by day, and whose articles they are that nobody knew.

Additive: the running release leaves the column at 0. Downgrade forgets favourites; WeChat tells them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0066"

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


def downgrade() -> None:
    op.drop_column("wechat_article_day", "favourites")
