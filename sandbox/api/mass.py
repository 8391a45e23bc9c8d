"""Mass sending as the service calls it (section 7); what becomes of an order is `sandbox.mass`."""

import hashlib
import json
from typing import Any

from sandbox import conversations, people, publications, quotas
from sandbox.api import mass_contents
from sandbox.api.mass_contents import Carried
from sandbox.api.registry import OK, Answer, Call, endpoint, string
from sandbox.conversations import IN
from sandbox.errors import ApiError
from sandbox.mass import jobs, limits, outcomes, sending
from sandbox.mass.jobs import Order
from sandbox.store import Row
from sandbox.world import World

PATH = "/cgi-bin/message/mass"
CLIENT_ID_BYTES = 32
LEAST_OPENIDS, MOST_OPENIDS = 2, 10_000
BY_WECHAT_ID = f"{PATH}/preview by towxname"  # counted by itself
SPEEDS = (80, 60, 45, 30, 10)  # 10,000 people a minute
SYSTEM_TAGS = (0, 1, 2)


@endpoint(f"{PATH}/sendall")
async def sendall(call: Call) -> Answer:
    body = _begun(call)
    world, known = call.world, _client_id(call, body)
    chosen = body.get("filter")
    if not isinstance(chosen, dict):
        raise ApiError(40152, "invalid tag_id", "缺少 filter")
    to_all = chosen.get("is_to_all") is True
    tag_id = None if to_all else _tag(call, chosen.get("tag_id"))
    carried = _carried(call, body)
    if to_all and jobs.waiting(world):
        raise ApiError(89504, "mass send is waiting for the admin", "上一次群发还在等管理员确认")
    limits.check(world, to_all=to_all)
    return _accepted(
        call, body, Order(jobs.SENDALL, to_all=to_all, tag_id=tag_id, **_shown(body, carried, known))
    )


@endpoint(f"{PATH}/send")
async def send(call: Call) -> Answer:
    body = _begun(call, by_list=True)
    known = _client_id(call, body)
    openids = _openids(call, body.get("touser"))
    order = Order(jobs.SEND, openids=openids, **_shown(body, _carried(call, body), known))
    return _accepted(call, body, order)


def _begun(call: Call, *, by_list: bool = False) -> dict[str, Any]:
    call.world.rates.count(f"{PATH}/sendall", call.world.now())
    limits.check_right(call.world, by_list=by_list)
    return call.json()


def _client_id(call: Call, body: dict[str, Any]) -> str:
    """The key of this order: the caller's, or one of content and receivers.

    Raises:
        ApiError: 45067 too long, 45066 ordered within the last minute, 45065 within 24 hours; 89504 it is
            the one that waits for the admin.
    """
    given = str(body.get("clientmsgid") or "")
    if len(given.encode()) > CLIENT_ID_BYTES:
        raise ApiError(45067, "clientmsgid size out of limit", f"clientmsgid 最多 {CLIENT_ID_BYTES} 字节")
    if not given:
        text = json.dumps({**body, "path": call.path}, sort_keys=True)
        given = "derived " + hashlib.sha256(text.encode()).hexdigest()
    job = jobs.before(call.world, given)
    if job is None:
        return given
    if job["state"] == jobs.ASKED:
        raise ApiError(89504, "mass send is waiting for the admin", "还在等管理员确认", msg_id=job["msg_id"])
    if call.world.now() - job["at"] < jobs.TOO_SOON_SECONDS:
        raise ApiError(45066, "clientmsgid retry too fast", "同一个 clientmsgid 一分钟内不能重试")
    raise ApiError(45065, "clientmsgid exist", "这个 clientmsgid 24 小时内已经群发过", msg_id=job["msg_id"])


def _tag(call: Call, tag_id: object) -> int:
    known = isinstance(tag_id, int) and not isinstance(tag_id, bool)
    if known and tag_id not in SYSTEM_TAGS:
        known = call.world.db.count("select count(*) from tag where id = ?", tag_id) > 0
    if not known:
        raise ApiError(40152, "invalid tag_id", "没有这个标签")
    return int(str(tag_id))


def _openids(call: Call, given: object) -> tuple[str, ...]:
    """
    Raises:
        ApiError: 40031 no list of openids, 40130 fewer than two, 40032 too many, 40003 somebody unknown.
    """
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise ApiError(40031, "invalid openid list", "touser 应是 openid 的列表")
    openids = tuple(dict.fromkeys(given))
    if len(openids) < LEAST_OPENIDS:
        raise ApiError(40130, "invalid openid list size, at least two openid", "touser 至少要有两个人")
    if len(given) > MOST_OPENIDS:
        raise ApiError(40032, "invalid openid list size", f"touser 最多 {MOST_OPENIDS} 个")
    found = call.world.db.count(
        "select count(*) from person where openid in (select value from json_each(?))", json.dumps(openids)
    )
    if found < len(openids):
        raise ApiError(40003, "invalid openid", "touser 里有不属于本公众号的 openid")
    return openids


