"""Signing in on the portal: silently, through WeChat, by people who follow the account.

A browser is sent to WeChat with a state that only it can bring back, and returns with a code. Whoever cannot
be signed in reads why and what to do; nothing is tried again by itself more than once.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.dependencies import InUse, Now, Shared
from app.portal.templating import render
from app.portal.tickets import ATTEMPT_FOR
from app.portal.visitor import Door, DoorInUse, FormRefused, look_up
from app.services import followers, portal_sessions
from app.services.followers import Known
from app.services.portal_sessions import SESSION_FOR
from app.web import qr
from app.web.browsers import kind_of
from app.wechat.errors import NotAllowed, PersonGone, SignInAgain, WeChatError
from app.wechat.oauth import WebOAuth

router = APIRouter(include_in_schema=False)
log = structlog.get_logger(__name__)

HOME: Final = "/me"
# Whole segments of plain letters: no other host, no way to spell one.
_LOCAL = re.compile(r"(?:/[A-Za-z0-9_-]+)+(?:\?[A-Za-z0-9_=&-]*)?")
_LONGEST = 200


@router.get("/signing-in")
async def signing_in(
    request: Request,
    door: DoorInUse,
    shared: InUse,
    now: Now,
    wanted: Annotated[str, Query(alias="next")] = HOME,
) -> Response:
    """Send the browser to WeChat, or say why that would lead nowhere."""
    to = local(wanted)
    async with shared.database.reading() as session:
        if await look_up(request, door, session, now) is not None:
            return RedirectResponse(to, 303)
    if door.oauth is None:
        return _notice("no_right")
    if not door.any_browser and "MicroMessenger" not in request.headers.get("user-agent", ""):
        return _notice("elsewhere", link=door.public_url + to)
    return _to_wechat(door, door.oauth, to, now)


@router.get("/signed-in")
async def signed_in(
    request: Request, door: DoorInUse, shared: InUse, now: Now, code: str = "", state: str = ""
) -> Response:
    """The way back from WeChat. Loading it twice is nothing unusual."""
    if request.method == "HEAD":  # a look at the address: the code and the attempt are left to the browser
        return RedirectResponse(HOME, 303)
    kept = request.cookies.get(door.cookie("signing_in"), "")
    attempt = door.tickets.attempt(kept, state, now)
    if attempt is None or door.oauth is None:
        async with shared.database.reading() as session:
            is_in = await look_up(request, door, session, now) is not None
        return RedirectResponse(HOME, 303) if is_in else _notice("not_ours")
    try:
        identity = await door.oauth.identify(code)
        if identity.is_snapshot:
            return _done(door, _notice("snapshot", to=attempt.next))
        known = await _follower(door, shared, identity.openid, now)
    except SignInAgain:
        if code and not attempt.again:
            return _to_wechat(door, door.oauth, attempt.next, now, again=True)
        return _done(door, _notice("spent", to=attempt.next))
    except WeChatError as error:
        said = log.error if isinstance(error, NotAllowed) else log.warning
        said("web_sign_in_failed", errcode=error.errcode, path=error.path, rid=error.rid)
        return _done(door, _notice("away", to=attempt.next))
    if known is None or not known.subscribed:
        return _done(door, _notice("stranger", to=attempt.next))
    return _done(door, await _admitted(request, door, shared, known, attempt.next, now))


@router.post("/sign-out")
async def sign_out(
    request: Request, door: DoorInUse, shared: InUse, now: Now, token: Annotated[str, Form()] = ""
) -> Response:
    """End the session of this browser. Without one there is nothing to do."""
    async with shared.database.reading() as session:
        visitor = await look_up(request, door, session, now)
    if visitor is not None and not visitor.sent(token):
        raise FormRefused
    if visitor is not None:
        async with shared.database.transaction() as session:
            await portal_sessions.end(session, visitor.mark)
    answer = _notice("out")
    _drop(door, answer, "session")
    return answer


def local(wanted: str) -> str:
    """`wanted` if it is a page of ours, else the usual one."""
    return wanted if len(wanted) <= _LONGEST and _LOCAL.fullmatch(wanted) else HOME


async def _follower(door: Door, shared: Shared, openid: str, now: datetime) -> Known | None:
    """The follower with this openid. Of whom we never heard, WeChat knows whether they follow."""
    async with shared.database.reading() as session:
        known = await followers.find_by_openid(session, door.account_id, openid, now)
    if known is not None:
        return known
    try:
        user = await door.users.get(openid)
    except PersonGone:
        return None
    if not user.subscribed:
        return None
    since = datetime.fromtimestamp(user.subscribed_at, UTC)
    async with shared.database.transaction() as session:
        await followers.meet(session, door.account_id, openid, followed_at=since, now=now)
        return await followers.find_by_openid(session, door.account_id, openid, now)


# --- answers -----------------------------------------------------------------------------------------------


def _to_wechat(door: Door, oauth: WebOAuth, to: str, now: datetime, *, again: bool = False) -> Response:
    cookie, state = door.tickets.begin(to, now, again=again)
    answer = RedirectResponse(oauth.address(f"{door.public_url}/signed-in", state), 303)
    _keep(door, answer, "signing_in", cookie, ATTEMPT_FOR.total_seconds())
    return answer


async def _admitted(
    request: Request, door: Door, shared: Shared, known: Known, to: str, now: datetime
) -> Response:
    """A new session, whatever the browser had before: an older one of it ends here."""
    answer = RedirectResponse(to, 303)
    ticket, mark = door.tickets.admit(known.follower_id, known.person_id, known.since, now)
    device = kind_of(request.headers.get("user-agent", ""))
    before = door.tickets.session(request.cookies.get(door.cookie("session"), ""), now)
    async with shared.database.transaction() as session:
        if before is not None:
            await portal_sessions.end(session, before.mark)
        await portal_sessions.begin(session, known.follower_id, mark, device, now)
    _keep(door, answer, "session", ticket, SESSION_FOR.total_seconds())
    return answer


def _done(door: Door, answer: Response) -> Response:
    """However it ended, the attempt is over: its state is good once."""
    _drop(door, answer, "signing_in")
    return answer


def _keep(door: Door, answer: Response, name: str, value: str, seconds: float) -> None:
    answer.set_cookie(
        door.cookie(name),
        value,
        max_age=int(seconds),
        path="/",
        secure=door.is_secure,
        httponly=True,
        samesite="lax",
    )


def _drop(door: Door, answer: Response, name: str) -> None:
    answer.delete_cookie(door.cookie(name), path="/", secure=door.is_secure, httponly=True, samesite="lax")


AGAIN: Final = "再试一次"
# By name: status, heading, words, and what the button says; without words there it leads home.
NOTICES: Final[dict[str, tuple[int, str, str, str]]] = {
    "no_right": (
        501,
        "请在公众号里查看",
        "这个公众号不能在网页上登录。请在公众号里回复「我的报名」或「我的留言」，一样能看、能办。",
        "",
    ),
    "elsewhere": (
        403,
        "请在微信里打开",
        "这一页要用您的微信确认是谁。电脑上：用手机微信扫下面的码。手机上：把网址发到微信里再点开，或从公众号的菜单进入。",
        "",
    ),
    "not_ours": (400, "登录没有完成", "可能是等得太久，或者链接是从别处来的。请重新进入。", "重新进入"),
    "spent": (400, "登录没有完成", "这次的登录已经用过或过期。请再试一次。", AGAIN),
    "away": (503, "微信暂时没有应答", "没能确认您是谁，请稍等一会儿再试。急事请打 95598。", AGAIN),
    "snapshot": (
        403,
        "请使用完整服务",
        "现在是预览，看不到您的内容。请点页面右下角的「使用完整服务」，再打开一次。",
        AGAIN,
    ),
    "stranger": (
        403,
        "请先关注公众号",
        "关注以后，报名、留言和答复才能在这里看到。已经关注的，请先给公众号发一句话，再点下面的按钮。",
        "已经关注，继续",
    ),
    "out": (200, "已退出", "这部手机上不再显示您的内容。需要时可以重新进入。", "重新进入"),
}


def _notice(name: str, *, to: str = HOME, link: str = "") -> Response:
    status, heading, words, label = NOTICES[name]
    target = f"/signing-in?next={quote(to, safe='')}" if label else "/"
    page = render(
        "notice.html",
        heading=heading,
        words=words,
        label=label or "回首页",
        to=target,
        link=link,
        code=qr.drawn(link) if link else "",
    )
    return HTMLResponse(page, status)
