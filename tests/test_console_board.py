"""The room 留言板: what waits first, each act with who may do it, two at once, hostile words."""

import pytest
import sqlalchemy as sa

from app.services import board, board_voices
from app.services.board_checks import Verdict
from app.services.staff import Wanted
from models import BoardAnswer, BoardCheck, BoardPost, BoardState, Role
from tests import making
from tests.boarding import HOSTILE, check, reader, words, writer
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, HTML, Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
LI = "李娜"


async def wrote(ends: Ends, verdict: BoardCheck = BoardCheck.PASSED, *marks: str, **given: str) -> str:
    """A post that was checked; its public id."""
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        count = await session.scalar(sa.select(sa.func.count()).select_from(BoardPost)) or 0
        li = await writer(session, LI, f"2000{count}")
        post = await board.submit(session, li, words(**given), channel="portal", now=now)
        await check(session, Verdict(verdict, marks=marks), now)
        return post.public_id


async def row(ends: Ends, name: str) -> BoardPost:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(BoardPost).where(BoardPost.public_id == name))).one()


async def does(worker: Worker, ends: Ends, name: str, act: str, **filled: str) -> str:
    """An act on the post as it is now; the page that follows."""
    version = str((await row(ends, name)).version)
    return await worker.does(f"/board/{name}/{act}", **{"version": version, **filled})


async def reports(ends: Ends, name: str, times: int) -> None:
    for _ in range(times):
        async with ends.house.database.transaction() as session:
            now = ends.house.clock.now()
            await board_voices.report(session, name, await reader(session), "abuse", HOSTILE, now)


async def test_from_what_waits_to_an_answer_under_the_post(ends: Ends, admin: Worker) -> None:
    name = await wrote(ends)
    home = await admin.reads("/")
    assert "帖子等您审核" in home and "/console/board?state=pending" in home
    page = await admin.reads("/board")
    assert "先看这些" in page and "1 条待审" in page and LI not in page
    one = await admin.reads(f"/board/{name}")
    assert "夜班的同事六点才到" in one and LI not in one

    assert "已公开，作者会收到通知" in await does(admin, ends, name, "publish")
    assert "帖子等您审核" not in await admin.reads("/")
    page = await does(admin, ends, name, "answer", unit="后勤部", text="明天起提早。")
    assert "后勤部的答复" in page and "改我的答复" in page
    shown = (await ends.browser().get(f"/board/{name}", headers=HTML)).text
    assert "官方答复" in shown and "后勤部" in shown and "明天起提早。" in shown and "王强" not in shown

    async with ends.house.database.reading() as session:
        (answer,) = (await session.scalars(sa.select(BoardAnswer))).all()
    changed = {"unit": "后勤部", "text": "下周起提早。", "version": str(answer.version)}
    assert "下周起提早" in await admin.does(f"/board/{name}/answer/change", **changed)
    stale = await admin.sends(f"/board/{name}/answer/change", **changed | {"text": "旧的"})
    assert stale.status_code == 422 and "在别处改过" in stale.text and "旧的" in stale.text
    acts = [each.act for each in await acts_of(ends) if each.act.startswith("board.")]
    assert acts == ["board.publish", "board.answer", "board.change_answer"]


async def test_who_was_slower_is_told_and_keeps_what_was_typed(ends: Ends, admin: Worker) -> None:
    name = await wrote(ends)
    old = str((await row(ends, name)).version)
    zhao = await at_work(ends, "赵敏", Role.APPROVER)
    await does(zhao, ends, name, "publish")
    answer = await admin.sends(f"/board/{name}/refuse", version=old, reason="像是广告")
    assert answer.status_code == 422
    assert "赵敏" in answer.text and "现在是「已公开」" in answer.text and "像是广告" in answer.text
    twice = await zhao.sends(f"/board/{name}/publish", version=old)
    assert twice.status_code == 422
    assert (await row(ends, name)).state is BoardState.PUBLISHED
    assert len(await acts_of(ends, "board.publish")) == 1


async def test_what_machines_doubt_is_read_first(ends: Ends, admin: Worker) -> None:
    name = await wrote(ends, BoardCheck.RISKY, "attacks", "phone")
    page = await admin.reads(f"/board/{name}")
    assert "可能违规" in page and "像是在骂人" in page and "电话号码" in page
    version = str((await row(ends, name)).version)
    answer = await admin.sends(f"/board/{name}/publish", version=version)
    assert answer.status_code == 422 and "我看过原文" in answer.text
    await does(admin, ends, name, "publish", knowingly="yes")

    async with ends.house.database.transaction() as session:
        li = await writer(session, LI, "30001")
        waiting = await board.submit(session, li, words(), channel="chat", now=ends.house.clock.now())
    page = await admin.reads(f"/board/{waiting.public_id}")
    assert "机器检查有了结果才能公开" in page and f"/board/{waiting.public_id}/publish" not in page


