"""投诉建议: what they know beyond their case, departments and who works there, 会办, links between cases.

Additive: the running release keeps working; it does not know this kind of case.
Downgrade forgets departments and what complaints knew; stop taking such cases before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
FOUND_BY = ("remind_due_at", "resume_due_at", "merged_into_id", "about_branch_id")
MOMENTS = (
    *("step_due_at", "remind_due_at", "return_by", "law_due_at", "resume_due_at"),
    *("extended_at", "reopened_at"),
)


def upgrade() -> None:
    op.create_table(
        "department",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("branch_id", ID, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_department_branch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("name", name=op.f("uq_department_name")),
        sa.UniqueConstraint("public_id", name=op.f("uq_department_public_id")),
    )
    op.create_index("ix_department_branch_id", "department", ["branch_id"])
    op.create_table(
        "department_staff",
        sa.Column("department_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_department_staff_department_id")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_department_staff_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_staff")),
        sa.UniqueConstraint(
            "department_id", "staff_id", name=op.f("uq_department_staff_department_id_staff_id")
        ),
    )
    op.create_index("ix_department_staff_staff_id", "department_staff", ["staff_id"])
    _complaint()
    _beside()


def _complaint() -> None:
    op.create_table(
        "complaint",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("sort", sa.String(24), nullable=False),
        sa.Column("naming", sa.String(24), nullable=False),
        sa.Column("nickname", sa.LargeBinary(), nullable=True),
        sa.Column("about_branch_id", ID, nullable=True),
        sa.Column("about", sa.LargeBinary(), nullable=True),
        sa.Column("department_id", ID, nullable=True),
        sa.Column("merged_into_id", ID, nullable=True),
        *(sa.Column(name, MOMENT, nullable=True) for name in MOMENTS),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("suspended_from", sa.String(24), nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_complaint_case_id")),
        sa.ForeignKeyConstraint(
            ["about_branch_id"], ["branch.id"], name=op.f("fk_complaint_about_branch_id")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_complaint_department_id")
        ),
        sa.ForeignKeyConstraint(["merged_into_id"], ["case.id"], name=op.f("fk_complaint_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("case_id", name=op.f("uq_complaint_case_id")),
    )
    op.create_index("ix_complaint_department_id", "complaint", ["department_id", "case_id"])
    for name in FOUND_BY:
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_complaint_{name}", "complaint", [name], sqlite_where=there, postgresql_where=there
        )


def _beside() -> None:
    op.create_table(
        "complaint_part",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("department_id", ID, nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by", sa.String(64), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_complaint_part_case_id")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_complaint_part_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_part")),
        sa.UniqueConstraint("case_id", "department_id", name=op.f("uq_complaint_part_case_id_department_id")),
    )
    op.create_index("ix_complaint_part_department_id", "complaint_part", ["department_id", "case_id"])
    op.create_table(
        "case_link",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_link_case_id")),
        sa.ForeignKeyConstraint(["other_id"], ["case.id"], name=op.f("fk_case_link_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_link")),
        sa.UniqueConstraint("case_id", "other_id", name=op.f("uq_case_link_case_id_other_id")),
    )
    op.create_index("ix_case_link_other_id", "case_link", ["other_id"])


def downgrade() -> None:
    for name in ("case_link", "complaint_part", "complaint", "department_staff", "department"):
        op.drop_table(name)
