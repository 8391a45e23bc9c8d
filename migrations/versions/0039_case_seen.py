"""How much of a case somebody who answers it has opened, so that lists can say what is new.

Additive: the running release keeps working. What was there before counts as opened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "case_seen",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_seen_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_seen")),
        sa.UniqueConstraint("case_id", name=op.f("uq_case_seen_case_id")),
    )
    op.execute(
        "INSERT INTO case_seen (case_id, entry_id) SELECT case_id, max(id) FROM case_entry GROUP BY case_id"
    )


def downgrade() -> None:
    op.drop_table("case_seen")
