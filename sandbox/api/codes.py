"""Pictures that open the mini-program (section 12): codes without end, and the limited kinds."""

import re
from typing import Any

from starlette.responses import Response

from sandbox import qr_picture
from sandbox.api.registry import MINIPROGRAM_ONLY, Answer, Call, endpoint, string
from sandbox.errors import ApiError
from sandbox.miniprogram import program
from sandbox.miniprogram.program import LIMITED, QRCODE, UNLIMITED

SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~`]+")
SCENE_CHARACTERS = 32
RESERVED = "scancode_time"
CODE_PATH_BYTES, QR_PATH_BYTES = 1024, 128
MOST_LIMITED = 100_000  # both kinds together, for ever
MOST_UNCHECKED_PAGES = 60_000
WIDTHS = range(280, 1281)
USUAL_WIDTH = 430
VERSIONS = ("release", "trial", "develop")
BLACK, AUTOMATIC = (0, 0, 0), (17, 102, 51)


@endpoint("/wxa/getwxacodeunlimit", apps=MINIPROGRAM_ONLY)
async def unlimited(call: Call) -> Answer:
    world, body = call.world, call.json()
    world.rates.count(call.path, world.now())
    scene = _scene(body.get("scene"))
    page, checked = string(body, "page"), body.get("check_path", True) is not False
    version = _version(body)
    if page and not program.is_page_path(page):
        raise ApiError(41030, "invalid page", f"页面「{page}」的开头不应有 /，也不应带参数")
    if checked:
        _check_page(call, page, version)
    elif page and _unchecked_pages(call, page) >= MOST_UNCHECKED_PAGES:
        raise ApiError(
            45029, "qrcode count out of limit", f"check_path 为 false 的页面最多 {MOST_UNCHECKED_PAGES} 个"
        )
    draw = _drawing(body)
    name = program.keep_link(world, UNLIMITED, page, query=scene, env=version, checked=checked)
    return _picture(UNLIMITED, name, *draw)


def _scene(scene: object) -> str:
    if not isinstance(scene, str) or not SCENE.fullmatch(scene):
        raise ApiError(40129, "invalid scene", "scene 应是数字、字母和规定的符号，不能有 %、汉字或空格")
    if len(scene) > SCENE_CHARACTERS:
        raise ApiError(
            40169, "invalid length for scene", f"scene 有 {len(scene)} 个字符，上限 {SCENE_CHARACTERS}"
        )
    if RESERVED in scene:
        raise ApiError(85096, "not allow include scancode_time field", f"{RESERVED} 是系统保留的参数")
    return scene


def _version(body: dict[str, Any]) -> str:
    version = body.get("env_version", "release")
    if version not in VERSIONS:
        raise ApiError(40097, "invalid args", f"env_version 应为 {'、'.join(VERSIONS)}")
    return str(version)


def _check_page(call: Call, page: str, version: str) -> None:
    """The page must be in the released version; without one the code opens the first."""
    released = program.read(call.world)["released"]
    if version == "release" and not released:
        raise ApiError(41030, "invalid page", "小程序还没有发布")
    if page and not program.has_page(call.world, page):
        raise ApiError(41030, "invalid page", f"没有「{page}」这个页面")


def _unchecked_pages(call: Call, besides: str) -> int:
    return call.world.db.count(
        "select count(distinct path) from miniprogram_link where kind = ? and not checked and path <> ?",
        UNLIMITED,
        besides,
    )


@endpoint("/wxa/getwxacode", apps=MINIPROGRAM_ONLY)
async def limited(call: Call) -> Answer:
    body = call.json()
    path, version = _path(body, CODE_PATH_BYTES), _version(body)
    draw = _drawing(body)
    return _picture(LIMITED, _counted(call, LIMITED, path, version), *draw)


@endpoint("/cgi-bin/wxaapp/createwxaqrcode", apps=MINIPROGRAM_ONLY)
async def qrcode(call: Call) -> Answer:
    body = call.json()
    path = _path(body, QR_PATH_BYTES)
    width = _width(body)
    return _picture(QRCODE, _counted(call, QRCODE, path, "release"), width)


def _path(body: dict[str, Any], most: int) -> str:
    path = string(body, "path")
    size = len(path.encode())
    if not 1 <= size <= most:
        raise ApiError(40159, "invalid length for path", f"path 有 {size} 字节，应为 1 至 {most}")
    return path


def _counted(call: Call, kind: str, path: str, version: str) -> str:
    made = call.world.db.count("select count(*) from miniprogram_link where kind in (?, ?)", LIMITED, QRCODE)
    if made >= MOST_LIMITED:
        raise ApiError(45029, "qrcode count out of limit", "两种码合计最多 10 万个，已用完")
    return program.keep_link(call.world, kind, path, env=version)


def _drawing(body: dict[str, Any]) -> tuple[int, tuple[int, int, int], bool]:
    """Width, colour, and whether the ground is clear."""
    colour = AUTOMATIC if body.get("auto_color") is True else BLACK
    if colour is BLACK and body.get("line_color") is not None:
        colour = _colour(body["line_color"])
    return _width(body), colour, body.get("is_hyaline") is True


def _width(body: dict[str, Any]) -> int:
    width = body.get("width", USUAL_WIDTH)
    if not isinstance(width, int) or width not in WIDTHS:
        raise ApiError(40097, "invalid args", f"width 应为 {WIDTHS[0]} 至 {WIDTHS[-1]}")
    return width


def _colour(given: object) -> tuple[int, int, int]:
    parts = [str(given.get(name)) for name in "rgb"] if isinstance(given, dict) else []
    if not parts or not all(re.fullmatch(r"\d{1,3}", part) and int(part) <= 255 for part in parts):
        raise ApiError(40097, "invalid args", "line_color 应是 r、g、b 各 0 至 255")
    red, green, blue = map(int, parts)
    return red, green, blue


def _picture(
    kind: str, name: str, width: int, colour: tuple[int, int, int] = BLACK, transparent: bool = False
) -> Response:
    data = qr_picture.image(program.address(kind, name), width, colour, transparent=transparent)
    return Response(data, media_type="image/png" if transparent else "image/jpeg")
