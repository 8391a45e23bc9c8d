"""Consultations brought to two real processes: the same yes at once, hasty thumbs, and processes killed."""

import asyncio
import re

import sqlalchemy as sa

from app.database import Database
from app.services import case_work
from models import Case, CaseKind, Consultation
from tests import pairs
from tests.pairs import Pair
from tests.running import Person, WeChat, openids, until

pair, wechat, database = pairs.pair, pairs.wechat, pairs.database

NUMBER = re.compile(r"FL-\d{4}-\d{4,}")
WORDS = (
    *("律师", "同意", "2", "昨天", "还在上班", "和单位谈过", "3", "跳过"),
    *("公司要和我解约", "完成", "没有", "没有", "跳过"),
)


async def ready(pair: Pair, wechat: WeChat, people: list[str]) -> None:
    """Each of them has answered everything but the last question."""

    async def answers(openid: str) -> None:
        li = Person(wechat, pair.services, openid)
        for words in WORDS:
            await li.says(words)
        assert "确认提交给律师吗？" in li.last

    await asyncio.gather(*map(answers, people))


async def counts(database: Database) -> tuple[int, int]:
    """Cases of this kind, and their facts."""
    async with database.reading() as session:
        cases = sa.select(sa.func.count(Case.id)).where(Case.kind == CaseKind.CONSULTATION)
        facts = sa.select(sa.func.count(Consultation.id))
        return await session.scalar(cases) or 0, await session.scalar(facts) or 0


async def test_the_last_yes_three_times_at_once_is_one_consultation(
    pair: Pair, wechat: WeChat, database: Database
) -> None:
    people = openids(4, "LegalYes")
    await ready(pair, wechat, people)
    cases, facts = await counts(database)
    pushes = [wechat.text(openid, "确认") for openid in people]

    answers = await asyncio.gather(
        *(wechat.push(push, pair.services[n % 2]) for push in pushes for n in range(3))
    )

    numbers = [found[0] for answer in answers if (found := NUMBER.search(answer or ""))]
    assert len(numbers) == 12
    assert len(set(numbers)) == 4
    assert await counts(database) == (cases + 4, facts + 4)


async def test_two_thumbs_on_confirm_at_once_are_one_consultation(
    pair: Pair, wechat: WeChat, database: Database
) -> None:
    """Two messages, not one repeated, to two processes."""
    people = openids(6, "LegalThumb")
    await ready(pair, wechat, people)
    cases, facts = await counts(database)
    taps = [(wechat.text(openid, "确认"), service) for openid in people for service in pair.services]

    answers = await asyncio.gather(*(wechat.push(push, service) for push, service in taps))

    assert all(answers), answers
    assert sum("已提交给律师" in (answer or "") for answer in answers) == 6
    assert await counts(database) == (cases + 6, facts + 6)


async def test_a_process_killed_in_the_middle_loses_and_doubles_nothing(
    pair: Pair, wechat: WeChat, database: Database
) -> None:
    people = openids(24, "LegalKill")
    await ready(pair, wechat, people)
    cases, facts = await counts(database)
    pushes = [wechat.text(openid, "确认") for openid in people]
    answers: dict[str, str] = {}

    async def confirms(place: int) -> None:
        await asyncio.sleep(place * 0.01)
        answer = await wechat.insist(pushes[place], pair.services, tries=100)
        assert answer is not None
        answers[pushes[place].key] = answer

    async def fate() -> None:
        await until(lambda: len(answers) >= 4)
        victim = pair.services[0]
        victim.kill()
        victim.begin()
        await until(victim.is_ready)

    await asyncio.gather(fate(), *(confirms(place) for place in range(len(people))))

    numbers = {NUMBER.findall(answer)[0] for answer in answers.values()}
    assert len(numbers) == 24
    assert await counts(database) == (cases + 24, facts + 24)
    async with database.reading() as session:
        for number in sorted(numbers):
            case = await case_work.get_case(session, number)
            assert len(await case_work.list_entries(session, case)) == 1
