"""Panorama tours: scenes, their pictures cut into tiles, hotspots; and live broadcasts with who watched.

Additive: the running release keeps working and knows of neither. Downgrade forgets both; the rows of their
files stay, which nobody shows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
NAMED = sa.text("person_id IS NOT NULL")


def upgrade() -> None:
    _tours()
    _pictures()
    _lives()
    op.create_table(
        "hotspot",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("scene_id", ID, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("yaw", sa.Float(), nullable=False),
        sa.Column("pitch", sa.Float(), nullable=False),
        sa.Column("label", sa.String(30), nullable=False),
        sa.Column("words", sa.String(300), nullable=False),
        sa.Column("to_scene_id", ID, nullable=True),
        sa.Column("activity_id", ID, nullable=True),
        sa.Column("file", sa.String(16), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["scene_id"], ["panorama_scene.id"], name=op.f("fk_hotspot_scene_id")),
        sa.ForeignKeyConstraint(["to_scene_id"], ["panorama_scene.id"], name=op.f("fk_hotspot_to_scene_id")),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_hotspot_activity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hotspot")),
        sa.UniqueConstraint("public_id", name=op.f("uq_hotspot_public_id")),
    )
    for name in ("scene_id", "to_scene_id", "activity_id"):
        op.create_index(f"ix_hotspot_{name}", "hotspot", [name])


def _tours() -> None:
    op.create_table(
        "panorama",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("about", sa.String(120), nullable=False),
        sa.Column("activity_id", ID, nullable=True),
        sa.Column("branch_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_panorama_activity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panorama")),
        sa.UniqueConstraint("public_id", name=op.f("uq_panorama_public_id")),
    )
    op.create_index("ix_panorama_activity_id", "panorama", ["activity_id"])
    op.create_index("ix_panorama_state_position", "panorama", ["state", "position"])
    op.create_table(
        "panorama_scene",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("panorama_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(30), nullable=False),
        sa.Column("alt", sa.String(120), nullable=False),
        sa.Column("yaw", sa.Float(), nullable=False),
        sa.Column("pitch", sa.Float(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["panorama_id"], ["panorama.id"], name=op.f("fk_panorama_scene_panorama_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panorama_scene")),
        sa.UniqueConstraint("public_id", name=op.f("uq_panorama_scene_public_id")),
    )
    op.create_index("ix_panorama_scene_panorama_id", "panorama_scene", ["panorama_id"])


def _pictures() -> None:
    op.create_table(
        "panorama_picture",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("scene_id", ID, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("upload", sa.String(16), nullable=False),
        sa.Column("preview", sa.String(16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(200), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["scene_id"], ["panorama_scene.id"], name=op.f("fk_panorama_picture_scene_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panorama_picture")),
        sa.UniqueConstraint("public_id", name=op.f("uq_panorama_picture_public_id")),
    )
    op.create_index("ix_panorama_picture_scene_id", "panorama_picture", ["scene_id"])
    op.create_table(
        "panorama_tile",
        sa.Column("picture_id", ID, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("across", sa.Integer(), nullable=False),
        sa.Column("down", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(16), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["picture_id"], ["panorama_picture.id"], name=op.f("fk_panorama_tile_picture_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panorama_tile")),
        sa.UniqueConstraint(
            "picture_id",
            "level",
            "across",
            "down",
            name=op.f("uq_panorama_tile_picture_id_level_across_down"),
        ),
    )


def _lives() -> None:
    op.create_table(
        "live_session",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("about", sa.String(200), nullable=False),
        sa.Column("activity_id", ID, nullable=True),
        sa.Column("branch_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("starts_at", AT, nullable=False),
        sa.Column("ends_at", AT, nullable=False),
        sa.Column("link", sa.String(500), nullable=False),
        sa.Column("replay", sa.String(500), nullable=False),
        sa.Column("chapters", sa.JSON(), nullable=False),
        sa.Column("cover", sa.String(16), nullable=False),
        sa.Column("cover_alt", sa.String(60), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_live_session_activity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_session")),
        sa.UniqueConstraint("public_id", name=op.f("uq_live_session_public_id")),
    )
    op.create_index("ix_live_session_activity_id", "live_session", ["activity_id"])
    op.create_index("ix_live_session_state_starts_at", "live_session", ["state", "starts_at"])
    op.create_table(
        "live_visit",
        sa.Column("live_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("reminds", sa.Boolean(), nullable=False),
        sa.Column("watched_at", AT, nullable=True),
        sa.Column("marked_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["live_id"], ["live_session.id"], name=op.f("fk_live_visit_live_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_live_visit_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_visit")),
        sa.UniqueConstraint("live_id", "person_id", name=op.f("uq_live_visit_live_id_person_id")),
    )
    op.create_index("ix_live_visit_person_id", "live_visit", ["person_id"])
    op.create_index(
        "ix_live_visit_marked_at",
        "live_visit",
        ["marked_at"],
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )


def downgrade() -> None:
    for table in ("live_visit", "live_session"):
        op.drop_table(table)
    for table in ("hotspot", "panorama_tile", "panorama_picture", "panorama_scene", "panorama"):
        op.drop_table(table)
