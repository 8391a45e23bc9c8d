"""Campaigns, who gets them, and WeChat's orders for them.

Additive: the running release sends none. Downgrade forgets them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
WAITS = "state IN ('queued', 'sending', 'failed_retry')"


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("way", sa.String(24), nullable=False),
        sa.Column("audience", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("text", sa.String(600), nullable=False),
        sa.Column("article_id", ID, nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("send_at", AT, nullable=True),
        sa.Column("writer_ids", sa.JSON(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("rests_until", AT, nullable=True),
        sa.Column("filled_to", sa.BigInteger(), nullable=False),
        sa.Column("filled_at", AT, nullable=True),
        sa.Column("started_at", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_campaign_article_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_campaign_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("public_id", name=op.f("uq_campaign_public_id")),
    )
    op.create_index("ix_campaign_state", "campaign", ["state"])
    op.create_table(
        "campaign_move",
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("from_state", sa.String(24), nullable=True),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_move_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_move")),
    )
    op.create_index("ix_campaign_move_campaign_id", "campaign_move", ["campaign_id"])
    _orders()
    _deliveries()
    op.create_table(
        "campaign_refusal",
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_campaign_refusal_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_refusal")),
        sa.UniqueConstraint("person_id", name=op.f("uq_campaign_refusal_person_id")),
    )


def _orders() -> None:
    op.create_table(
        "mass_order",
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("msg_id", sa.BigInteger(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("reachable", sa.Integer(), nullable=True),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("failed", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(32), nullable=True),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("asked_at", AT, nullable=True),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_mass_order_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mass_order")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_mass_order_campaign_id_number")),
    )
    op.create_index("ix_mass_order_msg_id", "mass_order", ["msg_id"])


def _deliveries() -> None:
    table = "campaign_delivery"
    op.create_table(
        table,
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("follower_id", ID, nullable=True),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(32), nullable=True),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f(f"fk_{table}_campaign_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id")),
        sa.ForeignKeyConstraint(["follower_id"], ["follower.id"], name=op.f(f"fk_{table}_follower_id")),
        sa.ForeignKeyConstraint(["order_id"], ["mass_order.id"], name=op.f(f"fk_{table}_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("campaign_id", "person_id", name=op.f(f"uq_{table}_campaign_id_person_id")),
    )
    op.create_index(f"ix_{table}_campaign_id_state", table, ["campaign_id", "state"])
    op.create_index(f"ix_{table}_person_id", table, ["person_id"])
    op.create_index(f"ix_{table}_follower_id", table, ["follower_id"])
    waits = sa.text(WAITS)
    op.create_index(
        f"ix_{table}_waits", table, ["campaign_id", "id"], sqlite_where=waits, postgresql_where=waits
    )
    ordered = sa.text("order_id IS NOT NULL")
    op.create_index(
        f"ix_{table}_order_id", table, ["order_id"], sqlite_where=ordered, postgresql_where=ordered
    )


def downgrade() -> None:
    for table in ("campaign_refusal", "campaign_delivery", "mass_order", "campaign_move", "campaign"):
        op.drop_table(table)
