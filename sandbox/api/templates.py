"""Template messages and their templates (section 8.1); service accounts only."""

from typing import Any

from sandbox import actions, people, pushes
from sandbox.api.registry import OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError
from sandbox.notices import fields as notice_fields
from sandbox.notices import inbox, industries, library, restrictions, sent, templates
from sandbox.notices import rules as notice_rules
from sandbox.notices.templates import MOST, TEMPLATE
from sandbox.store import Row
from sandbox.world import World

BLOCKED_PAGE = 100
KEYWORDS = 5


@endpoint("/cgi-bin/message/template/send")
async def send(call: Call) -> Answer:
    world, body = call.world, call.json()
    person = _receiver(call, body.get("touser"))
    template = templates.find(world, call.app_id, TEMPLATE, body.get("template_id"))
    if restrictions.is_banned(world, call.app_id, template["id"]):
        raise ApiError(43116, "template is restricted", "模板已被限制使用")
    url = notice_rules.checked_url(string(body, "url"))
    app = notice_rules.checked_miniprogram(world, body.get("miniprogram"))
    lines = notice_fields.filled(template["content"], body.get("data"), templates.options_of(template))
    notice_rules.refuse_marketing(lines)
    once, openid = body.get("client_msg_id"), person["openid"]
    known = sent.before(world, call.app_id, call.path, openid, once)
    if known:
        return {**OK, "msgid": known}
    blocked = restrictions.holds(world, call.app_id, template["id"], restrictions.BLOCKED)
    msgid = sent.remember(world, call.app_id, call.path, openid, template, lines, once, blocked=blocked)
    shown = {"title": template["title"], "lines": lines, "url": url, "miniprogram": app, "msgid": msgid}
    world.spawn(_finish(world, openid, shown, blocked=blocked))
    return {**OK, "msgid": msgid}


def _receiver(call: Call, openid: object) -> Row:
    """A follower who does not refuse.

    Raises:
        ApiError: 40003 nobody, 43004 never followed, 50005 no longer follows, 43019, 48002.
    """
    known = people.find(call.world, openid) if isinstance(openid, str) else None
    person = call.follower(openid, 50005 if known and known["subscribed_at"] else 43004)
    if person["blacklisted"]:
        raise ApiError(43019, "require remove blacklist", f"{person['name']}在黑名单里")
    if person["refuses"] == people.REFUSES_AT_ONCE:
        raise ApiError(48002, "user refuse to accept the msg", f"{person['name']}拒收消息")
    return person


async def _finish(world: World, openid: str, shown: dict[str, Any], *, blocked: bool) -> None:
    """The notice arrives after the call was answered, and the result is pushed."""
    row = people.find(world, openid)
    status = "success"
    if blocked:
        status = "failed: system failed"
    elif row is None or not row["following"] or row["refuses"]:
        status = "failed:user block"
    else:
        inbox.deliver(world, world.config.app_id, row, shown)
    push = pushes.template_finished(openid, shown["msgid"], status)
    await actions.perform(world, push, wait=True)


@endpoint("/cgi-bin/template/get_all_private_template", "GET")
async def listed(call: Call) -> Answer:
    rows = templates.listed(call.world, call.app_id, TEMPLATE)
    # Templates of categories belong to no industry.
    none = {"primary_industry": "", "deputy_industry": ""}
    return {
        "template_list": [
            {
                "template_id": row["id"],
                "title": row["title"],
                **none,
                "content": row["content"],
                "example": row["example"],
            }
            for row in rows
        ]
    }


@endpoint("/cgi-bin/template/api_add_template")
async def add(call: Call) -> Answer:
    world, body = call.world, call.json()
    number, names = str(body.get("template_id_short", "")), body.get("keyword_name_list")
    if number and not number.isdecimal():
        raise ApiError(40247, "template must be chosen from category library", "只能用类目模板，编号全是数字")
    title = library.find(number)
    if title is None:
        raise ApiError(40037, "invalid template_id", "类目模板库里没有这个编号")
    chosen = [title.keyword_named(one) for one in names] if isinstance(names, list) else []
    keywords = [one for one in chosen if one is not None]
    if not 1 <= len(keywords) <= KEYWORDS or len(set(chosen)) != len(chosen) or None in chosen:
        known = "、".join(one.name for one in title.keywords)
        raise ApiError(
            40246, "invalid keyword_name_list", f"关键词应从 {known} 中选 1 至 {KEYWORDS} 个不同的"
        )
    if len(templates.listed(world, call.app_id, TEMPLATE)) >= MOST:
        raise ApiError(45026, "template num exceeds limit", f"同时最多用 {MOST} 个模板")
    return {**OK, "template_id": templates.choose(world, call.app_id, TEMPLATE, title, keywords)}


@endpoint("/cgi-bin/template/del_private_template")
async def delete(call: Call) -> Answer:
    row = templates.find(call.world, call.app_id, TEMPLATE, call.json().get("template_id"))
    templates.delete(call.world, row["id"])
    return OK


@endpoint("/cgi-bin/template/api_set_industry")
async def set_industry(call: Call) -> Answer:
    body = call.json()
    industries.change(call.world, body.get("industry_id1"), body.get("industry_id2"))
    return OK


@endpoint("/cgi-bin/template/get_industry", "GET")
async def get_industry(call: Call) -> Answer:
    named = [industries.NAMES[one] for one in industries.current(call.world)]
    first, second = ({"first_class": one[0], "second_class": one[1]} for one in named)
    return {"primary_industry": first, "secondary_industry": second}


@endpoint("/wxa/sec/queryblocktmplmsg")
async def blocked_messages(call: Call) -> Answer:
    body = call.json()
    after, limit = body.get("largest_id", 0), body.get("limit")
    if not isinstance(limit, int) or not 1 <= limit <= BLOCKED_PAGE or not isinstance(after, int):
        raise ApiError(40097, "invalid args", f"limit 应为 1 至 {BLOCKED_PAGE}，largest_id 应为数字")
    template_id = str(body.get("tmpl_msg_id") or "")
    return {**OK, "msginfo": sent.held_back(call.world, template_id, after, limit)}
