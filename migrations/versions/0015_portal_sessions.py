"""Portal sessions as rows, so that each can be listed and taken back.

Additive: the running release keeps working. Whoever is signed in without a row is signed in anew, silently.
Downgrade forgets who was signed in; the previous release believes the cookies alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "portal_session",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("follower_id", BIG_ID, nullable=False),
        sa.Column("mark_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("device", sa.String(24), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["follower_id"], ["follower.id"], name=op.f("fk_portal_session_follower_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_session")),
        sa.UniqueConstraint("mark_digest", name=op.f("uq_portal_session_mark_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_portal_session_public_id")),
    )
    op.create_index("ix_portal_session_follower_id", "portal_session", ["follower_id"])
    op.create_index("ix_portal_session_started_at", "portal_session", ["started_at"])


def downgrade() -> None:
    op.drop_table("portal_session")
