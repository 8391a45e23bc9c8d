"""留言板: public posts, official answers, likes, reports, and what happened to each post.

Additive: the running release keeps working; it does not know the board.
Downgrade forgets all posts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
POST = "board_post"

INDEXES = {
    "newest": (("published_at", "id"), "state = 'published'"),
    "liked": (("likes", "id"), "state = 'published'"),
    "answered": (("answered_at", "id"), "state = 'published'"),
    "pinned": (("pinned_at",), "state = 'published'"),
    "pending": (("id",), "state = 'pending'"),
    "reported": (("id",), "reports > 0"),
    "check": (("check_due_at",), "check_due_at IS NOT NULL"),
    "over": (("decided_at",), "state IN ('hidden', 'refused', 'withdrawn')"),
}


def upgrade() -> None:
    _post()
    _answer()
    _like()
    _report()
    _move()


def _post() -> None:
    op.create_table(
        POST,
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("author_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("author", sa.LargeBinary(), nullable=True),
        sa.Column("once_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("naming", sa.String(24), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("topic", sa.String(24), nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("pictures", sa.JSON(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("written_at", AT, nullable=False),
        sa.Column("published_at", AT, nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("pinned_at", AT, nullable=True),
        sa.Column("likes", sa.Integer(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("answered_at", AT, nullable=True),
        sa.Column("verdict", sa.String(24), nullable=False),
        sa.Column("check_said", sa.String(200), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("check_due_at", AT, nullable=True),
        sa.Column("check_tries", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(32), nullable=True),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_post")),
        sa.UniqueConstraint("public_id", name=op.f("uq_board_post_public_id")),
        sa.UniqueConstraint("once_digest", name=op.f("uq_board_post_once_digest")),
    )
    op.create_index("ix_board_post_author", POST, ["author_digest", "id"])
    for name, (columns, condition) in INDEXES.items():
        where = sa.text(condition)
        op.create_index(
            f"ix_board_post_{name}", POST, list(columns), sqlite_where=where, postgresql_where=where
        )


def _answer() -> None:
    op.create_table(
        "board_answer",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(30), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("changed_at", AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["board_post.id"], name=op.f("fk_board_answer_post_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_board_answer_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_answer")),
        sa.UniqueConstraint("public_id", name=op.f("uq_board_answer_public_id")),
        sa.UniqueConstraint("post_id", "staff_id", name=op.f("uq_board_answer_post_id_staff_id")),
    )
    op.create_index(op.f("ix_board_answer_staff_id"), "board_answer", ["staff_id"])


def _like() -> None:
    op.create_table(
        "board_like",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("person_digest", sa.LargeBinary(16), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["board_post.id"], name=op.f("fk_board_like_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_like")),
        sa.UniqueConstraint("post_id", "person_digest", name=op.f("uq_board_like_post_id_person_digest")),
    )
    op.create_index(op.f("ix_board_like_person_digest"), "board_like", ["person_digest"])


def _report() -> None:
    op.create_table(
        "board_report",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("person_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("at", AT, nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("settled_by", sa.String(64), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["board_post.id"], name=op.f("fk_board_report_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_report")),
        sa.UniqueConstraint("post_id", "person_digest", name=op.f("uq_board_report_post_id_person_digest")),
    )
    op.create_index(op.f("ix_board_report_person_digest"), "board_report", ["person_digest"])


def _move() -> None:
    op.create_table(
        "board_move",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("from_state", sa.String(24), nullable=True),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["board_post.id"], name=op.f("fk_board_move_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_move")),
    )
    op.create_index(op.f("ix_board_move_post_id"), "board_move", ["post_id"])


def downgrade() -> None:
    for table in ("board_move", "board_report", "board_like", "board_answer", POST):
        op.drop_table(table)
