"""What `gonghui demo` has ready for a newcomer: an office at work, told through dialogue and services."""

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.assembly import assemble
from app.cli import demo, demo_after, demo_office, demo_story
from app.clock import SHANGHAI
from app.services import certificates, feedback_figures, panoramas, staff_sign_in
from app.settings import Settings
from models import (
    Activity,
    ActivityState,
    AdviceSlot,
    AlbumPhoto,
    Appointment,
    BoardAnswer,
    BoardPost,
    BoardState,
    CannedReply,
    Case,
    CaseKind,
    CaseRating,
    CaseState,
    CrisisAlert,
    Department,
    DutyRoom,
    DutyShift,
    Follower,
    LiveSession,
    Member,
    Message,
    MessageState,
    Outbox,
    PhotoState,
    PrivacyRequest,
    Role,
    SignUp,
    SignUpState,
    Staff,
    StaffAct,
    StaffGrant,
    StaffState,
    UnansweredQuestion,
)
from sandbox.app import create_app
from sandbox.config import Config
from sandbox.people import get
from tests.both_ends import settings_for
from tests.conftest import FakeClock
from tests.rooms import ROOT

TABLES = (
    Case,
    Staff,
    StaffAct,
    Follower,
    Message,
    Outbox,
    AdviceSlot,
    Appointment,
    DutyShift,
    BoardPost,
    SignUp,
)
# Each has to show something; a picture of it stands in docs.
ROOMS = (
    BoardAnswer,
    CannedReply,
    CaseRating,
    CrisisAlert,
    Department,
    PrivacyRequest,
    UnansweredQuestion,
)


async def count(session: AsyncSession, table: type) -> int:
    return await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_a_newcomer_finds_an_office_at_work_and_a_second_start_adds_nothing(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    settings = settings_for(database_url, tmp_path, content=ROOT / "content")

    link, told = await demo.demonstrate(settings, clock)

    async with assemble(settings, clock=clock) as house:
        async with house.database.reading() as session:
            before = {table: await count(session, table) for table in TABLES}
            await finds_something_everywhere(session)
            await everything_went_as_it_was_told(session)
            await signs_in_with_what_is_printed(session, settings, told)
            await it_is_theirs_whose_phones_are_in_the_sandbox(session, settings)
        await demo.demonstrate(settings, clock)
        async with house.database.reading() as session:
            assert {table: await count(session, table) for table in TABLES} == before
    assert "/console/invited/" in link


async def finds_something_everywhere(session: AsyncSession) -> None:
    assert [table.__name__ for table in (*TABLES, *ROOMS) if not await count(session, table)] == []
    assert set(await session.scalars(sa.select(Case.kind))) == set(CaseKind)
    assert set(await session.scalars(sa.select(StaffGrant.role))) == set(Role)
    assert set(await session.scalars(sa.select(DutyShift.room))) == set(DutyRoom)
    states = set(await session.scalars(sa.select(SignUp.state)))
    assert states >= {SignUpState.CONFIRMED, SignUpState.CHECKED_IN}  # somebody stands at a door
    (tour,) = await panoramas.list_shown(session)
    assert [len(each.spots) for each in await panoramas.look(session, tour)] == [2, 1]
    assert await count(session, LiveSession) == 1
    walk = await session.scalar(sa.select(Activity).where(Activity.title == demo_after.TITLE))
    assert walk is not None and walk.state is ActivityState.ENDED
    photos = list(await session.scalars(sa.select(AlbumPhoto.state)))
    assert (photos.count(PhotoState.SHOWN), photos.count(PhotoState.PENDING)) == (4, 1)
    said = await feedback_figures.read(session, walk)
    assert said is not None and said.answered >= 5 and said.parts[0].mean is not None
    zhang = await session.scalar(sa.select(Member.person_id).where(Member.name == "张伟"))
    assert zhang is not None
    ((_, paper),) = await certificates.list_own(session, zhang, walk.ends_at, 9)
    assert (paper.title, paper.hours) == (demo_after.TITLE, "5 小时")


async def everything_went_as_it_was_told(session: AsyncSession) -> None:
    failed = await session.scalars(sa.select(Message.rule).where(Message.state != MessageState.ANSWERED))
    nameless = await session.scalars(sa.select(StaffAct.subject).where(StaffAct.act == "cli.command"))
    posts = set(await session.scalars(sa.select(BoardPost.state)))
    assert (list(failed), list(nameless)) == ([], [])
    assert posts >= {BoardState.PENDING, BoardState.PUBLISHED}
    assert set(await session.scalars(sa.select(Case.state))) >= {
        CaseState.SUBMITTED,
        CaseState.ASSIGNED,
        CaseState.WAITING_USER,
        CaseState.ANSWERED,
        CaseState.CLOSED,
        CaseState.IN_PROGRESS,
        CaseState.RETURNED,
        CaseState.REPLIED,
        CaseState.SUPPLEMENT,
    }


async def signs_in_with_what_is_printed(session: AsyncSession, settings: Settings, told: str) -> None:
    password = demo_office.password_of(settings.secret_key.get_secret_value())
    active = list(await session.scalars(sa.select(Staff).where(Staff.state == StaffState.ACTIVE)))
    lawyer = next(each for each in active if each.login == "lawyer")
    assert password in told
    assert "lawyer（律师）" in told
    assert len(active) > len(Role)
    assert await staff_sign_in.knows_password(lawyer, password)


async def it_is_theirs_whose_phones_are_in_the_sandbox(session: AsyncSession, settings: Settings) -> None:
    names = demo_story.names(ROOT / "content" / "demo" / "story.yaml")
    config = Config(settings.wechat_app_id, "secret", "token", "k" * 43, "gh", following=tuple(names))
    world = create_app(config).state.world
    phones = [get(world, name) for name in names]

    assert set(await session.scalars(sa.select(Follower.openid))) == {each["openid"] for each in phones}
    assert all(each["following"] for each in phones)


@pytest.mark.parametrize("day", [(2026, 10, 6), (2027, 2, 28)])
async def test_on_holidays_and_where_no_calendar_is_known_it_is_the_same(
    tmp_path: Path, day: tuple[int, int, int], sqlite_url: str
) -> None:
    clock = FakeClock(datetime(*day, 23, 59, tzinfo=SHANGHAI))
    settings = settings_for(sqlite_url, tmp_path, content=ROOT / "content")

    await demo.demonstrate(settings, clock)

    async with assemble(settings, clock=clock) as house, house.database.reading() as session:
        assert set(await session.scalars(sa.select(Case.kind))) == set(CaseKind)
