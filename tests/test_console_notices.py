"""通知模板: fetched from WeChat by a job, mapped with a preview, tried on one's own phone."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import notices
from app.settings import WeChatAccount
from models import Follower, JobState, NoticeTemplate, Role, Staff, StaffJob
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, at_work, ends

__all__ = ["ends"]
PATH = "/cgi-bin/template/get_all_private_template"
KIND = notices.ALERT
FIELDS = {"field-thing1": "事由", "field-time2": "时间", "field-thing3": "怎么接手"}


@pytest.fixture
async def wang(ends: Ends) -> Worker:
    return await at_work(ends, "王强", Role.OPERATOR)


async def fetched(ends: Ends, worker: Worker, title: str = "值班告警提醒") -> str:
    """The id of a template of WeChat's, after the console has fetched them."""
    await worker.does("/notices/fetch")
    await ends.house.rounds.once()
    async with ends.house.database.reading() as session:
        found = await notices.list_templates(session, ends.house.settings.wechat_app_id)
    return next(each.template_id for each in found if each.title == title)


async def mapping(ends: Ends) -> NoticeTemplate | None:
    async with ends.house.database.reading() as session:
        return await notices.find_template(session, ends.house.settings.wechat_app_id, KIND)


async def bind(ends: Ends, worker: Worker, name: str = "赵敏") -> Any:
    """The WeChat of this person of staff."""
    zhao = await ends.platform.follower(name)
    await zhao.says("你好")
    async with ends.house.database.transaction() as session:
        person = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == zhao.openid))
        await session.execute(sa.update(Staff).where(Staff.login == worker.login).values(person_id=person))
    return zhao


def left(home: str) -> str:
    """How many notices the home page counts that no template carries."""
    found = re.search(r"<b[^>]*>(\d+).*?</b><span>通知还没有对应的模板", home)
    return found[1] if found else ""


async def test_templates_are_fetched_by_a_job(ends: Ends, wang: Worker) -> None:
    assert "还没有从微信取过模板" in await wang.reads("/notices")
    assert left(await wang.reads("")) == "8"

    number = await fetched(ends, wang)
    again = await fetched(ends, wang)

    assert number == again
    page = await wang.reads("/notices")
    assert page.count("<td>值班告警提醒</td>") == 1 and "thing1、time2、thing3" in page
    assert "还没有对应" in page
    assert re.search(r"微信上有 \d+ 个模板", await wang.reads("/jobs"))


async def test_a_fetch_that_wechat_refuses_says_what_to_do(ends: Ends, wang: Worker) -> None:
    await wang.does("/notices/fetch")
    await wang.does("/notices/fetch")  # pressed twice: one job
    await ends.platform.misbehaves(fail_next={"path": PATH, "errcode": 48001})

    await ends.house.rounds.once()

    async with ends.house.database.reading() as session:
        (job,) = await session.scalars(sa.select(StaffJob))
    assert job.state is JobState.FAILED and "账号没有这个接口权限" in (job.said or "")


async def test_a_notice_is_mapped_with_a_preview(ends: Ends, wang: Worker) -> None:
    number = await fetched(ends, wang)
    chosen = await wang.reads(f"/notices/{KIND}?template={number}")
    assert "{{thing1.DATA}}" in chosen and "没有用模板" in chosen

    form = {"template": number, "base": 0, **FIELDS}
    preview = await wang.sends(f"/notices/{KIND}", do="preview", **form)
    assert "有职工流露轻生念头" in preview.text and "进公众号回复「接手」" in preview.text
    assert await mapping(ends) is None

    done = await wang.does(f"/notices/{KIND}", do="save", **form)

    assert "从现在起用这个模板" in done and "值班告警提醒，王强" in done
    row = await mapping(ends)
    assert row is not None and row.fields == {"thing1": "事由", "time2": "时间", "thing3": "怎么接手"}
    assert left(await wang.reads("")) == "7"
    assert [act.act for act in await acts_of(ends)][-2:] == ["job.start", "notices.map"]
    await wang.does(f"/notices/{KIND}/drop")
    assert "本来就没有" in await wang.does(f"/notices/{KIND}/drop")
    assert len(await acts_of(ends, "notices.drop")) == 1 and await mapping(ends) is None


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"field-thing3": ""}, "要填的字段正好是：thing1、time2、thing3"),
        ({"field-thing3": "<script>x"}, "里没有「&lt;script&gt;x」"),
        ({"field-time2": "事由"}, "time2 填不下「事由」"),
    ],
)
async def test_what_cannot_be_sent_is_not_mapped(
    ends: Ends, wang: Worker, filled: dict[str, str], said: str
) -> None:
    form = {"template": await fetched(ends, wang), "base": 0, **FIELDS, **filled}

    answer = await wang.sends(f"/notices/{KIND}", do="save", **form)

    assert answer.status_code == 422 and said in answer.text
    assert await mapping(ends) is None and not await acts_of(ends, "notices.map")
    assert (await wang.sends(f"/notices/{KIND}", do="save", **form | {"template": "none"})).status_code == 404
    assert (await wang.gets("/notices/news")).status_code == 404
    assert (await wang.sends("/notices/news", do="save", **form)).status_code == 404


