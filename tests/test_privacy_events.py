"""What WeChat tells of a person's wishes: what he authorised goes, a given-up account is closed."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from app.database import Database
from app.jobs import privacy_events
from app.services import closing, closing_rules
from models import Follower, Message
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def tells(talk: Talk, about: Speaker, event: str, more: str = "") -> None:
    """WeChat's push comes from an openid of its own and names the person inside."""
    platform = Speaker(talk, "微信", "oPush00000000000000000000001")
    fields = (
        f"<Event><![CDATA[{event}]]></Event><OpenID><![CDATA[{about.openid}]]></OpenID>"
        f"<AppID><![CDATA[wx0123456789abcdef]]></AppID>{more}"
    )
    assert await platform.pushes(platform.incoming("event", fields, event=True)) == ""


async def bodies(talk: Talk, kind: str) -> list[str | None]:
    async with talk.database.reading() as session:
        found = await session.scalars(
            sa.select(Message.body).where(Message.kind == kind).order_by(Message.id)
        )
        return list(found)


async def test_a_given_up_account_is_closed_once(talk: Talk, clock: FakeClock) -> None:
    li = await talk.person("李娜")
    await li.says("你好")
    for _ in range(2):
        await tells(talk, li, "user_authorization_cancellation")
        clock.advance(1)

    assert await privacy_events.run(talk.database, clock) == 2

    async with talk.database.reading() as session:
        left = await session.scalars(sa.select(Follower.openid))
        assert [openid.startswith(closing_rules.GONE) for openid in left] == [True]
    assert await bodies(talk, "event.user_authorization_cancellation") == [None, None]
    assert await privacy_events.run(talk.database, clock) == 0


async def test_who_takes_back_his_place_has_his_places_deleted(talk: Talk, clock: FakeClock) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    for each in (li, wang):
        await each.sends_place("黄陵县人民路")
        await each.says("你好")
    await tells(talk, li, "user_authorization_revoke", "<RevokeInfo><![CDATA[206]]></RevokeInfo>")

    await privacy_events.run(talk.database, clock)

    assert [body is None for body in await bodies(talk, "location")] == [True, False]
    assert None not in await bodies(talk, "text")


async def test_one_about_nobody_is_done_with(talk: Talk, clock: FakeClock) -> None:
    nobody = Speaker(talk, "", "oNobody0000000000000000000001")
    await tells(talk, nobody, "user_authorization_cancellation")

    assert await privacy_events.run(talk.database, clock) == 1
    assert await privacy_events.run(talk.database, clock) == 0


async def test_one_that_fails_keeps_no_other_waiting_and_comes_again(
    talk: Talk, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    for each in (li, wang):
        await each.says("你好")
        await tells(talk, each, "user_authorization_cancellation")
    whole = closing.close

    async def breaks_once(session: object, person_id: int, **more: object) -> None:
        monkeypatch.setattr(closing, "close", whole)
        raise RuntimeError("the database went away")

    monkeypatch.setattr(closing, "close", breaks_once)

    assert await privacy_events.run(talk.database, clock) == 1
    assert await privacy_events.run(talk.database, clock) == 1
    assert await bodies(talk, "event.user_authorization_cancellation") == [None, None]
