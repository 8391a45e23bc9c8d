"""Content checks of the mini-program (section 12): texts at once, media later, and how risky a person is."""

import secrets
from urllib.parse import urlsplit

import httpx

from sandbox import actions, media, people
from sandbox.api.registry import MINIPROGRAM_ONLY, OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError
from sandbox.miniprogram import contents, program, visitors
from sandbox.miniprogram import pushes as miniprogram_pushes
from sandbox.miniprogram.contents import RISKY, Finding
from sandbox.store import Row
from sandbox.world import World

VERSION = 2
SCENES = (1, 2, 3, 4)
PROFILE = 1  # the one scene with a signature
TEXT_CHARACTERS = 2500
MEDIA_TYPES = (1, 2)  # sound, picture
MEDIA_BYTES = 10 * 1024 * 1024


@endpoint("/wxa/msg_sec_check", apps=MINIPROGRAM_ONLY)
async def check_text(call: Call) -> Answer:
    """The errcode is 0 even for risky texts: the judgement is in `result`."""
    world, body = call.world, call.json()
    world.rates.count(call.path, world.now())
    content = string(body, "content")
    if not content:
        raise ApiError(44004, "empty content", "content 为空")
    if body.get("version", 1) != VERSION:
        return _check_as_before(content)
    scene = _scene(body.get("scene"))
    _active(call, body.get("openid"))
    if len(content) > TEXT_CHARACTERS:
        raise ApiError(45002, "content size out of limit", f"{len(content)} 字，上限 {TEXT_CHARACTERS}")
    names = ("title", "nickname", "signature") if scene == PROFILE else ("title", "nickname")
    finding = contents.judge("\n".join([content, *(string(body, name) for name in names)]))
    result = {"suggest": finding.suggest, "label": finding.label}
    return {**OK, "trace_id": _trace_id(), "result": result, "detail": _detail(finding)}


def _check_as_before(content: str) -> Answer:
    """Version 1 knows no person and no degrees."""
    if contents.judge(content).suggest == RISKY:
        raise ApiError(87014, "risky content", "内容含有违规词（1.0 接口）")
    return OK


def _scene(scene: object) -> int:
    if not isinstance(scene, int) or scene not in SCENES:
        raise ApiError(40129, "invalid scene", "scene 应为 1 资料、2 评论、3 论坛、4 社交日志")
    return scene


def _active(call: Call, openid: object) -> Row:
    """The person of a check, who must have used the mini-program within two hours."""
    if isinstance(openid, str) and people.find(call.world, openid):
        raise ApiError(43104, "appid and openid not match", "这是公众号的 openid，应用小程序的")
    person = call.visitor(openid)
    if not visitors.is_active(call.world, person):
        raise ApiError(61010, "code is expired", "这个人两小时内没有用过小程序")
    return person


def _detail(finding: Finding) -> list[dict[str, object]]:
    judged = {"errcode": 0, "suggest": finding.suggest, "label": finding.label}
    model = {"strategy": "content_model", **judged, "prob": 90}
    return [model, *([{"strategy": "keyword", **judged, "keyword": finding.word}] if finding.word else [])]


def _trace_id() -> str:
    return "-".join(secrets.token_hex(4) for _ in range(3))


@endpoint("/wxa/media_check_async", apps=MINIPROGRAM_ONLY)
async def check_media(call: Call) -> Answer:
    world, body = call.world, call.json()
    world.rates.count(call.path, world.now())
    if body.get("version") != VERSION:
        raise ApiError(40097, "invalid args", "version 应为 2")
    _scene(body.get("scene"))
    if body.get("media_type") not in MEDIA_TYPES:
        raise ApiError(40004, "invalid media type", "media_type 应为 1 音频或 2 图片")
    _active(call, body.get("openid"))
    url = string(body, "media_url")
    if urlsplit(url).scheme not in ("http", "https"):
        raise ApiError(40097, "invalid args", "media_url 应是完整的网址")
    trace_id = _trace_id()
    world.spawn(_finish(world, call.app.app_id, trace_id, url))
    return {**OK, "trace_id": trace_id}


async def _finish(world: World, app_id: str, trace_id: str, url: str) -> None:
    """The judgement comes by a push, after the call was answered."""
    fetched = await _can_fetch(world, url)
    finding = program.next_media_verdict(world) if fetched else None
    push = miniprogram_pushes.media_checked(app_id, trace_id, finding)
    await actions.perform(world, push, wait=True)


async def _can_fetch(world: World, url: str) -> bool:
    """Files are fetched from us and from the service: everywhere else is the internet."""
    ours = f"{world.config.api_url}/mmbiz/"
    if url.startswith(ours):
        return media.find(world, url.removeprefix(ours)) is not None
    if urlsplit(url).netloc != urlsplit(world.config.service_url).netloc:
        return False
    try:
        answer = await world.client.get(url)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and 0 < len(answer.content) <= MEDIA_BYTES


@endpoint("/wxa/getuserriskrank", apps=MINIPROGRAM_ONLY)
async def risk_rank(call: Call) -> Answer:
    body = call.json()
    if body.get("appid", call.app.app_id) != call.app.app_id:
        raise ApiError(40013, "invalid appid", "appid 不是这个小程序的")
    if body.get("scene") not in (0, 1):
        raise ApiError(40129, "invalid scene", "scene 应为 0 注册或 1 营销作弊")
    person = _active(call, body.get("openid"))
    # The spelling is WeChat's.
    return {**OK, "risk_rank": person["risk"], "unoin_id": secrets.randbelow(2**31)}
