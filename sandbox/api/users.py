"""Followers: lists, details, remarks, the blacklist."""

from typing import Any

from sandbox import people
from sandbox.api.registry import OK, Answer, Call, endpoint, string, strings
from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World

PAGE = 10_000
REMARK_BYTES = 30


def paged(openids: list[str], after: str, most: int = PAGE) -> dict[str, Any]:
    """A page of openids after `after`; on the end page `data` is missing, as with WeChat."""
    start = openids.index(after) + 1 if after in openids else 0
    page = openids[start : start + most]
    answer: dict[str, Any] = {"count": len(page), "next_openid": page[-1] if page else ""}
    return answer | ({"data": {"openid": page}} if page else {})


@endpoint("/cgi-bin/user/get", "GET")
async def user_get(call: Call) -> Answer:
    after = call.query("next_openid")
    if after and people.find(call.world, after) is None:
        raise ApiError(40003, "invalid openid", "next_openid 不属于本公众号")
    rows = call.world.db.all(
        "select openid from person where following = 1 order by subscribed_at, position, openid"
    )
    openids = [row["openid"] for row in rows]
    return {"total": len(openids), **paged(openids, after)}


@endpoint("/cgi-bin/user/info", "GET")
async def user_info(call: Call) -> Answer:
    person = people.find(call.world, call.query("openid"))
    if person is None:
        raise ApiError(40003, "invalid openid", "这个 openid 不属于本公众号")
    return _info(call.world, person)


@endpoint("/cgi-bin/user/info/batchget")
async def user_info_batch(call: Call) -> Answer:
    wanted = call.json().get("user_list")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100:
        raise ApiError(40032, "invalid openid list size", "user_list 应有 1 至 100 项")
    found = [people.find(call.world, str(dict(one).get("openid"))) for one in wanted]
    if any(person is None for person in found):
        raise ApiError(40003, "invalid openid", "有 openid 不属于本公众号")
    return {"user_info_list": [_info(call.world, person) for person in found if person]}


def _info(world: World, person: Row) -> dict[str, Any]:
    if not person["following"]:
        return {"subscribe": 0, "openid": person["openid"], **people.unionid(world, person["openid"])}
    tags = people.tag_ids(world, person["openid"])
    scene = person["qr_scene"]
    return {
        "subscribe": 1,
        "openid": person["openid"],
        **people.unionid(world, person["openid"]),
        "subscribe_time": person["subscribed_at"],
        "remark": person["remark"],
        "groupid": tags[0] if tags else 0,
        "tagid_list": tags,
        "subscribe_scene": person["scene"],
        "qr_scene": int(scene) if scene.isdigit() else 0,
        "qr_scene_str": "" if scene.isdigit() else scene,
    }


@endpoint("/cgi-bin/user/info/updateremark")
async def update_remark(call: Call) -> Answer:
    body = call.json()
    person = call.follower(body.get("openid"))
    remark = string(body, "remark")
    size = len(remark.encode())
    if size >= REMARK_BYTES:
        raise ApiError(40092, "invalid remark name", f"备注有 {size} 字节，应少于 {REMARK_BYTES}")
    call.world.db.run("update person set remark = ? where openid = ?", remark, person["openid"])
    call.world.bus.publish("person", openid=person["openid"])
    return OK


@endpoint("/cgi-bin/tags/members/getblacklist")
async def blacklist(call: Call) -> Answer:
    rows = call.world.db.all("select openid from person where blacklisted = 1 order by position")
    openids = [row["openid"] for row in rows]
    page = paged(openids, string(call.json(), "begin_openid"), 1000)
    return {"total": len(openids), **page}


@endpoint("/cgi-bin/tags/members/batchblacklist")
async def blacklist_add(call: Call) -> Answer:
    return _set_blacklisted(call, 1)


@endpoint("/cgi-bin/tags/members/batchunblacklist")
async def blacklist_remove(call: Call) -> Answer:
    return _set_blacklisted(call, 0)


def _set_blacklisted(call: Call, value: int) -> Answer:
    openids = strings(call.json(), "openid_list", 20)
    for openid in openids:
        if people.find(call.world, openid) is None:
            raise ApiError(40003, "invalid openid", "有 openid 不属于本公众号")
    for openid in openids:
        call.world.db.run("update person set blacklisted = ? where openid = ?", value, openid)
    return OK
