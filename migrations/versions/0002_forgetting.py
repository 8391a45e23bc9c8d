"""Mark effects whose reader is forgotten once they are told; index late answers and places.

Additive: the running release keeps working. Answers to cases and to people in danger are marked. Downgrade
drops the mark.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

PLACES = sa.text("kind IN ('event.location', 'event.location_select', 'location') AND body IS NOT NULL")
TOLD = sa.text("confidential AND person_id IS NOT NULL")
LATE = sa.text("message_id IS NOT NULL")


def upgrade() -> None:
    mark: sa.Column[bool] = sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("outbox", mark)
    op.execute("UPDATE outbox SET confidential = true WHERE kind IN ('cases.answered', 'crisis.reply')")
    op.create_index(
        "ix_outbox_confidential", "outbox", ["settled_at"], sqlite_where=TOLD, postgresql_where=TOLD
    )
    op.create_index("ix_outbox_message", "outbox", ["message_id"], sqlite_where=LATE, postgresql_where=LATE)
    op.create_index(
        "ix_message_place", "message", ["follower_id"], sqlite_where=PLACES, postgresql_where=PLACES
    )


def downgrade() -> None:
    op.drop_index("ix_message_place", "message")
    op.drop_index("ix_outbox_message", "outbox")
    op.drop_index("ix_outbox_confidential", "outbox")
    op.drop_column("outbox", "confidential")
