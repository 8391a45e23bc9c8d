"""Broadcasts for the mini-program: what is on and comes, one of them, a reminder, and having watched it."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from app.api.description import documented
from app.api.gate import Caller
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.services import live_notices, live_visits, lives
from models import LivePhase, LiveSession, LiveVisit

router = APIRouter(prefix="/lives", tags=["直播"], route_class=Route)


class LiveOut(Strict):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    title: str = Field(examples=["冬季用电安全讲座"])
    about: str = Field(examples=["取暖、线路、插座，一次讲清"], description="可能是空的")
    phase: LivePhase = Field(examples=["scheduled"])
    phase_label: str = Field(examples=["预告"])
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    ends_at: datetime = Field(examples=["2026-04-12T03:00:00Z"])
    cover: str = Field(
        examples=["https://gh.example.cn/lives/k7m2p9q4r8s3t6vw/cover?of=1a"],
        description="封面图的地址，直接给 image 用；没有是空的",
    )
    cover_alt: str = Field(examples=["讲座现场"], description="图上是什么")


class LivesOut(Strict):
    items: list[LiveOut]


class ChapterOut(Strict):
    seconds: int = Field(examples=[750], description="从头数的秒数，给 video 跳过去用")
    clock: str = Field(examples=["12:30"])
    title: str = Field(examples=["答疑"])


class WholeLiveOut(LiveOut):
    activity_id: str | None = Field(examples=[None], description="哪个活动的；没有是 null")
    source: str = Field(
        examples=["https://live.example.cn/a.m3u8"],
        description="现在看的地址：直播中是直播，可回看时是回看；现在没有可看的是空的",
    )
    plays_here: bool = Field(
        examples=[True], description="true 是视频流，可以给 video 用；false 是网页，请复制给本人用浏览器打开"
    )
    is_stream: bool = Field(examples=[True], description="是 m3u8 直播流")
    chapters: list[ChapterOut] = Field(description="回看的章节，没有是空的")
    address: str = Field(examples=["https://gh.example.cn/lives/k7m2p9q4r8s3t6vw"])


class LiveStandingOut(Strict):
    reminds: bool = Field(examples=[False], description="要提醒我")
    reminder_at: datetime | None = Field(
        examples=["2026-04-12T00:30:00Z"], description="在公众号里提醒的时间；来不及提醒、已经开始的是 null"
    )
    may_remind: bool = Field(examples=[True], description="现在能不能要提醒")
    watched: bool = Field(examples=[False], description="算我看过这场了")


@router.get("", response_model=LivesOut, operation_id="listLives")
async def listed(
    session: ReadSession, now: Now, shared: InUse, when: Literal["ahead", "replay"] = "ahead"
) -> LivesOut:
    """直播。when=ahead 是正在播的和预告，早的在前；when=replay 是半年内可以回看的，新的在前。最多 30 场。"""
    found = lives.list_ahead if when == "ahead" else lives.list_replays
    rows = await found(session, now, lives.LISTED)
    return LivesOut(items=[LiveOut(**_facts(each, now, shared.public_url)) for each in rows])


@router.get("/{live_id}", response_model=WholeLiveOut, operation_id="getLive")
async def one(live_id: PublicId, session: ReadSession, now: Now, shared: InUse) -> WholeLiveOut:
    """一场直播。不分是谁看；提醒和看过没有在 /lives/{id}/mine。"""
    live = await lives.get(session, live_id)
    activity = await lives.activity_of(session, live)
    source = lives.source_of(live, now) if lives.may_watch(live, now) else ""
    return WholeLiveOut(
        **_facts(live, now, shared.public_url),
        activity_id=None if activity is None else activity.public_id,
        source=source,
        plays_here=lives.is_played_here(source, shared.live_hosts),
        is_stream=lives.is_stream(source),
        chapters=[
            ChapterOut(seconds=seconds, clock=lives.clock_of(seconds), title=title)
            for seconds, title in lives.chapters_of(live)
        ],
        address=f"{shared.public_url}/lives/{live.public_id}",
    )


@router.get("/{live_id}/mine", response_model=LiveStandingOut, operation_id="getLiveStanding")
async def mine(live_id: PublicId, caller: Caller, session: ReadSession, now: Now) -> LiveStandingOut:
    """我和这场直播：要不要提醒，几点提醒，看过没有。"""
    live = await lives.get(session, live_id)
    return _standing(live, await live_visits.find(session, live, caller.known.person_id), now)


@router.put(
    "/{live_id}/reminder",
    response_model=LiveStandingOut,
    responses=documented(409),
    operation_id="remindOfLive",
)
async def remind(live_id: PublicId, caller: Caller, session: WriteSession, now: Now) -> LiveStandingOut:
    """提醒我：开播前半小时在公众号里提醒，夜里开播的前一晚提醒。再做一次不算错；来不及提醒的是 409。"""
    live = await lives.get(session, live_id)
    await live_visits.remind(session, live, caller.known.person_id, now)
    return _standing(live, await live_visits.find(session, live, caller.known.person_id), now)


@router.delete("/{live_id}/reminder", response_model=LiveStandingOut, operation_id="forgetLiveReminder")
async def forget(live_id: PublicId, caller: Caller, session: WriteSession, now: Now) -> LiveStandingOut:
    """不用提醒了。没有要过提醒的不算错。"""
    live = await lives.get(session, live_id)
    await live_visits.forget_reminder(session, live, caller.known.person_id, now)
    return _standing(live, await live_visits.find(session, live, caller.known.person_id), now)


@router.put(
    "/{live_id}/visit", response_model=LiveStandingOut, responses=documented(409), operation_id="watchLive"
)
async def watch(live_id: PublicId, caller: Caller, session: WriteSession, now: Now) -> LiveStandingOut:
    """进入直播或回看，算我看过，一场只算一次。现在没有可看的是 409。"""
    live = await lives.get(session, live_id)
    visit = await live_visits.watch(session, live, caller.known.person_id, now)
    return _standing(live, visit, now)


def _standing(live: LiveSession, visit: LiveVisit | None, now: datetime) -> LiveStandingOut:
    due_at = live_notices.reminder_at(live, now) if live.phase(now) is LivePhase.SCHEDULED else None
    return LiveStandingOut(
        reminds=visit is not None and visit.reminds,
        reminder_at=due_at,
        may_remind=due_at is not None,
        watched=visit is not None and visit.watched_at is not None,
    )


def _facts(live: LiveSession, now: datetime, public_url: str) -> dict[str, object]:
    phase = live.phase(now)
    return {
        "id": live.public_id,
        "title": live.title,
        "about": live.about,
        "phase": phase,
        "phase_label": phase.label,
        "starts_at": live.starts_at,
        "ends_at": live.ends_at,
        "cover": f"{public_url}/lives/{live.public_id}/cover?of={live.cover}" if live.cover else "",
        "cover_alt": live.cover_alt,
    }
