"""Who has agreed to which subscription notice, and which templates are of such.

Additive: the running release sends none. Downgrade forgets what people agreed to.
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "notice_consent",
        sa.Column("id", ID, nullable=False),
        sa.Column("follower_id", ID, nullable=False),
        sa.Column("template_id", sa.String(64), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["follower_id"], ["follower.id"], name=op.f("fk_notice_consent_follower_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_consent")),
        sa.UniqueConstraint(
            "follower_id", "template_id", name=op.f("uq_notice_consent_follower_id_template_id")
        ),
    )
    op.add_column(
        "known_template", sa.Column("kind", sa.String(24), nullable=False, server_default="message")
    )


def downgrade() -> None:
    op.drop_column("known_template", "kind")
    op.drop_table("notice_consent")
