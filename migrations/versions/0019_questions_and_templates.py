"""What became of a question nobody could answer, and the notice templates that an account has.

Additive: the running release keeps working; existing questions are open.
Downgrade forgets what became of questions; templates are fetched again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "unanswered_question",
        sa.Column("state", sa.String(24), nullable=False, server_default="open"),
    )
    op.add_column("unanswered_question", sa.Column("settled_by", sa.String(64), nullable=True))
    op.add_column("unanswered_question", sa.Column("settled_at", MOMENT, nullable=True))
    columns = ["state", "count", "last_at"]
    op.create_index("ix_unanswered_question_state_count", "unanswered_question", columns)
    op.create_table(
        "known_template",
        sa.Column("account_id", BIG_ID, nullable=False),
        sa.Column("template_id", sa.String(64), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_known_template_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_template")),
        sa.UniqueConstraint(
            "account_id", "template_id", name=op.f("uq_known_template_account_id_template_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("known_template")
    op.drop_index("ix_unanswered_question_state_count", "unanswered_question")
    for column in ("settled_at", "settled_by", "state"):
        op.drop_column("unanswered_question", column)
