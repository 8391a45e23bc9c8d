"""Whether the staff of a branch answer what its own members bring.

Additive: the running release keeps working and leaves every case to the whole union, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("branch", sa.Column("takes_cases", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("branch", "takes_cases")