def _carried(call: Call, body: dict[str, Any]) -> Carried:
    if body.get("send_ignore_reprint", 0) not in (0, 1):
        raise ApiError(47001, "data format error", "send_ignore_reprint 应为 0 或 1")
    carried = mass_contents.read(call, body)
    if carried.media_id and jobs.is_under_way(call.world, carried.media_id):
        raise ApiError(42010, "same media_id mass send too fast", "同一份素材正在群发")
    return carried


def _shown(body: dict[str, Any], carried: Carried, client_msg_id: str) -> dict[str, Any]:
    ignored = body.get("send_ignore_reprint") == 1
    return {**vars(carried), "client_msg_id": client_msg_id, "ignore_reprint": ignored}


def _accepted(call: Call, body: dict[str, Any], order: Order) -> Answer:
    job = sending.begin(call.world, order)
    if job["state"] == jobs.ASKED:
        raise ApiError(89505, "mass send entered the approval", "要等管理员确认", msg_id=job["msg_id"])
    answer: dict[str, Any] = {"errcode": 0, "errmsg": "send job submission success", "msg_id": job["msg_id"]}
    return {**answer, "msg_data_id": job["msg_data_id"]} if body["msgtype"] == "mpnews" else answer


@endpoint(f"{PATH}/preview")
async def preview(call: Call) -> Answer:
    """To one person at once: it counts for nobody's four, and nothing is told of it."""
    body = _begun(call)
    person = _previewer(call, body)
    carried = mass_contents.read(call, body, preview=True)
    conversations.add(call.world, person["openid"], IN, carried.type, {**carried.content, "way": "preview"})
    return OK


def _previewer(call: Call, body: dict[str, Any]) -> Row:
    name = string(body, "towxname")  # goes before touser
    if not name:
        return call.follower(body.get("touser"))
    quotas.count(call.world, call.app.name, BY_WECHAT_ID)
    person = people.by_wechat_id(call.world, name)
    if person is None:
        raise ApiError(40003, "invalid openid", "没有这个微信号")
    return call.follower(person["openid"])


@endpoint(f"{PATH}/get")
async def get(call: Call) -> Answer:
    sending.look(call.world)
    job = _job(call, _begun(call))
    return {"msg_id": job["msg_id"], "msg_status": _status(call.world, job)}


def _job(call: Call, body: dict[str, Any]) -> Row:
    job = jobs.find(call.world, body.get("msg_id"))
    if job is None or job["way"] == jobs.CONSOLE:
        raise ApiError(40059, "invalid msg id", "没有这个 msg_id 的群发")
    return job


def _status(world: World, job: Row) -> str:
    sent = publications.by_data_id(world, job["msg_data_id"])
    if job["deleted"] or (sent and publications.is_deleted(world, sent.article_id)):
        return "DELETE"
    if job["state"] != jobs.FINISHED:
        return "SENDING"
    return "SEND_SUCCESS" if job["status"] == outcomes.SUCCESS else "SEND_FAIL"


@endpoint(f"{PATH}/delete")
async def delete(call: Call) -> Answer:
    """The cards stay in the chats; what they open is gone, and of articles all sends at once."""
    body = _begun(call)
    job, number = _named(call, body)
    if job["type"] not in ("video", "news"):
        raise ApiError(40204, "can not delete this message", "只能删除图文和视频")
    if _status(call.world, job) != "SEND_SUCCESS":
        raise ApiError(40065, "invalid article status", "没有发完，或已经删除")
    if job["type"] == "video":
        jobs.change(call.world, job["msg_id"], deleted=1)
        return OK
    sent = publications.by_data_id(call.world, job["msg_data_id"])
    if sent is None or not 0 <= number <= len(sent.items):
        raise ApiError(40060, "invalid article idx", f"没有第 {number} 篇")
    publications.delete(call.world, sent.article_id, number)
    return OK


def _named(call: Call, body: dict[str, Any]) -> tuple[Row, int]:
    """The job, and which of its articles: 0 is all."""
    number = body.get("article_idx", 0)
    if not isinstance(number, int) or isinstance(number, bool):
        raise ApiError(40060, "invalid article idx", "article_idx 应是整数")
    url = string(body, "url")
    if not url:
        return _job(call, body), number
    article = publications.page(call.world, publications.key_of(call.world, url) or "")
    job = jobs.of_articles(call.world, article["msg_data_id"]) if article else None
    if article is None or job is None:
        raise ApiError(40059, "invalid msg id", "没有群发过这篇文章")
    return job, article["number"]


@endpoint(f"{PATH}/speed/get")
async def speed(call: Call) -> Answer:
    _begun(call)
    chosen = call.world.db.setting("mass_speed", 0)
    return {**OK, "speed": chosen, "realspeed": SPEEDS[chosen]}


@endpoint(f"{PATH}/speed/set")
async def set_speed(call: Call) -> Answer:
    body = _begun(call)
    if "speed" not in body:
        raise ApiError(45084, "speed is missing", "缺少 speed")
    chosen = body["speed"]
    if not isinstance(chosen, int) or isinstance(chosen, bool) or not 0 <= chosen < len(SPEEDS):
        raise ApiError(45083, "invalid speed", f"speed 应为 0 至 {len(SPEEDS) - 1}")
    call.world.db.set("mass_speed", chosen)
    return OK
