"""Staff with roles, sign-ins and invitations; what they did, in a chain; the work they start.

Additive: the running release keeps working. Downgrade forgets who worked in the console and what they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _staff()
    _signing_in()
    _acts()
    _jobs()


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("login", sa.String(32), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("password", sa.String(255)),
        sa.Column("totp_secret", sa.LargeBinary()),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("person_id", BIG_ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_staff_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
        sa.UniqueConstraint("person_id", name=op.f("uq_staff_person_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_staff_public_id")),
    )
    op.create_table(
        "staff_grant",
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("branch_id", BIG_ID),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_staff_grant_branch_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_grant_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_grant")),
    )
    op.create_index("ix_staff_grant_branch_id", "staff_grant", ["branch_id"])
    op.create_index("ix_staff_grant_staff_id", "staff_grant", ["staff_id"])


def _signing_in() -> None:
    op.create_table(
        "staff_link",
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_link_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_link")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_staff_link_secret_digest")),
    )
    op.create_index("ix_staff_link_expires_at", "staff_link", ["expires_at"])
    op.create_index("ix_staff_link_staff_id", "staff_link", ["staff_id"])
    op.create_table(
        "staff_recovery_code",
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("code_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_recovery_code_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_recovery_code")),
    )
    op.create_index("ix_staff_recovery_code_staff_id", "staff_recovery_code", ["staff_id"])
    op.create_table(
        "staff_session",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("mark_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("device", sa.String(24), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_session_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("mark_digest", name=op.f("uq_staff_session_mark_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_staff_session_public_id")),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])
    op.create_index("ix_staff_session_started_at", "staff_session", ["started_at"])
    op.create_table(
        "staff_try",
        sa.Column("login_digest", sa.LargeBinary(16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_try")),
    )
    op.create_index("ix_staff_try_at", "staff_try", ["at"])
    op.create_index("ix_staff_try_login_digest_at", "staff_try", ["login_digest", "at"])


def _acts() -> None:
    op.create_table(
        "staff_act",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("staff_id", BIG_ID),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("act", sa.String(48), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("branch_id", BIG_ID),
        sa.Column("reason", sa.LargeBinary()),
        sa.Column("changes", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary()),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_staff_act_branch_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_act_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_act")),
        sa.UniqueConstraint("public_id", name=op.f("uq_staff_act_public_id")),
    )
    op.create_index("ix_staff_act_act_at", "staff_act", ["act", "at"])
    op.create_index("ix_staff_act_at", "staff_act", ["at"])
    op.create_index("ix_staff_act_branch_id", "staff_act", ["branch_id"])
    op.create_index("ix_staff_act_staff_id_at", "staff_act", ["staff_id", "at"])
    op.create_index("ix_staff_act_subject", "staff_act", ["subject"])
    op.create_table(
        "staff_act_seal",
        sa.Column("act_id", BIG_ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["staff_act.id"], name=op.f("fk_staff_act_seal_act_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_act_seal")),
        sa.UniqueConstraint("act_id", name=op.f("uq_staff_act_seal_act_id")),
    )


def _jobs() -> None:
    op.create_table(
        "staff_job",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("given", sa.LargeBinary(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(400)),
        sa.Column("file_id", BIG_ID),
        sa.Column("file_name", sa.String(80)),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_staff_job_file_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_job_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_job")),
        sa.UniqueConstraint("public_id", name=op.f("uq_staff_job_public_id")),
    )
    op.create_index("ix_staff_job_created_at", "staff_job", ["created_at"])
    op.create_index("ix_staff_job_staff_id", "staff_job", ["staff_id"])
    op.create_index("ix_staff_job_state_lease_until", "staff_job", ["state", "lease_until"])


def downgrade() -> None:
    for table in (
        *("staff_job", "staff_act_seal", "staff_act"),
        *("staff_try", "staff_session", "staff_recovery_code", "staff_link", "staff_grant", "staff"),
    ):
        op.drop_table(table)
