"""Keep what content said before.

Additive: the running release keeps no history. Downgrade forgets it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0056"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "content_revision",
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("filled", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("writer_ids", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("shown_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_revision")),
        sa.UniqueConstraint("kind", "key", "number", name=op.f("uq_content_revision_kind_key_number")),
    )
    op.create_index("ix_content_revision_at", "content_revision", ["at"])


def downgrade() -> None:
    op.drop_table("content_revision")
