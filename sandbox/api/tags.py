"""Tags and who has them (section 9)."""

from typing import Any

from sandbox import people
from sandbox.api.registry import OK, Answer, Call, endpoint, string, strings
from sandbox.api.users import paged
from sandbox.errors import ApiError
from sandbox.store import Row

STARRED = 2  # ids 0 to 2 belong to the platform
FIRST_OWN_ID = 100
TAGS, NAME_LENGTH, TAGS_PER_PERSON, MEMBERS_PER_CALL = 100, 30, 20, 50


def _part(call: Call) -> dict[str, Any]:
    part = call.json().get("tag")
    if not isinstance(part, dict):
        raise ApiError(47001, "data format error", "缺少 tag 对象")
    return part


def _checked_name(call: Call, part: dict[str, Any], own_id: int = -1) -> str:
    name = string(part, "name").strip()
    if len(name) > NAME_LENGTH:
        raise ApiError(45158, "tag name too long", f"标签名最多 {NAME_LENGTH} 个字符")
    taken = call.world.db.count("select count(*) from tag where name = ? and id != ?", name, own_id)
    if not name or taken or name == "星标组":
        raise ApiError(45157, "invalid tag name", "标签名为空，或与已有标签重复")
    return name


def _tag(call: Call, tag_id: Any) -> Row:
    if tag_id in (0, 1, STARRED):
        raise ApiError(45058, "can't modify sys tag", "不能改动系统标签")
    row = call.world.db.find("select * from tag where id = ?", tag_id) if _is_id(tag_id) else None
    if row is None:
        raise ApiError(45159, "invalid tag id", "没有这个标签")
    return row


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


@endpoint("/cgi-bin/tags/create")
async def create(call: Call) -> Answer:
    name = _checked_name(call, _part(call))
    db = call.world.db
    if db.count("select count(*) from tag") >= TAGS:
        raise ApiError(45056, "too many tag now, no need to add new", f"最多 {TAGS} 个标签")
    newest = db.setting("last_tag_id", FIRST_OWN_ID - 1) + 1
    db.set("last_tag_id", newest)
    db.run("insert into tag (id, name) values (?, ?)", newest, name)
    return {"tag": {"id": newest, "name": name}}


@endpoint("/cgi-bin/tags/get", "GET")
async def get(call: Call) -> Answer:
    rows = call.world.db.all(
        "select tag.id, name, count(person_tag.openid) as count from tag "
        "left join person_tag on tag_id = tag.id group by tag.id order by tag.id"
    )
    return {"tags": [{"id": STARRED, "name": "星标组", "count": 0}, *rows]}


@endpoint("/cgi-bin/tags/update")
async def update(call: Call) -> Answer:
    part = _part(call)
    tag = _tag(call, part.get("id"))
    name = _checked_name(call, part, tag["id"])
    call.world.db.run("update tag set name = ? where id = ?", name, tag["id"])
    return OK


@endpoint("/cgi-bin/tags/delete")
async def delete(call: Call) -> Answer:
    tag = _tag(call, _part(call).get("id"))
    call.world.db.run("delete from person_tag where tag_id = ?", tag["id"])
    call.world.db.run("delete from tag where id = ?", tag["id"])
    call.world.bus.publish("menu")
    return OK


@endpoint("/cgi-bin/user/tag/get", "*")
async def members(call: Call) -> Answer:
    body = call.json()
    tag = _tag(call, body.get("tagid"))
    rows = call.world.db.all("select openid from person_tag where tag_id = ? order by seq", tag["id"])
    return paged([row["openid"] for row in rows], string(body, "next_openid"))


@endpoint("/cgi-bin/tags/getidlist")
async def of_person(call: Call) -> Answer:
    openid = str(call.json().get("openid") or "")
    _check_follower(call, openid)
    return {"tagid_list": people.tag_ids(call.world, openid)}


@endpoint("/cgi-bin/tags/members/batchtagging")
async def give(call: Call) -> Answer:
    openids, tag_id = _members(call)
    db = call.world.db
    for openid in openids:
        held = people.tag_ids(call.world, openid)
        if tag_id not in held and len(held) >= TAGS_PER_PERSON:
            raise ApiError(45059, "user has too many tags", f"每人最多 {TAGS_PER_PERSON} 个标签")
    for openid in openids:
        # Given again, a tag becomes the last given: that one decides conditional menus.
        db.run("delete from person_tag where openid = ? and tag_id = ?", openid, tag_id)
        db.run("insert into person_tag (openid, tag_id) values (?, ?)", openid, tag_id)
    _tell(call, openids)
    return OK


@endpoint("/cgi-bin/tags/members/batchuntagging")
async def take(call: Call) -> Answer:
    openids, tag_id = _members(call)
    for openid in openids:
        call.world.db.run("delete from person_tag where openid = ? and tag_id = ?", openid, tag_id)
    _tell(call, openids)
    return OK


def _members(call: Call) -> tuple[list[str], int]:
    body = call.json()
    openids = strings(body, "openid_list", MEMBERS_PER_CALL)
    tag = _tag(call, body.get("tagid"))
    for openid in openids:
        _check_follower(call, openid)
    return openids, int(tag["id"])


def _check_follower(call: Call, openid: str) -> None:
    """
    Raises:
        ApiError: 49003 nobody's here, 50005 not following. The calls of tags have these codes of their own.
    """
    person = people.find(call.world, openid)
    if person is None:
        raise ApiError(49003, "not match openid with appid", f"{openid}不属于本公众号")
    if not person["following"]:
        raise ApiError(50005, "user is unsubscribed", f"{person['name']}没有关注")


def _tell(call: Call, openids: list[str]) -> None:
    for openid in openids:
        call.world.bus.publish("person", openid=openid)
    call.world.bus.publish("menu")
