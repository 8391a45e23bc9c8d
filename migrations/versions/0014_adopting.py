"""Walks through WeChat's followers, tags told to WeChat, interests, verification files, articles elsewhere.

Additive: the running release keeps working. Tags that were known only here are told to WeChat from now on.
Downgrade forgets interests, who does not want to be counted, verification files, and which articles are read
elsewhere; tags stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "walk",
        sa.Column("account_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("step", sa.String(24), nullable=False),
        sa.Column("cursor", sa.String(64), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("touched_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_walk_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_walk")),
        sa.UniqueConstraint("account_id", "kind", name=op.f("uq_walk_account_id_kind")),
    )
    op.create_table(
        "listed",
        sa.Column("account_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("openid", sa.String(64), nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_listed_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed")),
        sa.UniqueConstraint("account_id", "name", "openid", name=op.f("uq_listed_account_id_name_openid")),
    )
    op.create_table(
        "tag_change",
        sa.Column("follower_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["follower_id"], ["follower.id"], name=op.f("fk_tag_change_follower_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_change")),
        sa.UniqueConstraint("follower_id", "name", name=op.f("uq_tag_change_follower_id_name")),
    )
    op.create_index("ix_tag_change_due_at", "tag_change", ["settled_at", "due_at"])
    # No longer known only here: a daily walk takes tags away that WeChat does not know.
    op.execute(
        "INSERT INTO tag_change (follower_id, name, given, at, due_at, tries, reason) "
        "SELECT t.follower_id, t.name, true, t.given_at, t.given_at, 0, '' "
        "FROM follower_tag t JOIN follower f ON f.id = t.follower_id JOIN account a ON a.id = f.account_id "
        "WHERE f.subscribed AND a.kind = 'official'"
    )
    op.create_table(
        "interest",
        sa.Column("person_id", BIG_ID, nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_interest_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interest")),
        sa.UniqueConstraint("person_id", "topic", name=op.f("uq_interest_person_id_topic")),
    )
    op.create_table(
        "interest_choice",
        sa.Column("person_id", BIG_ID, nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("counted_from", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_interest_choice_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interest_choice")),
        sa.UniqueConstraint("person_id", name=op.f("uq_interest_choice_person_id")),
    )
    op.create_table(
        "verification_file",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("content", sa.String(1024), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_file")),
        sa.UniqueConstraint("name", name=op.f("uq_verification_file_name")),
    )
    op.add_column("article", sa.Column("source", sa.String(160), nullable=True))
    op.add_column("article", sa.Column("address", sa.String(1024), nullable=True))
    op.add_column("article", sa.Column("cover", sa.String(1024), nullable=True))
    op.create_index("uq_article_source", "article", ["source"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_article_source", "article")
    for column in ("cover", "address", "source"):
        op.drop_column("article", column)
    for table in ("verification_file", "interest_choice", "interest", "tag_change", "listed", "walk"):
        op.drop_table(table)
