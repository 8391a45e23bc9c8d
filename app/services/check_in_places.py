"""Where an activity takes place, for those who check in by themselves: a point, how far from it, and whether
a telephone is there.

Nothing of where somebody was is kept: it is compared and forgotten. Coordinates are WGS-84, as telephones
have them; those of Chinese maps (GCJ-02) lie some hundred metres beside.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, Final

from app.errors import DomainError

NEAREST, FARTHEST = 50, 5000  # metres that an organiser may choose
USUAL: Final = 300
_TRUSTED: Final = 200.0  # metres of its own error that a telephone is allowed
_EARTH: Final = 6_371_000.0
_POINT: Final = re.compile(r"(-?\d{1,2}(?:\.\d{1,8})?)\s*[,，\s]\s*(-?\d{1,3}(?:\.\d{1,8})?)")


class NotThere(DomainError):
    """Somebody is elsewhere, or does not say where."""


@dataclass(frozen=True, slots=True)
class Place:
    latitude: float
    longitude: float
    metres: int

    def dump(self) -> dict[str, float]:
        return {"latitude": self.latitude, "longitude": self.longitude, "metres": self.metres}

    @property
    def point(self) -> str:
        return f"{self.latitude}, {self.longitude}"


def load(kept: object) -> Place | None:
    """What `Activity.check_in_place` holds."""
    if not kept:
        return None
    found: Any = kept
    return Place(float(found["latitude"]), float(found["longitude"]), int(found["metres"]))


def parse(point: str, metres: str) -> Place | None:
    """Of what an organiser wrote: 「35.5847, 109.2655」 and 300; None where no place is asked for.

    Raises: DomainError.
    """
    if not point:
        return None
    found = coordinates(point)
    if found is None:
        raise DomainError("签到地点应写成「纬度, 经度」，例如 35.5847, 109.2655。")
    said = metres or str(USUAL)
    if not (said.isascii() and said.isdecimal() and len(said) < 6 and NEAREST <= int(said) <= FARTHEST):
        raise DomainError(f"签到范围应是 {NEAREST} 到 {FARTHEST} 米。")
    return Place(*found, int(said))


def coordinates(point: str) -> tuple[float, float] | None:
    """Latitude and longitude as somebody wrote them; None for what is no point on the earth."""
    found = _POINT.fullmatch(point)
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        return None
    return float(found[1]), float(found[2])


def check(place: Place | None, latitude: str, longitude: str, accuracy: str) -> None:
    """Whether a telephone that says this is at the place.

    Raises: NotThere: it says nothing, or that it is elsewhere.
    """
    if place is None:
        return
    where = _number(latitude, 90), _number(longitude, 180)
    if where[0] is None or where[1] is None:
        raise NotThere(
            "这个活动要在现场签到，需要知道您在不在附近。请允许获取位置再试；"
            "不想给位置也可以，请到签到处出示票码。"
        )
    away = distance(place.latitude, place.longitude, where[0], where[1])
    error = min(_number(accuracy, 1e6) or 0.0, _TRUSTED)
    if away - max(error, 0.0) > place.metres:
        raise NotThere(
            f"您离活动地点大约 {_said(away)}，还不能签到。到了现场再点一次；"
            "已经到了还不行，请到签到处出示票码。"
        )


def distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Metres between two points, on a ball."""
    one, other = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    half = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(across / 2) ** 2
    return 2 * _EARTH * math.asin(min(1.0, math.sqrt(half)))


def _number(said: str, most: float) -> float | None:
    """None for what is no number, too large, or no place at all."""
    try:
        value = float(said)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= most else None


def _said(metres: float) -> str:
    return f"{round(metres / 10) * 10} 米" if metres < 1000 else f"{metres / 1000:.1f} 公里"
