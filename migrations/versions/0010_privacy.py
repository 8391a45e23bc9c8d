"""Consents, requests about one's own data, and when an account was closed.

Additive: the running release keeps working. Downgrade forgets who agreed to what, and all receipts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STANDS = sa.text("ended_at IS NULL")
PRIVATE_EVENT = sa.text(
    "kind IN ('event.user_authorization_revoke', 'event.user_authorization_cancellation')"
    " AND body IS NOT NULL"
)


def upgrade() -> None:
    op.add_column("person", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "consent",
        sa.Column("person_digest", sa.LargeBinary(16), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.String(16), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_how", sa.String(24), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_person_digest", "consent", ["person_digest"])
    op.create_index(
        "uq_consent_standing",
        "consent",
        ["person_digest"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )
    op.create_table(
        "privacy_request",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("person_id", BIG_ID, nullable=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.LargeBinary(), nullable=False),
        sa.Column("link_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("link_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_privacy_request_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_request")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_privacy_request_link_digest")),
        sa.UniqueConstraint("number", name=op.f("uq_privacy_request_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_privacy_request_public_id")),
    )
    op.create_index("ix_privacy_request_person_id", "privacy_request", ["person_id"])
    op.create_index(
        "ix_message_private_event",
        "message",
        ["id"],
        sqlite_where=PRIVATE_EVENT,
        postgresql_where=PRIVATE_EVENT,
    )


def downgrade() -> None:
    op.drop_index("ix_message_private_event", "message")
    op.drop_index("ix_privacy_request_person_id", "privacy_request")
    op.drop_table("privacy_request")
    op.drop_index("uq_consent_standing", "consent")
    op.drop_index("ix_consent_person_digest", "consent")
    op.drop_table("consent")
    op.drop_column("person", "closed_at")
