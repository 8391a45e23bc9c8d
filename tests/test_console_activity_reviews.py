"""Review of activities in the console: submitted by one, looked at and announced by another."""

import asyncio
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services.staff import Wanted
from models import ActivityState, Person, Role, Staff
from tests import making
from tests.both_ends import Ends, both_ends, settings_for
from tests.console_kit import Worker, acts_of, at_work, ends
from tests.test_console_activities import plan, planned, row, told, version

__all__ = ["ends"]


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    return await at_work(ends, "赵敏", Role.ORGANISER)


@pytest.fixture
async def qian(ends: Ends) -> Worker:
    """Who reviews for the whole union."""
    return await at_work(ends, "钱进", Role.APPROVER)


async def has_wechat(ends: Ends, *workers: Worker) -> None:
    async with ends.house.database.transaction() as session:
        for worker in workers:
            person = Person(created_at=ends.house.clock.now())
            session.add(person)
            await session.flush()
            change = sa.update(Staff).where(Staff.login == worker.login).values(person_id=person.id)
            await session.execute(change)


async def seen(ends: Ends, path: str) -> int:
    return (await row(ends, path)).version


async def test_another_looks_at_it_and_announces_it(ends: Ends, zhao: Worker, qian: Worker) -> None:
    await has_wechat(ends, zhao, qian)
    path = await planned(zhao, publish=False)
    page = await zhao.reads(path)
    assert "发布前要由别人审核" in page and "钱进" in page and 'data-test="publish"' not in page
    early = await zhao.sends(f"{path}/publish")
    assert early.status_code == 422 and "要先审核" in early.text

    at = await seen(ends, path)
    assert "已提交审核" in await zhao.does(f"{path}/submit", version=at)
    assert "已提交审核" in await zhao.does(f"{path}/submit", version=at)  # twice is once
    assert len(await told(ends, "staff.activity_submitted")) == 1
    assert "活动等您审核" in await qian.reads("") and "活动等您审核" not in await zhao.reads("")
    assert "职工羽毛球赛" in await qian.reads("/activities?state=in_review")
    page = await qian.reads(path)
    preview = re.search(r'href="(/activities/\w+\?preview=[0-9a-f]{32})"', page)
    assert preview
    shown = await ends.web.get(preview[1])
    assert shown.status_code == 200 and "预览：还没有发布" in shown.text and "欢迎" in shown.text
    assert (await ends.web.get(f"{preview[1][:-1]}x")).status_code == 404
    assert (await ends.web.get(preview[1].partition("?")[0])).status_code == 404

    assert "已通过并发布" in await qian.does(f"{path}/approve", version=await seen(ends, path))

    activity = await row(ends, path)
    assert activity.state is ActivityState.REGISTRATION_OPEN
    assert (await ends.web.get(preview[1])).text.count("预览：") == 0  # everybody may see it now
    assert "审核通过，已发布" in (await told(ends, "staff.activity_reviewed"))[0]
    assert "已经发布" in await qian.does(f"{path}/approve", version=1)
    assert len(await told(ends, "staff.activity_reviewed")) == 1
    acts = [act.act for act in await acts_of(ends) if act.act.startswith("activity")]
    assert [each for each in acts if each != "activity.submit"][:2] == ["activity.create", "activity.pass"]


async def test_it_comes_back_with_a_reason_and_shows_what_was_changed(
    ends: Ends, zhao: Worker, qian: Worker
) -> None:
    await has_wechat(ends, zhao)
    path = await planned(zhao, publish=False)
    await zhao.does(f"{path}/submit", version=await seen(ends, path))
    at = await seen(ends, path)
    silent = await qian.sends(f"{path}/send-back", version=at, reason=" ")
    assert silent.status_code == 422 and "请写明要改什么" in silent.text

    for _ in range(2):
        assert "已退回" in await qian.does(f"{path}/send-back", version=at, reason="地点写具体")

    assert "退回了：地点写具体" in (await told(ends, "staff.activity_reviewed"))[0]
    assert len(await told(ends, "staff.activity_reviewed")) == 1
    assert "您提交的活动被退回" in await zhao.reads("")
    assert "职工羽毛球赛" in await zhao.reads("/activities?review=back")
    assert "没有这样的活动" in await qian.reads("/activities?review=back")
    assert "退回了：地点写具体" in await zhao.reads(path)

    asked = {"oldest": "60", "safety_notice": "先热身。"}
    changed = plan(ends, place="活动中心二楼", block_text=["欢迎**参加**。\n\n自带水杯。"], **asked)
    await zhao.does(f"{path}/edit", **changed | {"version": await version(zhao, path)})
    await zhao.does(f"{path}/submit", version=await seen(ends, path))
    page = await qian.reads(path)
    assert "和退回时的样子不同的（4）" in page
    assert "不超过 60 周岁，按活动开始那天算</ins>" in page and "先热身。</ins>" in page
    assert re.search(r"<del[^>]*>职工活动中心</del>\s*<ins[^>]*>活动中心二楼</ins>", page)
    assert "您提交的活动被退回" not in await zhao.reads("")


