"""Labour-law answers and signposts, in tables like that of tips.

Additive. Downgrade forgets them; `gonghui content load` brings them back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for name in ("law_answer", "signpost"):
        op.create_table(
            name,
            sa.Column("slug", sa.String(length=64), nullable=False),
            sa.Column("topic", sa.String(length=24), nullable=False),
            sa.Column("title", sa.String(length=80), nullable=False),
            sa.Column("data", sa.JSON(), nullable=False),
            sa.Column("digest", sa.String(length=64), nullable=False),
            sa.Column("live", sa.Boolean(), nullable=False),
            sa.Column("next_review_on", sa.Date(), nullable=False),
            sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint("slug", name=op.f(f"uq_{name}_slug")),
        )


def downgrade() -> None:
    op.drop_table("signpost")
    op.drop_table("law_answer")
