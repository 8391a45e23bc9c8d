"""The people one can be: who they are, whether they follow, and which tags they were given."""

import hashlib
from typing import Any

from sandbox import follows, windows
from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.world import World

REFUSES_LATER, REFUSES_AT_ONCE = 1, 2  # a template message fails after it was accepted, or is not accepted
UNLISTED = 0  # the position of a crowd
FIRST_PEOPLE = ("王秀兰", "李建国", "张伟", "陈静", "刘洋")


def seed(world: World) -> None:
    """The five of the first start, and who follows by then; openids depend on app id and name alone."""
    if world.db.count("select count(*) from person where position > ?", UNLISTED):
        return
    for name in dict.fromkeys((*FIRST_PEOPLE, *world.config.following)):
        person = create(world, name)
        if name in world.config.following:  # the service has heard from them: nothing is pushed
            set_following(world, person["openid"], True)
            windows.grant(world, person["openid"], "message")


def create(world: World, name: str) -> Row:
    """A new person who does not follow yet.

    Raises:
        NotPossible: the name is empty or taken.
    """
    name = name.strip()[:30]
    if not name:
        raise NotPossible("请填写姓名。", 400)
    if world.db.count("select count(*) from person where name = ?", name):
        raise NotPossible(f"已经有叫「{name}」的人了。")
    position = world.db.count("select max(position) from person") + 1
    digest = hashlib.sha256(f"{world.config.app_id}:{name}".encode()).hexdigest()
    openid = "o" + digest[:27]  # 28 characters, like real ones
    world.db.run("insert into person (openid, name, position) values (?, ?, ?)",
                 openid, name, position)  # fmt: skip
    world.bus.publish("person", openid=openid)
    return get(world, openid)


def add_crowd(world: World, count: int, *, wrote: bool) -> int:
    """So many more who follow, for what must be fast: no push tells of them, and the page lists none.

    `wrote`: each has an open window, as after writing. Returns how many there are then.
    """
    before = world.db.count("select count(*) from person where position = ?", UNLISTED)
    world.db.run(
        "with recursive number (n) as (select ?1 + 1 union all select n + 1 from number where n < ?1 + ?2) "
        "insert into person (openid, name, following, subscribed_at, position) "
        "select printf('oCrowd%022d', n), printf('群众%06d', n), 1, ?3, ?4 from number",
        before,
        count,
        int(world.now()),
        UNLISTED,
    )
    if wrote:
        messages, seconds = windows.ALLOWANCES["message"]
        world.db.run(
            "insert or replace into allowance (openid, action, until, left, at) "
            "select openid, 'message', ?1 + ?2, ?3, ?1 from person where position = ?4",
            world.now(),
            seconds,
            messages,
            UNLISTED,
        )
    world.db.commit()
    return before + count


def find(world: World, openid: str) -> Row | None:
    return world.db.find("select * from person where openid = ?", openid)


def get(world: World, openid_or_name: str) -> Row:
    """The person, by openid or by name."""
    row = world.db.find(
        "select * from person where openid = ?1 or name = ?1 order by openid = ?1 desc",
        openid_or_name,
    )
    if row is None:
        raise NotPossible(f"没有「{openid_or_name}」这个人。", 404)
    return row


def wechat_id(openid: str) -> str:
    """The person's 微信号, under which a preview can be sent."""
    return f"wxid_{openid[1:13]}"


def by_wechat_id(world: World, name: str) -> Row | None:
    rest = name.removeprefix("wxid_")
    if rest == name or not rest.isalnum():
        return None
    row = world.db.find("select * from person where openid > ?1 and openid < ?1 || 'z'", f"o{rest}")
    return row if row and wechat_id(row["openid"]) == name else None


def helper(world: World) -> str:
    """The openid of the account's own helper, from whom the results of jobs come. Nobody is behind it."""
    return "o" + hashlib.sha256(f"{world.config.app_id}:helper".encode()).hexdigest()[:27]


def follower(world: World, openid_or_name: str) -> Row:
    person = get(world, openid_or_name)
    if not person["following"]:
        raise NotPossible(f"{person['name']}还没有关注公众号，请先关注。")
    return person


def unionid(world: World, openid: str) -> dict[str, str]:
    """`{"unionid": …}` as answers carry it, or nothing when the account is bound to no Open Platform.

    It follows from the name alone, so that every app of one platform finds the same person.
    """
    if not world.db.setting("open_platform", world.config.open_platform):
        return {}
    person = find(world, openid)
    seed = person["name"] if person else openid  # an account made up for a snapshot has no name
    return {"unionid": "o" + hashlib.sha256(f"open platform:{seed}".encode()).hexdigest()[:27]}


def list_all(world: World) -> list[dict[str, Any]]:
    rows = world.db.all("select * from person where position > ? order by position", UNLISTED)
    return [described(world, row) for row in rows]


def described(world: World, row: Row) -> dict[str, Any]:
    """As the control API and the page see a person."""
    last = world.db.find(
        "select type, content, at from message where openid = ? order by id desc limit 1",
        row["openid"],
    )
    return {
        "openid": row["openid"],
        "name": row["name"],
        "wechat_id": wechat_id(row["openid"]),
        "following": bool(row["following"]),
        "remark": row["remark"],
        "refuses": bool(row["refuses"]),
        "tags": tag_names(world, row["openid"]),
        "last_at": last["at"] if last else None,
    }


def set_following(world: World, openid: str, following: bool, *, qr_scene: str = "") -> None:
    """WeChat forgets tags and remark of those who leave."""
    if following:
        scene = "ADD_SCENE_QR_CODE" if qr_scene else "ADD_SCENE_SEARCH"
        world.db.run(
            "update person set following = 1, subscribed_at = ?, scene = ?, qr_scene = ? where openid = ?",
            int(world.now()),
            scene,
            qr_scene,
            openid,
        )
    else:
        scene = ""
        world.db.run("update person set following = 0, remark = '' where openid = ?", openid)
        world.db.run("delete from person_tag where openid = ?", openid)
        world.db.run("delete from allowance where openid = ?", openid)
    follows.note(world, openid, scene, came=following)
    world.bus.publish("person", openid=openid)


def tag_ids(world: World, openid: str) -> list[int]:
    """In the order they were given, the last one last."""
    rows = world.db.all("select tag_id from person_tag where openid = ? order by seq", openid)
    return [row["tag_id"] for row in rows]


def tag_names(world: World, openid: str) -> list[str]:
    rows = world.db.all(
        "select tag.name from person_tag join tag on tag.id = tag_id where openid = ? order by seq",
        openid,
    )
    return [row["name"] for row in rows]
