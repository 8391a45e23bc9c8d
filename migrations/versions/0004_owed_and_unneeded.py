"""Find what is owed to a person, and files that nobody needs; owe what the release before this one gave up.

Additive: the running release keeps working. Files without an owner went with an anonymous case, so they are
kept; of the others a job finds out. Downgrade gives the owed ones up again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OWED = sa.text("state = 'owed'")
LOOSE = sa.text("NOT kept AND state <> 'deleted'")
DELETED = sa.text("state = 'deleted'")


def upgrade() -> None:
    op.create_index("ix_outbox_owed", "outbox", ["person_id"], sqlite_where=OWED, postgresql_where=OWED)
    # Late answers wait by their message, whatever became of the row; answers to cases were given up.
    op.execute(
        "UPDATE outbox SET state = 'owed', way = NULL, settled_at = NULL"
        " WHERE state IN ('skipped', 'failed') AND payload IS NOT NULL AND person_id IS NOT NULL"
        " AND (kind = 'cases.answered' AND state = 'skipped' OR kind = 'dialogue.late_reply'"
        " AND message_id IN (SELECT id FROM message WHERE state = 'undeliverable' AND reply IS NOT NULL))"
    )
    kept: sa.Column[bool] = sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("stored_file", kept)
    op.execute("UPDATE stored_file SET kept = true WHERE owner_id IS NULL")
    op.create_index(
        "ix_stored_file_loose", "stored_file", ["owner_id"], sqlite_where=LOOSE, postgresql_where=LOOSE
    )
    op.create_index(
        "ix_stored_file_deleted",
        "stored_file",
        ["created_at"],
        sqlite_where=DELETED,
        postgresql_where=DELETED,
    )


def downgrade() -> None:
    op.drop_index("ix_stored_file_deleted", "stored_file")
    op.drop_index("ix_stored_file_loose", "stored_file")
    op.drop_column("stored_file", "kept")
    op.execute(
        "UPDATE outbox SET state = 'skipped', way = 'portal', settled_at = due_at WHERE state = 'owed'"
    )
    op.drop_index("ix_outbox_owed", "outbox")
