"""People inside the mini-program: their openid there, phone number, session key and one-time codes.

A person comes to be known there when first looked for; the official account's side is in `people`.
"""

import base64
import hashlib
import secrets
from typing import Any

from sandbox import people
from sandbox.config import MINIPROGRAM
from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World

LOGIN, PHONE = "login", "phone"  # what a code is good for
CODE_SECONDS = 300
ACTIVE_SECONDS = 2 * 3600  # so long one counts as having just used the mini-program


def arrive(world: World, who: str) -> Row:
    """The person by openid or name, using the mini-program at this moment.

    Raises:
        NotPossible: no such person, or no mini-program.
    """
    row = get(world, who)
    world.db.run("update visitor set used_at = ? where openid = ?", world.now(), row["openid"])
    return find(world, row["openid"]) or {}


def get(world: World, who: str) -> Row:
    """The same without using it."""
    app = world.app(MINIPROGRAM)
    known = find(world, who)
    if known:
        return known
    person = people.get(world, who)
    digest = hashlib.sha256(f"{app.app_id}:{person['name']}".encode()).hexdigest()
    openid = "o" + digest[:27]
    phone = f"138{int(digest, 16) % 10**8:08}"
    made = world.db.changed(
        "insert into visitor (openid, person, phone) values (?, ?, ?) on conflict do nothing",
        openid,
        person["openid"],
        phone,
    )
    if made:
        world.bus.publish("person", openid=person["openid"])
    return find(world, openid) or {}


def find(world: World, openid: str) -> Row | None:
    return world.db.find("select * from visitor where openid = ?", openid)


def known(world: World) -> dict[str, str]:
    """The openids of those who were looked for here, and who they are to the official account."""
    return {row["openid"]: row["person"] for row in world.db.all("select openid, person from visitor")}


def described(world: World, row: Row) -> dict[str, Any]:
    """As the control API sees a person in the mini-program."""
    return {
        "openid": row["openid"],
        "unionid": people.unionid(world, row["person"]).get("unionid", ""),
        "phone": row["phone"],
        "logged_in": bool(row["session_key"]),
        "active": is_active(world, row),
        "risk": row["risk"],
        "blocked": bool(row["blocked"]),
    }


def is_active(world: World, row: Row) -> bool:
    return bool(world.now() - row["used_at"] <= ACTIVE_SECONDS)


def issue_code(world: World, openid: str, purpose: str) -> str:
    """A code for one exchange within five minutes."""
    code = secrets.token_hex(16 if purpose == LOGIN else 32)
    world.db.run("delete from miniprogram_code where expires_at < ?", world.now() - 24 * 3600)
    world.db.run(
        "insert into miniprogram_code (code, openid, purpose, expires_at) values (?, ?, ?, ?)",
        code,
        openid,
        purpose,
        world.now() + CODE_SECONDS,
    )
    return code


def code_holder(world: World, code: str, purpose: str) -> Row:
    """Whose code it is; it stays good until `use_up`.

    Raises:
        ApiError: 40029 made up, for another purpose, used, or too old.
    """
    row = world.db.find("select * from miniprogram_code where code = ?", code)
    if row is None:
        raise ApiError(40029, "invalid code", "这个 code 不是这里发出的")
    if row["purpose"] != purpose:
        raise ApiError(40029, "invalid code", "登录的 code 和手机号的 code 不能互换")
    if row["used"]:
        raise ApiError(40029, "invalid code", "code 只能用一次")
    if row["expires_at"] <= world.now():
        raise ApiError(40029, "invalid code", f"code 只在 {CODE_SECONDS} 秒内有效")
    return find(world, row["openid"]) or {}


def use_up(world: World, code: str) -> None:
    world.db.run("update miniprogram_code set used = 1 where code = ?", code)


def renew_session_key(world: World, openid: str) -> str:
    """A new key; the one before is dead at once."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    world.db.run("update visitor set session_key = ? where openid = ?", key, openid)
    return key
