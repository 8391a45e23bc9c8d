"""Who is on duty, what each of staff answers, who is away, and how cases find somebody.

Additive: the running release keeps working; nothing is given to anybody until a room says so.
Downgrade forgets the rota, the skills and who is away.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("staff", sa.Column("most_cases", sa.Integer(), nullable=True))
    op.add_column("staff", sa.Column("away_from", sa.Date(), nullable=True))
    op.add_column("staff", sa.Column("away_until", sa.Date(), nullable=True))
    op.create_table(
        "duty_shift",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("room", sa.String(24), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("half", sa.String(24), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("assigned_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duty_shift_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shift")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_shift_public_id")),
        sa.UniqueConstraint(
            "room", "day", "half", "staff_id", name=op.f("uq_duty_shift_room_day_half_staff_id")
        ),
    )
    op.create_index("ix_duty_shift_day", "duty_shift", ["day"])
    op.create_index("ix_duty_shift_staff_id", "duty_shift", ["staff_id"])
    op.create_table(
        "duty_setting",
        sa.Column("room", sa.String(24), nullable=False),
        sa.Column("assigns", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_setting")),
        sa.UniqueConstraint("room", name=op.f("uq_duty_setting_room")),
    )
    op.create_table(
        "staff_skill",
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("topic", sa.String(24), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_skill_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_skill")),
        sa.UniqueConstraint("staff_id", "kind", "topic", name=op.f("uq_staff_skill_staff_id_kind_topic")),
    )
    op.create_table(
        "case_queue",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("since", AT, nullable=True),
        sa.Column("passed", sa.JSON(), nullable=False),
        sa.Column("look_at", AT, nullable=True),
        sa.Column("lead_due_at", AT, nullable=True),
        sa.Column("lead_told_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_queue_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_queue")),
        sa.UniqueConstraint("case_id", name=op.f("uq_case_queue_case_id")),
    )
    is_answered = sa.text("answered_at IS NOT NULL")
    op.create_index(
        "ix_case_answered_at",
        "case",
        ["kind", "answered_at"],
        sqlite_where=is_answered,
        postgresql_where=is_answered,
    )


def downgrade() -> None:
    op.drop_index("ix_case_answered_at", "case")
    for table in ("case_queue", "staff_skill", "duty_setting", "duty_shift"):
        op.drop_table(table)
    for column in ("away_until", "away_from", "most_cases"):
        op.drop_column("staff", column)
