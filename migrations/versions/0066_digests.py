"""The weekly digest: who wants it, its weeks, and everybody's copy.

Additive: the running release sends none. Downgrade forgets who wanted it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    op.create_table(
        "digest_wish",
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_digest_wish_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_wish")),
        sa.UniqueConstraint("person_id", name=op.f("uq_digest_wish_person_id")),
    )
    op.create_table(
        "digest_week",
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("filled_to", sa.BigInteger(), nullable=False),
        sa.Column("filled_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_week")),
        sa.UniqueConstraint("week_on", name=op.f("uq_digest_week_week_on")),
    )
    op.create_table(
        "digest_copy",
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("way", sa.String(24), nullable=True),
        sa.Column("articles", sa.JSON(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_digest_copy_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_copy")),
        sa.UniqueConstraint("week_on", "person_id", name=op.f("uq_digest_copy_week_on_person_id")),
    )
    op.create_index("ix_digest_copy_person_id", "digest_copy", ["person_id"])
    op.create_index("ix_digest_copy_week_on_state", "digest_copy", ["week_on", "state"])
    op.create_index(
        "ix_digest_copy_waits", "digest_copy", ["id"], sqlite_where=QUEUED, postgresql_where=QUEUED
    )


def downgrade() -> None:
    op.drop_table("digest_copy")
    op.drop_table("digest_week")
    op.drop_table("digest_wish")
