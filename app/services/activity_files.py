"""Activities as staff write them in a YAML file, checked and turned into what `activities.create` takes."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from app import rich_text
from app.clock import SHANGHAI
from app.content_files import read_yaml
from app.errors import DomainError, OperatorError
from app.services import check_in_places, map_places, sittings
from app.services.activity_conditions import Conditions
from app.services.audiences import AudienceOfFacts
from app.services.quotas import BIGGEST, MOST
from app.services.sittings import Raw
from models import Allocation

_DAYS_AHEAD = re.compile(r"\+(\d{1,3}) (\d{1,2}):(\d{2})")
_FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")


class When(BaseModel):
    """A moment in China: 2026-12-05 14:00, or +5 14:00 for five days from today."""

    model_config = ConfigDict(frozen=True)

    said: str

    def on(self, today: date) -> datetime:
        if match := _DAYS_AHEAD.fullmatch(self.said):
            day = today + timedelta(days=int(match[1]))
            return datetime(day.year, day.month, day.day, int(match[2]), int(match[3]), tzinfo=SHANGHAI)
        return _moment(self.said)


def _moment(said: str) -> datetime:
    for form in _FORMS:
        try:
            return datetime.strptime(said, form).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
    raise ValueError("时间应写成 2026-12-05 14:00")


def _when(value: Any) -> When:
    said = value.strftime(_FORMS[0]) if isinstance(value, datetime) else str(value).strip()
    if not _DAYS_AHEAD.fullmatch(said):
        _moment(said)
    return When(said=said)


Moment = Annotated[When, BeforeValidator(_when)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class PlannedSitting(BaseModel):
    """One of several times at which the same people come."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    starts: Moment
    ends: Moment
    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=sittings.TITLE)] = ""
    place: Annotated[str, StringConstraints(strip_whitespace=True, max_length=sittings.PLACE)] = ""

    def raw(self, today: date) -> Raw:
        return sittings.raw(self.starts.on(today), self.ends.on(today), self.title, self.place)


class Planned(Conditions):
    """One activity as its file has it. Unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Line
    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] = ""
    place: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    organiser: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""
    opens: Moment
    closes: Moment
    starts: Moment | None = None  # both follow from the sessions, where there are any
    ends: Moment | None = None
    sessions: list[PlannedSitting] = Field(default_factory=list)  # how many: `sittings.settled`
    changes_until: Moment | None = None
    capacity: int | None = Field(None, ge=0, le=100_000)
    guests: int = Field(0, ge=0, le=9)
    approval: bool = False
    allocation: Allocation = Allocation.FIRST_COME
    quotas: dict[Line, Annotated[int, Field(ge=0, le=BIGGEST)]] = Field({}, max_length=MOST)
    quotas_released: bool = True
    audience: AudienceOfFacts | None = Field(None, alias="for")
    check_in_minutes: int = Field(120, ge=0, le=1440)
    check_in_at: str = ""  # 「35.5847, 109.2655」
    check_in_within: int = Field(
        check_in_places.USUAL, ge=check_in_places.NEAREST, le=check_in_places.FARTHEST
    )
    map_at: str = ""  # 「35.5847, 109.2655」
    map_name: str = ""
    map_address: str = ""
    contact_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""
    contact_phone: Annotated[str, StringConstraints(pattern=r"^([0-9][0-9 -]{4,18})?$")] = ""
    questions: list[dict[str, Any]] = Field(default_factory=list)
    text: str = ""

    @field_validator("check_in_at")
    @classmethod
    def _is_point(cls, value: str) -> str:
        try:
            check_in_places.parse(value.strip(), "")
        except DomainError as refused:
            raise ValueError(refused.message) from None
        return value.strip()

    @model_validator(mode="after")
    def _has_times(self) -> Self:
        if self.sessions and (self.starts or self.ends):
            raise ValueError("写了 sessions，就不写 starts 和 ends：按第一次的开始、最后一次的结束")
        if not self.sessions and not (self.starts and self.ends):
            raise ValueError("要写 starts 和 ends，或者写 sessions")
        return self

    @model_validator(mode="after")
    def _is_on_map(self) -> Self:
        try:
            map_places.parse(self.map_at.strip(), self.map_name, self.map_address, place=self.place)
        except DomainError as refused:
            raise ValueError(refused.message) from None
        return self

    def values(self, today: date, by_branch: Sequence[list[int]] = ()) -> dict[str, Any]:
        """What `activities.create` takes. `by_branch`: what `quotas` makes of these. Raises: NotRichText."""
        given = self.model_dump(include={"title", "summary", "place", "organiser"})
        given |= self.model_dump(include={"capacity", "guests", "approval", "allocation", "questions"})
        given |= self.model_dump(include={"contact_name", "contact_phone"})
        moments = {name: getattr(self, name) for name in ("opens", "closes", "starts", "ends")}
        given |= {f"{name}_at": moment.on(today) for name, moment in moments.items() if moment}
        given["sittings"] = [each.raw(today) for each in self.sessions]
        place = check_in_places.parse(self.check_in_at, str(self.check_in_within))
        given |= {
            "check_in_minutes": self.check_in_minutes,
            "check_in_place": place.dump() if place else None,
        }
        given |= {"quotas": list(by_branch), "quotas_released": self.quotas_released}
        on_map = map_places.parse(self.map_at.strip(), self.map_name, self.map_address, place=self.place)
        given["map_place"] = on_map.dump() if on_map else None
        given |= self.condition_values()
        given["changes_until"] = self.changes_until.on(today) if self.changes_until else None
        given["audience"] = self.audience.model_dump(mode="json") if self.audience else None
        given["blocks"] = rich_text.dump(rich_text.from_markdown(self.text))
        return given


def load(path: Path) -> list[Planned]:
    """Every activity of the file: a list, or one alone.

    Raises:
        OperatorError: the file cannot be read, or something in it is wrong.
    """
    document = read_yaml(path)
    planned: list[Planned] = []
    for number, each in enumerate(document if isinstance(document, list) else [document], 1):
        try:
            planned.append(Planned.model_validate(each))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "内容"
            reason = first["msg"].removeprefix("Value error, ")
            raise OperatorError(f"{path.name} 第 {number} 个活动：{field}：{reason}") from None
    return planned
