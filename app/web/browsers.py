"""What a browser says of itself: the kind of device it runs on."""

import re
from typing import Final

from models import DeviceKind

# The first that fits: an iPad says that it is a Mac, HarmonyOS that it is an Android.
_SIGNS: Final = (
    (re.compile(r"HarmonyOS|OpenHarmony", re.IGNORECASE), DeviceKind.HARMONY),
    (re.compile(r"iPad"), DeviceKind.IPAD),
    (re.compile(r"iPhone"), DeviceKind.IPHONE),
    (re.compile(r"Android"), DeviceKind.ANDROID),
    (re.compile(r"Windows"), DeviceKind.WINDOWS),
    (re.compile(r"Macintosh"), DeviceKind.MAC),
)


def kind_of(user_agent: str) -> DeviceKind:
    """What kind of device it says it is."""
    return next((kind for sign, kind in _SIGNS if sign.search(user_agent)), DeviceKind.OTHER)
