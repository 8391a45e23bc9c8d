"""Activities in the console: planned, announced, changed, called off; who is let in; a list to take away."""

import io
import re
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from app.clock import shanghai
from app.jobs import staff_jobs
from app.jobs.staff_work import KINDS
from app.services import activities, sign_ups
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from app.services.staff import Wanted
from models import Activity, ActivityState, JobState, Member, Outbox, Person, Role, SignUp, StaffJob
from models.activity import SignUpState
from tests import making
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    """Who organises for the whole union."""
    return await at_work(ends, "赵敏", Role.ORGANISER)


def plan(ends: Ends, /, **filled: Any) -> dict[str, Any]:
    """A form: open since yesterday, closes in five days, starts in seven."""
    now = ends.house.clock.now()

    def moment(days: float) -> str:
        return f"{shanghai(now + timedelta(days=days)):%Y-%m-%dT%H:%M}"

    return {
        "do": "save",
        "title": "职工羽毛球赛",
        "summary": "自带球拍。",
        "place": "职工活动中心",
        "organiser": "公司工会",
        "opens": moment(-1),
        "closes": moment(5),
        "starts": moment(7),
        "ends": moment(7.2),
        "capacity": "2",
        "guests": "0",
        "block_type": ["paragraph"],
        "block_text": ["欢迎**参加**。"],
        "question_key": ["", ""],
        "question_prompt": ["联系电话", "衣服尺码"],
        "question_kind": ["phone", "choice"],
        "question_options": ["", "大、中、小"],
        "question_required": ["yes", ""],
    } | filled


async def planned(worker: Worker, *, publish: bool = True, **filled: Any) -> str:
    """The path of its page in the console."""
    answer = await worker.sends("/activities/new", **plan(worker.ends, **filled))
    assert answer.status_code == 303, answer.text
    path = str(answer.headers["location"]).removeprefix(CONSOLE)
    if publish:
        await worker.does(f"{path}/publish")
    return path


async def row(ends: Ends, path: str) -> Activity:
    async with ends.house.database.reading() as session:
        return await activities.get(session, path.rsplit("/", 1)[1], drafts=True)


async def signs_up(ends: Ends, path: str, name: str = "", phone: str = "13812345678") -> SignUp:
    """Somebody new; with a name one of the roster."""
    activity, now = await row(ends, path), ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        person = Person(created_at=now)
        session.add(person)
        await session.flush()
        if name:
            count = await session.scalar(sa.select(sa.func.count()).select_from(Member))
            await making.member(session, name, staff_number=f"2000{count}", person_id=person.id)
        answers = {"q1": phone, "q2": "=1+1"}
        who = Applicant(person.id, Facts(), "portal")
        return await sign_ups.sign_up(session, activity.id, who, answers=answers, now=now)


async def told(ends: Ends, kind: str) -> list[str]:
    async with ends.house.database.reading() as session:
        rows = await session.scalars(sa.select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id))
        return [str(row.payload["content"]) for row in rows]  # type: ignore[index]


async def version(worker: Worker, path: str) -> str:
    found = re.search(r'name="version" value="(\d*)"', await worker.reads(f"{path}/edit"))
    assert found
    return found[1]


async def test_an_activity_is_planned_and_announced(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, publish=False)
    public = f"/activities/{path.rsplit('/', 1)[1]}"
    assert (await ends.web.get(public)).status_code == 404

    assert "已发布" in await zhao.does(f"{path}/publish")

    shown = (await ends.web.get(public)).text
    assert "职工羽毛球赛" in shown and "欢迎<strong>参加</strong>" in shown and "报名中" in shown
    page = await zhao.reads(path)
    assert "联系电话；衣服尺码" in page and "还没有人报名" in page and "赵敏" in page
    acts = [act.act for act in await acts_of(ends) if act.act.startswith("activity")]
    assert acts == ["activity.create", "activity.publish"]


async def test_a_form_that_is_sent_twice_makes_one_activity(ends: Ends, zhao: Worker) -> None:
    found = re.search(r'name="key" value="(\w{16})"', await zhao.reads("/activities/new"))
    assert found

    assert await planned(zhao, publish=False, key=found[1]) == await planned(
        zhao, publish=False, key=found[1]
    )


async def test_what_will_not_do_is_told_and_nothing_typed_is_lost(ends: Ends, zhao: Worker) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"title": ""}, "请写标题"),
        ({"title": "长" * 61}, "标题最多 60 个字"),
        ({"starts": "明天"}, "请填写活动开始的日期和时间"),
        ({"ends": "2020-01-01T10:00"}, "时间先后不对"),
        ({"capacity": "很多"}, "名额应是 0 到"),
        ({"capacity": "-1"}, "名额应是 0 到"),
        ({"guests": "10"}, "可带同伴应是"),
        ({"branch": "nowhere"}, "没有这个组织"),
        ({"audience": "branch:nowhere"}, "没有这个组织"),
        ({"question_options": ["", "大"]}, "第 2 个问题是选择题"),
        ({"question_options": ["", f"大、{'长' * 21}"]}, "每个最多 20 个字"),
        ({"block_text": ["**半边"]}, "加粗的 ** 要成对"),
    ]
    for filled, said in refused:
        answer = await zhao.sends("/activities/new", **plan(ends, **filled))
        assert answer.status_code == 422 and said in answer.text and "自带球拍" in answer.text, said
    moved = await zhao.sends("/activities/new", **plan(ends, do="add"))
    assert moved.status_code == 200 and moved.text.count('data-test="block-text"') == 2
    async with ends.house.database.reading() as session:
        assert not await session.scalar(sa.select(sa.func.count()).select_from(Activity))


