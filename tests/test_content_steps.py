"""Review in steps: who may take which, in what order, what a change of settings does; approval taken back."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import shanghai
from app.errors import DomainError
from app.services import articles, content_reviews
from app.services.permissions import Standing
from models import Article, ArticleState, ContentDraft, ContentKind, ContentMove, Role, Staff
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.menus_wechat import Crash
from tests.test_console_content import ARTICLE, SHIPPED, TIP, li, version, written, zhang

__all__ = ["admin", "ends", "li", "zhang"]


async def steps(admin: Worker, **wanted: str) -> str:
    """Set them in the console, as somebody who just read the page; says what it led to."""
    page = await admin.reads("/content/settings")
    seen = dict(re.findall(r'name="(seen:[\w-]+)" value="(\d*)"', page))
    given = {f"steps:{name.replace('_', '-')}": value for name, value in wanted.items()}
    return await admin.does("/content/settings", **seen, **given)


async def test_three_steps_are_taken_by_three_people_and_only_the_last_publishes(
    ends: Ends, admin: Worker, zhang: Worker, li: Worker
) -> None:
    wu, qian = await at_work(ends, "吴刚", Role.EDITOR), await at_work(ends, "钱进", Role.APPROVER)
    assert "已保存" in await steps(admin, tip="3")
    path = await written(zhang)

    assert "内容等您初审" in await wu.reads("") and "内容等您" not in await zhang.reads("")
    page = await wu.reads(path)
    assert "待初审（第 1 步，共 3 步）" in page and "初审通过，交复审" in page
    assert "待初审" in await wu.reads("/content")
    assert "等下一步审核" in await wu.does(f"{path}/approve", version="2", step="1-3")
    again = await wu.sends(f"{path}/approve", version="3", step="2-3")
    assert again.status_code == 422 and "前一步是您审的" in again.text
    assert 'data-test="passed"' in await wu.reads(path) and "内容等您" not in await wu.reads("")
    assert "内容等您复审" in await li.reads("")
    await li.does(f"{path}/approve", version="3", step="2-3")

    sun = await at_work(ends, "孙丽", Role.EDITOR)  # may check, not publish
    assert 'data-test="not-yours"' in await sun.reads(path)
    assert (await sun.sends(f"{path}/approve", version="4", step="3-3")).status_code == 403
    assert (await sun.sends(f"{path}/send-back", version="4", reason="不")).status_code == 403
    assert "内容等您终审" in await qian.reads("") and "终审通过并发布" in await qian.reads(path)
    assert "已通过并发布" in await qian.does(f"{path}/approve", version="4", step="3-3")
    assert "初审通过" in await li.reads(path) and "已发布（终审通过）" in await li.reads(path)
    acts = [act.act for act in await acts_of(ends) if act.act.startswith("content")]
    assert acts == ["content.steps", "content.submit", *2 * ["content.pass"], "content.approve"]


async def test_sent_back_at_any_step_it_begins_again_at_the_first(
    ends: Ends, admin: Worker, zhang: Worker, li: Worker
) -> None:
    qian = await at_work(ends, "钱进", Role.APPROVER)
    await steps(admin, article="2", article_policy="1")
    path = await written(zhang, "article")
    await li.does(f"{path}/approve", version="2", step="1-2")
    stale = await qian.sends(f"{path}/send-back", version="2", reason="来源")
    assert stale.status_code == 422 and "又动过（李娜" in stale.text
    await qian.does(f"{path}/send-back", version="3", reason="写明来源")
    await zhang.does(f"{path}/edit", do="submit", version="4", **(ARTICLE | {"summary": "十二点到两点。"}))

    assert "待初审（第 1 步，共 2 步）" in await li.reads(path)
    await li.does(f"{path}/approve", version="6", step="1-2")
    await qian.does(f"{path}/approve", version="7", step="2-2")
    own = await written(zhang, "article", category="policy", title="新政策解读")
    assert "待审核" in await li.reads(own)  # this column takes one step, whatever the others do
    await li.does(f"{own}/approve", version="2")


async def test_a_change_of_settings_midway_is_told_and_holds_from_the_next_step_on(
    ends: Ends, admin: Worker, zhang: Worker, li: Worker
) -> None:
    qian = await at_work(ends, "钱进", Role.APPROVER)
    path = await written(zhang)
    assert "正在审核的 1 件，从下一步起" in await steps(admin, tip="3")

    looked_before = await li.sends(f"{path}/approve", version="2", step="1-1")
    assert (
        looked_before.status_code == 422
        and "审核设置改过了：这一条一共 3 步，现在是初审" in looked_before.text
    )
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(ContentDraft.state))).one() is ArticleState.IN_REVIEW
    await li.does(f"{path}/approve", version="2", step="1-3")
    await qian.does(f"{path}/approve", version="3", step="2-3")
    await steps(admin, tip="1")  # two passed it, and still nobody has published it
    assert (await li.sends(f"{path}/approve", version="4", step="1-1")).status_code == 422
    wang = await at_work(ends, "王芳", Role.APPROVER)
    assert "已通过并发布" in await wang.does(f"{path}/approve", version="4", step="1-1")

    late = await admin.sends("/content/settings", **{"seen:tip": "3", "steps:tip": "2"})
    assert late.status_code == 422 and "有人改过审核设置" in late.text
    for nonsense in ("9", "99", "x", "-1"):
        answer = await admin.sends("/content/settings", **{"seen:tip": "1", "steps:tip": nonsense})
        assert answer.status_code in (303, 422)
        if answer.status_code == 303:  # no number at all: as if it was never set
            await steps(admin, tip="1")
    assert (await zhang.gets("/content/settings")).status_code == 403
    assert (await li.sends("/content/settings", **{"steps:tip": "1"})).status_code == 403
    assert 'data-test="settings"' not in await li.reads("/content")


async def test_of_two_who_press_at_once_one_takes_the_step(
    ends: Ends, admin: Worker, zhang: Worker, li: Worker
) -> None:
    qian = await at_work(ends, "钱进", Role.APPROVER)
    await steps(admin, tip="2")
    path = await written(zhang)

    answers = await asyncio.gather(
        *(each.sends(f"{path}/approve", version="2", step="1-2") for each in (li, qian))
    )

    assert sorted(answer.status_code for answer in answers) == [303, 422]
    async with ends.house.database.reading() as session:
        moves = await session.scalars(sa.select(ContentMove.step).where(ContentMove.step != ""))
        assert list(moves) == ["初审"]


# --- approval taken back -----------------------------------------------------------------------------------


async def scheduled(ends: Ends, zhang: Worker, li: Worker, **filled: Any) -> tuple[str, str]:
    """An article that waits for a moment an hour from now; its path, and its own version."""
    at = shanghai(ends.house.clock.now() + timedelta(hours=1))
    path = await written(zhang, "article", publish_at=f"{at:%Y-%m-%dT%H:%M}", **filled)
    assert "到时间自动发布" in await li.does(f"{path}/approve", version="2")
    return path, await version(li, path)


async def test_approval_is_taken_back_up_to_the_moment_and_not_after_it(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    path, of = await scheduled(ends, zhang, li)
    public = f"/news/{path.rsplit('/', 1)[1]}"
    assert "收回审核" in await li.reads(path) and "really-withdraw" not in await li.reads(path)
    assert (await zhang.sends(f"{path}/take-back", version=of, reason="不发")).status_code == 403
    for given, said in (({"version": of, "reason": " "}, "为什么收回"), ({"version": "9"}, "又动过")):
        answer = await li.sends(f"{path}/take-back", **({"reason": "数字有误"} | given))
        assert answer.status_code == 422 and said in answer.text

    assert "到时间不会发布" in await li.does(f"{path}/take-back", version=of, reason="数字有误")
    twice = await li.sends(f"{path}/take-back", version=of, reason="数字有误")
    assert twice.status_code == 422 and "没有在等发布" in twice.text
    await ends.moves_time(hours=2)
    for worker in (zhang, li):
        await worker.signs_in()
    assert (await ends.web.get(public)).status_code == 404
    assert "您写的内容被退回" in await zhang.reads("") and "数字有误" in await zhang.reads(path)
    form = await zhang.reads(f"{path}/edit")
    assert "职工书屋开放了" in form and 'name="publish_at" value="20' in form

    await zhang.does(f"{path}/edit", do="submit", version="1", **ARTICLE)
    await li.does(f"{path}/approve", version="3")
    assert (await ends.web.get(public)).status_code == 200
    late = await li.sends(f"{path}/take-back", version=of, reason="数字有误")
    assert late.status_code == 422 and "已经发布，收不回了" in late.text


async def test_at_the_very_moment_it_is_public_and_a_second_before_it_is_not(
    ends: Ends, zhang: Worker, li: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, of = await scheduled(ends, zhang, li)
    key, database = path.rsplit("/", 1)[1], ends.house.database
    async with database.reading() as session:
        row = (await session.scalars(sa.select(Article).where(Article.public_id == key))).one()
        staff = (await session.scalars(sa.select(Staff).where(Staff.login == li.login))).one()
    moment = row.published_at
    assert moment is not None
    by = Standing(staff.id, staff.name)

    async def take_back(now: Any) -> None:
        async with database.transaction() as session:
            await content_reviews.take_back(session, key, version=int(of), reason="数字有误", by=by, now=now)

    with pytest.raises(DomainError, match="收不回了"):
        await take_back(moment)
    async with database.reading() as session:
        assert await articles.get_published(session, key, moment)

    def dies(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:  # killed after the article was taken down, before the draft is there
        patch.setattr(content_reviews, "_reopen", dies)
        with pytest.raises(Crash):
            await take_back(moment - timedelta(seconds=1))
    async with database.reading() as session:
        assert await articles.get_published(session, key, moment)
    await take_back(moment - timedelta(seconds=1))

    async with database.reading() as session:
        with pytest.raises(DomainError):
            await articles.get_published(session, key, moment + timedelta(days=1))
        draft = (
            await session.scalars(
                sa.select(ContentDraft).where(ContentDraft.state.in_(["changes_requested"]))
            )
        ).one()
    assert draft.kind is ContentKind.ARTICLE and draft.by == "张伟" and draft.writer_ids != []


async def test_a_newer_draft_of_what_waits_is_gone_on_with(ends: Ends, zhang: Worker, li: Worker) -> None:
    path, of = await scheduled(ends, zhang, li)
    await zhang.does(f"{path}/edit", do="save", version="", **(ARTICLE | {"title": "书屋改到周一开放"}))

    await li.does(f"{path}/take-back", version=of, reason="改期")

    page = await zhang.reads(path)
    assert "书屋改到周一开放" in page and "以前的样子" in page and "草稿" in page
    await zhang.does(f"{SHIPPED}/edit", do="submit", version="", **TIP)  # others are not touched
    assert (await ends.web.get("/tips/socket-sparks")).status_code == 200
