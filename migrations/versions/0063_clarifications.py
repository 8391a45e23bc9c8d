"""辟谣: claims, who brought them, what was found out later, what happened to them.

Additive: the running release knows none. Downgrade forgets them.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
PUBLIC = sa.text("state IN ('published', 'updated')")


def upgrade() -> None:
    op.create_table(
        "clarification",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("wordings", sa.LargeBinary(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("verdict", sa.String(24), nullable=True),
        sa.Column("short", sa.String(160), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("organ", sa.String(40), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("next_review_on", sa.Date(), nullable=True),
        sa.Column("refused_for", sa.String(24), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("writers", sa.JSON(), nullable=False),
        sa.Column("merged_into_id", ID, nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("published_at", AT, nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["clarification.id"], name=op.f("fk_clarification_merged_into_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clarification")),
        sa.UniqueConstraint("number", name=op.f("uq_clarification_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_clarification_public_id")),
    )
    op.create_index(
        "ix_clarification_public",
        "clarification",
        ["published_at", "id"],
        sqlite_where=PUBLIC,
        postgresql_where=PUBLIC,
    )
    op.create_index("ix_clarification_state", "clarification", ["state"])
    op.create_index(op.f("ix_clarification_merged_into_id"), "clarification", ["merged_into_id"])
    _reports()
    _updates_and_moves()


def _of_one(table: str) -> list[Any]:
    return [
        sa.Column("clarification_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["clarification_id"], ["clarification.id"], name=op.f(f"fk_{table}_clarification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _reports() -> None:
    op.create_table(
        "clarification_report",
        sa.Column("person_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("person", sa.LargeBinary(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("heard", sa.String(24), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("at", AT, nullable=False),
        *_of_one("clarification_report"),
    )
    for column in ("clarification_id", "person_digest", "at"):
        op.create_index(op.f(f"ix_clarification_report_{column}"), "clarification_report", [column])


def _updates_and_moves() -> None:
    op.create_table(
        "clarification_update",
        sa.Column("text", sa.String(400), nullable=False),
        sa.Column("verdict", sa.String(24), nullable=True),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("written_at", AT, nullable=False),
        sa.Column("approved_at", AT, nullable=True),
        sa.Column("approved_by", sa.String(64), nullable=False),
        *_of_one("clarification_update"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_clarification_update_staff_id")),
    )
    for column in ("clarification_id", "staff_id"):
        op.create_index(op.f(f"ix_clarification_update_{column}"), "clarification_update", [column])
    op.create_table(
        "clarification_move",
        sa.Column("from_state", sa.String(24), nullable=True),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("at", AT, nullable=False),
        *_of_one("clarification_move"),
    )
    op.create_index(
        op.f("ix_clarification_move_clarification_id"), "clarification_move", ["clarification_id"]
    )


def downgrade() -> None:
    for table in ("clarification_move", "clarification_update", "clarification_report", "clarification"):
        op.drop_table(table)