async def test_reported_hidden_shown_again(ends: Ends, admin: Worker) -> None:
    name = await wrote(ends)
    await does(admin, ends, name, "publish")
    await reports(ends, name, 3)
    assert "帖子被举报" in await admin.reads("/")
    page = await admin.reads(f"/board/{name}")
    assert "3 人举报" in page and "骂人、人身攻击" in page and "确认隐藏" in page
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    assert "已恢复公开" in await does(admin, ends, name, "show")
    await does(admin, ends, name, "pin", on="yes")
    assert "置顶" in await admin.reads("/board")
    assert "已隐藏" in await does(admin, ends, name, "hide", reason="确实骂人")
    post = await row(ends, name)
    assert (post.state, post.pinned_at, post.reports) == (BoardState.HIDDEN, None, 0)
    assert (await ends.browser().get(f"/board/{name}", headers=HTML)).status_code == 404


async def test_many_at_once(ends: Ends, admin: Worker) -> None:
    clean, unclear = await wrote(ends), await wrote(ends, BoardCheck.UNKNOWN)
    ticked = [f"{name}:{(await row(ends, name)).version}" for name in (clean, unclear)]
    page = await admin.does("/board/many", act="publish", post=ticked)
    assert "公开了 1 条。还有 1 条没有办" in page
    assert (await row(ends, clean)).state is BoardState.PUBLISHED
    assert (await row(ends, unclear)).state is BoardState.PENDING
    for filled, said in [
        ({"act": "publish", "post": []}, "请勾选"),
        ({"act": "burn", "post": ticked}, "没有这个选项"),
        ({"act": "publish", "post": ["x:1", "made-up"]}, "没有公开"),
        ({"act": "hide", "post": [f"{clean}:{(await row(ends, clean)).version}"]}, "为什么隐藏"),
    ]:
        assert said in await admin.does("/board/many", **filled), filled
    (act,) = await acts_of(ends, "board.publish")
    assert act.subject == "1 条" and str({"posts": [clean]}) in str(act.changes)
    assert unclear not in str(act.changes)
    now = f"{clean}:{(await row(ends, clean)).version}"
    assert "隐藏了 1 条" in await admin.does("/board/many", act="hide", post=[now], reason="广告")


async def test_who_wrote_it_is_opened_by_an_act_of_its_own(ends: Ends, admin: Worker) -> None:
    name = await wrote(ends, naming="nobody")
    answer = await admin.sends(f"/board/{name}/author", why="")
    assert answer.status_code == 422 and "请写明为什么" in answer.text and LI not in answer.text
    answer = await admin.sends(f"/board/{name}/author", why="公安机关调取")
    assert answer.status_code == 200 and LI in answer.text and "20000" in answer.text
    page = await admin.reads(f"/board/{name}")
    assert LI not in page and "查看了作者是谁：公安机关调取" in page
    (act,) = await acts_of(ends, "board.author")
    assert (act.subject, act.reason) == (name, "公安机关调取")
    assert LI not in str(act.changes)


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (Role.EDITOR, {"answer"}, {"publish", "hide", "author", "pin"}),
        (Role.APPROVER, {"publish", "refuse"}, {"answer", "author"}),
    ],
)
async def test_each_role_has_its_part(ends: Ends, role: Role, may: set[str], may_not: set[str]) -> None:
    name = await wrote(ends)
    worker = await at_work(ends, "孙丽", role)
    page = await worker.reads(f"/board/{name}")
    for act in may_not:
        assert f"/board/{name}/{act}" not in page
        assert (await worker.sends(f"/board/{name}/{act}", version="1")).status_code == 403
    for act in may:
        assert (await worker.sends(f"/board/{name}/{act}", version="77")).status_code == 422


async def test_who_works_for_a_branch_finds_nothing(ends: Ends) -> None:
    name = await wrote(ends)
    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
    worker = await at_work(ends, "孙丽", Wanted(Role.UNION_ADMIN, north.id))
    for path in ("/board", f"/board/{name}"):
        answer = await worker.gets(path)
        assert answer.status_code == 403 or "晚饭" not in answer.text
    assert (await worker.sends(f"/board/{name}/publish", version="1")).status_code in (403, 404)
    assert (await row(ends, name)).state is BoardState.PENDING


async def test_hostile_words_are_words(ends: Ends, admin: Worker) -> None:
    name = await wrote(ends, title=HOSTILE[:30], text=HOSTILE)
    await does(admin, ends, name, "publish")
    await does(admin, ends, name, "answer", unit="<b>工会", text=HOSTILE)
    for page in (
        await admin.reads("/board"),
        await admin.reads(f"/board/{name}"),
        await admin.reads("/search?q=script"),
        (await ends.browser().get(f"/board/{name}", headers=HTML)).text,
    ):
        assert "<script>alert" not in page and "<b>工会" not in page
    assert "&lt;script&gt;" in await admin.reads("/search?q=script")


async def test_filters_stand_in_the_address(ends: Ends, admin: Worker) -> None:
    shown, left = await wrote(ends, title="公开的"), await wrote(ends, title="待审的", topic="safety")
    await does(admin, ends, shown, "publish")
    for query, has, has_not in [
        ("state=published", "公开的", "待审的"),
        ("state=unanswered", "公开的", "待审的"),
        ("state=pending&topic=safety", "待审的", "公开的"),
        ("state=made-up", "待审的", "nothing"),
    ]:
        page = await admin.reads(f"/board?{query}")
        assert f">{has}</a>" in page and f">{has_not}</a>" not in page
    assert "没有这样的帖子" in await admin.reads("/board?state=reported")
    assert left
    answer = await admin.browser.get(f"{CONSOLE}/board/nothing", headers=HTML)
    assert answer.status_code == 404
