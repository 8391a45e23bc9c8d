"""What is private is sealed: it opens only with its key, in its place, unchanged."""

import base64

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from models import Account, AccountKind, Message, MessageState
from models.sealing import Keyring, SealBroken, use_keyring
from models.types import PUBLIC_ALPHABET, public_id, seal_json, unseal_json
from tests.conftest import NOON

OLD, NEW = bytes(32), bytes([7]) * 32
LOOKUP = b"x" * 32
PLACE = "message.body"


def ring(**keys: bytes) -> Keyring:
    return Keyring(keys, LOOKUP)


def test_what_was_sealed_opens_again() -> None:
    keys = ring(k1=OLD)

    assert keys.unseal(keys.seal("我叫李娜".encode(), PLACE), PLACE).decode() == "我叫李娜"


def test_the_same_text_never_looks_the_same_twice() -> None:
    keys = ring(k1=OLD)

    assert keys.seal(b"yes", PLACE) != keys.seal(b"yes", PLACE)


def test_a_value_moved_to_another_column_does_not_open() -> None:
    keys = ring(k1=OLD)

    with pytest.raises(SealBroken, match=r"case_entry\.blocks"):
        keys.unseal(keys.seal(b"private", PLACE), "case_entry.blocks")


def test_another_key_of_the_same_name_does_not_open() -> None:
    with pytest.raises(SealBroken):
        ring(k1=NEW).unseal(ring(k1=OLD).seal(b"private", PLACE), PLACE)


def test_a_key_we_no_longer_have_is_said_so_without_the_value() -> None:
    sealed = ring(k1=OLD).seal(b"private", PLACE)

    with pytest.raises(SealBroken) as broken:
        ring(k2=NEW).unseal(sealed, PLACE)
    assert str(broken.value) == "message.body: KeyError"


def test_after_rotation_the_new_key_writes_and_the_old_one_still_reads() -> None:
    before = ring(k1=OLD)
    sealed = before.seal(b"old", PLACE)
    after = ring(k2=NEW, k1=OLD)

    assert after.unseal(sealed, PLACE) == b"old"
    assert (before.writes_with, after.writes_with) == ("k1", "k2")
    with pytest.raises(SealBroken):
        before.unseal(after.seal(b"new", PLACE), PLACE)


def test_every_changed_bit_is_noticed() -> None:
    keys = ring(k1=OLD)
    sealed = keys.seal(b"a vote", PLACE)

    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            keys.unseal(bytes(changed), PLACE)


def test_every_shortened_value_is_noticed() -> None:
    keys = ring(k1=OLD)
    sealed = keys.seal(b"a vote", PLACE)

    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            keys.unseal(sealed[:length], PLACE)


@given(st.binary(max_size=200), st.text(max_size=30), st.text(min_size=1, max_size=20))
def test_anything_can_be_sealed_anywhere(plain: bytes, place: str, name: str) -> None:
    keys = Keyring({name: NEW}, LOOKUP)

    assert keys.unseal(keys.seal(plain, place), place) == plain


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_a_broken_seal_and_nothing_worse(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        ring(k1=OLD).unseal(noise, PLACE)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_json_comes_back_as_it_was(value: object) -> None:
    use_keyring(ring(k1=OLD))

    assert unseal_json(seal_json(value, PLACE), PLACE) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k1",
        ":" + base64.b64encode(OLD).decode(),
        "k1:not base64!",
        "k1:" + base64.b64encode(b"short").decode(),
        f"k1:{base64.b64encode(OLD).decode()},k1:{base64.b64encode(NEW).decode()}",
    ],
)
def test_keys_written_wrongly_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Keyring.parse(text, "x" * 32)


def test_keys_are_read_as_the_settings_write_them() -> None:
    text = f"k2:{base64.b64encode(NEW).decode()}, k1:{base64.b64encode(OLD).decode()}"
    keys = Keyring.parse(text, "x" * 32)

    assert keys.writes_with == "k2"
    assert keys.unseal(ring(k1=OLD).seal(b"old", PLACE), PLACE) == b"old"


def test_look_ups_find_the_same_value_for_the_same_purpose_only() -> None:
    keys = ring(k1=OLD)

    assert keys.digest("13812341234", "phone") == ring(k2=NEW).digest("13812341234", "phone")
    assert keys.digest("13812341234", "phone") != keys.digest("13812341234", "account")
    assert keys.digest("13812341234", "phone") != Keyring({"k1": OLD}, b"y" * 32).digest(
        "13812341234", "phone"
    )
    assert len(keys.digest("", "phone")) == 16


def _message(account: Account, body: str) -> Message:
    return Message(
        account_id=account.id,
        key="1",
        kind="text",
        state=MessageState.ANSWERED,
        request_id="r",
        received_at=NOON,
        body=body,
        reply={"text": "您好"},
    )


async def _store(session: AsyncSession, body: str) -> None:
    account = Account(app_id="wx1", kind=AccountKind.OFFICIAL)
    session.add(account)
    await session.flush()
    session.add(_message(account, body))


async def test_the_database_does_not_hold_what_people_wrote(database: Database) -> None:
    async with database.transaction() as session:
        await _store(session, "我叫李娜")

    async with database.reading() as session:
        raw = (await session.execute(sa.text("SELECT body, reply FROM message"))).one()
        message = (await session.scalars(sa.select(Message))).one()
    assert "李娜".encode() not in bytes(raw.body)
    assert "您好".encode() not in bytes(raw.reply)
    assert (message.body, message.reply) == ("我叫李娜", {"text": "您好"})
    assert message.received_at == NOON


async def test_a_body_copied_over_a_reply_does_not_open(database: Database) -> None:
    async with database.transaction() as session:
        await _store(session, "我叫李娜")
        await session.execute(sa.text("UPDATE message SET reply = body"))

    async with database.reading() as session:
        with pytest.raises(SealBroken, match=r"message\.reply"):
            await session.scalars(sa.select(Message))


async def test_a_moment_without_zone_is_refused(database: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive time"):
        async with database.transaction() as session:
            await session.execute(sa.select(Message).where(Message.received_at > NOON.replace(tzinfo=None)))


def test_public_ids_are_long_and_never_repeat() -> None:
    made = {public_id() for _ in range(1000)}

    assert len(made) == 1000
    assert all(len(name) == 16 and set(name) <= set(PUBLIC_ALPHABET) for name in made)
