"""Activities, sign-ups with a waiting list, and the moves of both.

Additive. Downgrade forgets all activities and who signed up.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("summary", sa.String(length=120), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("organiser", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("guests", sa.Integer(), nullable=False),
        sa.Column("approval", sa.Boolean(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=True),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("branch_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_activity_capacity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
        sa.UniqueConstraint("public_id", name=op.f("uq_activity_public_id")),
    )
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.create_index("ix_activity_state_starts_at", ["state", "starts_at"], unique=False)

    op.create_table(
        "activity_move",
        sa.Column("activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(24), nullable=True),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_activity_move_activity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_move")),
    )
    with op.batch_alter_table("activity_move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activity_move_activity_id"), ["activity_id"], unique=False)

    op.create_table(
        "sign_up",
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("signed_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offer_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("seats > 0", name=op.f("ck_sign_up_seats")),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_sign_up_activity_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_up_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up")),
        sa.UniqueConstraint("activity_id", "person_id", name=op.f("uq_sign_up_activity_id_person_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sign_up_public_id")),
    )
    with op.batch_alter_table("sign_up", schema=None) as batch_op:
        batch_op.create_index("ix_sign_up_activity_id_state", ["activity_id", "state"], unique=False)
        batch_op.create_index(
            "ix_sign_up_offer_expires_at",
            ["offer_expires_at"],
            unique=False,
            sqlite_where=sa.text("state = 'offered'"),
            postgresql_where=sa.text("state = 'offered'"),
        )
        batch_op.create_index(batch_op.f("ix_sign_up_person_id"), ["person_id"], unique=False)

    op.create_table(
        "sign_up_move",
        sa.Column("sign_up_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(24), nullable=True),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("fk_sign_up_move_sign_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up_move")),
    )
    with op.batch_alter_table("sign_up_move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_up_move_sign_up_id"), ["sign_up_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sign_up_move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_up_move_sign_up_id"))

    op.drop_table("sign_up_move")
    with op.batch_alter_table("sign_up", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_up_person_id"))
        batch_op.drop_index(
            "ix_sign_up_offer_expires_at",
            sqlite_where=sa.text("state = 'offered'"),
            postgresql_where=sa.text("state = 'offered'"),
        )
        batch_op.drop_index("ix_sign_up_activity_id_state")

    op.drop_table("sign_up")
    with op.batch_alter_table("activity_move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activity_move_activity_id"))

    op.drop_table("activity_move")
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.drop_index("ix_activity_state_starts_at")

    op.drop_table("activity")
