"""组队报名 and 替同事报名 in the mini-program: the rules of the pages, said in the same words."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from models import Account, AccountKind, CrisisAlert, Follower, Guess, SignUp, SignUpMove, Team
from tests import api_app, making
from tests.api_app import API, App, announce, app_of, is_problem
from tests.both_ends import OURS, Ends

ends, li = api_app.ends, api_app.li
ASKED = [{"key": "size", "prompt": "衣服尺码？", "kind": "choice", "options": ["大", "小"]}]
SIZE: dict[str, Any] = {"answers": {"size": "大"}}
DARK = {"answers": {"size": "我不想活了"}}


async def colleague(ends: Ends, name: str, number: str) -> App:
    """A member with the mini-program, whom the official account reaches."""
    app = await app_of(ends, name)
    person_id = await app.person_id()
    async with ends.house.database.transaction() as session:
        await making.member(session, name, staff_number=number, person_id=person_id)
        ours = await session.scalar(sa.select(Account.id).where(Account.kind == AccountKind.OFFICIAL))
        at = ends.house.clock.now()
        session.add(Follower(account_id=ours, openid=f"o{number}", person_id=person_id, subscribed_at=at))
    return app


async def own_sign_up(who: App) -> Any:
    (found,) = (await who.gets(f"{API}/me/sign-ups"))["items"]
    return found


async def count(ends: Ends, what: Any) -> int:
    async with ends.house.database.reading() as session:
        return int(await session.scalar(sa.select(sa.func.count()).select_from(what)) or 0)


async def before_there_is_a_team(ends: Ends, run: str, who: App, stranger: App) -> None:
    shown = (await ends.web.get(f"{API}/activities/{run}")).json()
    assert shown["team"] == {"least": 2, "most": 3}
    standing = await who.gets(f"{API}/activities/{run}/mine")
    assert (standing["may_sign_up"], standing["may_make_team"], standing["team_obstacle"]) == (
        False,
        True,
        "",
    )
    alone = is_problem(await who.acts(f"{API}/activities/{run}/sign-ups", SIZE), 409, "refused")
    assert alone["detail"] == standing["obstacle"] and "要组队报名" in alone["detail"]
    standing = await stranger.gets(f"{API}/activities/{run}/mine")
    assert not standing["may_make_team"] and "职工才能组队报名" in standing["team_obstacle"]
    made = await stranger.acts(f"{API}/activities/{run}/teams", {"name": "飞虎", **SIZE})
    assert is_problem(made, 409, "refused")["detail"] == standing["team_obstacle"]
    for given, words in (
        ({"name": " ", **SIZE}, "请写队名"),
        ({"name": "飞虎"}, "「衣服尺码」要填写"),
        ({"name": "飞虎", "answers": {"size": "巨大"}}, "请从这几项里选"),
    ):
        refused = await who.acts(f"{API}/activities/{run}/teams", given)
        assert words in is_problem(refused, 422, "invalid")["detail"]


async def the_rest_is_for_the_captain(at: str, zhang: App, wang: App, chen: App) -> None:
    for refused in (
        await zhang.acts(f"{at}/submission"),
        await chen.acts(f"{at}/submission"),
        await zhang.calls("DELETE", f"{at}/members/{(await own_sign_up(wang))['id']}"),
        await zhang.calls("PUT", f"{at}/captain", {"member_id": (await own_sign_up(zhang))["id"]}),
    ):
        assert is_problem(refused, 403, "refused")["detail"] == "这件事由队长办。"


async def he_hands_it_in(at: str, zhang: App, chen: App) -> None:
    """As he saw it: not where somebody came in meanwhile."""
    stale = (await zhang.calls("GET", at)).headers["etag"]
    await chen.acts(f"{at}/members", SIZE)
    is_problem(await zhang.acts(f"{at}/submission", If_Match=stale), 412, "changed_meanwhile")
    fresh = (await zhang.calls("GET", at)).headers["etag"]
    for tag in (fresh, "*"):
        done = (await zhang.acts(f"{at}/submission", If_Match=tag)).json()
        assert (done["label"], done["gathers"], done["may_submit"], done["count"]) == (
            "已报名",
            False,
            False,
            3,
        )


async def she_makes_it(ends: Ends, run: str, li: App) -> str:
    """Returns its address."""
    key = "k" * 16
    for _ in range(2):
        made = await li.acts(f"{API}/activities/{run}/teams", {"name": " 飞 虎 ", **SIZE}, key)
        assert made.status_code == 201, made.text
    team = made.json()["team"]
    at = made.headers["location"]
    assert at == f"{API}/teams/{team['id']}" and await count(ends, Team) == 1
    again = await li.acts(f"{API}/activities/{run}/teams", {"name": "别的", **SIZE})
    assert again.json()["team"]["id"] == team["id"], "who leads one gets that"
    assert (team["name"], team["label"], team["count"], team["may_submit"]) == ("飞 虎", "组队中", 1, False)
    assert team["address"] == f"{OURS}/teams/{team['id']}"
    few = is_problem(await li.acts(f"{at}/submission"), 409, "refused")
    assert few["detail"] == "「飞 虎」队现在 1 人，要 2 人才能提交。"
    return at


async def others_come_in(at: str, zhang: App, wang: App, stranger: App) -> None:
    seen = await zhang.gets(at)
    assert (seen["captain"], seen["people"], seen["may_join"]) == ("赵敏", [], True)
    outside = await stranger.gets(at)
    assert (outside["captain"], outside["people"], outside["may_join"]) == ("", [], False)
    assert "职工才能组队报名" in outside["obstacle"] and "赵敏" not in str(outside)
    is_problem(await stranger.acts(f"{at}/members", SIZE), 409, "refused")
    is_problem(await zhang.acts(f"{at}/members"), 422, "invalid")
    for who in (zhang, wang, zhang):
        joined = await who.acts(f"{at}/members", SIZE)
        assert joined.status_code == 201 and joined.json()["danger"] == ""


async def test_three_make_a_team_and_hand_it_in(ends: Ends) -> None:
    run = (await announce(ends, "篮球赛", team_least=2, team_most=3, capacity=3, questions=ASKED)).public_id
    li, zhang, wang = [
        await colleague(ends, name, number)
        for name, number in (("赵敏", "20001"), ("张伟", "20002"), ("王强", "20003"))
    ]
    stranger = await app_of(ends, "周杰")
    await before_there_is_a_team(ends, run, li, stranger)

    at = await she_makes_it(ends, run, li)
    await others_come_in(at, zhang, wang, stranger)
    people = (await zhang.gets(at))["people"]
    assert [(each["name"], each["id"], each["is_me"]) for each in people] == [
        *[("赵敏", None, False), ("张伟", None, True), ("王强", None, False)]
    ], "of the others nobody but the captain has an id"
    chen = await colleague(ends, "陈静", "20004")
    full = await chen.gets(at)
    assert (full["may_join"], full["obstacle"][:8]) == (False, "「飞 虎」队满了")
    assert is_problem(await chen.acts(f"{at}/members", SIZE), 409, "refused")["detail"] == full["obstacle"]

    await the_rest_is_for_the_captain(at, zhang, wang, chen)
    whole = await li.gets(at)
    ids = {each["name"]: each["id"] for each in whole["people"]}
    for _ in range(2):
        assert (await li.calls("DELETE", f"{at}/members/{ids['王强']}")).status_code == 204
    is_problem(await li.calls("DELETE", f"{at}/members/none"), 404, "not_found")
    assert (await own_sign_up(zhang))["team"] == {
        "id": at.rpartition("/")[2],
        "name": "飞 虎",
        "is_captain": False,
    }
    for _ in range(2):
        handed = await li.calls("PUT", f"{at}/captain", {"member_id": ids["张伟"]})
        assert handed.status_code == 200, handed.text
        assert [each["name"] for each in handed.json()["people"]] == ["张伟", "赵敏"]

    await he_hands_it_in(at, zhang, chen)
    late = is_problem(await wang.acts(f"{at}/members", SIZE), 409, "refused")
    assert "已经提交，不能再加人" in late["detail"] == (await wang.gets(at))["obstacle"]
    mine = await own_sign_up(li)
    assert (mine["state"], mine["seats"], mine["team"]["is_captain"]) == ("confirmed", 1, False)
    left = await li.acts(f"{API}/me/sign-ups/{mine['id']}/cancel")
    assert (left.json()["state"], left.json()["team"]) == ("cancelled", None)
    async with ends.house.database.reading() as session:
        ways = set(await session.scalars(sa.select(SignUpMove.channel).where(SignUpMove.by == "member")))
    assert ways == {"api"}


async def test_too_late_a_team_is_neither_made_nor_handed_in_and_danger_is_heeded(ends: Ends) -> None:
    run = await announce(
        ends, "篮球赛", team_least=2, team_most=3, questions=[{"key": "size", "prompt": "话"}]
    )
    li, zhang = await colleague(ends, "赵敏", "20001"), await colleague(ends, "张伟", "20002")
    made = await li.acts(f"{API}/activities/{run.public_id}/teams", {"name": "飞虎", **DARK})
    assert made.status_code == 201 and "12356" in made.json()["danger"]
    at = made.headers["location"]
    await zhang.acts(f"{at}/members", SIZE)
    hours = (run.closes_at - ends.house.clock.now()) / timedelta(hours=1)
    await ends.moves_time(hours=hours)
    await li.logs_in()
    await zhang.logs_in()

    said = is_problem(await li.acts(f"{at}/submission"), 409, "refused")["detail"]
    assert said == "「篮球赛」报名已截止。" and not (await li.gets(at))["may_submit"]
    own = (await li.gets(f"{API}/activities/{run.public_id}/mine"))["sign_up"]
    await li.acts(f"{API}/me/sign-ups/{own['id']}/cancel")
    gone = await zhang.gets(at)
    assert (gone["label"], gone["obstacle"]) == ("已解散", "「飞虎」队已经解散。")
    refused = await zhang.acts(f"{at}/members", DARK, "d" * 16)
    assert is_problem(refused, 409, "refused")["detail"].startswith("您现在的安全最要紧")
    assert await count(ends, CrisisAlert) == 2, "of the one and of the other, though he was refused"


async def who_may_and_who_fits(ends: Ends, run: str, path: str, li: App, stranger: App) -> None:
    standing = await stranger.gets(f"{API}/activities/{run}/mine")
    assert not standing["may_help"] and "职工才能替同事报名" in standing["help_obstacle"]
    assert (await li.gets(f"{API}/activities/{run}/mine"))["may_help"]
    told = is_problem(
        await stranger.acts(path, {"staff_number": "20002", "name": "张伟", **SIZE}), 409, "refused"
    )
    assert told["detail"] == standing["help_obstacle"]

    sent = {"staff_number": "20002", "name": "张伟", **SIZE}
    is_problem(await li.acts(path, sent | {"answers": {}}), 422, "invalid")
    wrong = [
        is_problem(await li.acts(path, sent | each), 422, "does_not_fit")["detail"]
        for each in ({"name": "张维"}, {"staff_number": "99999"})
    ]
    assert [each[:-6] for each in wrong] == [wrong[0][:-6]] * 2, "neither is told from the other"
    assert ["4 次" in wrong[0], "3 次" in wrong[1]] == [True, True] and await count(ends, Guess) == 2


async def no_tries_are_left(ends: Ends, run: str, path: str, li: App) -> None:
    sent = {"staff_number": "20002", "name": "张伟", **SIZE}
    for left in (2, 1, 0):
        tried = is_problem(await li.acts(path, sent | {"name": "我不想活了"}), 422, "does_not_fit")["detail"]
        assert "12356" in tried and (f"{left} 次" in tried or "今天不能再试了" in tried)
    over = is_problem(await li.acts(path, sent), 409, "refused")["detail"]
    assert "今天核对不上的次数太多了" in over and await count(ends, Guess) == 5
    assert (await li.gets(f"{API}/activities/{run}/mine"))["help_obstacle"] == over


async def test_a_colleague_is_signed_up_and_the_tries_are_counted(ends: Ends) -> None:
    run = (await announce(ends, "登山", colleagues=True, questions=ASKED)).public_id
    li, zhang, wang = [
        await colleague(ends, name, number)
        for name, number in (("赵敏", "20001"), ("张伟", "20002"), ("王强", "20003"))
    ]
    stranger = await app_of(ends, "周杰")
    path = f"{API}/activities/{run}/colleagues"
    await who_may_and_who_fits(ends, run, path, li, stranger)
    sent = {"staff_number": "20002", "name": "张伟", **SIZE}
    key = "c" * 16
    for _ in range(2):
        done = await li.acts(path, sent, key)
        assert done.status_code == 201, done.text
    helped = done.json()["helped"]
    at = done.headers["location"]
    assert at == f"{API}/me/helped/{helped['id']}" and await count(ends, SignUp) == 1
    assert (await li.acts(path, sent)).json()["helped"] == helped, "the same request again"
    assert (helped["name"], helped["label"], helped["may_cancel"]) == ("张伟", "已报名", True)
    assert "ticket" not in helped and (await li.gets(f"{API}/me/sign-ups"))["items"] == []
    is_problem(await wang.calls("GET", at), 404, "not_found")
    is_problem(await wang.acts(f"{at}/cancel"), 404, "not_found")

    second = (await li.acts(path, {"staff_number": "20003", "name": "王强", **SIZE})).json()["helped"]
    first_page = await li.gets(f"{API}/me/helped?limit=1")
    rest = await li.gets(f"{API}/me/helped?limit=1&cursor={first_page['next']}")
    assert [each["items"][0]["id"] for each in (first_page, rest)] == [helped["id"], second["id"]]
    assert rest["next"] is None and (await zhang.gets(f"{API}/me/helped"))["items"] == []

    mine = await own_sign_up(zhang)
    assert (mine["helper"], mine["may_keep"], mine["state"]) == ("赵敏", True, "confirmed")
    for _ in range(2):
        kept = await zhang.acts(f"{API}/me/sign-ups/{mine['id']}/keep")
        assert kept.json()["may_keep"] is False and kept.json()["helper"] == "赵敏"
    assert (await li.gets(at))["label"] == "本人已办理"
    mine_now = is_problem(await li.acts(f"{at}/cancel"), 409, "refused")["detail"]
    assert mine_now == "张伟自己已经办过这次报名，不能再替他取消。"
    seen = (await li.calls("GET", f"{API}/me/helped/{second['id']}")).headers["etag"]
    for tag in (seen, "*"):
        back = await li.acts(f"{API}/me/helped/{second['id']}/cancel", If_Match=tag)
        assert (back.json()["label"], back.json()["may_cancel"]) == ("已取消", False)
    is_problem(
        await li.acts(f"{API}/me/helped/{second['id']}/cancel", If_Match=seen), 412, "changed_meanwhile"
    )

    await no_tries_are_left(ends, run, path, li)
    assert await count(ends, CrisisAlert) == 1


async def test_what_is_typed_into_a_sign_up_is_heeded_whatever_becomes_of_it(ends: Ends, li: App) -> None:
    until = ends.house.clock.now() + timedelta(hours=1)
    run = await announce(ends, questions=ASKED, changes_until=until)
    path = f"{API}/activities/{run.public_id}/sign-ups"
    named = {**SIZE, "companions": [{"name": "我不想活了", "age": 30}]}

    wrong = is_problem(await li.acts(path, DARK), 422, "invalid")["detail"]
    assert wrong.startswith("您现在的安全最要紧") and "请从这几项里选" in wrong
    refused = is_problem(await li.acts(path, {"seats": 2, **named}), 409, "refused")["detail"]
    assert "12356" in refused and "每人最多带 0 位同伴" in refused and await count(ends, CrisisAlert) == 2

    free = await announce(ends, "登山", questions=[{"key": "size", "prompt": "话"}], changes_until=until)
    made = (await li.acts(f"{API}/activities/{free.public_id}/sign-ups", DARK)).json()
    own = f"{API}/me/sign-ups/{made['id']}"
    assert "12356" in made["danger"] and made["state"] == "confirmed"
    assert (await li.gets(own))["danger"] == ""
    for given, status in (({"seats": 1, **DARK}, 200), ({"seats": 9, **DARK}, 409)):
        changed = await li.calls("PUT", own, given)
        assert changed.status_code == status and "12356" in changed.text
