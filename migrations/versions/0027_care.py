"""心理疏导 and 健康咨询: what they know beyond their case.

Additive: the running release keeps working; it does not know these kinds of case.
Downgrade forgets what was asked first and what was agreed to; stop taking such cases before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "care",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("consent_version", sa.String(16), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("referral_consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_care_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care")),
        sa.UniqueConstraint("case_id", name=op.f("uq_care_case_id")),
    )


def downgrade() -> None:
    op.drop_table("care")
