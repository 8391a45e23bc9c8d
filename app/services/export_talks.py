"""What an export reads of what was said: messages and answers, half-finished dialogues, notices, alerts."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import campaign_forgetting, campaign_rows
from app.services.export_sources import Row, Said, chapter, chapter_of_talk
from app.services.export_values import time, words_of_reply
from app.services.messages import STATES
from models import (
    CrisisAlert,
    Dialogue,
    Follower,
    Message,
    Outbox,
)


@chapter_of_talk(
    "messages",
    "公众号里的对话",
    "message.follower_id",
    at="时间",
    kind="种类",
    said="您发的",
    answered="我们答的",
    state="状态",
)
async def _messages(session: AsyncSession, person_id: int, said: Said) -> Sequence[Row]:
    mine = sa.select(Message).join(Follower, Follower.id == Message.follower_id)
    found = await session.scalars(mine.where(Follower.person_id == person_id).order_by(Message.id))
    return [
        {
            "at": time(message.received_at),
            "kind": message.kind,
            "said": None if message.body is None else said(message.body),
            "answered": words_of_reply(message.reply),
            "state": STATES[message.state],
        }
        for message in found
    ]


@chapter(
    "dialogues",
    "没有办完的对话",
    "dialogue.follower_id",
    flow="在办什么",
    started_at="开始时间",
    answers="您答过的",
)
async def _dialogues(session: AsyncSession, person_id: int) -> Sequence[Row]:
    mine = sa.select(Dialogue).join(Follower, Follower.id == Dialogue.follower_id)
    found = await session.scalars(mine.where(Follower.person_id == person_id).order_by(Dialogue.id))
    return [
        {"flow": each.flow, "started_at": time(each.started_at), "answers": each.answers or []}
        for each in found
    ]


@chapter(
    "notices",
    "发给您的通知",
    "outbox.person_id",
    "outbox.follower_id",
    at="时间",
    kind="种类",
    words="内容",
)
async def _notices(session: AsyncSession, person_id: int) -> Sequence[Row]:
    found = await session.scalars(sa.select(Outbox).where(Outbox.person_id == person_id).order_by(Outbox.id))
    return [
        {"at": time(each.created_at), "kind": each.kind, "words": words_of_reply(each.payload)}
        for each in found
    ]


@chapter(
    "campaigns",
    "群发给您的消息",
    "campaign_delivery.person_id",
    "campaign_delivery.follower_id",
    "campaign_refusal.person_id",
    at="时间",
    words="内容",
    state="结果",
    refused="您退订了",
)
async def _campaigns(session: AsyncSession, person_id: int) -> Sequence[Row]:
    refused = await campaign_rows.is_refused(session, person_id)
    return [
        {"at": time(row.settled_at), "words": campaign.text, "state": row.state, "refused": refused}
        for row, campaign in await campaign_forgetting.list_of(session, person_id)
    ]


@chapter("alerts", "危险时的提醒", "crisis_alert.person_id", at="时间", words="当时的话", taken="有人看过")
async def _alerts(session: AsyncSession, person_id: int) -> Sequence[Row]:
    found = await session.scalars(
        sa.select(CrisisAlert).where(CrisisAlert.person_id == person_id).order_by(CrisisAlert.id)
    )
    return [
        {"at": time(each.created_at), "words": each.excerpt, "taken": each.taken_at is not None}
        for each in found
    ]
