"""An open page of a case shows by itself that a picture has come and how an answer went."""

import sqlalchemy as sa

from app.services import case_news
from models import Case, CaseKind, Outbox, Role
from sandbox.driver import Phone
from tests.both_ends import Ends
from tests.console_kit import Worker, admin, at_work, ends
from tests.test_console_live import answered, shown, waiting

__all__ = ["admin", "ends"]


async def talks(ends: Ends, name: str = "李娜") -> tuple[Phone, str]:
    """Somebody who has asked for a person of staff; the case's page."""
    phone = await ends.platform.follower(name)
    await phone.says("人工")
    async with ends.house.database.reading() as session:
        chosen = sa.select(Case.number).where(Case.kind == CaseKind.DESK).order_by(Case.id.desc())
        return phone, f"/cases/{await session.scalar(chosen.limit(1))}"


async def version(ends: Ends) -> int:
    async with ends.house.database.reading() as session:
        return await case_news.version(session)


async def test_a_picture_from_wechat_shows_when_it_is_ready(ends: Ends, admin: Worker) -> None:
    phone, page = await talks(ends)
    await phone.sends("picture")
    before = await shown(admin, page)
    assert "<img" not in await admin.reads(page)

    async with waiting((admin, page, before)) as pages:
        await ends.house.rounds.once()

    assert "<img" in pages[0].result().text


async def test_an_answer_that_went_out_is_shown_as_it_arrives(ends: Ends, admin: Worker) -> None:
    _, page = await talks(ends)
    await answered(ends, page.rpartition("/")[2], "周三来。")
    before = await shown(admin, page)
    assert "等待发送" in await admin.reads(page)

    async with waiting((admin, page, before)) as pages:
        await ends.house.rounds.once()

    assert "已送达" in pages[0].result().text


async def test_an_answer_that_waits_for_its_person_is_shown_when_it_is_told(ends: Ends) -> None:
    phone, page = await talks(ends)
    await ends.moves_time(hours=49)
    await answered(ends, page.rpartition("/")[2], "周三来。")
    await ends.house.rounds.once()
    worker = await at_work(ends, "王强", Role.UNION_ADMIN)
    assert "等对方来时说" in await worker.reads(page)
    before, told = await shown(worker, page), await version(ends)

    async with waiting((worker, page, before)) as pages:
        assert "周三来" in str(await phone.says("你好"))

    assert "随答复带到" in pages[0].result().text
    assert await version(ends) > told


async def test_what_tells_of_no_case_wakes_nobody(ends: Ends) -> None:
    phone = await ends.platform.follower("李娜")
    await phone.says("你好")
    before = await version(ends)
    async with ends.house.database.transaction() as session:
        await case_news.sent(session, [Outbox(kind="activities.receipt", key="x", payload={})])

    assert await version(ends) == before
