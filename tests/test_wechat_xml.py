"""The quick reading of the usual shape finds what expat finds, or leaves the work to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wechat import xml
from app.wechat.crypto import BadCallback
from app.wechat.xml import _parse, _parse_flat, parse_xml
from tests.ending import in_the_end

NAMES = st.sampled_from(["ToUserName", "Content", "MsgId", "Event", "a", "xml", "Encrypt"])
TEXTS = st.text(alphabet=st.sampled_from("甲a1 <>&]['\"=/\n\t\r!CDATA"), max_size=12)
SECTIONS = TEXTS.filter(lambda text: "]]>" not in text).map(lambda text: f"<![CDATA[{text}]]>")
PLAIN = TEXTS.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;"))
ELEMENTS = st.tuples(NAMES, st.one_of(SECTIONS, PLAIN, TEXTS)).map(
    lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"
)


@given(st.lists(st.one_of(ELEMENTS, st.sampled_from([" ", "\n", "x", "<a/>", "<!-- -->"])), max_size=6))
def test_the_quick_way_never_differs_from_expat(elements: list[str]) -> None:
    text = f"<xml>{''.join(elements)}</xml>"
    quick = _parse_flat(text.encode(), text)
    if quick is not None:
        assert quick == _parse(text.encode())


def test_the_usual_shape_takes_the_quick_way() -> None:
    text = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n<CreateTime>1790000001</CreateTime></xml>"
    assert _parse_flat(text.encode(), text) == {"ToUserName": "gh_1", "CreateTime": "1790000001"}


@pytest.mark.parametrize(
    "text",
    [
        "<xml><a>1</a><a>2</a></xml>",  # a list
        "<xml><a><b>1</b></a></xml>",  # nested
        "<xml><a>&lt;</a></xml>",
        "<xml><a>x\r\ny</a></xml>",  # a parser turns it into \n
        "<xml><a b='1'>x</a></xml>",
        "<?xml version='1.0'?><xml><a>1</a></xml>",
        "<xml><a><![CDATA[x]]><![CDATA[y]]></a></xml>",
    ],
)
def test_other_shapes_are_left_to_expat(text: str) -> None:
    assert _parse_flat(text.encode(), text) is None
    assert parse_xml(text.encode()) == _parse(text.encode())


@pytest.mark.parametrize(
    "inside",
    [
        " " * (1 << 20),
        "<a><![CDATA[" * (1 << 16),
        f"<a><![CDATA[{']] ' * (1 << 18)}]]></b>",
        "<a" * (1 << 19),
    ],
)
def test_a_long_body_of_a_stranger_is_read_once(monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    monkeypatch.setattr(xml, "MAX_BYTES", 1 << 21)  # many times what may come, so that it tells
    with in_the_end(), pytest.raises(BadCallback, match="bad-xml"):
        parse_xml(f"<xml>{inside}</xml>".encode())


def test_the_quick_way_takes_no_more_elements_than_the_other() -> None:
    many = "".join(f"<a{number}>1</a{number}>" for number in range(xml.MAX_ELEMENTS + 1))
    with pytest.raises(BadCallback, match="too-many-elements"):
        parse_xml(f"<xml>{many}</xml>".encode())
