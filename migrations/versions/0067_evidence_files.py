"""Files that are uploaded for other things than articles: whose each one is.

Additive: what is there belongs to articles, and the running release adds only such. Downgrade forgets the
files of evidence.
"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"


def upgrade() -> None:
    owner = sa.Column("owner", sa.String(24), nullable=False, server_default="article")
    op.add_column("article_media", owner)


def downgrade() -> None:
    mine = sa.text(
        "DELETE FROM article_cut WHERE media_id IN (SELECT id FROM article_media WHERE owner <> 'article')"
    )
    op.execute(mine)
    op.execute(sa.text("DELETE FROM article_media WHERE owner <> 'article'"))
    op.drop_column("article_media", "owner")
