"""Somebody who has done all that there is to do in the town, for tests of what is kept of a person."""

import sqlalchemy as sa

from models import Follower
from tests.talking import Speaker, Talk


async def signs_up(who: Speaker) -> str:
    await who.says("活动")
    await who.taps("羽毛球赛")
    await who.taps("报名")
    for each in ("1", "M", "跳过"):
        await who.says(each)
    return await who.says("确认")


async def binds(who: Speaker) -> str:
    for each in ("绑定", "同意", "10001", "李娜", "1"):
        await who.says(each)
    return await who.says("5678")


async def does_everything(li: Speaker) -> None:
    """Signs up, binds, leaves a message, asks a lawyer, begins something and leaves it."""
    await li.follows()
    await li.says("插座冒火花怎么办")
    assert "报名成功" in await signs_up(li)
    assert "绑定成功" in await binds(li)
    for each in ("留言", "活动与福利", "食堂的菜太咸了", "完成", "实名", "跳过"):
        await li.says(each)
    assert "LY-2026-0001" in await li.says("确认")
    for each in ("律师", "同意", "2", "昨天", "1", "2", "就是我们供电公司"):
        await li.says(each)
    for each in ("公司要和我解约", "完成", "没有", "没有", "跳过"):
        await li.says(each)
    assert "FL-2026-0001" in await li.says("确认")
    await li.says("留言")


async def person_of(talk: Talk, openid: str) -> int:
    async with talk.database.reading() as session:
        found = sa.select(Follower.person_id).where(Follower.openid == openid)
        return (await session.scalars(found)).one()
