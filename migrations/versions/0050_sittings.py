"""Sittings of an activity that takes place several times for the same people, and who came to which.

Additive: the running release keeps working; what is there takes place once, as before. Downgrade forgets the
sittings and who came to which; that somebody came at all stays in his sign-up.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("activity", sa.Column("sittings", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("check_in_scan", sa.Column("sitting", sa.String(8), nullable=False, server_default=""))
    op.create_table(
        "sitting_arrival",
        sa.Column("sign_up_id", ID, nullable=False),
        sa.Column("sitting", sa.String(8), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("fk_sitting_arrival_sign_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitting_arrival")),
        sa.UniqueConstraint("sign_up_id", "sitting", name=op.f("uq_sitting_arrival_sign_up_id_sitting")),
    )


def downgrade() -> None:
    op.drop_table("sitting_arrival")
    op.drop_column("check_in_scan", "sitting")
    op.drop_column("activity", "sittings")
