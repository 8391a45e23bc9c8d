"""Collected ways to make a page run something (`tests/data/hostile_html.txt`), and what a page would run."""

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

VECTORS = [
    line for line in Path("tests/data/hostile_html.txt").read_text("utf-8").splitlines() if line.strip()
]
_ACTIVE = set(
    """script style iframe frame frameset object embed applet base meta link svg math form input button select
    textarea template noscript foreignobject animate set use marquee portal""".split()  # noqa: SIM905
)
_ADDRESSES = set(
    "href src srcset action formaction data poster background xlink:href ping codebase cite manifest".split()  # noqa: SIM905
)


class _Looking(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ACTIVE:
            self.found[f"<{tag}>"] += 1
        for name, value in attrs:
            if name.startswith(("on", "hx-", "data-hx")) or name in ("srcdoc", "is", "nonce", "id"):
                self.found[f"<{tag} {name}>"] += 1
            if name == "style" and ("url(" in (value or "") or "expression" in (value or "")):
                self.found[f"<{tag} style>"] += 1
            if name in _ADDRESSES:
                for each in (value or "").split(",") if name == "srcset" else [value or ""]:
                    scheme = urlsplit("".join(c for c in each if c > " ")).scheme
                    if scheme not in ("", "https", "http", "tel"):
                        self.found[f"<{tag} {name}={scheme}>"] += 1

    handle_startendtag = handle_starttag


def active(html: str) -> Counter[str]:
    """What in it runs, loads or sends something, by kind: of a harmless article the body has none."""
    looking = _Looking()
    looking.feed(html)
    looking.close()
    return looking.found
