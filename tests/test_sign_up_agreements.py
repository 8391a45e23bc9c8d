"""What who signs up agrees to: the safety notice as it reads, a guardian for the children who come along."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from app.services import activities, parties, safety_notices, sign_up_forgetting, sign_ups
from app.services.parties import BadParty, Guest, Party
from app.services.safety_notices import NotAccepted, NoticeChanged
from models import Activity, Outbox, SignUp
from tests import making
from tests.conftest import NOON

ROPE = "全程系好安全绳，不要翻越护栏。"
MING, HONG, GRANNY = Guest("小明", 8), Guest("小红", 13), Guest("王奶奶", 68)


async def says(session: AsyncSession, activity: Activity, notice: str, *, tell: bool = False) -> int:
    """The organiser writes another notice."""
    values = {"safety_notice": notice, "questions": [], "starts_at": activity.starts_at}
    return await activities.change(
        session,
        activity.public_id,
        values,
        version=activity.version,
        by="王强",
        now=NOON,
        tell_of_notice=tell,
    )


async def test_nobody_is_signed_up_who_did_not_accept_the_notice_as_it_is(session: AsyncSession) -> None:
    climb = await making.activity(session, "攀岩", safety_notice=ROPE)
    first, li = safety_notices.version(climb), await making.person(session)

    with pytest.raises(NotAccepted, match="请看完并同意"):
        await sign_ups.sign_up(session, climb.id, li, now=NOON)
    with pytest.raises(NoticeChanged, match="请再看一遍"):
        await sign_ups.sign_up(session, climb.id, li, accepted="f" * 16, now=NOON)
    assert await sign_ups.find_own(session, climb.id, li.person_id) is None
    entry = await sign_ups.sign_up(session, climb.id, li, accepted=first, now=NOON)
    assert (entry.notice_digest, entry.notice_at) == (first, NOON)
    assert safety_notices.said_of(climb, entry) == "2026-11-23 12:00 同意"

    await says(session, climb, f"{ROPE}下雨停止。")
    wang = await making.person(session)
    with pytest.raises(NoticeChanged):
        await sign_ups.sign_up(session, climb.id, wang, accepted=first, now=NOON)
    await sign_ups.sign_up(session, climb.id, wang, accepted=safety_notices.version(climb), now=NOON)
    same = await sign_ups.sign_up(session, climb.id, li, now=NOON)  # sent again: nothing is asked anew
    assert same.notice_digest == first and "改动以前的" in safety_notices.said_of(climb, same)

    await sign_ups.cancel(session, climb.id, li, now=NOON)
    with pytest.raises(NotAccepted):
        await sign_ups.sign_up(session, climb.id, li, now=NOON)


async def test_who_is_signed_up_hears_of_another_notice_if_the_organiser_wants(session: AsyncSession) -> None:
    climb = await making.activity(session, "攀岩", safety_notice=ROPE)
    accepted = safety_notices.version(climb)
    for _ in range(2):
        who = await making.person(session)
        await sign_ups.sign_up(session, climb.id, who, accepted=accepted, now=NOON)

    assert await says(session, climb, f"{ROPE}自带手套。") == 0
    assert await says(session, climb, f"{ROPE}自带头盔。", tell=True) == 2
    assert await says(session, climb, f"{ROPE}自带头盔。", tell=True) == 0, "nothing has changed"

    words = await session.scalars(sa.select(Outbox.payload).where(Outbox.kind == "activities.safety"))
    assert [f"{ROPE}自带头盔。" in str(each) for each in words] == [True, True]


@pytest.mark.parametrize(
    ("seats", "party", "said"),
    [
        (2, Party(), "请写明 1 位的姓名和年龄"),
        (3, Party((GRANNY,)), "请写明 2 位的姓名和年龄"),
        (2, Party((Guest(" \x00\n", 30),)), "请写同伴的姓名"),
        (2, Party((Guest("长" * 21, 30),)), "最多 20 个字"),
        (2, Party((Guest("小明", 121),)), "年龄应是 0 到 120"),
        (2, Party((MING,)), "小明（8 岁）不满 14 周岁，要有监护人的姓名和同意"),
        (2, Party((MING,), "李娜"), "要有监护人的姓名和同意"),
        (2, Party((MING,), " ", agreed=True), "要有监护人的姓名和同意"),
    ],
)
async def test_of_who_comes_along_all_is_said(
    session: AsyncSession, seats: int, party: Party, said: str
) -> None:
    picnic = await making.activity(session, "春游", guests=2, names_guests=True)
    with pytest.raises(BadParty, match=said):
        who = await making.person(session)
        await sign_ups.sign_up(session, picnic.id, who, seats=seats, party=party, now=NOON)


async def test_a_guardians_words_are_kept_sealed_and_go_after_a_while(database: Database) -> None:
    async with database.transaction() as session:
        picnic = await making.activity(session, "春游", guests=3, names_guests=True, safety_notice=ROPE)
        li, accepted = await making.person(session), safety_notices.version(picnic)
        given: dict[str, Any] = {"accepted": accepted, "answers": {"bus": "要"}, "now": NOON}
        party = Party((MING, HONG, GRANNY), "李娜", agreed=True)
        entry = await sign_ups.sign_up(session, picnic.id, li, seats=4, party=party, **given)
        alone = await sign_ups.sign_up(session, picnic.id, await making.person(session), **given)
        assert alone.party is None
    ((_, guests), (_, consent)) = parties.lines(entry.party)
    assert guests == "小明（8 岁）、小红（13 岁）、王奶奶（68 岁）"
    assert consent.startswith("我是小明（8 岁）、小红（13 岁）的监护人李娜，同意孩子参加「春游」")

    async with database.reading() as session:
        sealed = await session.scalar(sa.text("SELECT party FROM sign_up ORDER BY id LIMIT 1"))
    assert sealed and "小明".encode() not in bytes(sealed)

    rule, ended = sign_up_forgetting.forget_words, picnic.ends_at + timedelta(days=180)
    for moment, count in ((ended - timedelta(seconds=1), 0), (ended, 2), (ended, 0)):
        async with database.transaction() as session:
            ids = (await session.scalars(rule.find(moment, 10))).all()
            assert await rule.act(session, ids, moment) == count
    async with database.reading() as session:
        left = (await session.scalars(sa.select(SignUp).order_by(SignUp.id))).all()
    assert [(each.answers, each.party, each.seats) for each in left] == [({}, None, 4), ({}, None, 1)]
    assert left[0].notice_digest == accepted, "that he accepted stays"


async def test_where_nobody_asks_names_are_not_taken(session: AsyncSession) -> None:
    walk, li = await making.activity(session, "健步走", guests=1), await making.person(session)
    with pytest.raises(BadParty, match="没有问同伴是谁"):
        await sign_ups.sign_up(session, walk.id, li, seats=2, party=Party((GRANNY,)), now=NOON)
    with pytest.raises(DomainError, match="请先写每人可带几位同伴"):
        await making.activity(session, names_guests=True)
