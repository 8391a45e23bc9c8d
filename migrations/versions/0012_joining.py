"""Applications to join, changes of a member's data that staff approve, and what branches were called before.

Additive: the running release keeps working.
Downgrade forgets what was filled in and the history of branches; the cases themselves stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DUE = ("due_at", "near_at", "reminder_due_at", "lapse_due_at")


def upgrade() -> None:
    op.create_table(
        "membership_application",
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("branch_id", BIG_ID, nullable=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("declaration_version", sa.String(16), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(64), nullable=False),
        sa.Column("member_id", BIG_ID, nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("near_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("seconds_left", sa.Integer(), nullable=True),
        sa.Column("reminder_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapse_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branch.id"], name=op.f("fk_membership_application_branch_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_membership_application_case_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_membership_application_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_application")),
        sa.UniqueConstraint("case_id", name=op.f("uq_membership_application_case_id")),
    )
    for due in DUE:
        filled = sa.text(f"{due} IS NOT NULL")
        op.create_index(
            f"ix_membership_application_{due}",
            "membership_application",
            [due],
            sqlite_where=filled,
            postgresql_where=filled,
        )
    op.create_table(
        "member_change",
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("member_id", BIG_ID, nullable=False),
        sa.Column("what", sa.String(24), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("holder_id", BIG_ID, nullable=True),
        sa.Column("objections_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_member_change_case_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_member_change_holder_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_change_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_change")),
        sa.UniqueConstraint("case_id", name=op.f("uq_member_change_case_id")),
    )
    op.create_index("ix_member_change_member_id", "member_change", ["member_id"])
    op.create_index("ix_member_change_holder_id", "member_change", ["holder_id"])
    op.create_table(
        "branch_move",
        sa.Column("branch_id", BIG_ID, nullable=False),
        sa.Column("before", sa.String(255), nullable=False),
        sa.Column("after", sa.String(255), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_branch_move_branch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branch_move")),
    )
    op.create_index("ix_branch_move_branch_id", "branch_move", ["branch_id"])


def downgrade() -> None:
    for table in ("branch_move", "member_change", "membership_application"):
        op.drop_table(table)
