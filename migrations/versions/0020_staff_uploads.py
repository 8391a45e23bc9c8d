"""Sheets that staff sent in, between preview and import; indexes for the lists of members and people.

Additive: the running release keeps working. Downgrade forgets sheets that were not imported yet; their files
stay behind without a row that names them, so import or discard them first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "staff_upload",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("file_id", BIG_ID),
        sa.Column("preview", sa.LargeBinary()),
        sa.Column("said", sa.String(400)),
        sa.Column("job", sa.String(16)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_upload_staff_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_staff_upload_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_upload")),
        sa.UniqueConstraint("public_id", name=op.f("uq_staff_upload_public_id")),
    )
    op.create_index("ix_staff_upload_created_at", "staff_upload", ["created_at"])
    op.create_index("ix_staff_upload_staff_id", "staff_upload", ["staff_id"])
    op.create_index("ix_member_name", "member", ["name"], postgresql_ops={"name": "varchar_pattern_ops"})
    op.create_index("ix_follower_openid", "follower", ["openid"])
    left = sa.text("NOT subscribed")
    op.create_index("ix_follower_left", "follower", ["id"], sqlite_where=left, postgresql_where=left)
    op.create_index("ix_person_merge_gone_id", "person_merge", ["gone_id"])
    op.create_index("ix_person_merge_state", "person_merge", ["state"])


def downgrade() -> None:
    op.drop_index("ix_person_merge_state", table_name="person_merge")
    op.drop_index("ix_person_merge_gone_id", table_name="person_merge")
    op.drop_index("ix_follower_left", table_name="follower")
    op.drop_index("ix_follower_openid", table_name="follower")
    op.drop_index("ix_member_name", table_name="member")
    op.drop_table("staff_upload")
