"""Activities for which one may sign a colleague up, and who did so; teams.

Additive: the running release keeps working; what is there does not let anybody, and knows no teams. Downgrade
forgets who signed whom up and which teams there were; the sign-ups stay, those without seats given up.
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "activity", sa.Column("colleagues", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "sign_up_help",
        sa.Column("sign_up_id", ID, nullable=False),
        sa.Column("helper_id", ID, nullable=True),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("fk_sign_up_help_sign_up_id")),
        sa.ForeignKeyConstraint(["helper_id"], ["person.id"], name=op.f("fk_sign_up_help_helper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up_help")),
        sa.UniqueConstraint("sign_up_id", name=op.f("uq_sign_up_help_sign_up_id")),
    )
    op.create_index("ix_sign_up_help_helper_id", "sign_up_help", ["helper_id"])
    _teams()


def _teams() -> None:
    op.add_column("activity", sa.Column("team_least", sa.Integer(), nullable=True))
    op.add_column("activity", sa.Column("team_most", sa.Integer(), nullable=True))
    op.add_column("sign_up", sa.Column("team_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_sign_up_team_id", "sign_up", ["team_id"])
    op.create_table(
        "team",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("captain_id", ID, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("submitted_at", AT, nullable=True),
        sa.Column("seated_at", AT, nullable=True),
        sa.Column("dropped_at", AT, nullable=True),
        sa.Column("warned_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_team_activity_id")),
        sa.ForeignKeyConstraint(["captain_id"], ["sign_up.id"], name=op.f("fk_team_captain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("public_id", name=op.f("uq_team_public_id")),
    )
    op.create_index("ix_team_activity_id", "team", ["activity_id"])
    op.create_index("ix_team_captain_id", "team", ["captain_id"])


def downgrade() -> None:
    op.execute("UPDATE sign_up SET state = 'cancelled' WHERE state = 'forming'")
    op.execute("UPDATE sign_up_move SET from_state = 'cancelled' WHERE from_state = 'forming'")
    op.execute("UPDATE sign_up_move SET to_state = 'cancelled' WHERE to_state = 'forming'")
    op.drop_table("team")
    op.drop_index("ix_sign_up_team_id", "sign_up")
    op.drop_column("sign_up", "team_id")
    op.drop_column("activity", "team_most")
    op.drop_column("activity", "team_least")
    op.drop_table("sign_up_help")
    op.drop_column("activity", "colleagues")
