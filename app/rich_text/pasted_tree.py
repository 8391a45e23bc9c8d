"""HTML from a clipboard as a small tree: parsed as browsers do, and only what says something to a reader.

nh3 (html5ever) parses and throws away what is no text: scripts, styles, comments, Word's XML. What it writes
is well-formed, and is read here. Not here: what the tree becomes (`pasted`).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final


def _names(said: str) -> frozenset[str]:
    return frozenset(said.split())


BLOCKS: Final = _names(
    "address article aside blockquote caption center dd details div dl dt figcaption figure footer form h1 h2"
    " h3 h4 h5 h6 header hr legend li main nav ol p pre section summary table tbody td tfoot th thead tr"
    " ul"
)
_INLINE: Final = _names("a b strong i em u s span font br img small sub sup ins")
_SILENT: Final = _names(
    "script style xml head title template noscript noembed noframes iframe object applet embed svg math"
    " select option textarea button input datalist dialog audio video canvas map xmp plaintext rp rt del"
)
"""Whose words no reader of the page sees, or which are controls and no text."""
_EMPTY: Final = frozenset({"br", "img", "hr"})
_DEEPEST: Final = 150  # levels; what stands deeper hangs on the last
_STYLE: Final = re.compile(r"(?<![a-z-])([a-z-]++)\s*+:\s*+([^;]++)")
LONGEST: Final = 2_000_000  # characters, without pictures
TANGLED: Final = "粘贴的内容层层相套，认不出来。请先贴到记事本里，再从那里复制文字。"
_MOST_TAGS: Final = 20_000
_NESTED: Final = 400  # of one tag
_MOST_COPIES: Final = 300_000
_UNNESTED: Final = frozenset(
    {"br", "img", "hr", "p", "li", "td", "th", "tr", "dd", "dt", "meta", "link", "col"}
)
_LOOKS: Final = _names("a b big code em font i nobr s small strike strong tt u")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_LONG_TAG: Final = re.compile(r"<[a-zA-Z](?>[^<>\"']|\"[^\"]*\"|'[^']*'){5000}")
_PREFIXED: Final = re.compile(r"</?[a-zA-Z][\w.-]*:[^<>]*>")  # <o:p>, <st1:place>: Word's own
_CARRIED: Final = re.compile(r"([\"'])\s*data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]*)\1", re.IGNORECASE)
_LIKE_NONE: Final = re.compile(r"0(?:\.0*)?(?:px|pt|em|rem|%)?$")
_FAR_OFF: Final = re.compile(r"-\d{3,}(?:\.\d+)?(?:px|pt|em)")


class NotPasted(ValueError):
    """What came from the clipboard cannot be read; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(slots=True)
class Node:
    tag: str
    attributes: dict[str, str]
    children: list["Node | str"] = field(default_factory=list)

    def style(self) -> dict[str, str]:
        """Property → value, in small letters."""
        return dict(_STYLE.findall(self.attributes.get("style", "").lower()))

    def nodes(self) -> Iterator["Node"]:
        return (child for child in self.children if isinstance(child, Node))

    def find(self, tag: str) -> Iterator["Node"]:
        """Those of this kind inside, at any depth, in their order."""
        for child in self.nodes():
            if child.tag == tag:
                yield child
            yield from child.find(tag)

    def words(self) -> str:
        return "".join(child if isinstance(child, str) else child.words() for child in self.children)


def is_gone(node: Node, style: dict[str, str]) -> bool:
    """Whether nobody sees it, whatever stands inside."""
    if "hidden" in node.attributes or "none" in style.get("display", "") or style.get("mso-hide") == "all":
        return True
    if _LIKE_NONE.match(style.get("opacity", "1").strip()):
        return True
    return any(_FAR_OFF.match(style.get(name, "").strip()) for name in ("left", "top", "text-indent"))


def is_unseen(style: dict[str, str], before: bool) -> bool:
    """Whether words cannot be seen; what stands inside may set that right again."""
    told = before
    if "visibility" in style:
        told = style["visibility"].strip() in ("hidden", "collapse")
    if "font-size" in style:
        told = bool(_LIKE_NONE.match(style["font-size"].strip()))
    if "color" in style:
        told = style["color"].strip() == "transparent" or (told and "font-size" in style)
    return told


def tree_of(html: str) -> tuple[Node, list[str]]:
    """The tree, and in base64 what pictures carried: `src` of such a one in it is `data:,` and a number.

    Raises: NotPasted.
    """
    import nh3  # noqa: PLC0415 - who only answers messages does without it

    carried: list[str] = []

    def carry(found: re.Match[str]) -> str:
        carried.append(found[2])
        return f"{found[1]}data:,{len(carried) - 1}{found[1]}"

    text = _PREFIXED.sub("", _CARRIED.sub(carry, html.replace("\0", "")))
    _check(text)
    clean = nh3.clean(
        text,
        tags=set(BLOCKS | _INLINE),
        clean_content_tags=set(_SILENT),
        attributes={
            "*": {"style", "class", "hidden"},
            "a": {"href"},
            "img": {"src", "width", "height"},
            "ol": {"start"},
        },
        url_schemes={"http", "https", "tel", "data"},
        link_rel=None,
        strip_comments=True,
    )
    reader = _Reader()
    reader.feed(clean)
    reader.close()
    return reader.root, carried


def _check(text: str) -> None:
    """Against what makes a parser slow; nothing that people write comes near. Raises: NotPasted."""
    if len(text) > LONGEST:
        raise NotPasted("粘贴的内容太长，请分几次粘贴。")
    if _LONG_TAG.search(text):
        raise NotPasted(TANGLED)
    depth: Counter[str] = Counter()
    looks = copies = 0
    tags = _TAG.findall(text)
    if len(tags) > _MOST_TAGS * 2:
        raise NotPasted("粘贴的内容太多，请分几次粘贴。")
    for closing, name in tags:
        tag = name.lower()
        if tag in _UNNESTED:
            # A look that was left open is put on again in each block that follows.
            copies += looks
        elif not closing:
            depth[tag] += 1
            looks += tag in _LOOKS
        elif depth[tag]:
            depth[tag] -= 1
            looks -= tag in _LOOKS
        if copies > _MOST_COPIES or depth[tag] > _NESTED:
            raise NotPasted(TANGLED)
    if depth.total() > _NESTED * 3:
        raise NotPasted(TANGLED)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("div", {})
        self._open = [self.root]
        self._deeper: list[str] = []  # tags that are open below the deepest level

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag in _EMPTY:
            return
        if len(self._open) < _DEEPEST:
            self._open.append(node)
        else:
            self._deeper.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _EMPTY:
            return
        if self._deeper:
            self._deeper.pop()
        elif len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)
