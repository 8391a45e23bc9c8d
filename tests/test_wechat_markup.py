"""What our blocks become for WeChat: styles inlined, hostile words as words, links to its articles only."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import rich_text
from app.rich_text import Blocks, Heading, Items, Paragraph, Quote, Span
from app.services.wechat_markup import MORE, STYLES, TooLong, converted, to_html
from app.wechat.api.drafts import CONTENT_CHARACTERS
from models import Article, ArticleCategory, ArticleState

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ANY_TAG = re.compile(r"<(/?)([a-zA-Z0-9]+)([^>]*)>")


def article(blocks: Blocks | str, **given: str) -> Article:
    read = rich_text.from_markdown(blocks) if isinstance(blocks, str) else blocks
    told = {"title": "冬训开始了", "summary": "三个班组分批参加。", "author": "公司工会"} | given
    return Article(
        **told,
        category=ArticleCategory.UNION,
        blocks=rich_text.dump(read),
        state=ArticleState.PUBLISHED,
        published_at=NOW,
    )


def paragraph(text: str, href: str = "") -> Paragraph:
    return Paragraph(spans=(Span(text=text, href=href),))


def test_every_tag_carries_its_style_and_nothing_else() -> None:
    made = to_html(
        rich_text.from_markdown("## 集合\n\n### 时间\n\n本周**周一**。\n\n1. 一班\n\n- 二班\n\n> 安全第一。")
    )

    assert f'<h2 style="{STYLES["h2"]}">集合</h2>' in made
    assert f'<p style="{STYLES["p"]}">本周<strong style="{STYLES["strong"]}">周一</strong>。</p>' in made
    found = ANY_TAG.findall(made)
    assert {name for _, name, _ in found} == {"h2", "h3", "p", "strong", "ol", "ul", "li", "blockquote"}
    assert all(rest == f' style="{STYLES[name]}"' for closing, name, rest in found if not closing)


def test_only_links_to_wechats_own_articles_stay_and_a_number_can_be_read() -> None:
    own = "https://mp.weixin.qq.com/s/abc?x=1&y=2"
    elsewhere = [
        "/news",
        "https://example.cn/a",
        "https://mp.weixin.qq.com.evil.cn/s/a",
        "https://mp.weixin.qq.com/mp",
    ]
    made = to_html(
        (paragraph("旧闻", own), paragraph("抢修", "tel:95598"), paragraph("拨 12351", "tel:12351"))
    )

    assert made.count("<a ") == 1 and 'href="https://mp.weixin.qq.com/s/abc?x=1&amp;y=2"' in made
    assert "抢修（95598）" in made and "拨 12351<" in made and MORE not in made
    for href in elsewhere:
        made = to_html((Items(ordered=False, items=((Span(text="报名入口", href=href),),)),))
        assert "href" not in made and "报名入口" in made and made.count(MORE) == 1


HOSTILE = st.text(max_size=40) | st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<!--", "]]>", "&lt;b&gt;", "' style='x"]
)


@given(HOSTILE, st.booleans())
def test_hostile_text_stays_text(text: str, bold: bool) -> None:
    spans = (Span(text=text, bold=bold), Span(text=text, href=f"https://mp.weixin.qq.com/s/{text}"))
    made = to_html((Heading(level=2, spans=spans), Paragraph(spans=spans), Quote(spans=spans)))

    for closing, name, rest in ANY_TAG.findall(made):
        assert name in {*STYLES, "br"}
        if not closing and name != "br":
            left = rest.replace(f' style="{STYLES[name]}"', "", 1)
            assert not left or (
                name == "a" and re.fullmatch(r' href="https://mp\.weixin\.qq\.com/s[^"<>]*"', left)
            )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title": "长" * 33}, "标题有 33 个字，公众号文章最多 32 个字"),
        ({"author": "黄陵县供电公司工会委员会宣传文体部"}, "作者有 17 个字，公众号文章最多 16 个字"),
        ({"summary": "长" * 129}, "摘要有 129 个字，公众号文章最多 128 个字"),
    ],
)
def test_what_is_too_long_is_refused_by_name(given: dict[str, str], said: str) -> None:
    with pytest.raises(TooLong, match=said):
        converted(article("正文。", **given))


def test_a_text_that_just_fits_is_taken_and_one_sign_more_is_refused() -> None:
    around = len(to_html((paragraph(""),)))
    most = CONTENT_CHARACTERS - 1 - around
    assert len(converted(article((paragraph("字" * most),))).content) == CONTENT_CHARACTERS - 1

    with pytest.raises(TooLong, match="正文连同排版有 20000 个字符"):
        converted(article((paragraph("字" * (most + 1)),)))


def test_another_text_has_another_digest() -> None:
    first = converted(article("正文。"))

    assert first.digest == converted(article("正文。")).digest
    assert (
        len(
            {
                first.digest,
                *(
                    converted(article("正文。", **{n: "换一个"})).digest
                    for n in ("title", "summary", "author")
                ),
            }
        )
        == 4
    )
