"""Sending to many: who gets it, batch by batch, and the event at the end.

Every step is written down before the next: a sandbox that stops in the middle goes on where it was, and
nobody gets a message twice.
"""

import asyncio
import json

from sandbox import actions, drafts
from sandbox.errors import ApiError, NotPossible
from sandbox.mass import jobs, limits, outcomes
from sandbox.mass.jobs import ARRIVED, DUE, FAILED, FAILING, FILTERED, Order
from sandbox.mass.outcomes import ADMIN_SILENT, FAIL, REFUSED_BY_ADMIN, SUCCESS
from sandbox.publications import SENT
from sandbox.store import Row
from sandbox.world import World

ADMIN_SECONDS = 30 * 60
LOOK_SECONDS = 1.0

_CHOSEN = """
insert into mass_receiver (msg_id, openid, state)
select ?, person.openid,
    case when not following or refuses or blacklisted or coalesce(times, 0) >= ? then ? else ? end
from person left join mass_received on mass_received.openid = person.openid and month = ?
where """
_NAMED = "person.openid in (select value from json_each(?))"
_TAGGED = "following and person.openid in (select openid from person_tag where tag_id = ?)"
_EVERYBODY = "following"


def begin(world: World, order: Order) -> Row:
    """Take an order and start it; one to everybody waits for the admin where that is switched on."""
    asks = order.to_all and order.way != jobs.CONSOLE and bool(world.db.setting("mass_protection", False))
    job = jobs.keep(world, order, asks=asks)
    if order.openids:
        _publish(world, job)
        _choose(world, jobs.require(world, job["msg_id"]), order.openids)
    world.db.commit()  # the caller learns the number
    world.bus.publish("mass")
    if asks:
        _look_again(world)
    else:
        world.spawn(_run(world, job["msg_id"]))
    return job


def resume(world: World) -> None:
    """Go on with what an earlier run of the sandbox began."""
    rows = world.db.all("select msg_id from mass_job where state <> ? and not told", jobs.ASKED)
    for row in rows:
        world.spawn(_run(world, row["msg_id"]))
    look(world)


def admin_answers(world: World, *, allow: bool) -> int:
    """The admin answers the oldest question; which job that was.

    Raises:
        NotPossible: nothing was asked.
    """
    look(world)
    asked = jobs.waiting(world)
    if not asked:
        raise NotPossible("没有等管理员确认的群发。")
    _answered(world, asked[0], "" if allow else REFUSED_BY_ADMIN)
    return int(asked[0]["msg_id"])


def look(world: World) -> None:
    """End the questions to which the admin said nothing for half an hour; they do not stand for ever."""
    asked = jobs.waiting(world)
    for job in asked:
        if world.now() - job["at"] >= ADMIN_SECONDS:
            _answered(world, job, ADMIN_SILENT)
    if asked:
        _look_again(world)


def _look_again(world: World) -> None:
    world.later("mass admin", LOOK_SECONDS, lambda: look(world))


def _answered(world: World, job: Row, refusal: str) -> None:
    jobs.change(world, job["msg_id"], state=jobs.STARTED, planned=refusal or job["planned"])
    world.db.commit()
    world.spawn(_run(world, job["msg_id"]))


async def _run(world: World, msg_id: int) -> None:
    job = jobs.require(world, msg_id)
    await asyncio.sleep(0)  # the call that ordered it is answered first
    if job["state"] == jobs.STARTED:
        _publish(world, job)
        _choose(world, jobs.require(world, msg_id))
        job = jobs.require(world, msg_id)
    if job["state"] != jobs.FINISHED:
        if job["planned"] == SUCCESS:
            await _deliver(world, job)
        _finish(world, job)
    await actions.perform(world, outcomes.finished(world, jobs.require(world, msg_id)), wait=True)
    jobs.change(world, msg_id, told=1)


