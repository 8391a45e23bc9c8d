"""What WeChat tells of a person's wishes about his data (PIPL events, section 2.6 of the reference).

`user_authorization_revoke`: what was authorised is deleted; `user_authorization_cancellation`: the account is
closed, as its person has given up WeChat's. The event was answered and kept when it came; here it is acted on
and then emptied, since it names the person: one with a body is still to be done. `user_info_modified` needs
nothing: we keep no name and no picture of WeChat's.
"""

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.services import closing
from app.services.forgetting import change
from app.wechat.incoming import fields_of
from models import Follower, Message
from models.message import PLACES, PRIVATE_EVENTS

log = structlog.get_logger(__name__)

BATCH = 50
CANCELLED = "event.user_authorization_cancellation"
LOCATION = (
    "206"  # of RevokeInfo; 204 and 207 are what a mini-program recorded or chose, which we keep as cases
)


async def run(database: Database, clock: Clock) -> int:
    """Act on all that wait; returns how many. One that fails is logged and comes again."""
    done = 0
    async with database.reading() as session:
        waiting = sa.select(Message.id).where(sa.text(PRIVATE_EVENTS)).order_by(Message.id).limit(BATCH)
        ids = (await session.scalars(waiting)).all()
    for message_id in ids:
        try:
            async with database.transaction() as session:
                await _act(session, message_id, clock)
            done += 1
        except Exception:
            log.exception("privacy_event_failed", message=message_id)
    return done


async def _act(session: AsyncSession, message_id: int, clock: Clock) -> None:
    """In one transaction with the emptying of the event: a crash between runs it again."""
    event = await session.get(Message, message_id, with_for_update=True, populate_existing=True)
    if event is None or event.body is None:
        return
    said = _fields(event.body)
    follower = await session.scalar(
        sa.select(Follower).where(
            Follower.account_id == event.account_id, Follower.openid == said.get("OpenID", "")
        )
    )
    event.body = None
    if follower is None:
        log.info("privacy_event_of_nobody", message=message_id, kind=event.kind)
    elif event.kind == CANCELLED:
        await session.flush()
        await closing.close(session, follower.person_id, channel="wechat", now=clock.now())
        log.info("account_closed", message=message_id)
    elif LOCATION in said.get("RevokeInfo", ""):
        places = sa.and_(Message.follower_id == follower.id, sa.text(PLACES))
        count = await change(session, sa.update(Message).where(places).values(body=None))
        log.info("places_deleted", message=message_id, rows=count)


def _fields(body: str) -> dict[str, str]:
    known = fields_of(body)
    return {name: str(known.get(name, "")) for name in ("OpenID", "RevokeInfo")}
