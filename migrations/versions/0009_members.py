"""Members of the roster, their branches, failed tries; persons who turned out to be one; sessions.

Additive: the running release keeps working.
Downgrade forgets the roster and who bound himself to it; merged persons stay merged.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "branch",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("parent_id", BIG_ID, nullable=True),
        sa.Column("lineage", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["branch.id"], name=op.f("fk_branch_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branch")),
        sa.UniqueConstraint("lineage", name=op.f("uq_branch_lineage")),
        sa.UniqueConstraint("public_id", name=op.f("uq_branch_public_id")),
    )
    op.create_index("ix_branch_parent_id", "branch", ["parent_id"])
    op.create_table(
        "member",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("staff_number", sa.String(32), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("sex", sa.String(24), nullable=True),
        sa.Column("born_on", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("branch_id", BIG_ID, nullable=False),
        sa.Column("post", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("person_id", BIG_ID, nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_member_branch_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_member_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("person_id", name=op.f("uq_member_person_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_member_public_id")),
        sa.UniqueConstraint("staff_number", name=op.f("uq_member_staff_number")),
    )
    op.create_index("ix_member_branch_id_left_on", "member", ["branch_id", "left_on"])
    op.create_table(
        "member_move",
        sa.Column("member_id", BIG_ID, nullable=False),
        sa.Column("what", sa.String(24), nullable=False),
        sa.Column("changes", sa.LargeBinary(), nullable=True),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_move_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_move")),
    )
    op.create_index("ix_member_move_member_id", "member_move", ["member_id"])
    op.create_table(
        "guess",
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("person_id", BIG_ID, nullable=False),
        sa.Column("subject", sa.LargeBinary(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_guess_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guess")),
    )
    op.create_index("ix_guess_person_id_at", "guess", ["person_id", "at"])
    op.create_index("ix_guess_subject_at", "guess", ["subject", "at"])

    op.create_table(
        "person_merge",
        sa.Column("stays_id", BIG_ID, nullable=False),
        sa.Column("gone_id", BIG_ID, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["gone_id"], ["person.id"], name=op.f("fk_person_merge_gone_id")),
        sa.ForeignKeyConstraint(["stays_id"], ["person.id"], name=op.f("fk_person_merge_stays_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_merge")),
        sa.UniqueConstraint("stays_id", "gone_id", name=op.f("uq_person_merge_stays_id_gone_id")),
    )
    op.create_table(
        "api_session",
        sa.Column("follower_id", BIG_ID, nullable=False),
        sa.Column("access_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("access_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refresh_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("before_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["follower_id"], ["follower.id"], name=op.f("fk_api_session_follower_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_session")),
        sa.UniqueConstraint("access_digest", name=op.f("uq_api_session_access_digest")),
        sa.UniqueConstraint("refresh_digest", name=op.f("uq_api_session_refresh_digest")),
        sa.UniqueConstraint("before_digest", name=op.f("uq_api_session_before_digest")),
    )
    op.create_index("ix_api_session_follower_id", "api_session", ["follower_id"])
    op.create_index("ix_api_session_expires_at", "api_session", ["expires_at"])
    op.create_table(
        "menu_look",
        sa.Column("follower_id", BIG_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["follower_id"], ["follower.id"], name=op.f("fk_menu_look_follower_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_look")),
        sa.UniqueConstraint("follower_id", name=op.f("uq_menu_look_follower_id")),
    )
    op.add_column("follower", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("follower", "asked_at")
    for table in ("menu_look", "api_session", "person_merge", "guess", "member_move", "member", "branch"):
        op.drop_table(table)
