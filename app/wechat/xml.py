"""Callback bodies to plain dictionaries: XML by expat, and the mini-program's JSON.

Every value is a text, a dictionary or a list; numbers keep the digits they came with, because
a MsgId is wider than a double. Whatever is odd is refused with 400, never with a trace.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from app.wechat.crypto import BadCallback

MAX_BYTES = 65536
MAX_DEPTH = 8  # WeChat's deepest event has five levels
MAX_ELEMENTS = 2000  # the finish of a mass send has about ten for each article

# Characters XML forbids. Members do paste them; their message shall not be lost for that.
_CONTROLS = bytes(set(range(1, 32)) - {9, 10, 13})
_NON_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")


# What WeChat nearly always sends: `<xml>` and elements side by side, each plain text or one CDATA section.
# Matched where it must stand, never searched for: anybody may send a body here, and only what it holds tells
# who he is. No part of it can be read in two ways, so that a failure is found in one pass.
_ELEMENT = re.compile(
    r"\s*<([A-Za-z_]\w*)>(?:<!\[CDATA\[([^\]]*(?:\](?!\]>)[^\]]*)*)\]\]>|([^<&\]]*))</\1>\s*", re.ASCII
)
_NOT_PLAIN = bytes({*range(9), *range(11, 32)})  # forbidden, or changed by a parser (\r)


def check_bytes(raw: bytes) -> str:
    """Refuse what is empty, huge, holds NULs or is not UTF-8, before any parser sees it; returns the text."""
    if not raw or raw.isspace():
        raise BadCallback(400, "empty")
    if len(raw) > MAX_BYTES:
        raise BadCallback(400, "too-large")
    if b"\0" in raw:
        raise BadCallback(400, "nul")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise BadCallback(400, "bad-charset") from None


def parse_xml(raw: bytes) -> dict[str, Any]:
    """Return the children of `<xml>`; a repeated element becomes a list, attributes are dropped.

    Raises:
        BadCallback: 400, also for a DOCTYPE (hence for every entity of its own).
    """
    flat = _parse_flat(raw, check_bytes(raw))
    if flat is not None:
        return flat
    try:
        return _parse(raw)
    except expat.ExpatError:
        cleaned = raw.translate(None, _CONTROLS)
        for sequence in _NON_CHARACTERS:
            cleaned = cleaned.replace(sequence, b"")
    if len(cleaned) == len(raw):
        raise BadCallback(400, "bad-xml")
    try:
        return _parse(cleaned)
    except expat.ExpatError:
        raise BadCallback(400, "bad-xml") from None


def _parse_flat(raw: bytes, text: str) -> dict[str, Any] | None:
    """What expat would find, in a third of its time; None for anything but the usual shape."""
    if not text.startswith("<xml>") or not text.endswith("</xml>"):
        return None
    if (
        len(raw.translate(None, _NOT_PLAIN)) != len(raw)
        or _NON_CHARACTERS[0] in raw
        or _NON_CHARACTERS[1] in raw
    ):
        return None
    fields: dict[str, Any] = {}
    at, end = 5, len(text) - 6
    while at < end:  # one stands right behind the other: a search would begin anew at every character
        found = _ELEMENT.match(text, at, end)
        if found is None or found[1] in fields or len(fields) == MAX_ELEMENTS:
            return None
        fields[found[1]] = found[2] or found[3] or ""
        at = found.end()
    return fields or None


def _parse(raw: bytes) -> dict[str, Any]:
    tree = _Tree()
    # Naming the encoding here overrides whatever the document claims of itself.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.XmlDeclHandler = _declaration
    parser.StartDoctypeDeclHandler = _doctype
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.Parse(raw, True)
    root = tree.root
    if not isinstance(root, dict):
        raise BadCallback(400, "bad-xml")
    return root


def _declaration(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
        raise BadCallback(400, "bad-charset")


def _doctype(*_: object) -> None:
    raise BadCallback(400, "doctype")


class _Tree:
    """Collects what expat reports: children and text of every element not yet closed."""

    __slots__ = ("children", "elements", "root", "texts")

    def __init__(self) -> None:
        self.children: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.elements = 0
        self.root: dict[str, Any] | str = ""

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        depth = len(self.children)
        if depth == 0 and name != "xml":
            raise BadCallback(400, "other-root")
        if depth >= MAX_DEPTH:
            raise BadCallback(400, "too-deep")
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise BadCallback(400, "too-many-elements")
        self.children.append({})
        self.texts.append("")

    def text(self, data: str) -> None:
        self.texts[-1] += data

    def end(self, name: str) -> None:
        text = self.texts.pop()
        value = self.children.pop() or text
        if not self.children:
            self.root = value
            return
        siblings = self.children[-1]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]


def parse_json(raw: bytes) -> dict[str, Any]:
    """Return the object's members, in the same shapes as `parse_xml`.

    Raises:
        BadCallback: 400.
    """
    check_bytes(raw)
    try:
        # int and float stay texts; strict=False lets control characters through, as above.
        found = json.loads(
            raw,
            strict=False,
            parse_int=str,
            parse_float=str,
            parse_constant=_no_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError):
        raise BadCallback(400, "bad-json") from None
    if not isinstance(found, dict):
        raise BadCallback(400, "bad-json")
    members: dict[str, Any] = _plain(found, 1, iter(range(MAX_ELEMENTS)))
    return members


def _no_constant(name: str) -> str:
    raise ValueError(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):  # whoever repeats a name wants two readers to differ
        raise ValueError("repeated name")
    return members


def _plain(value: Any, depth: int, budget: Iterator[int]) -> Any:
    if isinstance(value, str):
        _check_text(value)
        return value
    if not isinstance(value, dict | list):
        return "" if value is None else str(value).lower()  # true and false
    if depth > MAX_DEPTH:
        raise BadCallback(400, "too-deep")
    for _ in value:
        if next(budget, None) is None:
            raise BadCallback(400, "too-many-elements")
    if isinstance(value, list):
        return [_plain(item, depth + 1, budget) for item in value]
    for name in value:
        _check_text(name)
    return {name: _plain(item, depth + 1, budget) for name, item in value.items()}


def _check_text(value: str) -> None:
    """Escapes can smuggle in what UTF-8 itself cannot hold."""
    if "\0" in value:
        raise BadCallback(400, "nul")
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadCallback(400, "bad-charset") from None
