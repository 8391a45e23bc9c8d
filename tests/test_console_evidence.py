"""Originals in the console: who may open one, what he must say, and what he is told when it was changed."""

import hashlib
import re
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from app.files import Files
from app.jobs import media
from app.services.evidence import KINDS
from app.services.staff import Wanted
from models import Case, CaseKind, Evidence, FileState, Role, StoredFile
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import case_of, consults, leaves
from tests.test_evidence import placed_picture
from tests.test_media_fetch import WeChat, expect

__all__ = ["admin", "ends"]
Opens = Callable[[list[dict[str, str]]], Awaitable[str]]


@pytest.fixture
async def lawyer(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


async def with_evidence(
    ends: Ends, sent: bytes, *, kind: CaseKind = CaseKind.CONSULTATION, opens: Opens | None = None
) -> str:
    """A case with one picture that came over from WeChat; its number. `opens`: how, with what was sent."""
    house = ends.house
    app_id = house.wechat.app_id
    name = await expect(house.database, house.clock, app_id=app_id)  # type: ignore[arg-type]
    parts = [{"type": "text", "text": "工资条"}, {"type": "image", "file": name}]
    if opens is not None:
        number = await opens(parts)
    elif kind in KINDS:
        number = await consults(ends, parts=parts)
    else:
        number = await leaves(ends, blocks=parts, kind=kind)
    async with house.database.transaction() as session:
        owner = sa.text(
            "UPDATE stored_file SET owner_id = (SELECT max(id) FROM person) WHERE public_id = :name"
        )
        await session.execute(owner, {"name": name})
    far = WeChat(app_id=app_id, holds={"m1": sent})
    await media.fetch_due(house.database, far, house.files, house.clock)
    return number


async def original_name(files: Files, ends: Ends) -> str:
    async with ends.house.database.reading() as session:
        chosen = sa.select(StoredFile.public_id).join(Evidence, Evidence.original_id == StoredFile.id)
        return (await session.scalars(chosen)).one()


async def test_a_lawyer_opens_an_original_with_a_reason(ends: Ends, lawyer: Worker) -> None:
    sent = placed_picture()
    number = await with_evidence(ends, sent)
    page = await lawyer.reads(f"/consultations/{number}")
    assert hashlib.sha256(sent).hexdigest() in page
    assert "从公众号发来" in page

    at = f"/consultations/{number}/files/1/original"
    without = await lawyer.sends(at, why=" ")
    assert without.status_code == 422
    assert "请写明为什么要打开原件" in without.text
    opened = await lawyer.sends(at, why="开庭<script>要用")

    assert opened.content == sent
    assert "attachment" in opened.headers["content-disposition"]
    assert opened.headers["content-type"] == "application/octet-stream"
    (act,) = await acts_of(ends, "case.evidence")
    assert (act.subject, act.reason) == (number, "开庭<script>要用")
    assert "打开了附件 1 的原件：开庭&lt;script&gt;要用" in await lawyer.reads(f"/consultations/{number}")


async def test_twice_is_two_acts_of_which_each_is_kept(ends: Ends, lawyer: Worker) -> None:
    number = await with_evidence(ends, placed_picture())

    for _ in range(2):
        answer = await lawyer.sends(f"/consultations/{number}/files/1/original", why="开庭要用")
        assert answer.content == placed_picture()

    assert len(await acts_of(ends, "case.evidence")) == 2


async def test_who_may_not_read_it_does_not_learn_that_it_is_there(ends: Ends, admin: Worker) -> None:
    number = await with_evidence(ends, placed_picture())
    async with ends.house.database.transaction() as session:
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
    away = await at_work(ends, "外地律师", Wanted(Role.LAWYER, south.id))

    for worker in (admin, away):
        answer = await worker.sends(f"/consultations/{number}/files/1/original", why="看看")
        assert answer.status_code in (403, 404)

    assert await acts_of(ends, "case.evidence") == []


async def test_where_no_originals_are_kept_there_is_no_door(ends: Ends, admin: Worker) -> None:
    number = await with_evidence(ends, placed_picture(), kind=CaseKind.FEEDBACK)

    assert (await admin.sends(f"/cases/{number}/files/1/original", why="看看")).status_code == 404
    assert 'data-test="original"' not in await admin.reads(f"/cases/{number}")


@pytest.mark.parametrize("position", [0, 2, 99])
async def test_there_is_no_such_file(ends: Ends, lawyer: Worker, position: int) -> None:
    number = await with_evidence(ends, placed_picture())

    answer = await lawyer.sends(f"/consultations/{number}/files/{position}/original", why="看看")

    assert answer.status_code == 404


async def test_a_changed_original_is_not_handed_out_and_that_is_said(ends: Ends, lawyer: Worker) -> None:
    number = await with_evidence(ends, placed_picture())
    name = await original_name(ends.house.files, ends)
    stored = bytearray(await ends.house.files.get(name))
    stored[len(stored) // 2] ^= 1
    await ends.house.files.put(name, bytes(stored))

    answer = await lawyer.sends(f"/consultations/{number}/files/1/original", why="开庭要用")

    assert answer.status_code == 422
    assert "附件 1 的原件和收到时的不一样" in answer.text
    assert re.search(r'data-test="error"', answer.text)
    assert len(await acts_of(ends, "case.evidence")) == 1


async def test_an_original_that_is_gone_is_said_to_be(ends: Ends, lawyer: Worker) -> None:
    number = await with_evidence(ends, placed_picture())
    await ends.house.files.delete(await original_name(ends.house.files, ends))

    answer = await lawyer.sends(f"/consultations/{number}/files/1/original", why="开庭要用")

    assert "附件 1 的原件不见了" in answer.text


async def test_a_changed_copy_is_not_shown(ends: Ends, lawyer: Worker) -> None:
    number = await with_evidence(ends, placed_picture())
    assert (await lawyer.sends(f"/consultations/{number}/files/1")).status_code == 200
    async with ends.house.database.reading() as session:
        shown = (await session.scalars(sa.select(StoredFile).where(StoredFile.kind == "image"))).one()
    await ends.house.files.put(shown.public_id, await ends.house.files.get(shown.public_id) + b"\0")

    answer = await lawyer.sends(f"/consultations/{number}/files/1")

    assert answer.status_code == 404
    assert "和存下时的不一样" in answer.text


async def test_staff_see_that_a_file_has_a_virus_and_cannot_open_it(ends: Ends, lawyer: Worker) -> None:
    number = await with_evidence(ends, placed_picture())
    async with ends.house.database.transaction() as session:
        found = sa.update(StoredFile).where(StoredFile.kind == "image")
        await session.execute(found.values(state=FileState.INFECTED, reason="Eicar<b>"))

    page = await lawyer.reads(f"/consultations/{number}")

    assert "查出病毒，已经隔离，不能打开（Eicar&lt;b&gt;）" in page
    assert 'data-test="original"' not in page
    assert (await lawyer.sends(f"/consultations/{number}/files/1")).status_code == 404
    refused = await lawyer.sends(f"/consultations/{number}/files/1/original", why="看看")
    assert "查出病毒" in refused.text
    assert isinstance(await case_of(ends, number), Case)