async def test_calling_off_says_how_many_are_told_before_and_tells_them(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao)
    for _ in range(3):
        await signs_up(ends, path)
    assert "将通知 3 位职工" in await zhao.reads(path)

    said = await zhao.does(f"{path}/cancel", reason="下大雪")

    assert "已取消，将通知 3 位职工" in said
    words = await told(ends, "activities.called_off")
    assert len(words) == 3 and "原因：下大雪" in words[0]
    assert "已取消。" in await zhao.does(f"{path}/cancel", reason="又一次")
    assert len(await told(ends, "activities.called_off")) == 3
    late = await zhao.sends(f"{path}/edit", **plan(ends, version=(await row(ends, path)).version))
    assert late.status_code == 422 and "不能再改" in late.text


async def test_another_time_is_told_to_everybody_and_the_old_reminder_goes(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao)
    for _ in range(3):
        await signs_up(ends, path)
    assert "保存后将通知 3 位职工" in await zhao.reads(f"{path}/edit")
    words = await zhao.does(
        f"{path}/edit", **plan(ends, summary="球拍自带。", version=await version(zhao, path))
    )
    assert "已保存。" in words and not await told(ends, "activities.changed")

    later = plan(ends, place="体育馆", version=await version(zhao, path))
    assert "将通知 3 位职工" in await zhao.does(f"{path}/edit", **later)
    again = plan(ends, place="礼堂", version=await version(zhao, path))
    assert "将通知 3 位职工" in await zhao.does(f"{path}/edit", **again)

    changed = await told(ends, "activities.changed")
    assert len(changed) == 6 and "体育馆" in changed[0] and "礼堂" in changed[3]
    async with ends.house.database.reading() as session:
        reminders = await session.scalars(
            sa.select(Outbox).where(Outbox.kind == "activities.reminder", Outbox.state == "queued")
        )
        words_of = [str(each.payload["content"]) for each in reminders]  # type: ignore[index]
    assert len(words_of) == 2 and all("礼堂" in each for each in words_of)


async def test_more_seats_are_offered_to_who_waits(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao)
    entries = [await signs_up(ends, path) for _ in range(3)]
    assert entries[2].state is SignUpState.WAITLISTED

    await zhao.does(f"{path}/edit", **plan(ends, capacity="3", version=await version(zhao, path)))

    assert len(await told(ends, "activities.offer")) == 1
    assert "候补待确认" in await zhao.reads(f"{path}/people?state=offered")


async def test_questions_stay_once_somebody_answered_them(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao)
    await signs_up(ends, path)
    kept = {"question_key": ["q1", "q2"], "version": await version(zhao, path)}
    assert (await zhao.sends(f"{path}/edit", **plan(ends, **kept))).status_code == 303

    other = kept | {"version": await version(zhao, path), "question_prompt": ["手机", "衣服尺码"]}
    answer = await zhao.sends(f"{path}/edit", **plan(ends, **other))

    assert answer.status_code == 422 and "报名问题不能再改" in answer.text


async def test_the_second_of_two_who_change_it_sees_the_first(ends: Ends, zhao: Worker) -> None:
    qian = await at_work(ends, "钱进", Role.ORGANISER)
    path = await planned(zhao)
    read = await version(qian, path)
    await zhao.does(f"{path}/edit", **plan(ends, place="体育馆", version=read))

    late = await qian.sends(f"{path}/edit", **plan(ends, summary="钱进写的", version=read))

    assert late.status_code == 422 and "又有人改过" in late.text and "钱进写的" in late.text
    assert 'data-test="present"' in late.text and "体育馆" in late.text
    wrong = await qian.sends(f"{path}/edit", **plan(ends, title="", version=read))
    assert f'name="version" value="{read}"' in wrong.text  # has seen nothing of the other's yet


async def test_sign_ups_are_approved_and_turned_down(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, approval="yes", capacity="")
    li, wang, sun = [await signs_up(ends, path, name) for name in ("李娜", "王强", "孙丽")]
    assert "活动报名待审核" in await zhao.reads("") and "职工羽毛球赛" in await zhao.reads(
        "/activities?waits=yes"
    )

    assert "已通过 1 份" in await zhao.does(f"{path}/people/approve", code=li.public_id)
    silent = await zhao.sends(f"{path}/people/{wang.public_id}/reject", reason=" ")
    assert silent.status_code == 422 and "请写明原因" in silent.text
    await zhao.does(f"{path}/people/{wang.public_id}/reject", reason="名额给一线班组")
    assert "通过 1 份" in await zhao.reads(f"{path}/people")
    await zhao.does(f"{path}/people/approve")
    assert "没有待审核" in await zhao.does(f"{path}/people/approve")

    page = await zhao.reads(f"{path}/people")
    assert all(words in page for words in ("李娜", "孙丽", "未通过", "抢修一班"))
    assert "名额给一线班组" in (await told(ends, "activities.rejected"))[0]
    assert "赵敏" in await zhao.reads(f"{path}/people/{sun.public_id}")
    assert (await zhao.sends(f"{path}/people/approve", code="nobody")).status_code == 404
    back = await zhao.sends(f"{path}/people/{li.public_id}/reject", reason="改主意")
    assert back.status_code == 422 and "已报名的报名不能改为未通过" in back.text


