"""替同事报名 from the organiser's tick to the colleague's telephone, on pages and in the chat."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.services import activities, participants
from app.services.quiet_hours import after_quiet
from models import Role, SignUp
from tests import making
from tests.api_app import API
from tests.both_ends import OURS, Ends
from tests.console_kit import admin, at_work, ends
from tests.portal_member import Visiting, member
from tests.test_console_activities import plan, planned, version

__all__ = ["admin", "ends"]
ASKED: dict[str, Any] = {"question_prompt": ["", "衣服尺码"]}


async def bound(ends: Ends, name: str, number: str) -> Visiting:
    who = await member(ends, name)
    async with ends.house.database.transaction() as session:
        await making.member(session, name, staff_number=number, person_id=await who.person_id())
    return who


async def states(ends: Ends) -> list[str]:
    async with ends.house.database.reading() as session:
        return [each.value for each in await session.scalars(sa.select(SignUp.state).order_by(SignUp.id))]


async def he_gives_it_up(ends: Ends, li: Visiting, zhang: Visiting) -> None:
    by_day = after_quiet(ends.house.clock.now() + timedelta(hours=1))  # whatever the hour this runs in
    await ends.moves_time(seconds=(by_day - ends.house.clock.now()).total_seconds())
    await ends.house.rounds.once()
    told = (await zhang.phone.says("你好")).text  # out of reach until he spoke: what is owed opens the reply
    assert "李娜替您报了名。「职工羽毛球赛」报名成功" in told
    gone = await zhang.phone.chooses("不参加，点这里取消")
    assert "报名已取消" in gone.text, "one tap, and nobody asks again"
    assert await states(ends) == ["cancelled"]
    await li.phone.opens(f"{OURS}/me", li.browser)
    assert "本人已办理" in await li.reads("/me/sign-ups")
    assert "替 张伟 报的「职工羽毛球赛」本人已办理" in (await li.phone.says("我的报名")).text


async def test_a_colleague_is_signed_up_told_and_gives_it_up_with_one_tap(ends: Ends) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    both = await zhao.sends("/activities/new", **plan(ends, colleagues="yes", safety_notice="系好绳。"))
    assert both.status_code == 422 and "两样只能选一样" in both.text
    path = await planned(zhao, **ASKED)
    public = f"/activities/{path.rsplit('/', 1)[1]}"
    form = f"{public}/colleague"
    li, zhang = await bound(ends, "李娜", "10001"), await bound(ends, "张伟", "10002")
    assert form not in await li.reads(public)
    closed = await li.reads(form)
    assert "要本人报名，不能替同事报" in closed and "<form" not in closed.partition("<main")[2]
    await zhao.does(
        f"{path}/edit", **plan(ends, colleagues="yes", **ASKED), version=await version(zhao, path)
    )
    assert 'name="colleagues" value="yes" checked' in await zhao.reads(f"{path}/edit")
    assert "可以，在网页上报" in await zhao.reads(path)
    assert (await ends.web.get(f"{API}{public}")).json()["colleagues"] is True

    assert f'href="{form}"' in await li.reads(public)
    sent = {"staff_number": "10002", "name": "张伟", "q_q1": "大"}
    wrong = [
        await li.taps(form, form, **sent | each) for each in ({"name": "张维"}, {"staff_number": "10009"})
    ]
    for each, left in zip(wrong, (4, 3), strict=True):
        assert (
            each.status_code == 422 and f"和花名册对不上，请核对后再试。今天还可以试 {left} 次" in each.text
        )
        assert "<option selected>大</option>" in each.text, "what was typed is still there"
    done = await li.taps(form, form, **sent)
    own = str(done.headers["location"])
    assert done.status_code == 303 and (await li.taps(form, form, **sent)).headers["location"] == own
    assert own.startswith("/me/helped/") and await states(ends) == ["confirmed"]
    assert "替 张伟 报的" in await li.reads("/me/sign-ups") and "已经通知 张伟" in await li.reads(own)
    assert (await zhang.browser.get(own)).status_code == 404

    mine = own.replace("helped", "sign-ups")
    assert "李娜替您报的" in await zhang.reads(mine)
    assert "李娜替报" in await zhao.reads(f"{path}/people")
    person = await zhao.reads(f"{path}/people/{own.rpartition('/')[2]}")
    assert "李娜替他报的" in person and "同事　" in person
    await he_gives_it_up(ends, li, zhang)


async def test_who_signed_him_up_takes_it_back_and_he_keeps_what_he_wants(ends: Ends) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    path = await planned(zhao, colleagues="yes", question_prompt=["", ""], capacity="9")
    public = f"/activities/{path.rsplit('/', 1)[1]}"
    form = f"{public}/colleague"
    li, zhang = await bound(ends, "李娜", "10001"), await bound(ends, "张伟", "10002")
    wang = await bound(ends, "王强", "10003")
    own = [
        str((await li.taps(form, form, staff_number=number, name=name)).headers["location"])
        for number, name in (("10002", "张伟"), ("10003", "王强"))
    ]
    assert (await li.taps(own[0], f"{own[0]}/cancel")).status_code == 303
    assert "替他取消" not in await li.reads(own[0])
    theirs = own[1].replace("helped", "sign-ups")
    assert (await wang.taps(theirs, f"{theirs}/keep")).status_code == 303
    assert "我参加" not in await wang.reads(theirs) and await states(ends) == ["cancelled", "confirmed"]
    assert "王强自己已经办过" in await li.reads(own[1])

    await zhang.phone.says("活动")
    assert "替同事报名" in (await zhang.phone.chooses("职工羽毛球赛")).text
    async with ends.house.database.reading() as session:
        activity = await activities.get(session, path.rsplit("/", 1)[1])
        lines = [participants.line(activity, each) async for each in participants.each(session, activity)]
    at = participants.heads(activity).index("谁替他报的")
    assert [(each[0], each[at]) for each in lines] == [("张伟", "李娜"), ("王强", "李娜")]
