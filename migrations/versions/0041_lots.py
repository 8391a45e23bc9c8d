"""Who gets a seat of an activity may be decided by lot.

Additive: the running release keeps working, and gives the seats of every activity to who comes first. It
does not know the state of who has entered for a lot: activities by lot are for the time after the upgrade.
Downgrade puts who has entered on the waiting list.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "activity", sa.Column("allocation", sa.String(24), nullable=False, server_default="first_come")
    )
    op.add_column("activity", sa.Column("lot_seed", sa.LargeBinary(), nullable=True))
    op.add_column("activity", sa.Column("lot_drawn_at", AT, nullable=True))


def downgrade() -> None:
    op.execute("UPDATE sign_up SET state = 'waitlisted' WHERE state = 'entered'")
    op.execute("UPDATE sign_up_move SET to_state = 'waitlisted' WHERE to_state = 'entered'")
    op.execute("UPDATE sign_up_move SET from_state = 'waitlisted' WHERE from_state = 'entered'")
    for column in ("lot_drawn_at", "lot_seed", "allocation"):
        op.drop_column("activity", column)
