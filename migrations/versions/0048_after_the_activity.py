"""Albums of activities, their pictures, who wants which one taken away; what people are asked afterwards.

Additive: the running release keeps working; what is there has no album and asks nothing. Downgrade forgets
albums, pictures and answers; the rows of their files stay, which nobody shows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
COMING = sa.text("state = 'coming'")


def upgrade() -> None:
    _albums()
    _feedback()


def _feedback() -> None:
    op.create_table(
        "activity_feedback",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("asked_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_feedback_activity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_feedback")),
        sa.UniqueConstraint("activity_id", name=op.f("uq_activity_feedback_activity_id")),
    )
    op.create_table(
        "feedback_answer",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("person_digest", sa.LargeBinary(16), nullable=True),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("day", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_feedback_answer_activity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_answer")),
        sa.UniqueConstraint(
            "activity_id", "person_digest", name=op.f("uq_feedback_answer_activity_id_person_digest")
        ),
    )


def _albums() -> None:
    op.create_table(
        "album",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("seen_by", sa.String(24), nullable=False),
        sa.Column("takes", sa.Boolean(), nullable=False),
        sa.Column("cover_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_album_activity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_album")),
        sa.UniqueConstraint("activity_id", name=op.f("uq_album_activity_id")),
    )
    op.create_table(
        "album_photo",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("album_id", ID, nullable=False),
        sa.Column("large", sa.String(16), nullable=False),
        sa.Column("small", sa.String(16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("caption", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("giver_id", ID, nullable=True),
        sa.Column("given_by", sa.String(64), nullable=False),
        sa.Column("given_at", AT, nullable=False),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["album_id"], ["album.id"], name=op.f("fk_album_photo_album_id")),
        sa.ForeignKeyConstraint(["giver_id"], ["person.id"], name=op.f("fk_album_photo_giver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_album_photo")),
        sa.UniqueConstraint("public_id", name=op.f("uq_album_photo_public_id")),
        sa.UniqueConstraint("album_id", "digest", name=op.f("uq_album_photo_album_id_digest")),
    )
    op.create_index("ix_album_photo_album_id_state", "album_photo", ["album_id", "state"])
    op.create_index("ix_album_photo_giver_id", "album_photo", ["giver_id"])
    op.create_index(
        "ix_album_photo_coming", "album_photo", ["id"], sqlite_where=COMING, postgresql_where=COMING
    )
    op.create_table(
        "photo_objection",
        sa.Column("photo_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("at", AT, nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["album_photo.id"], name=op.f("fk_photo_objection_photo_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_photo_objection_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_objection")),
        sa.UniqueConstraint("photo_id", "person_id", name=op.f("uq_photo_objection_photo_id_person_id")),
    )
    op.create_index("ix_photo_objection_person_id", "photo_objection", ["person_id"])


def downgrade() -> None:
    for table in ("feedback_answer", "activity_feedback", "photo_objection", "album_photo", "album"):
        op.drop_table(table)
