"""Activities that are dates of a series, and their place on a map.

Additive: the running release keeps working, and shows each date of a series as an activity of its own. A
downgrade leaves it so, and forgets places on maps.
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"

IN_SERIES = sa.text("series <> ''")


def upgrade() -> None:
    op.add_column("activity", sa.Column("series", sa.String(16), nullable=False, server_default=""))
    op.add_column("activity", sa.Column("map_place", sa.JSON(), nullable=True))
    op.create_index(
        "ix_activity_series", "activity", ["series"], sqlite_where=IN_SERIES, postgresql_where=IN_SERIES
    )


def downgrade() -> None:
    op.drop_index("ix_activity_series", "activity")
    op.drop_column("activity", "map_place")
    op.drop_column("activity", "series")
