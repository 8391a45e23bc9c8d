"""`gonghui templates …`: staff choose which template carries a notice; mistakes are told in Chinese."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.cli import templates
from app.errors import DomainError
from app.services import notices
from models import NoticeTemplate
from tests.both_ends import Ends, both_ends, settings_for


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def template_id(ends: Ends, title: str = "值班告警提醒") -> str:
    found = await ends.house.wechat.templates.list()
    return next(template.template_id for template in found if template.title == title)


async def chosen(ends: Ends) -> NoticeTemplate | None:
    async with ends.house.database.reading() as session:
        return await notices.find_template(session, ends.house.settings.wechat_app_id, notices.ALERT)


async def test_a_template_is_chosen_and_chosen_anew(ends: Ends) -> None:
    number = await template_id(ends)
    listed = "\n".join(await templates.listed(ends.house))
    assert f"{number}  值班告警提醒  thing1 time2 thing3" in listed
    assert "crisis.alert  没有用模板" in listed

    for last in ("编号", "怎么接手"):
        fields = ["thing1=事由", "time2=时间", f"thing3={last}"]
        said = await templates.used(ends.house, notices.ALERT, number, fields, "张伟")

    assert said == "「crisis.alert」从现在起用模板「值班告警提醒」。"
    row = await chosen(ends)
    assert row is not None
    assert (row.fields["thing3"], row.mapped_by) == ("怎么接手", "张伟")
    assert f"crisis.alert  用 {number}  thing1=事由" in "\n".join(await templates.listed(ends.house))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        (["thing1=事由", "time2=时间"], "正好是：thing1、time2、thing3"),
        (["thing1=事由", "time2=时间", "thing9=编号"], "正好是：thing1、time2、thing3"),
        (["thing1=事由", "time2=时间", "thing3=原话"], "里没有「原话」，可以填：事由、时间"),
        (["thing1=事由", "time2=事由", "thing3=编号"], "time2 填不下「事由」"),
    ],
)
async def test_what_cannot_be_sent_is_not_chosen(ends: Ends, fields: list[str], wrong: str) -> None:
    with pytest.raises(DomainError, match=wrong):
        await templates.used(ends.house, notices.ALERT, await template_id(ends), fields, "张伟")

    assert await chosen(ends) is None


async def test_templates_and_notices_that_do_not_exist(ends: Ends) -> None:
    with pytest.raises(DomainError, match="微信上没有模板 abc"):
        await templates.used(ends.house, notices.ALERT, "abc", [], "张伟")
    with pytest.raises(DomainError, match="没有「news」这种通知"):
        given = ["thing1=事由", "time2=时间", "thing3=编号"]
        await templates.used(ends.house, "news", await template_id(ends), given, "张伟")


async def test_an_alert_reaches_a_phone_whose_window_is_closed_and_is_taken_from_there(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(database_url, tmp_path)
    async with both_ends(settings, monkeypatch) as ends:  # who is on duty is known only now
        zhao = await ends.platform.person("赵敏")
    on_duty = settings.model_copy(update={"crisis_openids": (zhao.openid,)})
    async with both_ends(on_duty, monkeypatch) as ends:
        zhao = await ends.platform.follower("赵敏")
        await zhao.says("你好")
        await ends.moves_time(hours=49)
        fields = ["thing1=事由", "time2=时间", "thing3=怎么接手"]
        await templates.used(ends.house, notices.ALERT, await template_id(ends), fields, "张伟")
        await (await ends.platform.follower("李娜")).says("我不想活了")
        await ends.house.rounds.once()

        notice = (await zhao.reads())[-1]
        assert "进公众号回复「接手」" in str(notice)
        assert "我不想活了" in (await zhao.says("接手")).text
