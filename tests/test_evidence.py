"""What people send for a matter of law is kept byte for byte beside the copy that is shown."""

import hashlib
import io
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from app.cli.database_copies import NEEDED
from app.database import Database
from app.errors import DomainError, NotFound
from app.files import Files
from app.jobs import media
from app.jobs.stored_files import tidy
from app.scanning import Answer, Scanner, Verdict
from app.services import case_files, cases, closed_cases, evidence, key_rotation, stored_files
from app.services.case_work import get_case, list_entries
from models import AccountKind, CaseKind, Evidence, FileState, MediaFetch, StoredFile
from models.sealing import Keyring, use_keyring
from tests import consulting
from tests.conftest import NOON, TEST_KEYS, TEST_LOOKUP, FakeClock
from tests.test_media_fetch import WeChat, expect, fetch_of, file_of, picture


@pytest.fixture
def wechat() -> WeChat:
    return WeChat()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


def placed_picture() -> bytes:
    """As a phone takes it: it says with what camera, and where."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x010F] = "Telephone"
    exif.get_ifd(0x8825)[2] = (35.0, 34.0, 12.0)
    Image.new("RGB", (40, 20), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


async def sends(
    database: Database, clock: FakeClock, media_id: str = "m1", *, kind: CaseKind = CaseKind.CONSULTATION
) -> tuple[str, str]:
    """Somebody's case with a picture that is still at WeChat: its name, the case's number."""
    name = await expect(database, clock, media_id)
    async with database.transaction() as session:
        who = await consulting.person(session)
        await session.execute(sa.update(StoredFile).where(StoredFile.public_id == name).values(owner_id=who))
        parts: list[dict[str, Any]] = [{"type": "image", "file": name}]
        if kind is CaseKind.CONSULTATION:
            return name, (await consulting.consult(session, who, parts=parts)).number
        opened = await cases.open_case(session, kind, who, None, topic="safety", blocks=parts, now=NOON)
    return name, opened.number


async def original_of(database: Database, name: str) -> Evidence | None:
    async with database.reading() as session:
        chosen = sa.select(Evidence).join(StoredFile, StoredFile.id == Evidence.file_id)
        return await session.scalar(chosen.where(StoredFile.public_id == name))


async def opens(database: Database, files: Files, number: str, why: str = "开庭要用") -> bytes:
    async with database.transaction() as session:
        case = await get_case(session, number)
        opening = await evidence.open_original(session, case, 1, why, "李律师", NOON)
    return evidence.opened(opening.kept, await files.get(opening.kept.name), 1)


async def names(files: Files) -> set[str]:
    return {name async for name in files.names()}


# --- kept as it came ----------------------------------------------------------------------------------------


async def test_the_original_is_kept_sealed_beside_the_copy(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    sent = placed_picture()
    name, number = await sends(database, clock)
    wechat.holds["m1"] = sent

    await media.fetch_due(database, wechat, files, clock)

    kept = await original_of(database, name)
    assert kept is not None
    assert (kept.sha256, kept.size, kept.source) == (
        hashlib.sha256(sent).hexdigest(),
        len(sent),
        AccountKind.OFFICIAL,
    )
    assert await opens(database, files, number) == sent
    assert b"Telephone" not in await files.get(name)
    (other,) = await names(files) - {name}
    assert b"Telephone" not in await files.get(other)


async def test_of_other_cases_no_original_is_kept(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    name, number = await sends(database, clock, kind=CaseKind.FEEDBACK)
    wechat.holds["m1"] = placed_picture()

    await media.fetch_due(database, wechat, files, clock)

    assert await original_of(database, name) is None
    assert await names(files) == {name}
    with pytest.raises(NotFound):
        await opens(database, files, number)


async def test_what_was_held_before_it_was_known_goes_when_it_is_no_matter_of_law(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    """Sent in a talk, which then went to the desk."""
    name, _ = await sends(database, clock, kind=CaseKind.DESK)
    wechat.holds["m1"] = picture()
    async with database.transaction() as session:
        file = (await session.scalars(sa.select(StoredFile).where(StoredFile.public_id == name))).one()
        kept = await evidence.prepare(session, file.id, AccountKind.OFFICIAL)
        assert kept is not None
        locked, original = evidence.sealed(kept, picture())
        await evidence.stored(session, kept, original, NOON)
    await files.put(kept.name, locked)

    await tidy(database, files, clock)

    assert await original_of(database, name) is None
    assert kept.name not in await names(files)


@pytest.mark.parametrize(
    "sent", [b"\xff\xd8\xff torn", b"<html>no picture at all</html>", b"#!AMR\n" + bytes(9)]
)
async def test_a_picture_that_is_none_is_kept_as_it_came_though_nobody_is_shown_it(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat, sent: bytes
) -> None:
    name, number = await sends(database, clock)
    wechat.holds["m1"] = sent

    await media.fetch_due(database, wechat, files, clock)

    assert (await file_of(database, name)).state is FileState.LOST
    assert await opens(database, files, number) == sent


async def test_opening_asks_for_a_reason_and_leaves_a_trace(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    _, number = await sends(database, clock)
    wechat.holds["m1"] = picture()
    await media.fetch_due(database, wechat, files, clock)

    for why in ("", " \n ", "长" * 101):
        with pytest.raises(DomainError, match="为什么要打开"):
            await opens(database, files, number, why)
    await opens(database, files, number)

    async with database.reading() as session:
        thread = [
            cases.text_of(each) for each in await list_entries(session, await get_case(session, number))
        ]
    assert thread[-1] == "打开了附件 1 的原件：开庭要用"
    assert len(thread) == 2


# --- changed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [0, 20, -1])
async def test_one_changed_byte_is_noticed(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat, where: int
) -> None:
    name, number = await sends(database, clock)
    wechat.holds["m1"] = picture()
    await media.fetch_due(database, wechat, files, clock)
    (other,) = await names(files) - {name}
    changed = bytearray(await files.get(other))
    changed[where] ^= 1
    await files.put(other, bytes(changed))

    with pytest.raises(evidence.Tampered, match="附件 1 的原件和收到时的不一样"):
        await opens(database, files, number)


async def test_one_original_does_not_stand_for_another(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    """Cut off, empty, and that of somebody else."""
    name, number = await sends(database, clock)
    other, _ = await sends(database, clock, "m2")
    wechat.holds |= {"m1": picture(), "m2": picture("blue")}
    await media.fetch_due(database, wechat, files, clock)
    async with database.reading() as session:
        mine, theirs = [
            await evidence.find(session, (await file_of(database, each)).id) for each in (name, other)
        ]
    assert mine is not None and theirs is not None
    whole = await files.get(mine.name)

    for bytes_there in (await files.get(theirs.name), whole[:-1], b""):
        await files.put(mine.name, bytes_there)
        with pytest.raises(evidence.Tampered):
            await opens(database, files, number)


# --- keys, forgetting, dying --------------------------------------------------------------------------------


async def test_originals_open_with_new_keys_after_the_old_one_is_thrown_away(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    _, number = await sends(database, clock)
    wechat.holds["m1"] = picture()
    await media.fetch_due(database, wechat, files, clock)
    use_keyring(Keyring({"t2": bytes(32), **TEST_KEYS}, TEST_LOOKUP))
    counts = {each.place: each for each in await key_rotation.rotate(database)}
    use_keyring(Keyring({"t2": bytes(32)}, TEST_LOOKUP))

    assert (counts["evidence.key"].sealed_anew, counts["evidence.key"].clean) == (1, True)
    assert await opens(database, files, number) == picture()


async def test_a_backup_carries_copy_and_original(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    await sends(database, clock)
    wechat.holds["m1"] = picture()
    await media.fetch_due(database, wechat, files, clock)

    async with database.reading() as session:
        needed = set(await session.scalars(sa.text(NEEDED)))

    assert needed == await names(files)
    assert len(needed) == 2


async def test_copy_and_original_go_together(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    name, number = await sends(database, clock)
    wechat.holds["m1"] = picture()
    await media.fetch_due(database, wechat, files, clock)
    assert len(await names(files)) == 2

    async with database.transaction() as session:
        await closed_cases.empty(session, [(await get_case(session, number)).id])
    await tidy(database, files, clock)

    assert await names(files) == set()
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Evidence))).all() == []
        assert (await session.scalars(sa.select(StoredFile).where(StoredFile.kind == "original"))).all() == []
    assert await original_of(database, name) is None


async def test_who_dies_between_fetching_and_storing_leaves_nothing_unknown(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat, tmp_path: Path
) -> None:
    name, number = await sends(database, clock)
    wechat.holds["m1"] = picture()

    class Killed(BaseException):
        pass

    class Dying(Files):
        async def put(self, public_id: str, data: bytes) -> None:
            await super().put(public_id, data)
            raise Killed

    with pytest.raises(Killed):
        await media.fetch_due(database, wechat, Dying(tmp_path / "files"), clock)
    (left,) = await names(files)  # the original came first
    with pytest.raises(NotFound):
        await opens(database, files, number)
    clock.advance(media.LEASE.total_seconds() + 1)
    assert await media.fetch_due(database, wechat, files, clock) == 1

    assert await names(files) == {left, name}
    assert await opens(database, files, number) == picture()


async def test_a_case_deleted_while_its_picture_comes_leaves_no_original(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    name, _ = await sends(database, clock)
    wechat.holds["m1"] = picture()

    async def it_is_deleted() -> None:
        async with database.transaction() as session:
            await stored_files.mark_deleted(session, [name])

    wechat.meanwhile = it_is_deleted
    await media.fetch_due(database, wechat, files, clock)
    clock.advance(media.LEASE.total_seconds() + 1)
    await tidy(database, files, clock)

    assert await names(files) == set()
    assert await original_of(database, name) is None


# --- viruses ------------------------------------------------------------------------------------------------


def script(tmp_path: Path, words: str) -> str:
    path = tmp_path / "scan"
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("cat >/dev/null; exit 0", Answer(Verdict.CLEAN)),
        ("cat >/dev/null; echo Eicar FOUND; exit 1", Answer(Verdict.INFECTED, "Eicar FOUND")),
        ("exit 2", Answer(Verdict.UNKNOWN)),
        ("kill -9 $$", Answer(Verdict.UNKNOWN)),
        ("exit 0", Answer(Verdict.CLEAN)),  # it need not read to the end
    ],
)
async def test_a_scanner_tells_by_its_exit_code(tmp_path: Path, words: str, answer: Answer) -> None:
    assert await Scanner(script(tmp_path, words)).ask(bytes(300_000)) == answer


async def test_a_scanner_may_want_a_path(tmp_path: Path) -> None:
    found = await Scanner(
        script(tmp_path, 'grep -q virus "$2" && { echo "$2: Bad"; exit 1; }; exit 0') + " -f {}"
    ).ask(b"a virus")

    assert found == Answer(Verdict.INFECTED, "Bad")


async def test_a_scanner_that_is_silent_or_not_there_gives_no_answer(tmp_path: Path) -> None:
    slow = await Scanner(script(tmp_path, "exec sleep 60"), patience=0.2).ask(b"x")
    gone = await Scanner("/nowhere/scan").ask(b"x")

    assert (slow.verdict, gone.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)


async def test_what_is_infected_is_shown_to_nobody(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat, tmp_path: Path
) -> None:
    name, number = await sends(database, clock)
    wechat.holds["m1"] = picture()
    scanner = Scanner(script(tmp_path, "cat >/dev/null; echo Eicar; exit 1"))

    await media.fetch_due(database, wechat, files, clock, scanner=scanner)

    file = await file_of(database, name)
    assert (file.state, file.reason) == (FileState.INFECTED, "Eicar")
    assert name not in await names(files)
    async with database.reading() as session:
        (shown,) = await case_files.list_files(session, await get_case(session, number))
    assert shown.missing == "查出病毒，已经隔离，不能打开（Eicar）。"
    with pytest.raises(DomainError, match="查出病毒"):
        await opens(database, files, number)


@pytest.mark.parametrize("kind", [CaseKind.CONSULTATION, CaseKind.FEEDBACK])
async def test_without_an_answer_a_file_is_held_until_there_is_one_even_for_a_week(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat, tmp_path: Path, kind: CaseKind
) -> None:
    name, number = await sends(database, clock, kind=kind)
    wechat.holds["m1"] = picture()
    broken, works = Scanner(script(tmp_path, "exit 3")), Scanner("true")

    await media.fetch_due(database, wechat, files, clock, scanner=broken)
    assert (await file_of(database, name)).state is FileState.EXPECTED
    assert not (await fetch_of(database)).done
    clock.advance(7 * 86400)  # WeChat has forgotten it
    await media.fetch_due(database, wechat, files, clock, scanner=works)

    assert wechat.asked == ["m1"]
    assert (await file_of(database, name)).state is FileState.READY
    await tidy(database, files, clock)
    if kind is CaseKind.CONSULTATION:
        assert await opens(database, files, number) == picture()
    else:
        assert await names(files) == {name}
    async with database.reading() as session:
        assert (await session.scalars(sa.select(MediaFetch.done))).all() == [True]
