"""The mass messages that were ordered: their rows, and the 24 hours in which a clientmsgid protects."""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.mass.outcomes import ALLOWED, FORBIDDEN, REPRINT_FORBIDDEN, REPRINT_STOPPED, SUCCESS
from sandbox.store import Row
from sandbox.world import World, next_number

# Waits for the admin; whom it reaches is not settled yet; goes out; over.
ASKED, STARTED, SENDING, FINISHED = "asked", "started", "sending", "finished"
SENDALL, SEND, CONSOLE = "sendall", "send", "console"
DUE, FAILING, FILTERED, ARRIVED, FAILED = "due", "failing", "filtered", "arrived", "failed"  # of a receiver
REMEMBER_SECONDS, TOO_SOON_SECONDS = 24 * 3600, 60


@dataclass(frozen=True)
class Order:
    """What is to be sent to whom, once every rule holds."""

    way: str
    type: str
    content: dict[str, Any]  # as a phone shows it
    to_all: bool = False
    tag_id: int | None = None
    openids: tuple[str, ...] = ()
    media_id: str = ""
    client_msg_id: str = ""
    ignore_reprint: bool = False  # a reprint goes on where its original allows it
    msg_data_id: int | None = None  # of articles sent before: they keep their addresses


def keep(world: World, order: Order, *, asks: bool) -> Row:
    """Write an order down. `asks`: the admin is asked first."""
    msg_id, wish = next_number(), world.misbehaviour.take("mass_result")
    reprint, stopped = _reprint(world, order)
    world.db.run(
        "insert into mass_job (msg_id, msg_data_id, way, to_all, tag_id, type, content, media_id, "
        "client_msg_id, at, day, state, planned, failing, reprint) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        msg_id,
        order.msg_data_id or next_number(),
        order.way,
        int(order.to_all),
        order.tag_id,
        order.type,
        json.dumps({**order.content, "way": "mass", "msg_id": msg_id}, ensure_ascii=False),
        order.media_id,
        order.client_msg_id,
        world.now(),
        world.clock.today().isoformat(),
        ASKED if asks else STARTED,
        stopped or (wish.status if wish else SUCCESS),
        wish.failed if wish else 0,
        reprint,
    )
    return require(world, msg_id)


def _reprint(world: World, order: Order) -> tuple[str, str]:
    """What is found of articles (as asked for), and the status it stops them with."""
    wish = world.misbehaviour.take("mass_reprint") if order.type == "news" else None
    if wish is None:
        return "", ""
    if not wish.allowed:
        return FORBIDDEN, REPRINT_FORBIDDEN
    return ALLOWED, "" if order.ignore_reprint else REPRINT_STOPPED


def find(world: World, msg_id: object) -> Row | None:
    """The job with this number, which callers write as a number or as digits."""
    if isinstance(msg_id, bool) or not str(msg_id).isdecimal():
        return None
    return world.db.find("select * from mass_job where msg_id = ?", int(str(msg_id)))


def require(world: World, msg_id: int) -> Row:
    row = find(world, msg_id)
    assert row is not None
    return row


def before(world: World, client_msg_id: str) -> Row | None:
    """What this clientmsgid already caused, within 24 hours."""
    return world.db.find(
        "select * from mass_job where client_msg_id = ? and at > ? order by at desc",
        client_msg_id,
        world.now() - REMEMBER_SECONDS,
    )


def change(world: World, msg_id: int, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    statement = f"update mass_job set {names} where msg_id = ?"  # noqa: S608  (names of our own)
    world.db.run(statement, *values.values(), msg_id)


def of_articles(world: World, msg_data_id: int) -> Row | None:
    """The newest job that sent these articles."""
    return world.db.find("select * from mass_job where msg_data_id = ? order by msg_id desc", msg_data_id)


def reached(world: World, msg_data_id: int) -> int:
    """In how many chats these articles arrived, all sends together."""
    return world.db.count("select sum(sent) from mass_job where msg_data_id = ?", msg_data_id)


def listed(world: World) -> list[Row]:
    """The newest first."""
    return world.db.all("select * from mass_job order by msg_id desc limit 200")


def waiting(world: World) -> list[Row]:
    """Those the admin has not answered, the oldest first."""
    return world.db.all("select * from mass_job where state = ? order by msg_id", ASKED)


def is_under_way(world: World, media_id: str) -> bool:
    return bool(
        world.db.count("select count(*) from mass_job where media_id = ? and state <> ?", media_id, FINISHED)
    )
