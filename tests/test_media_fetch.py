"""Pictures, voices and videos come over from WeChat once, whatever dies or refuses on the way."""

import asyncio
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image

from app.database import Database, refuse_in_transaction
from app.files import LARGEST_BYTES, Files
from app.jobs import media
from app.jobs.stored_files import tidy
from app.services.stored_files import mark_deleted
from app.wechat import errors
from app.wechat.api.media import MediaFile
from app.wechat.client import WeChatClient
from models import Account, AccountKind, FileState, MediaFetch, StoredFile
from models.types import public_id
from tests.conftest import FakeClock

OURS = "wx0000000000000001"
VOICE = b"#!AMR\n" + bytes(100)


def picture(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(out, "JPEG")
    return out.getvalue()


@dataclass
class WeChat:
    """The far side: what it holds by media id, and what it was asked."""

    app_id: str = OURS
    holds: dict[str, bytes | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None

    @property
    def media(self) -> "WeChat":
        return self

    async def get(self, media_id: str, *, limit: int) -> MediaFile:
        refuse_in_transaction("media")
        self.asked.append(media_id)
        await asyncio.sleep(0)
        if self.meanwhile is not None:
            await self.meanwhile()  # type: ignore[misc]
        found = self.holds[media_id]
        if isinstance(found, Exception):
            raise found
        assert limit == LARGEST_BYTES
        return MediaFile(found, "image/jpeg", "whatever.exe")


def fits(client: WeChatClient) -> media.Client:
    """The real client has what is asked of one: for the type checker."""
    return client


@pytest.fixture
def wechat() -> WeChat:
    return WeChat()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


async def expect(
    database: Database, clock: FakeClock, media_id: str = "m1", kind: str = "image", app_id: str = OURS
) -> str:
    """A row as the dialogue leaves it; returns the file's public id."""
    async with database.transaction() as session:
        account = await session.scalar(sa.select(Account).where(Account.app_id == app_id))
        if account is None:
            account = Account(app_id=app_id, kind=AccountKind.OFFICIAL)
            session.add(account)
        file = StoredFile(public_id=public_id(), kind=kind, state=FileState.EXPECTED, created_at=clock.now())
        session.add(file)
        await session.flush()
        session.add(MediaFetch(account_id=account.id, media_id=media_id, file_id=file.id, due_at=clock.now()))
        return file.public_id


async def file_of(database: Database, name: str) -> StoredFile:
    async with database.reading() as session:
        return (await session.scalars(sa.select(StoredFile).where(StoredFile.public_id == name))).one()


async def fetch_of(database: Database, media_id: str = "m1") -> MediaFetch:
    async with database.reading() as session:
        return (await session.scalars(sa.select(MediaFetch).where(MediaFetch.media_id == media_id))).one()


async def test_a_picture_sent_in_chat_is_kept(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    name = await expect(database, clock)
    wechat.holds["m1"] = picture()

    assert await media.fetch_due(database, wechat, files, clock) == 1

    file, kept = await file_of(database, name), await files.get(name)
    assert (file.state, file.content_type) == (FileState.READY, "image/jpeg")
    assert (file.size, file.sha256) == (len(kept), hashlib.sha256(kept).hexdigest())
    assert await media.fetch_due(database, wechat, files, clock) == 0
    assert wechat.asked == ["m1"]


async def test_nine_pictures_and_a_voice_come_in_one_round(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    names = [await expect(database, clock, f"m{n}") for n in range(9)]
    wechat.holds |= {f"m{n}": picture() for n in range(9)} | {"v": VOICE}
    voice = await expect(database, clock, "v", "voice")

    assert await media.fetch_due(database, wechat, files, clock) == 10

    assert {(await file_of(database, name)).state for name in names} == {FileState.READY}
    assert (await file_of(database, voice)).content_type == "audio/amr"
    assert await files.get(voice) == VOICE


async def test_a_round_takes_no_more_than_its_limit(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    wechat.holds |= {f"m{n}": picture() for n in range(5)}
    for n in range(5):
        await expect(database, clock, f"m{n}")

    assert await media.fetch_due(database, wechat, files, clock, 3) == 3
    assert await media.fetch_due(database, wechat, files, clock, 3) == 2


async def test_two_processes_share_the_work_and_fetch_nothing_twice(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    wechat.holds |= {f"m{n}": picture() for n in range(12)}
    names = [await expect(database, clock, f"m{n}") for n in range(12)]
    other = Database(database.url.render_as_string(hide_password=False))

    rounds = (media.fetch_due(each, wechat, files, clock) for each in (database, other))
    counts = list(await asyncio.gather(*rounds))
    counts.append(await media.fetch_due(database, wechat, files, clock))  # rows the two passed over
    await other.close()

    assert sum(counts) == 12
    assert sorted(wechat.asked) == sorted(f"m{n}" for n in range(12))
    assert {(await file_of(database, name)).state for name in names} == {FileState.READY}


async def test_media_of_another_account_are_not_asked_for_with_our_token(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    await expect(database, clock, app_id="wx-somebody-else")

    assert await media.fetch_due(database, wechat, files, clock) == 0
    assert wechat.asked == []


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (errors.MediaGone(40007, "invalid media_id"), "image", "微信服务器上已没有这个文件"),
        (errors.TooLarge(None, "answer over the limit"), "image", "文件超过 20 MB"),
        (errors.OurMistake(40004, "invalid media type"), "image", "微信拒绝了请求：invalid media type"),
        (VOICE, "image", "内容与消息类型不符（audio/amr）"),
        (b"<html>captive portal</html>", "image", "不支持这种文件，请发图片、语音、视频或 PDF。"),
        (b"\xff\xd8\xff torn", "image", "图片已损坏，打不开，请重新发一张。"),
    ],
)
async def test_what_can_never_come_is_lost_with_its_reason(
    database: Database,
    files: Files,
    clock: FakeClock,
    wechat: WeChat,
    answer: bytes | Exception,
    kind: str,
    reason: str,
) -> None:
    name = await expect(database, clock, kind=kind)
    wechat.holds["m1"] = answer

    await media.fetch_due(database, wechat, files, clock)

    file = await file_of(database, name)
    assert (file.state, file.reason) == (FileState.LOST, reason)
    assert (await fetch_of(database)).done
    with pytest.raises(FileNotFoundError):
        await files.get(name)


async def test_after_three_days_nobody_asks_any_more(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    name = await expect(database, clock)
    clock.advance(3 * 86400)

    await media.fetch_due(database, wechat, files, clock)

    file = await file_of(database, name)
    assert (file.state, file.reason) == (FileState.LOST, "超过三天，微信已不再保存")
    assert wechat.asked == []


@pytest.mark.parametrize(
    "hiccup",
    [
        errors.TryLater(-1, "system busy"),
        errors.OutcomeUnknown(None, "ReadTimeout"),
        errors.WeChatError(99999, "a code nobody has met"),
        OSError("no space left on device"),
    ],
)
async def test_a_hiccup_is_tried_again_after_1_5_and_30_minutes(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat, hiccup: Exception
) -> None:
    name = await expect(database, clock)
    wechat.holds["m1"] = hiccup

    for minutes in (1, 5, 30):
        assert await media.fetch_due(database, wechat, files, clock) == 1
        assert (await fetch_of(database)).due_at == clock.now() + timedelta(minutes=minutes)
        clock.advance(minutes * 60 - 1)
        assert await media.fetch_due(database, wechat, files, clock) == 0
        clock.advance(1)
    wechat.holds["m1"] = picture()
    await media.fetch_due(database, wechat, files, clock)

    assert (await file_of(database, name)).state is FileState.READY


async def test_a_longer_pause_that_wechat_asks_for_is_kept(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    midnight = datetime(2026, 11, 23, 16, tzinfo=UTC)
    await expect(database, clock, "busy")
    await expect(database, clock, "quota")
    await expect(database, clock, "secret")
    wechat.holds["busy"] = errors.TryLater(45011, "too often", retry_after_seconds=600.0)
    wechat.holds["quota"] = errors.QuotaUsedUp(45009, "reach max api daily quota limit", until=midnight)
    wechat.holds["secret"] = errors.NotAllowed(40125, "invalid appsecret")

    await media.fetch_due(database, wechat, files, clock)

    assert (await fetch_of(database, "busy")).due_at == clock.now() + timedelta(minutes=10)
    assert (await fetch_of(database, "quota")).due_at == midnight
    assert (await fetch_of(database, "secret")).due_at == clock.now() + timedelta(minutes=30)


async def test_who_dies_in_the_middle_is_followed_by_another_and_nothing_is_kept_twice(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat, tmp_path: Path
) -> None:
    name = await expect(database, clock)
    wechat.holds["m1"] = picture()

    class Killed(BaseException):
        pass

    class Dying(Files):
        async def put(self, public_id: str, data: bytes) -> None:
            await super().put(public_id, data)
            raise Killed

    with pytest.raises(Killed):
        await media.fetch_due(database, wechat, Dying(tmp_path / "files"), clock)
    assert await media.fetch_due(database, wechat, files, clock) == 0  # leased by the dead
    clock.advance(media.LEASE.total_seconds() + 1)
    assert await media.fetch_due(database, wechat, files, clock) == 1

    assert (await file_of(database, name)).state is FileState.READY
    assert [found async for found in files.names()] == [name]
    assert (await fetch_of(database)).tries == 2


async def test_who_comes_back_after_his_lease_changes_nothing(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    name = await expect(database, clock)
    quick = WeChat(holds={"m1": picture("blue")})
    wechat.holds["m1"] = errors.MediaGone(40007, "gone by now")

    async def another_takes_over() -> None:
        clock.advance(media.LEASE.total_seconds() + 1)
        await media.fetch_due(database, quick, files, clock)

    wechat.meanwhile = another_takes_over
    await media.fetch_due(database, wechat, files, clock)

    assert (await file_of(database, name)).state is FileState.READY
    assert await files.get(name)


async def test_a_file_deleted_while_it_comes_is_not_kept(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    name = await expect(database, clock)
    wechat.holds["m1"] = picture()

    async def somebody_deletes_it() -> None:
        async with database.transaction() as session:
            await session.execute(sa.update(StoredFile).values(state=FileState.DELETED))

    wechat.meanwhile = somebody_deletes_it
    await media.fetch_due(database, wechat, files, clock)

    assert (await file_of(database, name)).state is FileState.DELETED
    with pytest.raises(FileNotFoundError):
        await files.get(name)


async def test_a_file_whose_row_is_gone_when_it_comes_is_not_kept(
    database: Database, files: Files, clock: FakeClock, wechat: WeChat
) -> None:
    """A download that outlived its lease: meanwhile the file was deleted, row and all."""
    await expect(database, clock)
    wechat.holds["m1"] = picture()

    async def it_is_deleted() -> None:
        clock.advance(media.LEASE.total_seconds() + 1)
        async with database.transaction() as session:
            await mark_deleted(session, [(await session.scalars(sa.select(StoredFile.public_id))).one()])
        assert await tidy(database, files, clock) == 1

    wechat.meanwhile = it_is_deleted
    await media.fetch_due(database, wechat, files, clock)

    assert [found async for found in files.names()] == []
