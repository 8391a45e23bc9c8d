"""Web sign-ins (section 10): what people allowed, codes that are good once, and user-level tokens.

Not here: what the person sees on the way, `sandbox.api.web_sign_in`.
"""

import secrets
from typing import Any

from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World

BASE, USER_INFO = "snsapi_base", "snsapi_userinfo"
CODE_SECONDS = 300
TOKEN_SECONDS = 7200
REFRESH_SECONDS = 30 * 24 * 3600
ALLOWED_SECONDS = REFRESH_SECONDS  # who allowed within it is not asked again
CODES_PER_MINUTE = 60  # of one person; a page that sends people round and round meets it
SNAPSHOT = "oSnapshot"  # the openids of made-up accounts begin so


def allow(world: World, openid: str) -> None:
    """The person agreed to tell the account who they are."""
    world.db.run("insert or replace into consent values (?, ?)", openid, world.now())


def has_allowed(world: World, openid: str) -> bool:
    row = world.db.find("select at from consent where openid = ?", openid)
    return row is not None and world.now() - row["at"] < ALLOWED_SECONDS


def issue_code(world: World, person: str, scope: str, *, snapshot: bool) -> str:
    """A code for `person`; in a snapshot page for an account made up on the spot.

    Raises:
        ApiError: 10009 the person was here too often within the last minute.
    """
    now = world.now()
    world.db.run("delete from sign_in_code where at < ?", now - 24 * 3600)
    statement = "select count(*) from sign_in_code where person = ? and at > ?"
    if world.db.count(statement, person, now - 60) >= CODES_PER_MINUTE:
        raise ApiError(10009, "too often", f"一分钟内授权了 {CODES_PER_MINUTE} 次，网页可能在反复跳转")
    code = "0" + secrets.token_hex(16)[:31]
    openid = SNAPSHOT + secrets.token_hex(10)[:19] if snapshot else person
    world.db.run(
        "insert into sign_in_code (code, person, openid, scope, at) values (?, ?, ?, ?, ?)",
        code,
        person,
        openid,
        scope,
        now,
    )
    return code


def redeem(world: World, code: str) -> Row:
    """The token a code is good for, once.

    Raises:
        ApiError: 40029 made up, 40163 used, 42003 too old.
    """
    row = world.db.find("select * from sign_in_code where code = ?", code)
    if row is None:
        raise ApiError(40029, "invalid code", "这个 code 不是这里发出的")
    if row["used"]:
        raise ApiError(40163, "code been used", "code 只能用一次")
    if world.now() - row["at"] >= CODE_SECONDS:
        raise ApiError(42003, "code expired", f"code 只在 {CODE_SECONDS} 秒内有效")
    world.db.run("update sign_in_code set used = 1 where code = ?", code)
    now = world.now()
    world.db.run("delete from sign_in_token where refresh_ends_at < ?", now - 24 * 3600)
    token: Row = {
        "access": secrets.token_urlsafe(80),
        "refresh": secrets.token_urlsafe(80),
        "openid": row["openid"],
        "scope": row["scope"],
        "ends_at": now + TOKEN_SECONDS,
        "refresh_ends_at": now + REFRESH_SECONDS,
    }
    world.db.run("insert into sign_in_token values (?, ?, ?, ?, ?, ?)", *token.values())
    return token


def refresh(world: World, value: str) -> Row:
    """A valid token is prolonged, an expired one replaced; the 30 days of `value` go on running.

    Raises:
        ApiError: 40030 made up, 42002 too old.
    """
    token = world.db.find("select * from sign_in_token where refresh = ?", value)
    if token is None:
        raise ApiError(40030, "invalid refresh_token", "这个 refresh_token 不是这里发出的")
    if token["refresh_ends_at"] <= world.now():
        raise ApiError(42002, "refresh_token expired", "refresh_token 已过 30 天，应重新授权")
    if token["ends_at"] <= world.now():
        token["access"] = secrets.token_urlsafe(80)
    token["ends_at"] = world.now() + TOKEN_SECONDS
    world.db.run(
        "update sign_in_token set access = ?, ends_at = ? where refresh = ?",
        token["access"],
        token["ends_at"],
        value,
    )
    return token


def holder_of(world: World, access: str, openid: str) -> Row:
    """The token with which a call about `openid` is made.

    Raises:
        ApiError: 41001 none, 40001 made up or the account's own, 42001 expired, 40003 somebody else's.
    """
    if not access:
        raise ApiError(41001, "access_token missing", "查询串里没有 access_token")
    token = world.db.find("select * from sign_in_token where access = ?", access)
    if token is None:
        said = "invalid credential, access_token is invalid or not latest"
        raise ApiError(40001, said, "这里要网页授权的 access_token，它与公众号的不同")
    if token["ends_at"] <= world.now():
        raise ApiError(42001, "access_token expired", f"网页授权的 access_token 只有 {TOKEN_SECONDS} 秒")
    if openid != token["openid"]:
        raise ApiError(40003, "invalid openid", "这个 access_token 不是这个 openid 的")
    return token


def answer(token: Row) -> dict[str, Any]:
    """A token as the platform tells it."""
    return {
        "access_token": token["access"],
        "expires_in": TOKEN_SECONDS,
        "refresh_token": token["refresh"],
        "openid": token["openid"],
        "scope": token["scope"],
    }
