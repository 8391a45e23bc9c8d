"""One-off subscription messages (section 8.3): the page that asks for consent, and the call that uses it."""

import re
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox import people
from sandbox.api.registry import OK, Answer, Call, endpoint, string
from sandbox.errors import ApiError
from sandbox.notices import inbox, one_off
from sandbox.notices import rules as notice_rules
from sandbox.web import views as web_views

TITLE_CHARACTERS, CONTENT_CHARACTERS = 15, 200
RESERVED = re.compile(r"[a-zA-Z0-9]{0,128}")
ANSWERS = ("confirm", "cancel")

PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>订阅消息</title>
<style>
html {{ background: Canvas; color: CanvasText; }}
body {{ margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center;
  padding: 64px 24px 40px; box-sizing: border-box; font: 17px/1.6 system-ui, sans-serif; }}
.sign {{ width: 64px; height: 64px; border-radius: 12px; background: #00695c; color: #fff;
  font-size: 30px; line-height: 64px; text-align: center; }}
h1 {{ margin: 16px 0 0; font-size: 20px; }}
p {{ margin: 8px 0; max-width: 300px; text-align: center; }}
.note {{ color: color-mix(in srgb, CanvasText 62%, Canvas); font-size: 15px; }}
form {{ margin-top: auto; display: flex; flex-direction: column; gap: 12px; padding-top: 40px; }}
button {{ min-width: 220px; min-height: 48px; border: 0; border-radius: 8px; font: inherit; }}
button[value=confirm] {{ background: #00695c; color: #fff; }}
button[value=cancel] {{ background: rgba(127, 127, 127, .16); color: inherit; }}
</style></head>
<body><div class="sign" aria-hidden="true">工</div><h1>{account}</h1>
<p>申请给您发送一条消息</p><p class="note">同意一次，只会收到一条。</p>
<form method="post"><button name="answer" value="confirm" data-test="one-off-confirm">同意</button>
<button name="answer" value="cancel" data-test="one-off-cancel">取消</button></form></body></html>"""


@endpoint("/mp/subscribemsg", "*", needs_token=False)
async def consent_page(call: Call) -> Answer:
    """GET shows the question, its form posts the answer and sends the person back."""
    rule = _broken(call)
    if rule:
        return web_views.told("参数错误", rule)
    person = web_views.holder(call.world, call.request)
    if person is None:
        return web_views.told("请在微信客户端打开链接", "沙盒：从手机里打开的网页才知道是谁")
    if call.request.method != "POST":
        page = PAGE.format(account=escape(call.world.config.account_name))
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})
    answer = dict(parse_qsl(call.raw.decode("ascii", "replace"))).get("answer", "")
    if answer not in ANSWERS:
        return web_views.told("参数错误", "应答应为同意或取消")
    return _sent_back(call, person["openid"], answer)


def _broken(call: Call) -> str:
    """What is wrong with the page's address, in words."""
    config = call.world.config
    back = urlsplit(call.query("redirect_url"))
    if call.query("action") != "get_confirm":
        return "action 应为 get_confirm"
    if call.query("appid") != config.app_id:
        return "appid 不是这个公众号的"
    if one_off.scene_of(call.query("scene")) is None:
        return "scene 应为 0 至 10000"
    if call.query("template_id") != one_off.template_id(call.world):
        return "template_id 不是这个公众号的一次性订阅模板"
    if back.scheme not in ("http", "https") or back.hostname != config.sign_in_host:
        return f"redirect_url 的域名应为 {config.sign_in_host}"
    if not RESERVED.fullmatch(call.query("reserved")):
        return "reserved 应是 128 个以内的字母和数字"
    return ""


def _sent_back(call: Call, openid: str, answer: str) -> Response:
    scene = one_off.scene_of(call.query("scene")) or 0
    if answer == "confirm":
        one_off.consent(call.world, openid, scene)
    target = urlsplit(call.query("redirect_url"))
    more = {"openid": openid, "template_id": call.query("template_id"), "action": answer, "scene": scene}
    if call.query("reserved"):
        more["reserved"] = call.query("reserved")
    query = "&".join(part for part in (target.query, urlencode(more)) if part)
    # 303: the answer was posted, the page it leads to is read.
    return RedirectResponse(target._replace(query=query).geturl(), 303)


@endpoint("/cgi-bin/message/template/subscribe")
async def send(call: Call) -> Answer:
    world, body = call.world, call.json()
    openid = string(body, "touser")
    person = people.find(world, openid)
    if person is None:
        raise ApiError(40003, "invalid openid", "这个 openid 不属于本公众号")
    if string(body, "template_id") != one_off.template_id(world):
        raise ApiError(40037, "invalid template_id", "不是这个公众号的一次性订阅模板")
    title, lines = string(body, "title"), _content(body)
    if not 1 <= len(title) <= TITLE_CHARACTERS:
        raise ApiError(40062, "invalid title size", f"标题有 {len(title)} 字，应为 1 至 {TITLE_CHARACTERS}")
    url = notice_rules.checked_url(string(body, "url"))
    app = notice_rules.checked_miniprogram(world, body.get("miniprogram"))
    scene = one_off.scene_of(body.get("scene", ""))
    if scene is None:
        raise ApiError(40097, "invalid args", "scene 应为 0 至 10000")
    if person["refuses"]:
        raise ApiError(48002, "user refuse to accept the msg", f"{person['name']}拒收消息")
    one_off.spend(world, openid, scene)
    shown = {"title": title, "lines": lines, "url": url, "miniprogram": app}
    inbox.deliver(world, call.app_id, person, shown)
    return OK


def _content(body: dict[str, object]) -> list[dict[str, str]]:
    data = body.get("data")
    part = data.get("content") if isinstance(data, dict) else None
    value = part.get("value") if isinstance(part, dict) else None
    if not isinstance(value, str) or not value.strip() or len(value) > CONTENT_CHARACTERS:
        raise ApiError(
            47003,
            "argument invalid! data.content.value invalid",
            f"content 应为 1 至 {CONTENT_CHARACTERS} 字",
        )
    return [{"label": "", "value": value}]
