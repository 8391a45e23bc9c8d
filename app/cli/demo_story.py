"""What has happened in the demonstration before somebody looks: people have written, staff have answered.

Members speak to the real dialogue engine, as their phones would; staff act through the services. Time is the
story's own, some working days before today. Not here: what staff can do in it (`demo_acts`).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote
from xml.sax.saxutils import escape

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, TypeAdapter

from app.assembly import House
from app.cli import demo_acts
from app.cli.demo_office import working_day
from app.clock import SHANGHAI, Clock, civil_date
from app.content_files import read_yaml
from app.services import board_voices, case_ratings, correcting
from app.services.permissions import Standing
from app.wechat.crypto import Mode
from app.wechat.incoming import parse
from models import AccountKind, BoardPost, Follower

NOW: Final = "now"
LONGEST: Final = 10  # working days that it may go back
BETWEEN: Final = timedelta(seconds=20)  # two messages of one person
_AT = re.compile(r"(-\d{1,2}) (\d{1,2}:\d{2})")
_NUMBER = re.compile(r"[A-Z]{2}-\d{4}-\d{4,}")
_LINE = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=[^&"]*&msgmenuid=([^"]*)">([^<]*)</a>')
_DAY = re.compile(r"\{-(\d{1,3})\}")  # so many days before, as somebody writes it


class StoryClock:
    """The time of the story while it is told; the house's own before and after."""

    def __init__(self, own: Clock) -> None:
        self._own = own
        self._told: datetime | None = None

    def now(self) -> datetime:
        return self._told or self._own.now()

    def real_now(self) -> datetime:
        return self._own.real_now()

    def monotonic(self) -> float:
        return self._own.monotonic()

    def tell(self, moment: datetime | None) -> None:
        self._told = moment

    def passes(self, span: timedelta) -> None:
        if self._told is not None:
            self._told += span


class Scene(BaseModel):
    """One person says something, or one of staff does something. Unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: str = ""  # 「-3 10:20」 is three working days ago; empty: right after the scene before
    who: str = ""
    says: list[str] = []
    keep: str = ""  # a name for the number that was given, or for the post
    rates: int | None = None
    likes: str = ""
    corrects: str = ""
    words: str = ""
    by: str = ""
    does: str = ""
    case: str = ""
    to: str = ""
    text: str = ""


class NoNumber(RuntimeError):
    """The dialogue went another way than the story says."""


@dataclass(slots=True)
class Story:
    """Somebody who tells it: the house, whom it knows, and what was called how."""

    house: House
    clock: StoryClock
    staff: Mapping[str, Standing]
    today: date
    named: dict[str, str] = field(default_factory=dict)
    _lines: dict[str, dict[str, str]] = field(default_factory=dict)  # what each phone shows to tap
    _ids: "count[int]" = field(default_factory=lambda: count(24000000000000001))

    async def tell(self, scenes: Sequence[Scene]) -> None:
        """Raises: NoNumber."""
        await self.house.refresh()
        for scene in scenes:
            if scene.at:
                self.clock.tell(_moment(scene.at, self.today))
            self.clock.passes(BETWEEN)
            if scene.by:
                await demo_acts.act(
                    self.house,
                    self.staff,
                    demo_acts.Asked(
                        scene.does, scene.by, self.named.get(scene.case, ""), scene.to, scene.text
                    ),
                )
            else:
                await self._member(scene)
        self.clock.tell(None)

    async def _member(self, scene: Scene) -> None:
        read = ""
        for words in scene.says:
            read = await self._says(scene.who, words)
            self.clock.passes(BETWEEN)
        if scene.says and scene.keep:
            self.named[scene.keep] = await self._number(scene, read)
        if scene.says:
            return
        now, number = self.clock.now(), self.named.get(scene.case, "")
        async with self.house.database.transaction() as session:
            person_id = await self._person(session, scene.who)
            if scene.rates is not None:
                await case_ratings.give(session, person_id, number, scene.rates, scene.words, now)
            elif scene.likes:
                await board_voices.like(session, self.named[scene.likes], person_id)
            elif scene.corrects:
                await correcting.ask(session, person_id, scene.corrects, channel="portal", now=now)

    async def _number(self, scene: Scene, read: str) -> str:
        """Of the case that was opened, or the post that was written. Raises: NoNumber."""
        if found := _NUMBER.search(read):
            return found[0]
        if "看过以后公开" not in read:
            raise NoNumber(f"{scene.who}「{scene.keep}」：{read}")
        async with self.house.database.reading() as session:
            newest = sa.select(BoardPost.public_id).order_by(BoardPost.id.desc()).limit(1)
            return (await session.scalars(newest)).one()

    async def _person(self, session: Any, name: str) -> int:
        theirs = sa.select(Follower.person_id).where(Follower.openid == openid_of(self.house, name))
        found: int = (await session.scalars(theirs)).one()
        return found

    async def _says(self, name: str, words: str) -> str:
        """What the phone would read; a line that it shows is tapped."""
        account_id, account = self.house.accounts[AccountKind.OFFICIAL]
        said = _DAY.sub(lambda found: _written(self.clock.now() - timedelta(days=int(found[1]))), words)
        lines = self._lines.get(name, {})
        choice = next((lines[shown] for shown in lines if said in shown and not said.isdigit()), "")
        tap = f"<bizmsgmenuid>{choice}</bizmsgmenuid>" if choice else ""
        body = (
            f"<xml><ToUserName>gh_demo</ToUserName><FromUserName>{openid_of(self.house, name)}</FromUserName>"
            f"<CreateTime>{int(self.clock.now().timestamp())}</CreateTime><MsgType>text</MsgType>"
            f"<Content>{escape(said)}</Content>{tap}<MsgId>{next(self._ids)}</MsgId></xml>"
        )
        incoming = parse(replace(account, mode=Mode.PLAIN), body.encode())
        read = (await self.house.engine.answer(incoming, account_id)).decode()
        self._lines[name] = {shown: unquote(choice) for choice, shown in _LINE.findall(read)}
        return read


def openid_of(house: House, name: str) -> str:
    """Of somebody of that name on the phones of the sandbox (sandbox/README.md): what happened is theirs."""
    made = hashlib.sha256(f"{house.settings.wechat_app_id}:{name}".encode()).hexdigest()
    return f"o{made[:27]}"


def opening(today: date) -> datetime:
    """The morning on which the story begins."""
    return datetime.combine(working_day(today, -LONGEST), time(8), SHANGHAI)


def load(path: Path) -> list[Scene]:
    return TypeAdapter(list[Scene]).validate_python(read_yaml(path))


def names(path: Path) -> list[str]:
    """Of those who have written, each once: on their phones they follow from the start."""
    return list(dict.fromkeys(scene.who for scene in load(path) if scene.says))


def _moment(at: str, today: date) -> datetime | None:
    """None: now. Raises: ValueError."""
    if at == NOW:
        return None
    if (match := _AT.fullmatch(at)) is None:
        raise ValueError(f"「{at}」应写成 -3 10:20 或 now")
    clock = time.fromisoformat(match[2].zfill(5))
    return datetime.combine(working_day(today, int(match[1])), clock, SHANGHAI)


def _written(moment: datetime) -> str:
    day = civil_date(moment)
    return f"{day.year}年{day.month}月{day.day}日"
