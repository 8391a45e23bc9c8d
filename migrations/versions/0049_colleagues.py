"""Activities for which one may sign a colleague up, and who did so.

Additive: the running release keeps working; what is there does not let anybody. Downgrade forgets who signed
whom up; the sign-ups stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "activity", sa.Column("colleagues", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "sign_up_help",
        sa.Column("sign_up_id", ID, nullable=False),
        sa.Column("helper_id", ID, nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("fk_sign_up_help_sign_up_id")),
        sa.ForeignKeyConstraint(["helper_id"], ["person.id"], name=op.f("fk_sign_up_help_helper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up_help")),
        sa.UniqueConstraint("sign_up_id", name=op.f("uq_sign_up_help_sign_up_id")),
    )
    op.create_index("ix_sign_up_help_helper_id", "sign_up_help", ["helper_id"])


def downgrade() -> None:
    op.drop_table("sign_up_help")
    op.drop_column("activity", "colleagues")
