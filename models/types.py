"""Column types: UTC times that refuse naive values, sealed text and JSON, random public ids."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from models.sealing import keyring

PUBLIC_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is misread aloud


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment; stored as UTC (on SQLite as text without zone, which sorts)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time: use app.clock")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SealedText(TypeDecorator[str]):
    """Private text, encrypted; `place` is its table.column and part of the seal."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else keyring().seal(value.encode(), self.place)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().unseal(bytes(value), self.place).decode()


class SealedJSON(TypeDecorator[Any]):
    """Private data, encrypted; plain JSON inside. Replace the value to change it: edits inside go unseen."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else seal_json(value, self.place)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        return None if value is None else unseal_json(bytes(value), self.place)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def seal_json(value: Any, place: str) -> bytes:
    return keyring().seal(_encode(value).encode(), place)


def unseal_json(sealed: bytes, place: str) -> Any:
    return json.loads(keyring().unseal(sealed, place))


def public_id() -> str:
    """A random name for addresses and the API; tells nothing, cannot be guessed."""
    number, letters = secrets.randbelow(_PUBLIC_IDS), []
    for _ in range(16):
        number, letter = divmod(number, len(PUBLIC_ALPHABET))
        letters.append(PUBLIC_ALPHABET[letter])
    return "".join(letters)


_PUBLIC_IDS = len(PUBLIC_ALPHABET) ** 16
