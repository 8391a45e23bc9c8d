"""Let the console look through messages and effects by state, kind, rule, person and time.

Additive: the running release keeps working. Downgrade drops the indexes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

NOT_ANSWERED = sa.text("state <> 'answered'")


def upgrade() -> None:
    op.create_index("ix_message_kind_id", "message", ["kind", "id"])
    op.create_index("ix_message_rule_id", "message", ["rule", "id"])
    op.create_index("ix_message_follower_id", "message", ["follower_id"])
    op.create_index("ix_message_received_at_state_tries", "message", ["received_at", "state", "tries"])
    op.create_index(
        "ix_message_not_answered",
        "message",
        ["id"],
        sqlite_where=NOT_ANSWERED,
        postgresql_where=NOT_ANSWERED,
    )
    op.create_index("ix_outbox_state_id", "outbox", ["state", "id"])
    op.create_index("ix_outbox_kind_id", "outbox", ["kind", "id"])


def downgrade() -> None:
    for name in ("ix_outbox_kind_id", "ix_outbox_state_id"):
        op.drop_index(name, "outbox")
    for name in (
        "ix_message_not_answered",
        "ix_message_received_at_state_tries",
        "ix_message_follower_id",
        "ix_message_rule_id",
        "ix_message_kind_id",
    ):
        op.drop_index(name, "message")
