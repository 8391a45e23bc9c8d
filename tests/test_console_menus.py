"""The menus room: what is live, the file with its checks, trying, applying over nobody's work, going back."""

import html
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clock import civil_date
from app.menus import revisions
from app.settings import WeChatAccount
from models import MenuHit, MenuPushStep, MenuRevision, Role, StepState
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
RULE = "  - say: [福利]\n    reply: 请看「工会动态」。\n"


@pytest.fixture
async def wang(ends: Ends) -> Worker:
    return await at_work(ends, "王强", Role.OPERATOR)


async def live(ends: Ends) -> MenuRevision:
    async with ends.house.database.reading() as session:
        found = await revisions.live(session)
    assert found is not None
    return found


async def changed(ends: Ends, rule: str = RULE) -> str:
    """The live text with one more rule."""
    return (await live(ends)).text.replace("keywords:\n", f"keywords:\n{rule}", 1)


async def test_the_live_menu_is_shown_with_whom_it_is_for_and_what_was_used(ends: Ends, wang: Worker) -> None:
    today = civil_date(ends.house.clock.now())
    async with ends.house.database.transaction() as session:
        for days, count in ((0, 3), (6, 4), (7, 10), (29, 20), (30, 500)):
            day = today - timedelta(days=days)
            session.add(MenuHit(day=day, rule="keyword:值班电话", count=count))
        session.add(MenuHit(day=today, rule="menu:power_safety.topics?topic=ebikes", count=1))
    await ends.platform.person("赵敏")
    follower = await ends.platform.follower("李娜")
    await follower.says("值班电话")

    page = await wang.reads("/menus")

    assert "第 1 版" in page and page.count('data-test="bar"') == 2
    assert "电动车充电" in page and "运行 power_safety.topics（topic=ebikes）" in page
    row = re.search(r"<tr><td>值班电话</td>.*?</tr>", page)
    assert row and re.findall(r'data-label="[^"]*">(\d+)', row[0]) == ["7", "37"]
    assert "安全用电（ebikes）" in page
    assert "现在有 1 人" in await wang.reads("/menus/audience/0")
    assert "现在有 0 人" in await wang.reads("/menus/audience/1")
    for missing in ("2", "-1", "999999999"):
        assert (await wang.gets(f"/menus/audience/{missing}")).status_code == 404
    assert "关键词「值班电话」" in await wang.reads("/search?q=值班")


async def test_a_change_is_checked_compared_tried_and_applied(ends: Ends, wang: Worker) -> None:
    text = (await changed(ends)).replace("\n", "\r\n")  # as browsers send it

    form = {"text": text, "base": 1, "note": "职工常问", "sentence": "福利"}
    assert "没有问题" in (await wang.sends("/menus/file", do="check", **form)).text
    assert "关键词「福利」新增" in (await wang.sends("/menus/file", do="compare", **form)).text
    tried = (await wang.sends("/menus/file", do="try", **form)).text
    assert "命中 keyword:福利：与「福利」完全一致" in tried
    assert "没有命中关键词" in await wang.reads("/menus/try?sentence=福利")
    assert (await live(ends)).number == 1

    done = await wang.does("/menus/file", do="apply", **form)

    assert "第 2 版已生效" in done and "正在发布到微信" in done
    revision = await live(ends)
    assert "\r" not in revision.text
    assert (revision.applied_by, revision.note) == ("王强", "职工常问")
    assert ends.house.menus.number == 2
    assert "命中 keyword:福利" in await wang.reads("/menus/try?sentence=福利")
    (act,) = await acts_of(ends, "menus.apply")
    assert (act.by, act.subject, act.reason) == ("王强", "第 2 版", "职工常问")
    assert "没有变化" in await wang.does("/menus/file", do="apply", **form | {"base": 2})
    assert len(await acts_of(ends, "menus.apply")) == 1


