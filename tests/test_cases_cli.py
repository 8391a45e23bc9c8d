"""`gonghui cases …` and `gonghui alerts …` as staff type them."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import alerts, cases
from app.errors import DomainError, OperatorError
from app.files import Files
from app.services import cases as case_service
from app.services import coordination, crisis
from app.settings import load_settings
from models import AccountKind, CaseKind, FileState, Follower, Outbox, Person, StaffAct, StoredFile
from tests.terminal import Terminal

NOW = datetime.now(UTC)
JUST_NOW = timedelta()
WORDS = [{"type": "text", "text": "食堂的灯坏了"}, {"type": "image", "file": "abc"}]


class Office(Terminal):
    """Staff who answer people."""

    def __init__(self, url: str) -> None:
        super().__init__(url, cases=cases.app, alerts=alerts.app)

    def case(
        self, facts: dict[str, Any] | None = None, blocks: case_service.Blocks = WORDS, **given: Any
    ) -> str:
        """Somebody leaves a message, with `facts` a follower; returns its number."""

        async def leave(session: AsyncSession) -> str:
            opened = await case_service.open_case(
                session,
                CaseKind.FEEDBACK,
                await _person(session, facts),
                None,
                topic="safety",
                blocks=blocks,
                now=NOW,
                **given,
            )
            return opened.number

        return str(self.within(leave))


async def _person(session: AsyncSession, facts: dict[str, Any] | None = None) -> int:
    person = Person(created_at=NOW)
    session.add(person)
    await session.flush()
    if facts is not None:
        account_id = await coordination.account_id(
            session, load_settings().wechat_app_id, AccountKind.OFFICIAL
        )
        session.add(Follower(account_id=account_id, openid=f"o{person.id}", person_id=person.id, **facts))
        await session.flush()
    return person.id


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    settings = {
        "SECRET_KEY": "x" * 32,
        "WECHAT_API_URL": "http://127.0.0.1:1",
        "DATABASE_URL": sqlite_url,
        "FILES": str(tmp_path / "files"),
        # The keys of the tests, so that what a test wrote opens in the command.
        "ENCRYPTION_KEYS": "t1:" + base64.b64encode(bytes(range(32))).decode(),
        "LOOKUP_KEY": "lookup key of the tests, 32 bytes",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"GONGHUI_{name}", value)
    return Office(sqlite_url)


def test_the_list_says_what_is_waiting_and_until_when(office: Office) -> None:
    assert office.types("cases", "list") == "没有要办的事项。\n"
    number = office.case(anonymous=True)

    listed = office.types("cases", "list")

    assert listed.startswith(f"{number}  留言（安全生产）  已提交  匿名  最迟答复 ")


def test_answered_and_closed_from_the_terminal(office: Office) -> None:
    number = office.case()

    answered = office.types("cases", "answer", number, "灯换好了。", "--by", "王强")
    assert answered == f"{number} 已答复。本人没有关注公众号，收不到，请打电话告诉；以后来说话时就会看到。\n"
    assert "已办结" in office.types("cases", "close", number.lower(), "--by", "王强")

    shown = office.types("cases", "show", number, "--by", "王强").splitlines()
    assert shown[0] == f"{number}  留言（安全生产）  已办结  实名"
    assert shown[1].endswith("来件 食堂的灯坏了")
    assert shown[3].endswith("答复（王强） 已提交 → 已答复 灯换好了。")
    assert shown[4].endswith("过程（王强） 已答复 → 已办结")
    sent = office.within(lambda session: session.scalar(sa.select(sa.func.count()).select_from(Outbox)))
    assert sent == 1


def test_what_is_done_at_the_terminal_is_in_the_record_of_acts(office: Office) -> None:
    named, unnamed = office.case(contact="13812345678"), office.case(anonymous=True)
    for number in (named, unnamed):
        office.types("cases", "answer", number, "灯换好了。", "--by", "王强")
    office.types("cases", "show", named, "--contact", "--by", "王强")
    office.types("cases", "close", named, "--by", "王强")

    async def look(session: AsyncSession) -> list[tuple[str, str, str, str]]:
        rows = await session.scalars(sa.select(StaffAct).order_by(StaffAct.id))
        return [(row.act, row.subject, row.by, row.channel) for row in rows]

    assert office.within(look) == [
        ("case.answer", named, "王强", "cli"),
        ("case.answer", "", "王强", "cli"),  # the number of an anonymous one is sealed
        ("case.contact", named, "王强", "cli"),
        ("case.close", named, "王强", "cli"),
    ]


@pytest.mark.parametrize(
    ("facts", "account", "said"),
    [
        ({"spoke_at": JUST_NOW}, "service_verified", "这就送到本人的微信。"),
        ({"acted_at": JUST_NOW}, "service_verified", "这就送到本人的微信。"),
        ({"spoke_at": timedelta(hours=48)}, "service_verified", "本人 48 小时内没有来过"),
        ({"spoke_at": JUST_NOW, "spoke_used": 5}, "service_verified", "主动发的条数已用完"),
        ({"spoke_at": JUST_NOW, "subscribed": False}, "service_verified", "本人已取消关注"),
        ({"spoke_at": JUST_NOW}, "unverified", "账号未认证，不能主动发"),
    ],
)
def test_staff_are_told_when_the_member_will_hear_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any], account: str, said: str
) -> None:
    monkeypatch.setenv("GONGHUI_WECHAT_ACCOUNT", account)
    now = datetime.now(UTC)  # of this test: the window after a tap is a minute long
    facts = {name: now - value if isinstance(value, timedelta) else value for name, value in facts.items()}
    named, unnamed = office.case(facts=facts), office.case(facts=facts, anonymous=True)

    assert said in office.types("cases", "answer", named, "灯换好了。", "--by", "王强")
    told = office.types("cases", "answer", unnamed, "灯换好了。", "--by", "王强")
    assert told.startswith(f"{unnamed} 已答复。能马上送到就马上送")  # a better word would hint at who it is


def test_the_thread_of_an_anonymous_case_shows_days_only(office: Office) -> None:
    number = office.case(anonymous=True)

    entry = office.types("cases", "show", number, "--by", "王强").splitlines()[1]

    assert entry == "今天 来件 食堂的灯坏了"


def test_the_telephone_number_is_shown_on_demand_and_noted(office: Office) -> None:
    number = office.case(contact="13812345678")

    assert "13812345678" not in office.types("cases", "show", number, "--by", "王强")
    assert "联系电话：13812345678" in office.types("cases", "show", number, "--contact", "--by", "王强")
    assert "备注（王强） 查看了联系电话" in office.types("cases", "show", number, "--by", "赵敏")


# --- files --------------------------------------------------------------------------------------------------

PICTURE, VOICE, LATE, LOST = (f"{name}{'2' * 12}" for name in ("pict", "voic", "late", "lost"))


@pytest.fixture
def with_files(office: Office, tmp_path: Path) -> str:
    """The number of a case with a picture, a voice, one that is still to come, a lost and a deleted one."""
    kinds = {PICTURE: "image", VOICE: "voice", LATE: "image", LOST: "video", "gone": "image"}
    facts: dict[str, dict[str, Any]] = {
        PICTURE: {"state": FileState.READY, "content_type": "image/jpeg"},
        VOICE: {"state": FileState.READY, "content_type": "audio/amr"},
        LATE: {"state": FileState.EXPECTED},
        LOST: {"state": FileState.LOST, "reason": "微信服务器上已没有这个文件"},
    }

    async def arrive(session: AsyncSession) -> None:
        for name, given in facts.items():
            session.add(StoredFile(public_id=name, kind=kinds[name], created_at=NOW, **given))
        stored = Files(tmp_path / "files")
        await stored.put(PICTURE, b"a picture")
        await stored.put(VOICE, b"a voice")

    office.within(arrive)
    return office.case(blocks=[{"type": kind, "file": name} for name, kind in kinds.items()])


def test_the_files_of_a_case_are_taken_out_under_its_number(
    office: Office, with_files: str, tmp_path: Path
) -> None:
    folder = tmp_path / "desk" / "out"
    shown = office.types("cases", "show", with_files, "--by", "王强").splitlines()
    assert shown[-1] == f"有 5 个附件，取出来看：gonghui cases files {with_files} --to 文件夹"

    told = office.types("cases", "files", with_files.lower(), "--to", str(folder), "--by", "王强")

    assert told.splitlines() == [
        f"{with_files}-1.jpg　图片",
        f"{with_files}-2.amr　语音",
        "第 3 个（图片）还没有从微信取来，请过几分钟再试。",
        "第 4 个（视频）没有取到：微信服务器上已没有这个文件。",
        "第 5 个（图片）已经删除。",
        f"都在 {folder}；王强 查看过，已记入办理过程。用完请删除。",
    ]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        f"{with_files}-1.jpg": b"a picture",
        f"{with_files}-2.amr": b"a voice",
    }
    assert {path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())} == {0o700, 0o600}
    assert "备注（王强） 查看了附件 1、2" in office.types("cases", "show", with_files, "--by", "赵敏")


def test_nothing_is_overwritten_and_what_was_not_opened_is_not_noted(
    office: Office, with_files: str, tmp_path: Path
) -> None:
    there = tmp_path / f"{with_files}-2.amr"
    there.write_bytes(b"somebody's own")

    with pytest.raises(OperatorError, match=f"里已有 {with_files}-2.amr，不覆盖"):
        office.types("cases", "files", with_files, "--to", str(tmp_path), "--by", "王强")

    assert there.read_bytes() == b"somebody's own"
    assert not (tmp_path / f"{with_files}-1.jpg").exists()
    assert "查看了附件" not in office.types("cases", "show", with_files, "--by", "赵敏")


def test_a_case_without_files_says_so_and_one_whose_files_are_to_come_leaves_no_trace(
    office: Office, tmp_path: Path
) -> None:
    plain, waiting = office.case(blocks=WORDS[:1]), office.case(blocks=[{"type": "image", "file": "gone"}])

    with pytest.raises(OperatorError, match="没有图片、语音或视频"):
        office.types("cases", "files", plain, "--to", str(tmp_path), "--by", "王强")
    told = office.types("cases", "files", waiting, "--to", str(tmp_path / "new"), "--by", "王强")

    assert told == "第 1 个（图片）已经删除。\n"
    assert not (tmp_path / "new").exists()
    assert "备注" not in office.types("cases", "show", waiting, "--by", "王强")


def test_a_folder_that_cannot_be_written_is_named(office: Office, with_files: str, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")

    with pytest.raises(OperatorError, match="建不了"):
        office.types("cases", "files", with_files, "--to", str(tmp_path / "a file"), "--by", "王强")


def test_bytes_that_are_not_there_are_said_to_be_missing(
    office: Office, with_files: str, tmp_path: Path
) -> None:
    asyncio.run(Files(tmp_path / "files").delete(PICTURE))

    told = office.types("cases", "files", with_files, "--to", str(tmp_path), "--by", "王强").splitlines()

    assert told[0].startswith("第 1 个（图片）不见了")
    assert told[1] == f"{with_files}-2.amr　语音"


def test_what_cannot_be_is_refused_in_a_sentence(office: Office) -> None:
    number = office.case(anonymous=True)

    with pytest.raises(DomainError, match="请先答复再办结"):
        office.types("cases", "close", number, "--by", "王强")
    with pytest.raises(DomainError, match="是匿名的"):
        office.types("cases", "show", number, "--contact", "--by", "王强")
    with pytest.raises(DomainError, match="没有编号为 LY-2020-0001 的事项"):
        office.types("cases", "answer", "LY-2020-0001", "好", "--by", "王强")


def test_an_alert_is_taken_and_only_then_read(office: Office) -> None:
    async def confess(session: AsyncSession) -> None:
        await crisis.alert(session, await _person(session), "m|1|o", "chat", "我不想活了", NOW)

    office.within(confess)

    listed = office.types("alerts", "list")
    assert listed.startswith("1  ")
    assert "还没有人收到" in listed
    assert "不想活" not in listed
    assert "原话：我不想活了" in office.types("alerts", "take", "1", "--by", "王强")
    assert office.types("alerts", "list") == "没有等待接手的提醒。\n"
    assert "由王强接手" in office.types("alerts", "list", "--all")
