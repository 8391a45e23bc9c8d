"""预约: times that advisers offer, who has booked one, and what happened to each.

Additive: the running release keeps working; it does not know appointments.
Downgrade forgets all of them; tell those who have booked before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
SLOT, BOOKING, MOVE = "advice_slot", "appointment", "appointment_move"


def upgrade() -> None:
    _slot()
    _appointment()
    _move()


def _slot() -> None:
    op.create_table(
        SLOT,
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("series", sa.String(16), nullable=False),
        sa.Column("starts_at", AT, nullable=False),
        sa.Column("ends_at", AT, nullable=False),
        sa.Column("place", sa.String(24), nullable=False),
        sa.Column("room", sa.String(60), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_advice_slot_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advice_slot")),
        sa.UniqueConstraint("public_id", name=op.f("uq_advice_slot_public_id")),
    )
    op.create_index("ix_advice_slot_staff", SLOT, ["staff_id", "starts_at"])
    op.create_index("ix_advice_slot_ends_at", SLOT, ["ends_at"])
    op.create_index(op.f("ix_advice_slot_series"), SLOT, ["series"])
    _partial("ix_advice_slot_free", SLOT, "kind", "starts_at", where="state = 'free'")
    _partial("uq_advice_slot_time", SLOT, "staff_id", "starts_at", where="state <> 'withdrawn'", unique=True)


def _appointment() -> None:
    op.create_table(
        BOOKING,
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("slot_id", ID, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("person_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("person", sa.LargeBinary(), nullable=True),
        sa.Column("called", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("by_phone", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("booked_at", AT, nullable=False),
        sa.Column("due_at", AT, nullable=True),
        sa.Column("due_step", sa.String(24), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["slot_id"], ["advice_slot.id"], name=op.f("fk_appointment_slot_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_appointment_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_appointment_public_id")),
    )
    op.create_index("ix_appointment_person", BOOKING, ["person_digest"])
    op.create_index("ix_appointment_slot_id", BOOKING, ["slot_id"])
    held = "state IN ('booked', 'unmarked', 'came', 'no_show')"
    _partial("uq_appointment_slot", BOOKING, "slot_id", where=held, unique=True)
    _partial("uq_appointment_live", BOOKING, "person_digest", where="state = 'booked'", unique=True)
    _partial("ix_appointment_case_id", BOOKING, "case_id", where="case_id IS NOT NULL")
    _partial("ix_appointment_due_at", BOOKING, "due_at", where="due_at IS NOT NULL")
    _partial("ix_appointment_unmarked", BOOKING, "slot_id", where="state = 'unmarked'")


def _move() -> None:
    op.create_table(
        MOVE,
        sa.Column("appointment_id", ID, nullable=False),
        sa.Column("from_state", sa.String(24), nullable=True),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("to_time", AT, nullable=True),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_move_appointment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_move")),
    )
    op.create_index(op.f("ix_appointment_move_appointment_id"), MOVE, ["appointment_id"])


def _partial(name: str, table: str, *columns: str, where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name, table, list(columns), unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def downgrade() -> None:
    for table in (MOVE, BOOKING, SLOT):
        op.drop_table(table)
