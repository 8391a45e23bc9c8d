"""An alert knows the case its words went into; sealed, since its row names who wrote them.

Additive: the running release keeps working; alerts of before lead to no case. Downgrade forgets which.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("crisis_alert", sa.Column("case_number", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("crisis_alert", "case_number")
