"""The words of a PDF that our own service made, page by page, and how many pictures are in it."""

import base64
import re
import zlib

_STREAM = re.compile(
    rb"<<([^>]*/Filter \[ /ASCII85Decode /FlateDecode \].*?)>>\s*stream\r?\n(.*?)endstream", re.DOTALL
)
_SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\) Tj", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)


def pages(pdf: bytes) -> list[str]:
    """In the order of the pages; letters are two bytes each, as the font wants them."""
    assert pdf.startswith(b"%PDF-")
    found = []
    for head, body in _STREAM.findall(pdf):
        if b"/XObject" in head:
            continue
        stream = zlib.decompress(base64.a85decode(body.strip().removesuffix(b"~>")))
        words = [_unescaped(each) for each in _SHOWN.findall(stream)]
        if words:
            found.append("\n".join(each.decode("utf-16-be") for each in words if len(each) % 2 == 0))
    return found


def pictures(pdf: bytes) -> int:
    return len(re.findall(rb"/Subtype /Image", pdf))


def _unescaped(raw: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        what = found[1]
        if len(what) == 3:
            return bytes([int(what, 8)])
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(what, what)

    return _ESCAPED.sub(one, raw)
