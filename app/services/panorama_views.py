"""A tour as the viewer reads it: what is seen where, and at which addresses its pieces lie."""

from collections.abc import Sequence
from typing import Any

from app.services.panorama_hotspots import Spot
from app.services.panoramas import Seen
from models import HotspotKind, Panorama


def described(tour: Panorama, seen: Sequence[Seen], start: str, *, base: str = "") -> dict[str, Any]:
    """For `static/panorama.js`: scenes that have a picture; `base` is the room, empty on the portal.

    In the console each scene has a page of its own.

    Angles in degrees, `widths` in pixels of each level.
    """
    at = f"{base}/panoramas/{tour.public_id}"
    return {
        "start": start,
        "scenes": [
            {
                "id": each.scene.public_id,
                "title": each.scene.title,
                "alt": each.scene.alt,
                "yaw": each.scene.yaw,
                "pitch": each.scene.pitch,
                "at": f"{at}/pictures/{each.picture.public_id}/",
                "widths": each.widths,
                "spots": [_spot(spot, at, is_staff=bool(base)) for spot in each.spots if not spot.is_dead],
            }
            for each in seen
            if each.picture is not None
        ],
    }


def _spot(spot: Spot, at: str, *, is_staff: bool) -> dict[str, Any]:
    row = spot.row
    shown: dict[str, Any] = {"kind": row.kind.value, "label": row.label, "yaw": row.yaw, "pitch": row.pitch}
    match row.kind:
        case HotspotKind.SCENE:
            to = spot.to.public_id if spot.to else ""
            shown |= {"href": f"{at}/scenes/{to}"} if is_staff else {"to": to}
        case HotspotKind.ACTIVITY:
            shown["href"] = f"/activities/{spot.activity.public_id}" if spot.activity else ""
        case HotspotKind.PICTURE:
            shown |= {"words": row.words, "src": f"{at}/hotspots/{row.public_id}"}
        case HotspotKind.TEXT:
            shown["words"] = row.words
    return shown
