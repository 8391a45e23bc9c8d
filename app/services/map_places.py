"""Where an activity is on a map: a point with a name and an address, as an organiser chose it.

Kept as WGS-84, which telephones and `geo:` links have. WeChat's own map, like every Chinese one, has GCJ-02:
some hundred metres beside. No map service is asked.
"""

import math
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from app.errors import DomainError
from app.services import check_in_places

NAME, ADDRESS = 40, 80  # characters
# The ellipsoid of Krasovsky (1940), on which GCJ-02 computes its shift.
_AXIS: Final = 6_378_245.0
_FLATNESS: Final = 0.006_693_421_622_965_943
_CHINA: Final = (0.8293, 55.8271, 72.004, 137.8347)  # south, north, west, east: elsewhere nothing is shifted


@dataclass(frozen=True, slots=True)
class MapPlace:
    latitude: float
    longitude: float
    name: str
    address: str = ""

    @property
    def point(self) -> str:
        return f"{self.latitude}, {self.longitude}"

    @property
    def words(self) -> str:
        return f"{self.name}，{self.address}" if self.address else self.name

    @property
    def geo(self) -> str:
        """A link (RFC 5870) that telephones open in their map, with a pin that has its name."""
        at = f"{self.latitude},{self.longitude}"
        return f"geo:{at}?q={at}({quote(self.name, safe='')})"

    def dump(self) -> dict[str, Any]:
        return {
            "latitude": self.latitude,
            "longitude": self.longitude,
            "name": self.name,
            "address": self.address,
        }

    def for_wechat(self) -> dict[str, Any]:
        """What `wx.openLocation` takes, in GCJ-02."""
        latitude, longitude = shifted(self.latitude, self.longitude)
        return self.dump() | {"latitude": latitude, "longitude": longitude}


def load(kept: object) -> MapPlace | None:
    """What `Activity.map_place` holds."""
    if not isinstance(kept, dict):
        return None
    return MapPlace(
        float(kept["latitude"]), float(kept["longitude"]), str(kept["name"]), str(kept.get("address", ""))
    )


def parse(point: str, name: str, address: str, *, place: str) -> MapPlace | None:
    """Of what an organiser wrote; `place` (of the activity) is its name where none is given.

    Raises: DomainError: no point, though a name or an address; one that is none; too long.
    """
    if not point:
        if name or address:
            raise DomainError("写了地图上的名称或地址，还要写坐标，例如 35.5847, 109.2655。")
        return None
    found = check_in_places.coordinates(point)
    if found is None:
        raise DomainError("地图上的坐标应写成「纬度, 经度」，例如 35.5847, 109.2655。")
    name = name or place
    if not name:
        raise DomainError("请写地图上显示的名称，或者写地点。")
    if len(name) > NAME or len(address) > ADDRESS:
        raise DomainError(f"地图上的名称最多 {NAME} 个字，地址最多 {ADDRESS} 个字。")
    return MapPlace(*found, name, address)


def shifted(latitude: float, longitude: float) -> tuple[float, float]:
    """WGS-84 → GCJ-02, to a metre."""
    south, north, west, east = _CHINA
    if not (south <= latitude <= north and west <= longitude <= east):
        return latitude, longitude
    x, y = longitude - 105.0, latitude - 35.0
    root = math.sqrt(abs(x))
    waves = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    up = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    up += (waves + 20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    up += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    right = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    right += (waves + 20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    right += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    angle = math.radians(latitude)
    bend = 1.0 - _FLATNESS * math.sin(angle) ** 2
    along = _AXIS * (1.0 - _FLATNESS) / (bend * math.sqrt(bend))
    across = _AXIS / math.sqrt(bend) * math.cos(angle)
    return (
        round(latitude + math.degrees(up / along), 6),
        round(longitude + math.degrees(right / across), 6),
    )
