"""Web pages inside a person's phone: which phone a browser is, and the pages WeChat itself shows there.

Every page that is opened from a chat passes `/sandbox/open`, which tells the browser whose phone it is.
Browsers keep cookies by host and not by port, so the service's cookies come by here too: when another
person takes the phone they are dropped, since real phones share none.
"""

from html import escape
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox import people
from sandbox.errors import ApiError, NotPossible
from sandbox.miniprogram import program
from sandbox.store import Row
from sandbox.world import World

AUTHORIZE = "/connect/oauth2/authorize"
PHONE = "sandbox_phone"  # the cookie: the openid of whose phone this browser is
MANNER = "sandbox_manner"  # the cookie: how the page shown was opened
# The chat of the account itself, elsewhere (a friend's link), or again out of a snapshot page.
CHAT, ELSEWHERE, FULL = "chat", "elsewhere", "full"
TIMELINE, HOME = "timeline", "home"  # a friend's 朋友圈; the list of articles of the account
MANNERS = (CHAT, FULL, TIMELINE, HOME)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self'"
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
# Titles of page errors; the papers give numbers, most of the words are ours.
TITLES = {
    10003: "redirect_uri域名与后台配置不一致",
    10004: "此公众号被封禁",
    10005: "Scope 参数错误或没有 Scope 权限",
    10006: "必须关注此测试号",
    10009: "操作太频繁，请稍后再试",
    10010: "Scope 参数不能为空",
    10012: "AppID 参数不能为空",
    10016: "不支持这个 AppID，请使用公众号的 AppID",
}

PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ --text: #191919; --soft: #6f6f6f; --line: #e0e0e0; --no: #f0f0f0; --page: #fff; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #d8d8d8; --soft: #9a9a9a; --line: #333; --no: #2c2c2c; --page: #191919; }}
}}
html {{ background: var(--page); }}
body {{ margin: 0; padding: 96px 24px 24px; text-align: center; color: var(--text);
  font: 17px/1.6 system-ui, sans-serif; }}
.sign {{ width: 64px; height: 64px; margin: 0 auto 24px; border-radius: 50%; background: #10aeff; color: #fff;
  font: 700 40px/64px system-ui, sans-serif; }}
p {{ margin: 8px 0; }} .rule {{ color: var(--soft); font-size: 15px; }}
.asks {{ text-align: left; max-width: 420px; margin: 0 auto; }}
.row {{ display: flex; align-items: center; gap: 12px; }}
.face {{ flex: none; width: 40px; height: 40px; border-radius: 8px; background: #00695c; color: #fff;
  text-align: center; line-height: 40px; }}
.asks h1 {{ margin: 24px 0; font-size: 22px; line-height: 1.4; }}
.asks .who {{ padding: 16px 0; border: solid var(--line); border-width: 1px 0; }}
.who .face {{ background: #7a8b99; }} .who b {{ display: block; font-weight: 500; line-height: 1.4; }}
.who span {{ color: var(--soft); font-size: 15px; line-height: 1.4; }}
.ends {{ display: flex; justify-content: center; gap: 16px; margin-top: 48px; }}
.ends button {{ flex: 1; max-width: 144px; min-height: 48px; border: 0; border-radius: 8px; cursor: pointer;
  font: inherit; font-weight: 600; background: var(--no); color: var(--text); }}
.ends button.yes {{ background: #00695c; color: #fff; }}
.ends button:focus-visible {{ outline: 2px solid #10aeff; outline-offset: 2px; }}
</style></head>
<body>{body}</body></html>"""
TOLD = '<div class="sign" aria-hidden="true">!</div><p>{title}</p>{rule}'
ASKED = """<form class="asks" method="post" action="{action}" data-test="consent">
<div class="row"><div class="face" aria-hidden="true">工</div>{account} 申请</div>
<h1>获取你的昵称、头像</h1>
<div class="row who"><div class="face" aria-hidden="true">{letter}</div>
<div><b>{name}</b><span>微信个人信息</span></div></div>
<div class="ends"><button name="answer" value="refuse" data-test="refuse">拒绝</button>
<button class="yes" name="answer" value="allow" data-test="allow">允许</button></div></form>"""


async def open_page(request: Request) -> Response:
    """Open `url` on the phone of `who`; `manner` tells from where, the account's chat if it is not given."""
    world: World = request.app.state.world
    person = people.get(world, request.query_params.get("who", ""))
    url = request.query_params.get("url", "")
    if urlsplit(url).scheme not in ("http", "https"):
        raise NotPossible("只能打开 http 或 https 开头的网址。", 400)
    if program.ADDRESS.fullmatch(url):
        return told("在小程序里打开", "手机会离开网页，打开这个链接指向的小程序页面。")
    answer = RedirectResponse(url, 302, headers={"Cache-Control": "no-store"})
    if request.cookies.get(PHONE) != person["openid"]:
        for name in request.cookies:
            if name.startswith(world.config.cookie_prefix):
                answer.delete_cookie(name)
        answer.set_cookie(PHONE, person["openid"], httponly=True, samesite="lax")
    manner = request.query_params.get("manner", CHAT)
    answer.set_cookie(MANNER, manner if manner in MANNERS else ELSEWHERE, httponly=True, samesite="lax")
    return answer


def holder(world: World, request: Request) -> Row | None:
    """Whose phone asks; None for a browser that is no phone."""
    return people.find(world, request.cookies.get(PHONE, ""))


def is_from_chat(request: Request) -> bool:
    return request.cookies.get(MANNER) == CHAT


def is_full(request: Request) -> bool:
    """The person was in a snapshot page and chose the full service."""
    return request.cookies.get(MANNER) == FULL


def told(title: str, rule: str = "") -> Response:
    """A page of WeChat's own. The status is 200 as there; nobody but people reads it."""
    shown = f'<p class="rule">{escape(rule)}</p>' if rule else ""
    return _page(title, TOLD.format(title=escape(title), rule=shown))


def refused(error: ApiError) -> Response:
    """Instead of the page that was asked for, why not."""
    title = TITLES.get(error.errcode)
    return told(f"{title}，错误码：{error.errcode}" if title else error.errmsg, error.rule)


def asked(world: World, person: Row, query: str) -> Response:
    """Whether the account may know who they are. The form answers the very request that asks."""
    body = ASKED.format(
        action=escape(f"{AUTHORIZE}?{query}"),
        account=escape(world.config.account_name),
        name=escape(person["name"]),
        letter=escape(person["name"][-1]),
    )
    return _page("授权", body)


def _page(title: str, body: str) -> Response:
    return HTMLResponse(PAGE.format(title=escape(title), body=body), headers=HEADERS)
