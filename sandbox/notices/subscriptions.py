"""What each person let each app send: counts, standing consent, and choices that were kept (section 8.4).

Kept by app, openid and template. An accepted popup is one notice more of a one-off template, and
stands for a long-term one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.errors import ApiError, NotPossible
from sandbox.notices import restrictions
from sandbox.notices.library import LONG_TERM
from sandbox.store import Row
from sandbox.world import World

ACCEPT, REJECT, BAN = "accept", "reject", "ban"


def of(world: World, app_id: str, openid: str, template_id: str) -> Row:
    """`left` notices, `standing` consent, and the choice `kept` for later popups ('' none)."""
    row = world.db.find(
        "select left, standing, kept from subscription where app_id = ? and openid = ? and template_id = ?",
        app_id,
        openid,
        template_id,
    )
    return row or {"left": 0, "standing": 0, "kept": ""}


def _put(world: World, app_id: str, openid: str, template_id: str, row: Row) -> None:
    world.db.run(
        "insert or replace into subscription (app_id, openid, template_id, left, standing, kept) "
        "values (?, ?, ?, ?, ?, ?)",
        app_id,
        openid,
        template_id,
        row["left"],
        row["standing"],
        row["kept"],
    )
    world.bus.publish("notices")


def answer(
    world: World, app_id: str, openid: str, template: Row, wanted: bool | None, *, always: bool
) -> tuple[str, bool]:
    """One line of a popup: the status it ends with, and whether the person was asked at all.

    Raises:
        NotPossible: asked, and `wanted` is None.
    """
    template_id = template["id"]
    if restrictions.is_banned(world, app_id, template_id):
        return BAN, False
    row = of(world, app_id, openid, template_id)
    asked = not row["kept"]
    if asked and wanted is None:
        raise NotPossible(f"弹窗在问「{template['title']}」，请选择允许或拒绝。", 400)
    status = (ACCEPT if wanted else REJECT) if asked else str(row["kept"])
    if asked and always:
        row["kept"] = status
    if status == ACCEPT and template["type"] == LONG_TERM:
        row["standing"] = 1
    elif status == ACCEPT:
        row["left"] += 1
    _put(world, app_id, openid, template_id, row)
    return status, asked


def switch(world: World, app_id: str, openid: str, template_id: str, *, receive: bool) -> bool:
    """The person's settings: receive or not, from now on. False when it was so before."""
    row = of(world, app_id, openid, template_id)
    wanted = ACCEPT if receive else REJECT
    changed = bool(row["kept"] != wanted)
    _put(world, app_id, openid, template_id, {**row, "kept": wanted})
    return changed


def spend(world: World, app_id: str, openid: str, template: Row) -> None:
    """Use one of what was granted.

    Raises:
        ApiError: 43101 never granted, used up, or refused since.
    """
    row = of(world, app_id, openid, template["id"])
    if row["kept"] == REJECT:
        raise ApiError(43101, "user refuse to accept the msg", f"这个人拒收「{template['title']}」")
    if template["type"] == LONG_TERM:
        if not row["standing"]:
            raise ApiError(43101, "user refuse to accept the msg", f"没有订阅过「{template['title']}」")
        return
    if row["left"] < 1:
        raise ApiError(43101, "user refuse to accept the msg", f"「{template['title']}」的订阅次数已用完")
    _put(world, app_id, openid, template["id"], {**row, "left": row["left"] - 1})


@contextmanager
def one_at_a_time(world: World, app_id: str, openid: str) -> Iterator[None]:
    """
    Raises:
        ApiError: 43108 another notice to the same person is under way.
    """
    key = (app_id, openid)
    if key in world.being_sent:
        raise ApiError(43108, "concurrent send to the same user", "同一个人的上一条通知还在下发，请排队发送")
    world.being_sent.add(key)
    try:
        yield
    finally:
        world.being_sent.discard(key)