def _publish(world: World, job: Row) -> None:
    """A draft that is sent gets its pages and leaves the box; what fails stays in it."""
    if job["type"] != "news" or not job["media_id"] or job["planned"] != SUCCESS:
        return
    try:
        sent = drafts.as_published(world, job["media_id"], way=SENT, msg_data_id=job["msg_data_id"])
    except ApiError:  # deleted while the admin was asked
        jobs.change(world, job["msg_id"], planned=FAIL)
        return
    content = {**json.loads(job["content"]), "articles": sent.cards()}
    jobs.change(world, job["msg_id"], content=json.dumps(content, ensure_ascii=False))


def _choose(world: World, job: Row, openids: tuple[str, ...] = ()) -> None:
    """Settle who gets it, and count it for them: with another job at the same time it is never a fifth."""
    which, value = _NAMED, [json.dumps(openids)]
    if not openids:
        which, value = (_EVERYBODY, []) if job["tag_id"] is None else (_TAGGED, [job["tag_id"]])
    db, msg_id, month = world.db, job["msg_id"], limits.month(job["day"])
    db.run(_CHOSEN + which, msg_id, limits.most_a_month(world), FILTERED, DUE, month, *value)
    if job["failing"]:
        db.run(
            "update mass_receiver set state = ?1 where msg_id = ?2 and openid in "
            "(select openid from mass_receiver where msg_id = ?2 and state = ?3 order by openid limit ?4)",
            FAILING,
            msg_id,
            DUE,
            job["failing"],
        )
    if job["planned"] == SUCCESS:
        db.run(
            "insert into mass_received select openid, ?, 1 from mass_receiver where msg_id = ? and state = ? "
            "on conflict do update set times = times + 1",
            month,
            msg_id,
            DUE,
        )
    jobs.change(world, msg_id, state=jobs.SENDING)


async def _deliver(world: World, job: Row) -> None:
    last = ""
    while True:
        upto = world.db.find(
            "select max(openid) as last from (select openid from mass_receiver "
            "where msg_id = ? and state = ? and openid > ? order by openid limit ?)",
            job["msg_id"],
            DUE,
            last,
            world.config.mass_batch,
        )
        if upto is None or upto["last"] is None:
            return
        _deliver_batch(world, job, last, upto["last"])
        last = upto["last"]
        await asyncio.sleep(world.config.mass_pause)


def _deliver_batch(world: World, job: Row, after: str, upto: str) -> None:
    """One transaction: it is in the chat, and it is written down that it is."""
    db, span = world.db, (job["msg_id"], after, upto)
    within = "msg_id = ? and openid > ? and openid <= ?"
    # Who left meanwhile: counted above, and reached no more.
    left = db.all(
        f"select openid from mass_receiver where {within} and state = ? "  # noqa: S608
        "and not (select following from person where openid = mass_receiver.openid)",
        *span,
        DUE,
    )
    for row in left:
        db.run(
            "update mass_receiver set state = ? where msg_id = ? and openid = ?",
            FAILED,
            span[0],
            row["openid"],
        )
        db.run(
            "update mass_received set times = times - 1 where openid = ? and month = ?",
            row["openid"],
            limits.month(job["day"]),
        )
    db.run(
        "insert into message (openid, direction, type, content, at, exchange_id) "  # noqa: S608
        f"select openid, 'in', ?, ?, ?, null from mass_receiver where {within} and state = ?",
        job["type"],
        job["content"],
        world.now(),
        *span,
        DUE,
    )
    db.run(f"update mass_receiver set state = ? where {within} and state = ?", ARRIVED, *span, DUE)  # noqa: S608
    db.commit()
    world.bus.publish("mass")


def _finish(world: World, job: Row) -> None:
    db, msg_id = world.db, job["msg_id"]
    db.run(
        "update mass_receiver set state = ? where msg_id = ? and state in (?, ?)",
        FAILED,
        msg_id,
        DUE,
        FAILING,
    )
    counts = {
        row["state"]: row["people"]
        for row in db.all(
            "select state, count(*) as people from mass_receiver where msg_id = ? group by state", msg_id
        )
    }
    total, sent, failed = sum(counts.values()), counts.get(ARRIVED, 0), counts.get(FAILED, 0)
    jobs.change(
        world,
        msg_id,
        state=jobs.FINISHED,
        status=job["planned"],
        total=total,
        filtered=sent + failed,
        sent=sent,
        failed=failed,
    )
    db.commit()