async def test_two_who_map_the_same_notice(ends: Ends, wang: Worker) -> None:
    zhang = await at_work(ends, "张伟", Role.OPERATOR)
    form = {"do": "save", "template": await fetched(ends, wang), "base": 0, **FIELDS}
    await zhang.does(f"/notices/{KIND}", **form | {"field-thing3": "编号"})

    answer = await wang.sends(f"/notices/{KIND}", **form)

    assert answer.status_code == 422 and "张伟在" in answer.text and "没有保存" in answer.text
    assert '<option value="怎么接手" selected>' in answer.text
    row = await mapping(ends)
    assert row is not None and row.fields["thing3"] == "编号"
    base = re.search(r'name="base" value="(\d+)"', answer.text)
    assert base
    await wang.does(f"/notices/{KIND}", **form | {"base": base[1]})


async def test_an_example_reaches_my_own_phone_without_an_open_window(ends: Ends, wang: Worker) -> None:
    form = {"do": "save", "template": await fetched(ends, wang), "base": 0, **FIELDS}
    early = await wang.sends(f"/notices/{KIND}/test")
    assert early.status_code == 404 and "先保存对应" in early.text
    await wang.does(f"/notices/{KIND}", **form)
    unbound = await wang.sends(f"/notices/{KIND}/test")
    assert unbound.status_code == 422 and "还没有关联微信" in unbound.text
    assert 'data-test="how-to-bind"' in unbound.text
    zhao = await bind(ends, wang)
    await ends.moves_time(hours=49)
    await wang.signs_in()

    assert "正在发到您的微信" in await wang.does(f"/notices/{KIND}/test")
    await wang.does(f"/notices/{KIND}/test")  # pressed twice
    await ends.house.rounds.once()

    assert "有职工流露轻生念头" in str((await zhao.reads())[-1])
    page = await wang.reads(f"/notices/{KIND}")
    assert page.count('data-test="tested"') == 1 and "已发出" in page
    assert len(await acts_of(ends, "notices.test")) == 1


async def test_who_has_left_is_told_why_nothing_came(ends: Ends, wang: Worker) -> None:
    form = {"do": "save", "template": await fetched(ends, wang), "base": 0, **FIELDS}
    await wang.does(f"/notices/{KIND}", **form)
    zhao = await bind(ends, wang)
    await zhao.leaves()

    await wang.does(f"/notices/{KIND}/test")
    await ends.house.rounds.once()

    assert "您关联的微信没有关注公众号" in await wang.reads(f"/notices/{KIND}")


async def test_who_may_only_look_and_who_may_not(ends: Ends, wang: Worker) -> None:
    form = {"do": "save", "template": await fetched(ends, wang), "base": 0, **FIELDS}
    li = await at_work(ends, "李娜", Role.EDITOR)
    page = await li.reads(f"/notices/{KIND}?template={form['template']}")
    assert 'data-test="save"' not in page and "值班告警提醒" in page
    for path in ("/notices/fetch", f"/notices/{KIND}", f"/notices/{KIND}/test", f"/notices/{KIND}/drop"):
        assert (await li.sends(path, **form)).status_code == 403
    doctor = await at_work(ends, "周静", Role.DOCTOR)
    assert (await doctor.gets("/notices")).status_code == 403


async def test_an_account_without_template_messages_is_told_so(ends: Ends, wang: Worker) -> None:
    form = {"do": "save", "template": await fetched(ends, wang), "base": 0, **FIELDS}
    await wang.does(f"/notices/{KIND}", **form)
    object.__setattr__(ends.house.settings, "wechat_account", WeChatAccount.SUBSCRIPTION_VERIFIED)

    assert 'data-test="no-right"' in await wang.reads("/notices")
    answer = await wang.sends(f"/notices/{KIND}/test")
    assert answer.status_code == 422 and "只有认证的服务号" in answer.text