async def test_applied_and_pushed_are_two_facts(ends: Ends, wang: Worker) -> None:
    await wang.does("/menus/file", do="apply", text=await changed(ends), base=1)
    assert "正在发布到微信" in await wang.reads("/menus/history/2")

    await ends.house.rounds.once()

    page = await wang.reads("/menus/history/2")
    assert "已发布到微信" in page and "分组菜单" in page
    assert 'data-test="same"' in await wang.reads("/menus/wechat")

    await ends.house.wechat.menus.delete()
    assert "默认菜单与微信上的不同" in await wang.reads("/menus/wechat")
    assert "正在重新发布" in await wang.does("/menus/push")
    await ends.house.rounds.once()
    assert 'data-test="same"' in await wang.reads("/menus/wechat")
    assert [act.subject for act in await acts_of(ends, "menus.push")] == ["第 2 版"]


async def test_a_step_that_wechat_refused_says_why(ends: Ends, wang: Worker) -> None:
    await ends.house.rounds.once()
    async with ends.house.database.transaction() as session:
        step = (await session.scalars(sa.select(MenuPushStep).order_by(MenuPushStep.id))).first()
        assert step is not None
        step.state, step.reason = StepState.FAILED, "微信不接受这份菜单（40018 <b>）"

    page = await wang.reads("/menus/history/1")

    assert "微信不接受这份菜单（40018 &lt;b&gt;）" in page and "遇到问题" in page
    assert "菜单没有发布到微信" in await wang.reads("")


async def test_mistakes_are_told_as_the_command_does_and_nothing_is_applied(ends: Ends, wang: Worker) -> None:
    text = await changed(ends, "  - {say: 福利, do: help.shwo}\n")
    line = text.split("\n").index("  - {say: 福利, do: help.shwo}") + 1
    expected = f"第 {line} 行第 19 列：没有「help.shwo」这个功能。 是不是「help.show」（使用帮助）？"

    answer = await wang.sends("/menus/check", text=text)
    refused = await wang.sends("/menus/file", do="apply", text=text, base=1, note="改一改")

    told = answer.json()
    assert [each["words"] for each in told["mistakes"]] == [expected]
    assert (told["mistakes"][0]["line"], told["mistakes"][0]["column"]) == (line, 19)
    assert refused.status_code == 422 and expected in html.unescape(refused.text)
    assert "改一改" in refused.text and "help.shwo" in refused.text
    assert (await live(ends)).number == 1
    assert not await acts_of(ends, "menus.apply")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "文件是空的"),
        ("version: 1\x00", "不能用的字符"),
        ("a: " + "长" * 100_000, "文件太大"),
        ("account: <script>alert(1)</script>\n", "缺少「fallback」"),
        ("a: &x [b]\n", "不能用 &amp; 和 * 引用别处"),
    ],
)
async def test_hostile_files_are_only_words(ends: Ends, wang: Worker, text: str, said: str) -> None:
    answer = await wang.sends("/menus/file", do="apply", text=text, base=1)

    assert answer.status_code == 422 and said in answer.text
    assert "<script>alert" not in answer.text
    assert (await live(ends)).number == 1


async def test_who_was_overtaken_sees_by_whom_and_keeps_what_was_typed(ends: Ends, wang: Worker) -> None:
    zhang = await at_work(ends, "张伟", Role.OPERATOR)
    mine, theirs = await changed(ends), await changed(ends, "  - say: [食堂]\n    reply: 三号楼。\n")
    await zhang.does("/menus/file", do="apply", text=theirs, base=1)

    answer = await wang.sends("/menus/file", do="apply", text=mine, base=1, note="福利")

    assert answer.status_code == 409
    assert "张伟" in answer.text and "应用了第 2 版" in answer.text
    assert "关键词「食堂」去掉" in answer.text and "say: [福利]" in answer.text
    assert 'name="base" value="2"' in answer.text
    assert (await live(ends)).text == theirs

    assert "第 3 版已生效" in await wang.does("/menus/file", do="apply", text=mine, base=2)


