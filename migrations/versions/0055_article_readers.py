"""What readers do with articles: likes, favourites, what they read lately.

Additive: the running release knows nothing of it. Downgrade forgets all of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0053"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name, times in (
        ("article_like", ("at",)),
        ("article_favourite", ("at",)),
        ("article_visit", ("first_at", "last_at")),
    ):
        pair = ("person_id", "article_id") if name == "article_visit" else ("article_id", "person_id")
        op.create_table(
            name,
            sa.Column("id", ID, nullable=False),
            *(sa.Column(each, ID, nullable=False) for each in pair),
            *(sa.Column(each, TIME, nullable=False) for each in times),
            sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f(f"fk_{name}_article_id")),
            sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"fk_{name}_person_id")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint(*pair, name=op.f(f"uq_{name}_{pair[0]}_{pair[1]}")),
        )
    op.create_index("ix_article_like_person_id", "article_like", ["person_id"])
    op.create_index("ix_article_favourite_person_id_id", "article_favourite", ["person_id", "id"])
    op.create_index("ix_article_visit_person_id_last_at", "article_visit", ["person_id", "last_at"])


def downgrade() -> None:
    for name in ("article_visit", "article_favourite", "article_like"):
        op.drop_table(name)
