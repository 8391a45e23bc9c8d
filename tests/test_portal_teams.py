"""组队报名 from the organiser's form to the roster, on pages and in the chat."""

from typing import Any

from app.services import activities, participants
from models import Role
from tests.api_app import API
from tests.both_ends import OURS, Ends
from tests.console_kit import Worker, admin, at_work, ends
from tests.portal_member import Visiting, member
from tests.test_console_activities import plan, planned, row
from tests.test_portal_colleagues import bound, states

__all__ = ["admin", "ends"]
SIZES: dict[str, Any] = {"team_least": "2", "team_most": "3", "capacity": "3"}
ASKED: dict[str, Any] = {"question_prompt": ["", "衣服尺码"], "safety_notice": "先热身。"}


async def joins(who: Visiting, team: str, notice: str) -> None:
    done = await who.taps(team, f"{team}/join", q_q1="大", accepted=notice)
    assert (done.status_code, done.headers["location"]) == (303, team), done.text


async def sizes_are_checked(ends: Ends, zhao: Worker) -> None:
    for wrong, said in (
        ({"team_most": ""}, "最少和最多几人"),
        ({"team_least": "三"}, "每队最少几人应是 0 到 50 的数"),
        ({"guests": "1"}, "不能和每人可带同伴一起用"),
    ):
        refused = await zhao.sends("/activities/new", **plan(ends, **SIZES | wrong))
        assert refused.status_code == 422 and said in refused.text, said


async def forms_are_checked(li: Visiting, form: str, notice: str) -> None:
    for filled, said in (
        ({"name": ""}, "请写队名"),
        ({"q_q1": "巨大"}, "请从这几项里选"),
        ({"accepted": ""}, "请看完并同意"),
    ):
        refused = await li.taps(form, form, **{"name": "飞虎", "q_q1": "大", "accepted": notice} | filled)
        assert refused.status_code == 422 and said in refused.text, said


async def they_wait_for_a_seat(ends: Ends, zhao: Worker, path: str, li: Visiting, team: str) -> None:
    """Of two who wait for seats nobody reads as if three did."""
    await sets_capacity(ends, path, 1)
    assert (await li.taps(team, f"{team}/submit")).status_code == 303
    page = await zhao.reads(f"{path}/people")
    standing = page.partition('data-test="states">')[2].partition("</p>")[0]
    assert standing == "候补中 2 份（2 人）、已取消 1 份（1 人）" and "（队长，全队 2 人一起）" in page
    assert "候补中 2</td>" in await zhao.reads("/activities")
    own = f"/me/sign-ups/{(await li.reads(team)).partition('/me/sign-ups/')[2][:16]}"
    assert "含同伴" not in await li.reads(own), "those are no guests of hers"
    await sets_capacity(ends, path, 3)
    assert (await li.taps(own, f"{own}/accept")).status_code == 303


async def sets_capacity(ends: Ends, path: str, seats: int) -> None:
    async with ends.house.database.transaction() as session:
        code = path.rsplit("/", 1)[1]
        await activities.set_capacity(session, code, seats, now=ends.house.clock.now())


async def staff_see_it(ends: Ends, zhao: Worker, path: str) -> None:
    people = await zhao.reads(f"{path}/people")
    assert "队伍（1 支）" in people and "李娜（队长）、张伟" in people and "飞虎&lt;b&gt;（队长）" in people
    async with ends.house.database.reading() as session:
        activity = await row(ends, path)
        lines = [participants.line(activity, each) async for each in participants.each(session, activity)]
    at = participants.heads(activity).index("队伍")
    assert [(each[0], each[at]) for each in lines] == [
        *[("李娜", "飞虎<b>（队长）"), ("张伟", "飞虎<b>"), ("王强", "")]
    ]


