"""Posters of activities with QR codes of their own, who scanned them, a cover picture and a contact.

Additive: the running release keeps working; what is there has no poster, cover or contact. Downgrade forgets
posters and counts, covers and contacts; the rows of their pictures stay, which nobody shows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
NAMED = sa.text("person_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "poster",
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("place", sa.String(20), nullable=False),
        sa.Column("code", sa.String(255), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("code_until", AT, nullable=True),
        sa.Column("file_id", ID, nullable=True),
        sa.Column("drawn_of", sa.String(64), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_poster_activity_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_poster_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poster")),
        sa.UniqueConstraint("public_id", name=op.f("uq_poster_public_id")),
        sa.UniqueConstraint("activity_id", "place", name=op.f("uq_poster_activity_id_place")),
    )
    op.create_table(
        "poster_scan",
        sa.Column("poster_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("scanned_at", AT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["poster_id"], ["poster.id"], name=op.f("fk_poster_scan_poster_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_poster_scan_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poster_scan")),
        sa.UniqueConstraint("poster_id", "person_id", name=op.f("uq_poster_scan_poster_id_person_id")),
    )
    op.create_index("ix_poster_scan_person_id", "poster_scan", ["person_id"])
    op.create_index(
        "ix_poster_scan_scanned_at",
        "poster_scan",
        ["scanned_at"],
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )
    op.add_column("sign_up", sa.Column("poster_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_sign_up_poster_id", "sign_up", ["poster_id"])
    for name, length in (("contact_name", 20), ("contact_phone", 20), ("cover", 16), ("cover_alt", 60)):
        op.add_column("activity", sa.Column(name, sa.String(length), nullable=False, server_default=""))


def downgrade() -> None:
    for name in ("cover_alt", "cover", "contact_phone", "contact_name"):
        op.drop_column("activity", name)
    op.drop_index("ix_sign_up_poster_id", "sign_up")
    op.drop_column("sign_up", "poster_id")
    op.drop_table("poster_scan")
    op.drop_table("poster")
