"""What a phone makes of a text: plain stretches, web links, mini-program links, tappable lines."""

import html
import re
from typing import Any
from urllib.parse import unquote

Segment = dict[str, Any]

_ANCHOR = re.compile(r"<a\s+([^>]*)>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ADDRESS = re.compile(r"https?://[^\s<>\"'，。；！？、）】」]+")
_MENU_LINE = "weixin://bizmsgmenu?"


def segments(content: str) -> list[Segment]:
    """Cut a text into `{"text"}`, with `"url"`, `"miniprogram"` or `"choice"` where it can be
    tapped."""
    found: list[Segment] = []
    at = 0
    for anchor in _ANCHOR.finditer(content):
        found += _with_addresses(content[at : anchor.start()])
        found.append(_link(anchor))
        at = anchor.end()
    return found + _with_addresses(content[at:])


def choices(content: str) -> list[Segment]:
    return [one for one in segments(content) if "choice" in one]


def _with_addresses(content: str) -> list[Segment]:
    found: list[Segment] = []
    at = 0
    for address in _ADDRESS.finditer(content):
        if address.start() > at:
            found.append({"text": content[at : address.start()]})
        found.append({"text": address[0], "url": address[0]})
        at = address.end()
    if at < len(content):
        found.append({"text": content[at:]})
    return found


def _link(anchor: re.Match[str]) -> Segment:
    attributes = {
        name.lower(): html.unescape(double or single)
        for name, double, single in _ATTRIBUTE.findall(anchor[1])
    }
    label = anchor[2]
    href = attributes.get("href", "")
    if href.startswith(_MENU_LINE):
        return {"text": label, "choice": _choice(href.removeprefix(_MENU_LINE))}
    if "data-miniprogram-appid" in attributes:
        path = attributes.get("data-miniprogram-path", "")
        app = {"appid": attributes["data-miniprogram-appid"], "path": path}
        return {"text": label, "miniprogram": app, "url": href}
    if href.startswith(("http://", "https://", "tel:")):
        return {"text": label, "url": href}
    return {"text": label}  # other weixin:// schemes are blocked


def _choice(query: str) -> dict[str, str]:
    # "+" stays a plus: the client reads percent escapes only.
    parts = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
    return {
        "content": unquote(parts.get("msgmenucontent", "")),
        "id": unquote(parts.get("msgmenuid", "")),
    }
