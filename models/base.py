"""What every table shares: names of constraints, 64-bit ids, enums as text, UTC times."""

import enum
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from models.types import UTCDateTime

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite counts rows by itself only in a column that is exactly INTEGER.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# True of every row. An index that has it serves only statements that say it too, and draws no other away from
# the small index that was made for it.
LISTED = "id > 0"


def _values(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        enum.Enum: sa.Enum(
            enum.Enum,
            native_enum=False,
            create_constraint=False,
            length=24,
            values_callable=_values,
        ),
    }

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