async def test_whoever_changes_what_waits_takes_it_back(ends: Ends, zhao: Worker, qian: Worker) -> None:
    path = await planned(zhao, publish=False)
    await zhao.does(f"{path}/submit", version=await seen(ends, path))
    looked_at = await seen(ends, path)
    assert "保存以后退回草稿" in await zhao.reads(f"{path}/edit")

    await zhao.does(f"{path}/edit", **plan(ends, title="改过的", version=await version(zhao, path)))

    for what in ("approve", "send-back"):
        late = await qian.sends(f"{path}/{what}", version=looked_at, reason="再看看")
        assert late.status_code == 422 and "您打开以后，「改过的」又改过" in late.text
    assert (await row(ends, path)).state is ActivityState.DRAFT
    stale = await zhao.sends(f"{path}/submit", version=looked_at)
    assert stale.status_code == 422 and "又改过" in stale.text
    calm = await qian.sends(f"{path}/approve", version=await seen(ends, path))
    assert calm.status_code == 422 and "没有在等审核" in calm.text


async def test_nobody_approves_his_own_writing(ends: Ends, zhao: Worker, qian: Worker) -> None:
    sun = await at_work(ends, "孙丽", Role.ORGANISER, Role.APPROVER)
    path = await planned(zhao, publish=False)
    await sun.does(f"{path}/edit", **plan(ends, place="礼堂", version=await version(sun, path)))
    await zhao.does(f"{path}/submit", version=await seen(ends, path))

    own = await sun.sends(f"{path}/approve", version=await seen(ends, path))

    assert own.status_code == 422 and "您自己写的" in own.text and "活动等您审核" not in await sun.reads("")
    page = await sun.reads(path)
    assert 'data-test="approve"' not in page and "请另一位审核人审核：钱进" in page
    assert (await zhao.sends(f"{path}/approve", version=await seen(ends, path))).status_code == 403
    for _ in range(2):
        await qian.does(f"{path}/approve", version=await seen(ends, path))


async def test_two_approvers_at_once_announce_it_once(ends: Ends, zhao: Worker, qian: Worker) -> None:
    wu = await at_work(ends, "吴刚", Role.APPROVER)
    path = await planned(zhao, publish=False)
    await zhao.does(f"{path}/submit", version=await seen(ends, path))
    at = await seen(ends, path)

    answers = await asyncio.gather(*(each.sends(f"{path}/approve", version=at) for each in (qian, wu)))

    assert [each.status_code for each in answers] == [303, 303]
    shown = (await zhao.reads(path)).count("审核通过")
    assert shown == 1 and (await row(ends, path)).state is ActivityState.REGISTRATION_OPEN


async def test_where_nobody_else_may_approve_the_page_says_so(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, publish=False)
    page = await zhao.reads(path)
    assert "没有别人能审核这个活动，可以直接发布" in page and 'data-test="publish"' in page
    needless = await zhao.sends(f"{path}/submit", version=await seen(ends, path))
    assert needless.status_code == 422 and "不用审核" in needless.text

    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
    lin = await at_work(ends, "林涛", Wanted(Role.APPROVER, south.id))
    assert "没有别人能审核" in await zhao.reads(path)  # he reviews what belongs to his own branch
    await zhao.does(f"{path}/publish")

    own = await planned(zhao, publish=False, branch=south.public_id, title="南区登山")
    other = await planned(zhao, publish=False, branch=north.public_id, title="北区登山")
    await zhao.does(f"{own}/submit", version=await seen(ends, own))
    await zhao.does(f"{other}/publish")
    for what in ("approve", "send-back"):
        assert (await lin.sends(f"{other}/{what}", version=1, reason="不行")).status_code == 404
    assert "已通过并发布" in await lin.does(f"{own}/approve", version=await seen(ends, own))


@pytest.mark.parametrize("rule", ["always", "never"])
async def test_the_union_sets_whether_review_is_asked(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    async with both_ends(settings_for(sqlite_url, tmp_path, activity_review=rule), monkeypatch) as ends:
        zhao = await at_work(ends, "赵敏", Role.ORGANISER)
        path = await planned(zhao, publish=False)
        if rule == "always":
            assert "现在没有别人能审核" in await zhao.reads(path)
            await zhao.does(f"{path}/submit", version=await seen(ends, path))
            await at_work(ends, "钱进", Role.APPROVER)
            assert "可以审核的：钱进" in await zhao.reads(path)
        else:
            await at_work(ends, "钱进", Role.APPROVER)
            assert 'data-test="review"' not in await zhao.reads(path)
            assert "已发布" in await zhao.does(f"{path}/publish")
