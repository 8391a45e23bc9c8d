"""Rich text: what Markdown becomes, what is refused, and that nothing hostile reaches a page."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import rich_text
from app.rich_text import Heading, Items, NotRichText, Paragraph, Quote, Span
from tests.rooms import ROOT

# What reads and what shows is loaded with the first text, before anybody looks at the clock.
rich_text.to_html(rich_text.from_markdown("第一段"))

ARTICLE = """## 冬训开始了

本周起，**三个班组**分批参加[安全冬训](/news)。

1. 周一：运维一班
2. 周二：运维二班

- 带好工作证

> 安全第一。
"""


def test_markdown_becomes_blocks_and_comes_back_from_the_column() -> None:
    blocks = rich_text.from_markdown(ARTICLE)

    assert [type(block) for block in blocks] == [Heading, Paragraph, Items, Items, Quote]
    assert blocks[1].spans[1] == Span(text="三个班组", bold=True)  # type: ignore[union-attr]
    assert rich_text.load(rich_text.dump(blocks)) == blocks


def test_blocks_are_shown_as_html_and_as_words() -> None:
    blocks = rich_text.from_markdown(ARTICLE)

    shown = rich_text.to_html(blocks)
    assert shown.startswith("<h2>冬训开始了</h2><p>本周起，<strong>三个班组</strong>分批参加")
    assert '<a href="/news" rel="noopener">安全冬训</a>' in shown
    assert "<ol><li>周一：运维一班</li>" in shown
    assert rich_text.to_text(blocks).splitlines()[2:5] == [
        "1. 周一：运维一班",
        "2. 周二：运维二班",
        "· 带好工作证",
    ]


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("好\n\n![图](https://x/y.png)", "图片", 3),
        ("```\nrm -rf\n```", "不支持", 1),
        ("- 一\n  - 二", "不能再套列表", 1),
        ("[点我](javascript:alert(1))", "", 0),
        ("[点我](http://x.example)", "https://", 1),
        ("[点我](//evil.example)", "https://", 1),
        ("---", "不支持", 1),
    ],
)
def test_what_blocks_cannot_hold_is_refused_with_its_line(text: str, said: str, line: int) -> None:
    if not line:  # Markdown itself takes it for words
        assert "<a" not in rich_text.to_html(rich_text.from_markdown(text))
        return
    with pytest.raises(NotRichText, match=said) as refused:
        rich_text.from_markdown(text)

    assert refused.value.line == line


def test_html_in_an_article_is_words() -> None:
    shown = rich_text.to_html(rich_text.from_markdown("好<script>alert(1)</script><img src=x onerror=y>"))

    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown


def test_hostile_blocks_from_elsewhere_are_cleaned_when_shown() -> None:
    """Markdown is not the only way in: the column may hold what somebody put there."""
    stored = [{"type": "paragraph", "spans": [{"text": "x", "href": "javascript:alert(1)"}]}]

    assert rich_text.to_html(rich_text.load(stored)) == '<p><a rel="noopener">x</a></p>'


@given(st.text(max_size=200))
def test_any_text_is_shown_safely_or_refused(text: str) -> None:
    try:
        blocks = rich_text.from_markdown(text)
    except NotRichText:
        return
    shown = rich_text.to_html(blocks)
    assert "<script" not in shown.lower()
    assert rich_text.load(rich_text.dump(blocks)) == blocks


TYPED = [
    ("heading", "冬训"),
    ("subheading", "带什么"),
    ("paragraph", "**“安全”**第一，见[这里](/news)\n第二行"),
    ("numbers", "周一：运维一班\n周二：运维二班"),
    ("quote", "安全第一。"),
]


def test_blocks_of_a_form_become_blocks_and_come_back_as_typed() -> None:
    blocks = rich_text.from_typed(TYPED)

    assert [type(block) for block in blocks] == [Heading, Heading, Paragraph, Items, Quote]
    assert rich_text.to_typed(blocks) == TYPED
    assert rich_text.from_typed([("paragraph", "一\n\n\n二"), ("bullets", " \n")]) == (
        Paragraph(spans=(Span(text="一"),)),
        Paragraph(spans=(Span(text="二"),)),
    )


@pytest.mark.parametrize(
    "file", sorted((ROOT / "content" / "demo" / "news").glob("*.md")), ids=lambda f: f.stem
)
def test_articles_we_ship_can_be_edited_without_a_change(file: Path) -> None:
    blocks = rich_text.from_markdown(file.read_text(encoding="utf-8").split("---", 2)[2])

    again = rich_text.from_typed(rich_text.to_typed(blocks))

    assert rich_text.to_html(again) == rich_text.to_html(blocks)


@given(st.lists(st.tuples(st.sampled_from(sorted(rich_text.TYPED)), st.text(alphabet="安a *[]()\\\n>#!`_"))))
def test_whatever_is_typed_comes_back_as_the_same_blocks(rows: list[tuple[str, str]]) -> None:
    try:
        blocks = rich_text.from_typed(rows)
    except NotRichText:
        return
    assert rich_text.from_typed(rich_text.to_typed(blocks)) == blocks


@pytest.mark.parametrize(
    "href", ["javascript:alert1", "http://x.example", "//evil.example", "https:x", "https://["]
)
def test_a_typed_link_that_is_not_safe_is_refused(href: str) -> None:
    with pytest.raises(NotRichText):
        rich_text.from_typed([("paragraph", f"[点]({href})")])
