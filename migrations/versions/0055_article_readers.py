"""What readers do with articles: likes, favourites, what they read lately, comments and reports of these.

Additive: the running release knows nothing of it. Downgrade forgets all of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
COMMENT = "article_comment"
INDEXES = {
    "shown": (("article_id", "published_at", "id"), "state = 'published'"),
    "pending": (("id",), "state = 'pending'"),
    "reported": (("id",), "reports > 0"),
    "over": (("decided_at",), "state IN ('hidden', 'refused', 'withdrawn')"),
}


def upgrade() -> None:
    for name, times in (
        ("article_like", ("at",)),
        ("article_favourite", ("at",)),
        ("article_visit", ("first_at", "last_at")),
    ):
        pair = ("person_id", "article_id") if name == "article_visit" else ("article_id", "person_id")
        op.create_table(
            name,
            sa.Column("id", ID, nullable=False),
            *(sa.Column(each, ID, nullable=False) for each in pair),
            *(sa.Column(each, TIME, nullable=False) for each in times),
            sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f(f"fk_{name}_article_id")),
            sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"fk_{name}_person_id")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint(*pair, name=op.f(f"uq_{name}_{pair[0]}_{pair[1]}")),
        )
    op.create_index("ix_article_like_person_id", "article_like", ["person_id"])
    op.create_index("ix_article_favourite_person_id_id", "article_favourite", ["person_id", "id"])
    op.create_index("ix_article_visit_person_id_last_at", "article_visit", ["person_id", "last_at"])

    op.add_column(
        "article", sa.Column("comments_closed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _comment()
    _report()


def _comment() -> None:
    sealed = sa.LargeBinary()
    op.create_table(
        COMMENT,
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("article_id", ID, nullable=False),
        sa.Column("author_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("author", sealed, nullable=True),
        sa.Column("once_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("naming", sa.String(24), nullable=False),
        sa.Column("name", sealed, nullable=False),
        sa.Column("text", sealed, nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("reason", sealed, nullable=True),
        sa.Column("written_at", TIME, nullable=False),
        sa.Column("published_at", TIME, nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("reply", sealed, nullable=True),
        sa.Column("reply_unit", sa.String(30), nullable=False),
        sa.Column("reply_by", sa.String(64), nullable=False),
        sa.Column("replied_at", TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_comment_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_comment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_article_comment_public_id")),
        sa.UniqueConstraint("once_digest", name=op.f("uq_article_comment_once_digest")),
    )
    op.create_index("ix_article_comment_author", COMMENT, ["author_digest", "id"])
    op.create_index("ix_article_comment_article_id", COMMENT, ["article_id", "id"])
    for name, (columns, condition) in INDEXES.items():
        where = sa.text(condition)
        op.create_index(
            f"ix_article_comment_{name}", COMMENT, list(columns), sqlite_where=where, postgresql_where=where
        )


def _report() -> None:
    op.create_table(
        "comment_report",
        sa.Column("id", ID, nullable=False),
        sa.Column("comment_id", ID, nullable=False),
        sa.Column("person_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["article_comment.id"], name=op.f("fk_comment_report_comment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_report")),
        sa.UniqueConstraint(
            "comment_id", "person_digest", name=op.f("uq_comment_report_comment_id_person_digest")
        ),
    )
    op.create_index("ix_comment_report_person_digest", "comment_report", ["person_digest"])


def downgrade() -> None:
    op.drop_table("comment_report")
    op.drop_table(COMMENT)
    op.drop_column("article", "comments_closed")
    for name in ("article_visit", "article_favourite", "article_like"):
        op.drop_table(name)
