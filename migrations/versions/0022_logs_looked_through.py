"""Let the console look through messages and effects by state, kind, rule, person and time.

Additive: the running release keeps working. Downgrade drops the indexes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

LISTED = "id > 0"


NOT_ANSWERED = f"state <> 'answered' AND {LISTED}"
MADE = {
    ("message", "ix_message_kind_listed"): (["kind", "id"], LISTED),
    ("message", "ix_message_rule_listed"): (["rule", "id"], LISTED),
    ("message", "ix_message_follower_id_listed"): (["follower_id", "id"], LISTED),
    ("message", "ix_message_not_answered"): (["id"], NOT_ANSWERED),
    ("message", "ix_message_received_at_state_tries"): (["received_at", "state", "tries"], None),
    ("outbox", "ix_outbox_kind_listed"): (["kind", "id"], LISTED),
    ("outbox", "ix_outbox_state_listed"): (["state", "id"], LISTED),
}


def upgrade() -> None:
    for (table, name), (columns, where) in MADE.items():
        chosen = sa.text(where) if where else None
        op.create_index(name, table, columns, sqlite_where=chosen, postgresql_where=chosen)


def downgrade() -> None:
    for table, name in reversed(MADE):
        op.drop_index(name, table)
