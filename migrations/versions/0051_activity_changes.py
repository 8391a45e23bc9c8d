"""Changes of announced activities that wait for an approver.

Additive: the running release goes on changing at once. Downgrade forgets what waits.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "activity_change",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("differing", sa.JSON(), nullable=False),
        sa.Column("later", sa.Boolean(), nullable=False),
        sa.Column("tells_of_notice", sa.Boolean(), nullable=False),
        sa.Column("submitted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("submitted_by", sa.String(64), nullable=False),
        sa.Column("submitted_at", AT, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_change_activity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_change")),
        sa.UniqueConstraint("activity_id", name=op.f("uq_activity_change_activity_id")),
    )


def downgrade() -> None:
    op.drop_table("activity_change")
