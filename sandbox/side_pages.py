"""Two pages beside the phone: mass messages as WeChat's console shows them, and the union's Weibo.

No script runs in them; a form acts and comes back. The same can be done through the control API.
"""

import json
from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.clock import SHANGHAI
from sandbox.control import mass as mass_control
from sandbox.conversations import readable
from sandbox.errors import NotPossible
from sandbox.mass import jobs, sending
from sandbox.mass.outcomes import SUCCESS
from sandbox.store import Row
from sandbox.web import strangers
from sandbox.weibo import posts
from sandbox.world import World

MASS, WEIBO = "/sandbox/mass", "/sandbox/weibo"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · 沙盒</title>
<link rel="stylesheet" href="/sandbox/static/base.css">
<link rel="stylesheet" href="/sandbox/static/side.css"></head>
<body class="side"><nav><a href="/">手机</a>
<a href="{mass}"{in_mass}>群发</a><a href="{weibo}"{in_weibo}>微博</a></nav>
<main><h1>{title}</h1>{body}</main></body></html>"""
FORM = """<form method="post">{fields}
<button name="act" value="{act}" data-test="{act}">{words}</button></form>"""
CONSOLE = """<label>在公众平台上群发
<input name="text" required maxlength="600" placeholder="要发的文字"></label>"""
JOB = """<article data-test="mass-job"><header><b>{kind}</b><span>{whom}</span><time>{time}</time></header>
<p>{words}</p><footer><strong class="{tone}">{state}</strong><span>{counts}</span></footer>{ask}</article>"""
POST = """<article data-test="weibo-post"><header><b>{name}</b><time>{time}</time></header>
<p>{words}</p>{picture}<footer><span>{note}</span></footer></article>"""
WAYS = {jobs.SEND: "按名单", jobs.CONSOLE: "公众平台，全部用户"}


def _page(title: str, path: str, body: str, status: int = 200) -> Response:
    here = {
        f"in_{name}": ' aria-current="page"' if path == one else ""
        for name, one in (("mass", MASS), ("weibo", WEIBO))
    }
    text = PAGE.format(title=title, mass=MASS, weibo=WEIBO, body=body, **here)
    return HTMLResponse(
        text, status, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    )


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI).strftime("%m月%d日 %H:%M")


def _form(act: str, words: str, fields: str = "") -> str:
    return FORM.format(act=act, words=words, fields=fields)


async def _act(request: Request) -> dict[str, str]:
    """What was tapped, on our own page and on no other."""
    strangers.refuse(request)
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def mass(request: Request) -> Response:
    world: World = request.app.state.world
    if request.method == "POST":
        given = await _act(request)
        try:
            await _acted(world, given)
        except NotPossible as error:
            said = f'<p class="said" role="alert">{escape(error.message)}</p>'
            return _page("群发", MASS, said + _mass(world), 409)
        return RedirectResponse(MASS, 303)
    sending.look(world)
    return _page("群发", MASS, _mass(world))


async def _acted(world: World, given: dict[str, str]) -> None:
    match given.get("act"):
        case "allow" | "refuse" as answer:
            sending.admin_answers(world, allow=answer == "allow")
        case "protect" | "trust" as wanted:
            await mass_control.change(world, {"protection": wanted == "protect"})
        case "console":
            await mass_control.from_console(world, {"text": given.get("text", "")})


def _mass(world: World) -> str:
    waiting = {row["msg_id"] for row in jobs.waiting(world)}
    shown = "".join(_job(row, asks=row["msg_id"] == min(waiting, default=0)) for row in jobs.listed(world))
    protected = bool(world.db.setting("mass_protection", False))
    switch = _form("trust", "关掉群发保护") if protected else _form("protect", "打开群发保护")
    tools = (
        f'<section class="tools"><p>API 群发保护：<b>{"开" if protected else "关"}</b>。'
        f"开着时，服务发给全部用户的要管理员在这里点同意。</p>{switch}"
        + _form(
            "console",
            "群发给全部用户",
            CONSOLE,
        )
        + "</section>"
    )
    return tools + (shown or '<p class="none">还没有群发过。</p>')


def _job(row: Row, *, asks: bool) -> str:
    content = json.loads(row["content"])
    state, tone, counts = "正在发", "wait", ""
    if row["state"] == jobs.ASKED:
        state = "等管理员确认"
    elif row["state"] == jobs.FINISHED:
        good = row["status"] == SUCCESS
        state, tone = ("发完了", "good") if good else (f"没有发出：{row['status']}", "bad")
        counts = f"{row['total']} 人，可收 {row['filtered']}，收到 {row['sent']}，没收到 {row['failed']}"
    whom: str = WAYS.get(row["way"], "") or ("全部用户" if row["to_all"] else f"标签 {row['tag_id']}")
    return JOB.format(
        kind=escape(KINDS.get(row["type"]) or str(row["type"])),
        whom=escape(whom),
        time=_time(row["at"]),
        words=escape(readable(row["type"], content)).replace("\n", "<br>"),
        state=escape(state),
        tone=tone,
        counts=counts,
        ask=f'<div class="ask">{_form("allow", "同意")}{_form("refuse", "拒绝")}</div>' if asks else "",
    )


KINDS = {
    "text": "文字",
    "image": "图片",
    "pictures": "图片",
    "voice": "语音",
    "video": "视频",
    "news": "图文",
}


async def weibo(request: Request) -> Response:
    world: World = request.app.state.world
    if request.method == "POST":
        match (await _act(request)).get("act"):
            case "token":
                posts.give_token(world)
            case "revoke":
                posts.revoke(world)
        return RedirectResponse(WEIBO, 303)
    codes = "".join(
        f"<li><code>{escape(row['value'])}</code> {_time(row['expires_at'])} 到期</li>"
        for row in posts.tokens(world)
    )
    hosts = "、".join(f"<code>{escape(one)}</code>" for one in world.config.weibo_hosts)
    tools = (
        f'<section class="tools"><p>每条微博要有安全域名 {hosts} 的链接，140 字以内。</p>'
        + (
            f'<ul data-test="weibo-tokens">{codes}</ul>'
            if codes
            else "<p>还没有授权：服务没有 access_token，发不了。</p>"
        )
        + _form("token", "授权，得到一个 access_token")
        + (_form("revoke", "收回授权") if codes else "")
        + "</section>"
    )
    shown = "".join(_post(one) for one in posts.listed(world))
    return _page("微博", WEIBO, tools + (shown or '<p class="none">还没有发过微博。</p>'))


def _post(one: Row) -> str:
    picture = f'<img src="{escape(one["picture"])}" alt="微博配图">' if one["picture"] else ""
    return POST.format(
        name=posts.USER,
        time=_time(one["at"]),
        words=escape(one["text"]).replace("\n", "<br>"),
        picture=picture,
        note="" if one["seen"] else "审核中，别人还看不到",
    )


ROUTES = [
    Route(MASS, mass, methods=["GET", "POST"]),
    Route(WEIBO, weibo, methods=["GET", "POST"]),
]
