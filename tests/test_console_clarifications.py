"""The room 辟谣: from a claim to its page, each act with who may do it, two at once, hostile words."""

import sqlalchemy as sa

from app.clock import civil_date
from app.knowledge.front_matter import a_year_after
from app.services.staff import Wanted
from models import Clarification, ClarificationUpdate, Role
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, HTML, Worker, acts_of, admin, at_work, ends
from tests.rumouring import brought

__all__ = ["admin", "ends"]
HOSTILE = "<script>alert(1)</script>{{7*7}}"
WRITTEN = {
    "title": "关于居民电价的说明",
    "told": "下个月电费要涨一倍\n电费要涨价",
    "verdict": "false",
    "short": "居民电价没有调整。",
    "answer": f"电价按省里的文件执行。\n\n{HOSTILE}",
    "evidence-0": "省发改委电价文件",
    "link-0": "https://example.gov.cn/price",
    "organ": "县供电公司营销部",
    "next_review_on": "2027-06-01",
}


async def claim(ends: Ends, words: str = "听说下个月电费要涨一倍") -> str:
    async with ends.house.database.transaction() as session:
        return (await brought(session, None, words)).public_id


async def version_of(ends: Ends, name: str) -> str:
    async with ends.house.database.reading() as session:
        chosen = sa.select(Clarification.version).where(Clarification.public_id == name)
        return str(await session.scalar(chosen))


async def does(worker: Worker, ends: Ends, name: str, act: str, **filled: str) -> str:
    """An act on the claim as it is now; the page that follows."""
    filled["version"] = await version_of(ends, name)
    return await worker.does(f"/clarifications/{name}/{act}", **filled)


async def test_from_a_claim_to_its_page_and_an_update_by_two_of_staff(ends: Ends, admin: Worker) -> None:
    name = await claim(ends)
    zhao = await at_work(ends, "赵敏", Wanted(Role.APPROVER))
    qian = await at_work(ends, "钱进", Wanted(Role.APPROVER))
    assert "传言等核实" in await admin.reads("/")
    assert "听说下个月电费要涨一倍" in await admin.reads("/clarifications")
    assert "微信群、朋友圈" in await admin.reads(f"/clarifications/{name}")

    page = await does(admin, ends, name, "take")
    assert "核实的结果" in page
    answer = await admin.sends(
        f"/clarifications/{name}/save",
        **{**WRITTEN, "version": await version_of(ends, name), "organ": "", "then": "submit"},
    )
    assert answer.status_code == 422 and "请写是哪个单位说的" in answer.text
    assert "居民电价没有调整" in answer.text  # what was typed is still there
    page = await does(admin, ends, name, "save", **WRITTEN, then="submit")
    assert "已交去审批" in page and "待审批" in page
    assert "澄清等您审批" in await zhao.reads("/") and "<script>alert" not in page
    page = await does(zhao, ends, name, "send-back", reason="请写文号")
    page = await does(admin, ends, name, "submit")
    page = await does(zhao, ends, name, "publish")
    assert "已发布" in page and "✕ 不实" in page and "&lt;p&gt;" not in page
    li = await ends.platform.follower("李娜")
    asked = "听说下个月电费要涨一倍"
    assert "居民电价没有调整" in (await li.says(asked)).text  # by the very next question

    page = await does(admin, ends, name, "update", text="省里又发了一次说明。", verdict="")
    assert "更新等审批" in page and "澄清的更新等您审批" in await qian.reads("/")
    async with ends.house.database.reading() as session:
        waiting = str(await session.scalar(sa.select(ClarificationUpdate.id)))
    assert "更新已显示" in await does(qian, ends, name, "update-publish", update=waiting)
    assert "说法已改" in await does(zhao, ends, name, "retell", told="电费要涨\n电价要调")
    assert "澄清到了复核的日子" not in await admin.reads("/")
    assert "已下线" in await does(zhao, ends, name, "close", reason="已过时")
    assert "居民电价没有调整" not in (await li.says(asked)).text
    done = [each.act for each in await acts_of(ends)]
    assert {"clarifications.publish", "clarifications.update_publish", "clarifications.close"} <= set(done)


async def test_the_same_claim_is_offered_and_merged_or_refused(ends: Ends, admin: Worker) -> None:
    first, second = await claim(ends, "下个月电费要涨一倍"), await claim(ends, "电费下个月涨一倍")
    page = await admin.reads(f"/clarifications/{second}")
    assert "PY-2026-0001　下个月电费要涨一倍" in page
    answer = await admin.sends(f"/clarifications/{second}/merge", version="1", into="PY-2026-0077")
    assert answer.status_code == 422 and "没有编号" in answer.text
    assert "已并成一件" in await does(admin, ends, second, "merge", into="PY-2026-0001")
    assert "2 次反映" in await admin.reads(f"/clarifications/{first}")
    page = await does(admin, ends, first, "refuse", why="not_ours", reason=HOSTILE)
    assert "和供电、工会无关" in page and "<script>alert" not in page
    stale = await admin.sends(f"/clarifications/{first}/take", version="1")
    assert stale.status_code == 422 and "刚刚有变动" in stale.text


async def test_who_may_not_approve_sees_no_button_and_is_refused(ends: Ends, admin: Worker) -> None:
    name = await claim(ends)
    sun = await at_work(ends, "孙丽", Wanted(Role.EDITOR))
    zhao = await at_work(ends, "赵敏", Wanted(Role.APPROVER))
    await does(sun, ends, name, "take")
    page = await does(sun, ends, name, "save", **WRITTEN, then="submit")
    assert f"{name}/publish" not in page
    assert (await sun.sends(f"/clarifications/{name}/publish", version="4")).status_code == 403
    assert (await zhao.sends(f"/clarifications/{name}/take", version="4")).status_code == 403
    gone = await admin.browser.get(f"{CONSOLE}/clarifications/nothing", headers=HTML)
    assert gone.status_code == 404


async def test_one_whose_review_has_come_is_seen_at_home_and_in_the_list_till_it_was_read_again(
    ends: Ends, admin: Worker
) -> None:
    name, zhao = await claim(ends), await at_work(ends, "赵敏", Wanted(Role.APPROVER))
    await does(admin, ends, name, "take")
    await does(admin, ends, name, "save", **WRITTEN | {"next_review_on": ""}, then="submit")
    today = civil_date(ends.house.clock.now())
    assert f"{a_year_after(today)} 再看" in await does(zhao, ends, name, "publish")
    assert "已到期" not in await admin.reads("/clarifications")

    async with ends.house.database.transaction() as session:
        row = await session.scalar(sa.select(Clarification).where(Clarification.public_id == name))
        assert row is not None
        row.next_review_on = today
    home = await admin.reads("/")
    assert "澄清到了复核的日子" in home and "澄清到了复核的日子" not in await zhao.reads("/")
    assert f"{today} 已到期" in await admin.reads("/clarifications?state=due")
    assert "该复核了" in await admin.reads(f"/clarifications/{name}")
    version = await version_of(ends, name)
    for bad, said in ((str(today), "两年以内的一天"), ("2999-01-01", "两年以内的一天"), ("下周", "写成")):
        answer = await admin.sends(f"/clarifications/{name}/review", version=version, next_review_on=bad)
        assert answer.status_code == 422 and said in answer.text
    assert (await zhao.sends(f"/clarifications/{name}/review", version=version)).status_code == 403
    page = await does(admin, ends, name, "review", next_review_on=str(a_year_after(today)))
    assert "复核过了" in page and f"复核过，{a_year_after(today)} 再看" in page and "该复核了" not in page
    assert "澄清到了复核的日子" not in await admin.reads("/")