async def test_a_telephone_is_shown_only_by_an_act_that_is_kept(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao)
    entry = await signs_up(ends, path, "李娜")
    one = f"{path}/people/{entry.public_id}"
    page = await zhao.reads(one)
    assert "138****5678" in page and "13812345678" not in page

    shown = await zhao.sends(f"{one}/reveal")

    assert "13812345678" in shown.text
    assert [act.subject for act in await acts_of(ends, "activity.reveal")] == [entry.public_id]
    assert "13812345678" not in await zhao.reads(f"{path}/people")


async def test_the_list_is_taken_away_as_a_workbook_without_formulas(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, title="=1+1 <script>")
    await signs_up(ends, path, "李娜")
    await signs_up(ends, path)
    await zhao.does(f"{path}/people/export")
    house = ends.house

    for _ in range(2):  # killed after the first time it would be run again
        await staff_jobs.run(house.database, house.clock, house.files, KINDS)

    async with house.database.reading() as session:
        job = (await session.scalars(sa.select(StaffJob))).one()
    assert job.state is JobState.DONE
    data = (await zhao.sends(f"/jobs/{job.public_id}/file")).content
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("姓名", "组织", "状态", "人数", "报名时间", "联系电话", "衣服尺码")
    assert rows[1][0] == "李娜" and rows[1][5:] == ("13812345678", "=1+1")
    assert rows[2][0] == "未绑定的关注者"
    assert all(cell.data_type == "s" for row_ in sheet.iter_rows() for cell in row_)
    for page in ("/activities", path, f"{path}/people", "/jobs"):
        assert "<script>" not in re.sub(r"<script src=[^>]+>", "", await zhao.reads(page))


async def test_who_works_for_a_branch_sees_and_plans_its_activities_only(ends: Ends, zhao: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
    wu = await at_work(ends, "吴刚", Wanted(Role.ORGANISER, north.id))
    own = await planned(wu, branch=north.public_id, audience=f"branch:{north.public_id}", title="北区登山")
    other = await planned(zhao, branch=south.public_id, title="南区登山")
    whole = await planned(zhao, title="全员登山")
    entry = await signs_up(ends, other)

    listed = await wu.reads("/activities")
    assert "北区登山" in listed and "南区登山" not in listed and "全员登山" not in listed
    found = await wu.reads("/search?q=登山")
    assert "北区登山" in found and "南区登山" not in found
    assert "抢修一班 的会员" in await wu.reads(f"{own}/edit") and (await row(ends, own)).audience
    for path in (other, whole):
        for read in ("", "/edit", "/people", f"/people/{entry.public_id}"):
            assert (await wu.gets(f"{path}{read}")).status_code == 404
        for act in (
            "publish",
            "cancel",
            "edit",
            "people/approve",
            "people/export",
            f"people/{entry.public_id}/reveal",
        ):
            assert (await wu.sends(f"{path}/{act}", **plan(ends))).status_code == 404, act
    nowhere = await wu.sends("/activities/new", **plan(ends))
    assert nowhere.status_code == 422 and "属于哪个组织" in nowhere.text
    taken = await wu.sends(
        f"{own}/edit", **plan(ends, branch=south.public_id, version=await version(wu, own))
    )
    assert taken.status_code == 422
    assert "南区登山" in await zhao.reads(f"/activities?branch={south.public_id}")


async def test_who_may_only_look(ends: Ends, zhao: Worker) -> None:
    editor = await at_work(ends, "张伟", Role.EDITOR)
    lawyer = await at_work(ends, "周正", Role.LAWYER)
    path = await planned(zhao)
    entry = await signs_up(ends, path)

    assert "职工羽毛球赛" in await editor.reads("/activities") and "取消活动" not in await editor.reads(path)
    for read in ("/activities", path, f"{path}/people"):
        assert (await lawyer.gets(read)).status_code == 403
    for read in ("/activities/new", f"{path}/edit", f"{path}/people", f"{path}/people/{entry.public_id}"):
        assert (await editor.gets(read)).status_code == 403
    for act in (
        "publish",
        "cancel",
        "edit",
        "people/approve",
        "people/export",
        f"people/{entry.public_id}/reject",
    ):
        assert (await editor.sends(f"{path}/{act}", **plan(ends))).status_code == 403
    assert (await row(ends, path)).state is ActivityState.REGISTRATION_OPEN
