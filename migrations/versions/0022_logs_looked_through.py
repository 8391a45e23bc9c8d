"""Let the console look through messages and effects by state, kind, rule, person and time.

Additive: the running release keeps working. Downgrade drops the indexes.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_index("ix_message_kind_id", "message", ["kind", "id"])
    op.create_index("ix_message_rule_id", "message", ["rule", "id"])
    op.create_index("ix_message_received_at_state_tries", "message", ["received_at", "state", "tries"])
    op.create_index("ix_outbox_kind_id", "outbox", ["kind", "id"])


def downgrade() -> None:
    op.drop_index("ix_outbox_kind_id", "outbox")
    for name in ("ix_message_received_at_state_tries", "ix_message_rule_id", "ix_message_kind_id"):
        op.drop_index(name, "message")
