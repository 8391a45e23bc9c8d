"""A sign-up as its owner reads it: how it stands, what may be done about it, in which team, by whose hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.shapes import Strict
from app.services import check_in_codes, parties, sign_up_changes, sign_up_help, team_rosters
from app.services.sign_up_help import Made
from app.services.sign_up_standing import standing_of
from models import SignUp, SignUpState, Team


class CompanionOut(Strict):
    name: str = Field(examples=["小明"])
    age: int = Field(examples=[8])


class OwnTeamOut(Strict):
    id: str = Field(examples=["t7m2p9q4r8s3t6vw"], description="队里有谁、怎样了在 /teams/{id}")
    name: str = Field(examples=["飞虎"])
    is_captain: bool = Field(examples=[True], description="我是队长")


class SignUpOut(Strict):
    id: str = Field(examples=["m3n8p2q7r4s9t5vw"])
    activity_id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    activity_title: str = Field(examples=["春季健步走"])
    place: str = Field(examples=["沮河公园"])
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    ends_at: datetime = Field(examples=["2026-04-12T04:00:00Z"])
    state: SignUpState = Field(examples=["confirmed"])
    state_label: str = Field(examples=["已报名"])
    standing: str = Field(examples=["报名成功，前一天会提醒您。"], description="现在怎样，可以直接显示")
    seats: int = Field(examples=[1], description="几个人，包括自己")
    answers: dict[str, str] = Field(examples=[{"size": "M"}], description="报名时的回答")
    companions: list[CompanionOut] = Field(examples=[[]], description="登记了姓名和年龄的同伴")
    signed_up_at: datetime = Field(examples=["2026-03-21T02:00:00Z"])
    offer_expires_at: datetime | None = Field(examples=[None], description="空位留到几时；没有是 null")
    may_choose: bool = Field(examples=[False], description="可以 accept 或 decline")
    may_cancel: bool = Field(examples=[True])
    may_change: bool = Field(examples=[False], description="可以改人数和回答（PUT）")
    may_return: bool = Field(examples=[False], description="可以重新报名")
    may_keep: bool = Field(examples=[False], description="同事替我报的，我还没有表示过：可以 keep")
    helper: str = Field(examples=[""], description="谁替我报的；自己报的是空的")
    team: OwnTeamOut | None = Field(description="我在哪支队里；没有是 null")
    ticket: str | None = Field(
        examples=["https://gh.example.cn/t/m3n8p2q7r4s9t5vw0mjr6k2p8abcdefghij234567"],
        description="放进二维码的内容：报名成功才有，取消就作废；画好的图在 /me/sign-ups/{id}/ticket",
    )
    danger: str = Field("", examples=[""], description="不是空的就先显示它：该打哪个电话、先做什么")


async def shown(
    session: AsyncSession, entries: Sequence[SignUp], now: datetime, public_url: str, danger: str = ""
) -> list[SignUpOut]:
    """Of sign-ups whose activities were loaded with them."""
    teams = await team_rosters.of_entries(session, entries)
    made = await sign_up_help.list_made(session, entries)
    return [_out(each, teams.get(each.id), made.get(each.id), now, public_url, danger) for each in entries]


def _out(
    entry: SignUp, team: Team | None, made: Made | None, now: datetime, public_url: str, danger: str
) -> SignUpOut:
    activity, standing = entry.activity, standing_of(entry, now)
    answers: Any = entry.answers
    return SignUpOut(
        id=entry.public_id,
        activity_id=activity.public_id,
        activity_title=activity.title,
        place=activity.place,
        starts_at=activity.starts_at,
        ends_at=activity.ends_at,
        state=entry.state,
        state_label=entry.state.label,
        standing=standing.words,
        seats=entry.people,
        answers={key: str(value) for key, value in answers.items() if value},
        companions=[CompanionOut(name=each.name, age=each.age) for each in parties.guests_of(entry.party)],
        signed_up_at=entry.signed_up_at,
        offer_expires_at=entry.offer_expires_at,
        may_choose=standing.may_choose,
        may_cancel=standing.may_cancel,
        may_change=sign_up_changes.may_change(activity, entry, now),
        may_return=standing.may_return,
        may_keep=made is not None and made.is_open,
        helper="" if made is None else made.helper,
        team=None if team is None else _team(team, entry),
        ticket=check_in_codes.address(entry, public_url) if standing.has_ticket else None,
        danger=danger,
    )


def _team(team: Team, entry: SignUp) -> OwnTeamOut:
    return OwnTeamOut(id=team.public_id, name=team.name, is_captain=team.captain_id == entry.id)
