"""The templates of subscription notices, of a service account or a mini-program alike (section 8.4)."""

import json
from typing import Any

from sandbox.api.registry import BOTH, OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError
from sandbox.notices import library, restrictions, templates
from sandbox.notices.library import CATEGORIES, Keyword, Title
from sandbox.notices.templates import MOST, SUBSCRIBE

KEYWORDS = range(2, 6)
SCENE_CHARACTERS = 15
TITLES_PAGE = 30


@endpoint("/wxaapi/newtmpl/addtemplate", apps=BOTH)
async def add(call: Call) -> Answer:
    world, body, app_id = call.world, call.json(), call.app_id
    if restrictions.holds(world, app_id, restrictions.EVERYTHING, restrictions.BANNED):
        raise ApiError(200011, "account is banned", "账号的订阅通知能力已被封禁")
    title = library.find(body.get("tid"))
    if title is None:
        raise ApiError(200014, "invalid tid", "公共模板库里没有这个 tid")
    keywords = _keywords(title, body.get("kidList"))
    scene = body.get("sceneDesc", "")
    if not isinstance(scene, str) or len(scene) > SCENE_CHARACTERS:
        raise ApiError(200021, "invalid sceneDesc", f"sceneDesc 不超过 {SCENE_CHARACTERS} 字")
    if restrictions.holds(world, app_id, str(title.tid), restrictions.BANNED):
        raise ApiError(200013, "template is banned", f"模板「{title.name}」已被封禁，不能选用")
    own = templates.listed(world, app_id, SUBSCRIBE)
    if len(own) >= MOST:
        raise ApiError(200012, "private template count exceeds limit", f"最多 {MOST} 个模板")
    kids = [one.kid for one in keywords]
    if any(row["tid"] == str(title.tid) and json.loads(row["keywords"]) == kids for row in own):
        raise ApiError(200022, "same template exists", "已有标题和关键词都相同的模板")
    made = templates.choose(world, app_id, SUBSCRIBE, title, keywords, scene=scene)
    return {**OK, "priTmplId": made}


def _keywords(title: Title, kids: Any) -> list[Keyword]:
    found = [title.keyword(one) for one in kids] if isinstance(kids, list) else []
    keywords = [one for one in found if one is not None]
    if len(keywords) not in KEYWORDS or len(set(found)) != len(found) or None in found:
        raise ApiError(200020, "invalid kidList", "kidList 应是标题下 2 至 5 个不同的关键词编号")
    return keywords


@endpoint("/wxaapi/newtmpl/gettemplate", "GET", apps=BOTH)
async def listed(call: Call) -> Answer:
    data = []
    for row in templates.listed(call.world, call.app_id, SUBSCRIBE):
        one = {
            "priTmplId": row["id"],
            **{name: row[name] for name in ("title", "content", "example", "type")},
        }
        enums = [
            {"keywordCode": f"{field}.DATA", "enumValueList": list(values)}
            for field, values in templates.options_of(row).items()
        ]
        data.append(one | ({"keywordEnumValueList": enums} if enums else {}))
    return {**OK, "data": data}


@endpoint("/wxaapi/newtmpl/deltemplate", apps=BOTH)
async def delete(call: Call) -> Answer:
    template_id = string(call.json(), "priTmplId")
    templates.delete(call.world, templates.find(call.world, call.app_id, SUBSCRIBE, template_id)["id"])
    return OK


@endpoint("/wxaapi/newtmpl/getcategory", "GET", apps=BOTH)
async def categories(call: Call) -> Answer:
    return {**OK, "data": [{"id": number, "name": name} for number, name in CATEGORIES.items()]}


@endpoint("/wxaapi/newtmpl/getpubtemplatetitles", "GET", apps=BOTH)
async def public_titles(call: Call) -> Answer:
    start, limit, ids = call.query("start"), call.query("limit"), call.query("ids")
    if not _is_number(start):
        raise ApiError(200016, "invalid start", "start 应为从 0 起的数字")
    if not _is_number(limit) or not 1 <= int(limit) <= TITLES_PAGE:
        raise ApiError(200017, "invalid limit", f"limit 应为 1 至 {TITLES_PAGE}")
    if not ids:
        raise ApiError(200018, "ids missing", "缺少类目 ids")
    wanted = ids.split(",")
    if not all(_is_number(one) and int(one) in CATEGORIES for one in wanted):
        raise ApiError(200019, "invalid ids", "ids 应是账号的类目编号，用逗号隔开")
    found = library.in_categories([int(one) for one in wanted])
    page = found[int(start) : int(start) + int(limit)]
    data = [
        {"tid": one.tid, "title": one.name, "type": one.type, "categoryId": str(one.category)} for one in page
    ]
    return {**OK, "count": len(found), "data": data}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


@endpoint("/wxaapi/newtmpl/getpubtemplatekeywords", "GET", apps=BOTH)
async def public_keywords(call: Call) -> Answer:
    title = library.find(call.query("tid"))
    if title is None:
        raise ApiError(200014, "invalid tid", "公共模板库里没有这个 tid")
    data = [
        {"kid": one.kid, "name": one.name, "example": one.example, "rule": one.rule} for one in title.keywords
    ]
    return {**OK, "count": len(data), "data": data}
