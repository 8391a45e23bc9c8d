"""`gonghui activities …` as staff type them, and the files they write."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import activities
from app.clock import SHANGHAI
from app.errors import DomainError, NotFound, OperatorError
from app.services import activities as service
from app.services import activity_files, sign_ups, sittings
from app.services.audiences import Facts
from tests import making
from tests.rooms import ROOT
from tests.terminal import Terminal

NOW = datetime.now(UTC)
TODAY = NOW.astimezone(SHANGHAI).date()
FILE = """
- title: 羽毛球赛
  place: 职工活动中心
  opens: "+0 00:00"
  closes: "+5 18:00"
  starts: "+7 14:00"
  ends: "+7 17:00"
  capacity: 1
  for: {tag: 职工}
  questions:
    - {key: size, prompt: 球服尺码？, kind: choice, options: [M, L]}
  text: |
    **球拍自带**。
"""


class Office(Terminal):
    """Staff who look after activities."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url, activities=activities.app)
        self._folder = folder

    def types(self, *words: str, code: int = 0) -> str:
        return super().types("activities", *words, code=code)

    def file(self, text: str) -> str:
        path = self._folder / "activities.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def adds(self, text: str = FILE) -> str:
        """Returns the activity's public id."""
        return self.types("add", self.file(text), "--by", "王强").split("　")[0]

    def signs_up(self, public_id: str, number: int = 1) -> None:
        async def work(session: AsyncSession) -> None:
            activity = await service.get(session, public_id)
            for _ in range(number):
                who = await making.person(session)
                known = sign_ups.Applicant(who.person_id, Facts(frozenset({"职工"})), "chat")
                await sign_ups.sign_up(session, activity.id, known, answers={"size": "L"}, now=NOW)

        self.within(work)


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    settings = {
        "DATABASE_URL": sqlite_url,
        "FILES": str(tmp_path / "files"),
        "MENUS": str(ROOT / "menus.yaml"),
        "SECRET_KEY": "staff of the tests sit at a terminal",
        "WECHAT_API_URL": "http://127.0.0.1:1",
        # The keys of the tests, so that what a test wrote opens in the command.
        "ENCRYPTION_KEYS": "t1:" + base64.b64encode(bytes(range(32))).decode(),
        "LOOKUP_KEY": "lookup key of the tests, 32 bytes",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"GONGHUI_{name}", value)
    return Office(sqlite_url, tmp_path)


def test_staff_announce_an_activity_and_see_who_comes(office: Office) -> None:
    public_id = office.adds()
    assert "还没有人报名" in office.types("list")

    office.signs_up(public_id, 3)

    assert "已报名 1、候补中 2" in office.types("list")
    people = office.types("people", public_id).splitlines()
    assert people[0] == "「羽毛球赛」报名中"
    assert people[1].startswith("1. 已报名")
    assert people[1].endswith("球服尺码？L")
    assert people[3].startswith("3. 候补中")


def test_staff_let_people_in_and_turn_them_down(office: Office) -> None:
    public_id = office.adds(FILE.replace("capacity: 1", "capacity: 3\n  approval: true"))
    office.signs_up(public_id, 3)

    waiting = [line for line in office.types("people", public_id).splitlines() if "待审核" in line]
    codes = [line.split("代号 ")[1].split("　")[0] for line in waiting]
    assert "通过 1 份报名" in office.types("approve", public_id, codes[0], "--by", "王强")
    assert "未通过" in office.types("reject", public_id, codes[1], "--by", "王强", "--reason", "去年去过")
    assert "通过 1 份报名" in office.types("approve", public_id, "--by", "王强")
    assert "没有待审核的报名" in office.types("approve", public_id, "--by", "王强")

    people = office.types("people", public_id)
    assert people.count("已报名") == 2
    assert people.count("未通过") == 1
    assert "代号" not in people


def test_more_seats_are_offered_and_calling_off_tells_everybody(office: Office) -> None:
    public_id = office.adds()
    office.signs_up(public_id, 3)

    assert "现在有 2 个名额" in office.types("capacity", public_id, "2")
    assert "候补待确认 1" in office.types("list")
    assert "将通知 3 位" in office.types("cancel", public_id, "--by", "王强", "--reason", "场馆检修")
    assert office.types("list").strip() == "近期没有活动。"
    with pytest.raises(NotFound):
        office.types("people", "nothing")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("capacity: 1", "youngest: 60\n  oldest: 18"), "年龄先后不对"),
        (FILE.replace("capacity: 1", "again: maybe"), "again："),
        (FILE.replace("place:", "plcae:"), "第 1 个活动：plcae："),
        (FILE.replace('"+7 14:00"', "下周五"), "starts：时间应写成 2026-12-05 14:00"),
        (FILE.replace("capacity: 1", "capacity: -1"), "capacity："),
        (FILE.replace("options: [M, L]", "options: [M]"), "报名问题有误（0）"),
        (FILE.replace('"+7 17:00"', '"+6 17:00"'), "时间先后不对"),
        (FILE.replace("**球拍自带**", "![图](x)"), "text 第 1 行：文字里只能有加粗和链接"),
        ("- title: [", "YAML 写法不对"),
        ("", "第 1 个活动"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_announced(office: Office, text: str, said: str) -> None:
    with pytest.raises((OperatorError, DomainError)) as refused:
        office.adds(text)

    assert said in str(refused.value.args[0])
    assert office.types("list").strip() == "近期没有活动。"


def test_a_file_that_is_not_there_is_said(office: Office, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="读不了"):
        office.types("add", str(tmp_path / "nothing.yaml"), "--by", "王强")


def test_the_demonstration_is_itself_without_mistakes() -> None:
    planned = activity_files.load(ROOT / "content" / "demo" / "activities.yaml")

    for each in planned:
        values = sittings.settled(each.values(TODAY))
        assert values["opens_at"] < values["closes_at"] <= values["starts_at"] < values["ends_at"]
        assert values["starts_at"] - NOW < timedelta(days=60)
    assert len(planned) >= 4
