"""Check-in: from when and where one may, who came with how many, and what phones at the door have scanned.

Additive: the running release keeps working. What was over before is not asked who came to it.
Downgrade forgets how many came and every scan; that somebody was checked in stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
SCAN = "check_in_scan"


def upgrade() -> None:
    op.add_column(
        "activity", sa.Column("check_in_minutes", sa.Integer(), nullable=False, server_default="120")
    )
    op.add_column("activity", sa.Column("check_in_place", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("activity", sa.Column("absent_noted_at", AT, nullable=True))
    op.execute("UPDATE activity SET absent_noted_at = ends_at WHERE state IN ('ended', 'archived')")
    op.add_column("sign_up", sa.Column("arrived", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sign_up", sa.Column("checked_in_at", AT, nullable=True))
    op.execute("UPDATE sign_up SET arrived = seats WHERE state = 'checked_in'")
    op.create_table(
        SCAN,
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("sign_up_id", ID, nullable=True),
        sa.Column("answer", sa.String(24), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("said_at", AT, nullable=True),
        sa.Column("at", AT, nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("received_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_check_in_scan_activity_id")),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("fk_check_in_scan_sign_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in_scan")),
        sa.UniqueConstraint(
            "activity_id", "request_id", name=op.f("uq_check_in_scan_activity_id_request_id")
        ),
    )
    op.create_index(op.f("ix_check_in_scan_sign_up_id"), SCAN, ["sign_up_id"])
    op.create_index(op.f("ix_check_in_scan_received_at"), SCAN, ["received_at"])


def downgrade() -> None:
    op.drop_table(SCAN)
    for column in ("checked_in_at", "arrived"):
        op.drop_column("sign_up", column)
    for column in ("absent_noted_at", "check_in_place", "check_in_minutes"):
        op.drop_column("activity", column)