async def test_going_back_is_a_new_revision_and_never_over_a_newer_one(ends: Ends, wang: Worker) -> None:
    before = (await live(ends)).text
    await wang.does("/menus/file", do="apply", text=await changed(ends), base=1)
    page = await wang.reads("/menus/history/1")
    assert "将成为第 3 版" in page
    assert 'data-test="rollback"' not in await wang.reads("/menus/history/2")

    late = await wang.sends("/menus/history/1/rollback", base=1)
    assert late.status_code == 422 and "应用了第 2 版" in late.text
    done = await wang.does("/menus/history/1/rollback", base=2)

    assert "已恢复第 1 版，成为第 3 版" in done and "恢复第 1 版" in await wang.reads("/menus/history")
    assert ((await live(ends)).number, (await live(ends)).text) == (3, before)
    again = await wang.does("/menus/history/1/rollback", base=3)
    assert "没有变化，仍是第 3 版" in again
    assert [act.subject for act in await acts_of(ends, "menus.rollback")] == ["第 3 版"]
    for missing in ("99", "99999999999999"):
        assert (await wang.gets(f"/menus/history/{missing}")).status_code == 404
        assert (await wang.sends(f"/menus/history/{missing}/rollback", base=3)).status_code == 404


async def test_a_sentence_is_tried_for_whom_and_when(ends: Ends, wang: Worker) -> None:
    night = await wang.reads("/menus/try?sentence=值班电话&at=2026-10-01 10:00")
    day = await wang.reads("/menus/try?sentence=值班电话&at=2026-11-23 10:00")
    assert "下班时间" in night and "运行 hotlines.show" in day

    rule = "  - {say: 福利, when: {tag: 干部, member: true}, reply: 干部福利}\n"
    form = {"text": await changed(ends, rule), "base": 1, "do": "try", "sentence": "福利"}
    assert "没有命中" in (await wang.sends("/menus/file", **form)).text
    member = await wang.sends("/menus/file", **form, tags="骨干，干部", branch="北区分工会")
    assert "命中 keyword:福利" in member.text
    for wrong, said in (
        (("at", "昨天"), "读不懂"),
        (("kind", "临时"), "没有人员类别"),
        (("sentence", ""), "请写一句"),
    ):
        answer = await wang.sends("/menus/file", **form | {"branch": "北区分工会"} | dict([wrong]))
        assert answer.status_code == 422 and said in answer.text
    assert "由系统自己处理" in await wang.reads("/menus/try?sentence=人工")
    assert "<script>" not in (await wang.reads("/menus/try?sentence=<script>x")).replace("<script src", "")


async def test_an_editor_looks_and_tries_and_changes_nothing(ends: Ends) -> None:
    li = await at_work(ends, "李娜", Role.EDITOR)
    page = await li.reads("/menus/file")
    assert 'data-test="apply"' not in page and 'data-test="check"' in page
    text = await changed(ends)

    assert "没有问题" in (await li.sends("/menus/file", do="check", text=text, base=1)).text
    for path, form in (
        ("/menus/file", {"do": "apply", "text": text, "base": 1}),
        ("/menus/push", {}),
        ("/menus/history/1/rollback", {"base": 1}),
    ):
        assert (await li.sends(path, **form)).status_code == 403
    assert (await live(ends)).number == 1

    doctor = await at_work(ends, "周静", Role.DOCTOR)
    for path in (
        "/menus",
        "/menus/file",
        "/menus/try",
        "/menus/history",
        "/menus/history/1",
        "/menus/wechat",
    ):
        assert (await doctor.gets(path)).status_code == 403
    assert (await doctor.sends("/menus/check", text=text)).status_code == 403


async def test_a_check_needs_the_token_of_the_session(ends: Ends, wang: Worker) -> None:
    for path in ("/menus/check", "/menus/file", "/menus/push"):
        answer = await wang.browser.post(f"/console{path}", data={"text": "a", "token": "0" * 64})
        assert answer.status_code == 403


async def test_an_account_without_the_menu_calls_is_told_so(ends: Ends, wang: Worker) -> None:

    object.__setattr__(ends.house.settings, "wechat_account", WeChatAccount.UNVERIFIED)

    assert "未认证账号没有菜单接口" in await wang.reads("/menus/wechat")
    assert "未认证账号没有菜单接口" in await wang.does("/menus/push")
