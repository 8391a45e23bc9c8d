"""Rating a finished case by tap: the invitation, a score, another one, words; and what is made up."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue.routing import TAP_DO
from app.jobs import case_ratings as job
from app.services import case_work, cases, crisis
from app.wechat.incoming import parse
from models import CaseRating, DeliveryState, Message, Outbox
from tests.conftest import FakeClock
from tests.talking import ANCHOR, Speaker, Talk
from tests.test_handlers_feedback import leaves
from tests.town import our_town

NUMBER = "LY-2026-0001"


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def finished(talk: Talk, name: str = "李娜", number: str = NUMBER) -> Speaker:
    """She left something named, had an answer, and an hour ago it was closed."""
    li = await talk.person(name)
    await leaves(li, naming="实名，方便联系我")
    now = talk.clock.now()
    async with talk.database.transaction() as session:
        await case_work.answer(session, number, "灯修好了。", "赵敏", now)
        await case_work.close(session, number, "赵敏", now)
    talk.clock.advance(3600)
    assert await job.run(talk.database, talk.clock) == 1
    return li


async def shows(talk: Talk, li: Speaker) -> str:
    """The invitation as her phone has it; the sender's part is tested with it."""
    chosen = sa.select(Outbox.payload).where(Outbox.kind == "ratings.invited").order_by(Outbox.id.desc())
    async with talk.database.reading() as session:
        payload: Any = await session.scalar(chosen.limit(1))
    li.last = payload["content"]
    return ANCHOR.sub(lambda line: line[3], li.last)


async def rating(talk: Talk) -> CaseRating:
    async with talk.database.reading() as session:
        return (await session.scalars(sa.select(CaseRating))).one()


async def test_a_tap_is_thanked_for_and_another_takes_its_place(talk: Talk) -> None:
    li = await finished(talk)
    assert await shows(talk, li) == (
        f"您的留言 {NUMBER} 办结了。办得怎么样？点一下就行：\n"
        "5 很满意\n4 满意\n3 一般\n2 不太满意\n1 不满意\n11月30日 12:00 前可以评，也可以改。"
    )

    assert await li.taps("5 很满意") == (
        f"谢谢您，{NUMBER} 评了「5 很满意」。\n愿意多说的话，点这里：说两句\n"
        "11月30日 12:00 前想改，再点一次邀请里的分数就行。"
    )
    assert (await li.taps("说两句")).startswith("请说说哪里好、哪里还要改")
    assert await li.says("来得很快") == "记下了，办理的同事会看到。谢谢您。"

    await shows(talk, li)
    assert await li.taps("2 不太满意") == (
        f"谢谢您说实话，{NUMBER} 评了「2 不太满意」。办理的同事会看，并和您联系。\n"
        "11月30日 12:00 前想改，再点一次邀请里的分数就行。"
    )
    row = await rating(talk)
    assert (row.score, row.words) == (2, "来得很快")
    async with talk.database.reading() as session:
        case = await case_work.get_case(session, NUMBER)
        notes = [cases.text_of(each) for each in await case_work.list_entries(session, case)]
    assert notes[-1] == "本人评价：2 不太满意"


async def test_the_same_tap_pushed_again_is_one(talk: Talk) -> None:
    li = await finished(talk)
    await shows(talk, li)
    first = await li.taps("1 不满意")
    assert await li.pushes(parse(talk.account, li.last_body)) == first
    await shows(talk, li)
    assert await li.taps("1 不满意") == first, "tapped a second time"

    async with talk.database.reading() as session:
        case = await case_work.get_case(session, NUMBER)
        said = [cases.text_of(each) for each in await case_work.list_entries(session, case)]
    assert said.count("本人评价：1 不满意") == 1


async def test_old_and_made_up_ones_are_refused_kindly(talk: Talk) -> None:
    li = await finished(talk)
    wang = await talk.person("王强")
    for vote in ("9-LY-2026-0001", "-1-LY-2026-0001", "5", "", "５-LY-2026-0001", "&lt;b&gt;-LY"):
        said = await li.says("5 很满意", choice=f"{TAP_DO}rating.give?vote={vote}")
        assert "没有认出这次评价" in said or "没有记下" in said, vote
    assert "没有记下" in await wang.says("5 很满意", choice=f"{TAP_DO}rating.give?vote=5-{NUMBER}")
    assert "没有记下" in await wang.says("说两句", choice=f"{TAP_DO}rating.words?number={NUMBER}")
    assert "请先点一个分数" in await self_words(li)
    assert (await rating(talk)).score is None

    await shows(talk, li)
    invitation = li.last
    talk.clock.advance(timedelta(days=7).total_seconds())
    li.last = invitation
    assert await li.taps("5 很满意") == (
        f"{NUMBER} 现在不能评价了：办结后 7 天内可以评。有话还想说，请回复「人工」。"
    )
    assert (await rating(talk)).score is None


async def self_words(li: Speaker) -> str:
    await li.says("说两句", choice=f"{TAP_DO}rating.words?number={NUMBER}")
    return await li.says("<script>alert(1)</script>")


async def test_of_words_nothing_stays_in_the_journal(talk: Talk) -> None:
    li = await finished(talk)
    await shows(talk, li)
    await li.taps("3 一般")
    await li.taps("说两句")
    assert "记下了" in await li.says("<script>alert(1)</script>")

    assert (await rating(talk)).words == "<script>alert(1)</script>"
    async with talk.database.reading() as session:
        last = (await session.scalars(sa.select(Message.rule).order_by(Message.id.desc()).limit(4))).all()
    assert set(last[:3]) == {"保密对话"}


async def test_what_could_not_be_sent_opens_the_next_reply_but_not_after_danger(talk: Talk) -> None:
    li = await finished(talk)
    async with talk.database.transaction() as session:
        await session.execute(
            sa.update(Outbox).where(Outbox.kind == "ratings.invited").values(state=DeliveryState.OWED)
        )
        person_id = await session.scalar(sa.select(Outbox.person_id).where(Outbox.kind == "ratings.invited"))
        assert person_id is not None
        await crisis.alert(session, person_id, "k", "portal", "不想活了", talk.clock.now())

    assert "办得怎么样" not in await li.says("你好")


async def test_owed_it_is_tapped_in_the_reply_that_it_opens(talk: Talk) -> None:
    li = await finished(talk)
    async with talk.database.transaction() as session:
        await session.execute(
            sa.update(Outbox).where(Outbox.kind == "ratings.invited").values(state=DeliveryState.OWED)
        )

    read = await li.says("关于我们")

    assert read.startswith(f"您的留言 {NUMBER} 办结了。办得怎么样？")
    assert (await li.taps("4 满意")).startswith(f"谢谢您，{NUMBER} 评了「4 满意」。")
