"""What WeChat tells of orders by itself, in MASSSENDJOBFINISH: put down, as long as one is waited for."""

from datetime import timedelta

from app.clock import Clock
from app.database import Database
from app.services import mass_orders
from app.services.mass_orders import Result
from app.wechat.advice import mass_end
from app.wechat.incoming import fields_of
from app.wechat.job_results import MassEnd, mass_result


async def hear(database: Database, clock: Clock) -> None:
    now = clock.now()
    async with database.reading() as session:
        if not await mass_orders.any_untold(session):
            return
    async with database.transaction() as session:
        waiting = await mass_orders.untold(session, now)
        since = min((each.asked_at for each in waiting if each.asked_at), default=now)
        for body in await mass_orders.events_since(session, since - timedelta(minutes=1)):
            told = mass_result(fields_of(body))
            is_sent = told.end in (MassEnd.SENT, MassEnd.UNKNOWN)
            figures = (told.total, told.reachable, told.sent, told.failed)
            urls = {each.number: each.url for each in told.articles}
            ended = Result(told.msg_id, is_sent, mass_end(told.end, told.status), *figures, urls)
            await mass_orders.heard(session, ended, now)
