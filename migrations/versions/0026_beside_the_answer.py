"""Canned replies, and who is named in the notes of a case, reminders, drafts of answers.

Additive: the running release keeps working. Downgrade forgets them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "canned_reply",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("title", sa.String(30), nullable=False),
        sa.Column("text", sa.String(600), nullable=False),
        sa.Column("rooms", sa.JSON(), nullable=False),
        sa.Column("branch_id", BIG_ID),
        sa.Column("staff_id", BIG_ID),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_canned_reply_branch_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_canned_reply_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_reply")),
        sa.UniqueConstraint("public_id", name=op.f("uq_canned_reply_public_id")),
    )
    op.create_index("ix_canned_reply_branch_id", "canned_reply", ["branch_id"])
    op.create_index("ix_canned_reply_staff_id", "canned_reply", ["staff_id"])
    op.create_table(
        "case_mention",
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("entry_id", BIG_ID, nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_mention_case_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["case_entry.id"], name=op.f("fk_case_mention_entry_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_mention_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_mention")),
        sa.UniqueConstraint("entry_id", "staff_id", name=op.f("uq_case_mention_entry_id_staff_id")),
    )
    op.create_index("ix_case_mention_case_id", "case_mention", ["case_id"])
    is_open = sa.text("settled_at IS NULL")
    op.create_index(
        "ix_case_mention_open", "case_mention", ["staff_id"], sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_table(
        "case_reminder",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_reminder_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_reminder_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_reminder")),
        sa.UniqueConstraint("public_id", name=op.f("uq_case_reminder_public_id")),
    )
    op.create_index("ix_case_reminder_case_id", "case_reminder", ["case_id"])
    is_open = sa.text("ended_at IS NULL")
    for name, columns in {"due": ["due_at"], "open": ["staff_id", "due_at"]}.items():
        op.create_index(
            f"ix_case_reminder_{name}",
            "case_reminder",
            columns,
            sqlite_where=is_open,
            postgresql_where=is_open,
        )
    op.create_table(
        "case_draft",
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_draft_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_draft_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_draft")),
        sa.UniqueConstraint("case_id", "staff_id", name=op.f("uq_case_draft_case_id_staff_id")),
    )
    op.create_index("ix_case_draft_saved_at", "case_draft", ["saved_at"])
    op.create_index("ix_case_draft_staff_id", "case_draft", ["staff_id"])


def downgrade() -> None:
    op.drop_table("case_draft")
    op.drop_table("case_reminder")
    op.drop_table("case_mention")
    op.drop_table("canned_reply")
