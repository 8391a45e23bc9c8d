"""Electricity accounts of the register, and who has bound which.

Additive: the running release keeps working.
Downgrade forgets the register and every binding; failed tries at an account stay until they are old.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "customer_account",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("area", sa.String(40), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_account")),
        sa.UniqueConstraint("number_digest", name=op.f("uq_customer_account_number_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_customer_account_public_id")),
    )
    op.create_index("ix_customer_account_area", "customer_account", ["area"])
    op.create_table(
        "account_binding",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("person_id", BIG_ID, nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("nickname", sa.LargeBinary(), nullable=True),
        sa.Column("chosen_area", sa.String(40), nullable=True),
        sa.Column("area", sa.String(40), nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_binding_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_binding")),
        sa.UniqueConstraint(
            "person_id", "number_digest", name=op.f("uq_account_binding_person_id_number_digest")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_account_binding_public_id")),
    )
    op.create_index("ix_account_binding_number_digest", "account_binding", ["number_digest"])
    op.create_index("ix_account_binding_area", "account_binding", ["area"])


def downgrade() -> None:
    op.drop_table("account_binding")
    op.drop_table("customer_account")