async def test_a_team_is_made_joined_by_its_link_and_handed_in(ends: Ends) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    await sizes_are_checked(ends, zhao)
    path = await planned(zhao, publish=True, **SIZES | ASKED)
    public = f"/activities/{path.rsplit('/', 1)[1]}"
    assert 'name="team_most" value="3"' in await zhao.reads(f"{path}/edit")
    assert "每队 2 到 3 人，由队长提交" in await zhao.reads(path)
    li, zhang = await bound(ends, "李娜", "10001"), await bound(ends, "张伟", "10002")
    stranger = await member(ends, "周杰")
    shown = (await ends.web.get(f"{API}{public}")).json()
    assert shown["team"] == {"least": 2, "most": 3}

    form = f"{public}/team"
    assert f'href="{form}"' in await li.reads(public) and "要先绑定" not in await li.reads(form)
    assert "职工才能组队报名" in await stranger.reads(form)
    page = await li.reads(form)
    notice = page.split('name="accepted" value="')[1][:16]
    await forms_are_checked(li, form, notice)
    sent = {"name": "飞虎<b>", "q_q1": "大", "accepted": notice}
    team = str((await li.taps(form, form, **sent)).headers["location"])
    assert team.startswith("/teams/") and await states(ends) == ["forming"]

    mine = await li.reads(team)
    assert "还差 1 人才能提交" in mine and f"{OURS}{team}" in mine and "飞虎&lt;b&gt;" in mine
    assert (await li.browser.get(form)).status_code == 200
    invited = await zhang.reads(team)
    assert "<dt>队长</dt><dd>李娜</dd>" in invited and 'data-test="roster"' not in invited
    strangers = await stranger.reads(team)
    assert "职工才能组队报名" in strangers and "李娜" not in strangers
    unread = await zhang.taps(team, f"{team}/join", q_q1="大")
    assert unread.status_code == 422 and "请看完并同意" in unread.text
    await joins(zhang, team, notice)
    assert "张伟" in await zhang.reads(team) and "提交，全队报名" not in await zhang.reads(team)
    wang = await bound(ends, "王强", "10003")
    await joins(wang, team, notice)
    whole = await li.reads(team)
    assert "满了" in whole and whole.count("请他出队") == 2
    code = whole.rpartition('name="code" value="')[2][:16]
    assert (await li.taps(team, f"{team}/remove", code=code)).status_code == 303
    wangs = await wang.reads(team)
    assert "加入这支队" in wangs and await states(ends) == ["forming", "forming", "cancelled"]

    await they_wait_for_a_seat(ends, zhao, path, li, team)
    assert await states(ends) == ["confirmed", "confirmed", "cancelled"]
    assert "已报名，2 人。" in await zhang.reads(team)
    assert "已经提交，不能再加人" in await wang.reads(team)
    await staff_see_it(ends, zhao, path)


async def test_the_chat_says_it_is_for_teams_and_the_captain_hands_over(ends: Ends) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    path = await planned(zhao, **SIZES | {"question_prompt": ["", ""]})
    public = f"/activities/{path.rsplit('/', 1)[1]}"
    li, zhang = await bound(ends, "李娜", "10001"), await bound(ends, "张伟", "10002")
    await li.phone.says("活动")
    one = (await li.phone.chooses("职工羽毛球赛")).text
    assert "组队：每队 2 到 3 人" in one and "要组队报名" in one and "去建一支队" in one
    assert "我要报名" not in one

    team = str((await li.taps(f"{public}/team", f"{public}/team", name="飞虎")).headers["location"])
    assert (await zhang.taps(team, f"{team}/join")).status_code == 303
    await zhang.phone.says("活动")
    assert "我的队伍「飞虎」" in (await zhang.phone.chooses("职工羽毛球赛")).text
    code = (await li.reads(team)).partition('name="code" value="')[2][:16]
    assert (await li.taps(team, f"{team}/captain", code=code)).status_code == 303
    assert "请他出队" in await zhang.reads(team) and "请他出队" not in await li.reads(team)
    own = f"/me/sign-ups/{(await li.reads(team)).partition('/me/sign-ups/')[2][:16]}"
    assert (await li.taps(own, f"{own}/cancel")).status_code == 303
    stale = await zhang.browser.post(f"{team}/submit", data={"token": "0"})
    assert stale.status_code == 403
    assert "提交，全队报名" not in await zhang.reads(team), "one is too few"
