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
from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.world import World

PHONE = "sandbox_phone"  # the cookie: the openid of whose phone this browser is

PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 0; padding: 96px 24px; text-align: center; font: 17px/1.6 system-ui, sans-serif; }}
.sign {{ width: 64px; height: 64px; margin: 0 auto 24px; border-radius: 50%; background: #10aeff; color: #fff;
  font: 700 40px/64px system-ui, sans-serif; }}
p {{ margin: 8px 0; }} .rule {{ color: #767676; font-size: 15px; }}
</style></head>
<body><div class="sign" aria-hidden="true">!</div><p>{title}</p>{rule}</body></html>"""


async def open_page(request: Request) -> Response:
    """Open `url` on the phone of `who`."""
    world: World = request.app.state.world
    person = people.get(world, request.query_params.get("who", ""))
    url = request.query_params.get("url", "")
    if urlsplit(url).scheme not in ("http", "https"):
        raise NotPossible("只能打开 http 或 https 开头的网址。", 400)
    answer = RedirectResponse(url, 302, headers={"Cache-Control": "no-store"})
    if request.cookies.get(PHONE) != person["openid"]:
        for name in request.cookies:
            if name.startswith(world.config.cookie_prefix):
                answer.delete_cookie(name)
        answer.set_cookie(PHONE, person["openid"], httponly=True, samesite="lax")
    return answer


def holder(world: World, request: Request) -> Row | None:
    """Whose phone asks; None for a browser that is no phone."""
    return people.find(world, request.cookies.get(PHONE, ""))


def told(title: str, rule: str = "") -> Response:
    """A page of WeChat's own. The status is 200 as there; nobody but people reads it."""
    shown = f'<p class="rule">{escape(rule)}</p>' if rule else ""
    return HTMLResponse(PAGE.format(title=escape(title), rule=shown), headers={"Cache-Control": "no-store"})
