"""The originals of what was received, and which answers for everybody began with a case.

Additive: the running release keeps working. Downgrade forgets the keys of the originals, which nobody can
open after that; the copies that are shown stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("file_id", BIG_ID, nullable=False),
        sa.Column("original_id", BIG_ID, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(24), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("stored_at", MOMENT),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_evidence_file_id")),
        sa.ForeignKeyConstraint(["original_id"], ["stored_file.id"], name=op.f("fk_evidence_original_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("file_id", name=op.f("uq_evidence_file_id")),
        sa.UniqueConstraint("original_id", name=op.f("uq_evidence_original_id")),
    )
    op.create_table(
        "case_knowledge",
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_knowledge_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_knowledge")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_case_knowledge_kind_key")),
    )
    op.create_index("ix_case_knowledge_case_id", "case_knowledge", ["case_id"])


def downgrade() -> None:
    op.drop_table("case_knowledge")
    op.drop_table("evidence")
