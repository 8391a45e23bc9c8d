"""Who may sign up for an activity, how old and how often; what they agree to, and whom they bring.

Additive: the running release keeps working and asks for none of it. Downgrade forgets all of it, guardians'
consents too; who waited behind all others waits among them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("activity", sa.Column("youngest", sa.Integer(), nullable=True))
    op.add_column("activity", sa.Column("oldest", sa.Integer(), nullable=True))
    op.add_column("activity", sa.Column("kind_of", sa.String(20), nullable=False, server_default=""))
    op.add_column("activity", sa.Column("apart_months", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("activity", sa.Column("again", sa.String(24), nullable=False, server_default="refused"))
    op.add_column("activity", sa.Column("safety_notice", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "activity", sa.Column("names_guests", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("sign_up", sa.Column("party", sa.LargeBinary(), nullable=True))
    op.add_column("sign_up", sa.Column("notice_digest", sa.String(16), nullable=True))
    op.add_column("sign_up", sa.Column("notice_at", AT, nullable=True))
    op.add_column("sign_up", sa.Column("forgotten_at", AT, nullable=True))


def downgrade() -> None:
    for column in ("forgotten_at", "notice_at", "notice_digest", "party"):
        op.drop_column("sign_up", column)
    op.execute("UPDATE sign_up SET priority = 0 WHERE priority < 0")
    for column in ("names_guests", "safety_notice", "again", "apart_months", "kind_of", "oldest", "youngest"):
        op.drop_column("activity", column)
