"""What the form of a tip, a law answer or an article holds: words as they were typed, and what they become.

A draft may lack anything. What goes to review is whole: the same rules as for the files in `content/`, each
refusal with the name of its field. Knows no database.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic import Field, ValidationError

from app import rich_text
from app.clock import SHANGHAI, civil_date, shanghai
from app.content_files import in_chinese
from app.errors import DomainError
from app.knowledge import Entry, LawAnswer, Tip
from app.knowledge.entries import ANSWER_BYTES
from app.knowledge.files import SPARE_BYTES
from app.knowledge.front_matter import Head, LawHead, Prohibition, Question, TipHead, a_year_after
from app.knowledge.laws import LawTopic
from app.knowledge.tips import Topic
from app.rich_text import MEDIA, TYPED, Blocks, NotRichText
from models import Article, ArticleCategory, ContentKind

Filled = dict[str, Any]  # names of fields → words; "blocks": [[type, words], …]; "call": numbers

STEP: Final = {"step": "步骤"}
_LISTS: Final = frozenset({"ask", "never", "do_not", "law"})  # a line to each
_COMMON: Final = ("title", "category", "reviewer", "reviewed_on")
_ANSWER: Final = (*_COMMON, "ask", "source")
FIELDS: Final[Mapping[ContentKind, tuple[str, ...]]] = {
    ContentKind.TIP: (*_ANSWER, "first", "never", "danger"),
    ContentKind.LAW: (*_ANSWER, "short", "law", "do_not"),
    ContentKind.ARTICLE: (
        *(*_COMMON, "summary", "author", "source_name", "source_link", "tags"),
        *("publish_at", "expires_at"),
    ),
}
LABELS: Final = {
    "title": "标题",
    "topic": "类别",
    "category": "栏目",
    "ask": "别人会怎么问",
    "first": "先做什么",
    "never": "不要做什么",
    "do_not": "不要做什么",
    "short": "一句话答复",
    "law": "法律依据",
    "call": "求助电话",
    "source": "来源",
    "reviewer": "审核部门",
    "reviewed_on": "审核日期",
    "summary": "摘要",
    "author": "作者",
    "danger": "可能有生命危险",
    "publish_at": "发布时间",
    "expires_at": "下线时间",
    "source_name": "转载自",
    "source_link": "原文网址",
    "tags": "标签",
}
TAGS: Final = 5
_TAG: Final = re.compile(r"[\w\u4e00-\u9fff·-]{1,12}")
_MUST: Final = ("source", "reviewer", "reviewed_on")
_NUMBERED: Final = re.compile(r"^(?:\d+\.\s*|[-*]\s+)")


class _TipHead(TipHead):
    """As of a file, but who writes a first tip need not think of four ways to ask for it."""

    ask: list[Question] = Field(min_length=1, max_length=30)
    never: list[Prohibition] = Field(default=[], max_length=5)


class _LawHead(LawHead):
    ask: list[Question] = Field(min_length=1, max_length=30)


_HEADS: Final[Mapping[ContentKind, type[Head]]] = {ContentKind.TIP: _TipHead, ContentKind.LAW: _LawHead}


class NotWhole(DomainError):
    """Something is missing or wrong; the sentence names the field."""

    status = 422


@dataclass(frozen=True, slots=True)
class ReadyArticle:
    """An article that may go to review."""

    category: ArticleCategory
    title: str
    summary: str
    author: str
    blocks: Blocks
    reviewer: str
    next_review_on: date | None
    publish_at: datetime | None  # None: as soon as it is approved
    expires_at: datetime | None = None  # None: it stays
    source_name: str = ""
    source_link: str = ""
    tags: tuple[str, ...] = ()


def categories(kind: ContentKind) -> dict[str, str]:
    """Value → words."""
    if kind is ContentKind.ARTICLE:
        return {each.value: each.label for each in ArticleCategory}
    topics = Topic if kind is ContentKind.TIP else LawTopic
    return {topic.value: topic.label for topic in topics}


def block_types(kind: ContentKind) -> Mapping[str, str]:
    return TYPED | MEDIA if kind is ContentKind.ARTICLE else STEP


def empty(kind: ContentKind, title: str = "") -> Filled:
    """The form of something new; a question that nobody could answer is its title and its first question."""
    filled: Filled = dict.fromkeys(FIELDS[kind], "") | {"title": title[:30], "call": [], "danger": ""}
    if kind is not ContentKind.ARTICLE:
        filled["ask"] = title[:40]
    filled["blocks"] = [[next(iter(block_types(kind))), ""]]
    return filled


def of_entry(entry: Entry) -> Filled:
    """The form of an answer that is shown."""
    kind = ContentKind.TIP if isinstance(entry, Tip) else ContentKind.LAW
    data = entry.to_dict()
    filled: Filled = {name: data.get(name) or "" for name in FIELDS[kind]}
    filled |= {name: "\n".join(data[name]) for name in _LISTS & data.keys()}
    filled["category"], filled["call"] = data["topic"], list(data["call"])
    filled["danger"] = "yes" if data.get("danger") else ""
    lines = [_NUMBERED.sub("", line.strip()) for line in entry.body.splitlines() if line.strip()]
    return filled | {"blocks": [["step", line] for line in lines]}


def of_article(article: Article) -> Filled:
    filled = empty(ContentKind.ARTICLE, article.title)
    filled |= {"title": article.title, "summary": article.summary, "author": article.author}
    filled |= {"category": article.category.value, "reviewer": article.reviewer}
    if article.next_review_on is not None:
        reviewed = article.next_review_on.replace(year=article.next_review_on.year - 1)
        filled["reviewed_on"] = reviewed.isoformat()
    tags: list[str] = article.tags  # type: ignore[assignment]
    filled |= {
        "source_name": article.source_name,
        "source_link": article.source_link,
        "tags": "、".join(tags),
    }
    if article.expires_at is not None:
        filled["expires_at"] = f"{shanghai(article.expires_at):%Y-%m-%dT%H:%M}"
    # A paragraph a block would be more blocks than a form has room for.
    typed = rich_text.gathered(rich_text.to_typed(rich_text.load(article.blocks)))
    return filled | {"blocks": [list(each) for each in typed]}


# --- what the words become ---------------------------------------------------------------------------------


def entry_of(kind: ContentKind, slug: str, filled: Filled, now: datetime) -> Tip | LawAnswer:
    """Raises: NotWhole."""
    if missing := [LABELS[name] for name in _MUST if not filled.get(name)]:
        raise NotWhole(
            f"还缺{'、'.join(missing)}。{kind.label}要写明来源、审核部门和审核日期，才能提交审核。"
        )
    reviewed_on = _reviewed_on(filled, now)
    head = {name: filled.get(name, "") for name in FIELDS[kind] if name not in ("category", "danger")}
    head |= {name: _lines(filled.get(name, "")) for name in _LISTS & set(FIELDS[kind])}
    head |= {"id": slug, "topic": filled.get("category", ""), "call": list(filled.get("call", []))}
    head |= {"reviewed_on": reviewed_on, "next_review_on": a_year_after(reviewed_on)}
    if kind is ContentKind.TIP:
        head["danger"] = bool(filled.get("danger"))
    try:
        made = _HEADS[kind].model_validate(head)
    except ValidationError as errors:
        raise NotWhole(_sentence(errors)) from None
    entry = made.entry(_steps(filled))
    if (size := len(entry.in_chat().encode())) > ANSWER_BYTES - SPARE_BYTES:
        most = (ANSWER_BYTES - SPARE_BYTES) // 3
        raise NotWhole(f"整条答复太长，约 {size // 3} 个字，最多 {most} 个字，请缩短。")
    assert isinstance(entry, Tip | LawAnswer)
    return entry


def article_of(filled: Filled, now: datetime) -> ReadyArticle:
    """Raises: NotWhole."""
    for name, least, most in (("title", 4, 64), ("summary", 4, 120), ("author", 2, 64)):
        if not least <= len(filled.get(name, "")) <= most:
            raise NotWhole(f"{LABELS[name]}应为 {least} 到 {most} 个字。")
    if filled.get("category") not in categories(ContentKind.ARTICLE):
        raise NotWhole("请选择栏目。")
    reviewed_on = _reviewed_on(filled, now) if filled.get("reviewed_on") else None
    if reviewed_on and not filled.get("reviewer"):
        raise NotWhole("写了审核日期，也请写审核部门。")
    if len(filled.get("reviewer", "")) > 40:
        raise NotWhole("审核部门最多 40 个字。")
    return ReadyArticle(
        ArticleCategory(filled["category"]),
        filled["title"],
        filled["summary"],
        filled["author"],
        _article_blocks(filled),
        filled.get("reviewer", ""),
        a_year_after(reviewed_on) if reviewed_on else None,
        **_placed(filled, now),
    )


def _placed(filled: Filled, now: datetime) -> dict[str, Any]:
    """When it is shown, where it comes from, what it is found by. Raises: NotWhole."""
    publish_at = _moment(filled.get("publish_at", ""), "发布时间")
    expires_at = _moment(filled.get("expires_at", ""), "下线时间")
    if expires_at is not None and expires_at <= max(now, publish_at or now):
        raise NotWhole("下线时间应晚于发布时间，也要晚于现在；不想让它到期，请去掉。")
    name, link = filled.get("source_name", ""), filled.get("source_link", "")
    if len(name) > 64:
        raise NotWhole("转载自最多 64 个字。")
    if link and (not name or len(link) > 1024 or not link.startswith("https://")):
        raise NotWhole("原文网址应以 https:// 开头，并写明转载自哪里。")
    return {
        "publish_at": publish_at,
        "expires_at": expires_at,
        "source_name": name,
        "source_link": link,
        "tags": _tags(filled.get("tags", "")),
    }


def _tags(said: str) -> tuple[str, ...]:
    """Raises: NotWhole."""
    tags = tuple(dict.fromkeys(filter(None, re.split(r"[\s,，、;；#]+", said))))
    if len(tags) > TAGS:
        raise NotWhole(f"标签最多 {TAGS} 个，现在是 {len(tags)} 个。")
    if wrong := next((tag for tag in tags if not _TAG.fullmatch(tag)), None):
        raise NotWhole(f"标签「{wrong[:20]}」应为 1 到 12 个汉字、字母或数字。")
    return tags


def as_shown(kind: ContentKind, slug: str, filled: Filled, now: datetime) -> Tip | LawAnswer | ReadyArticle:
    """What it becomes, as a preview or for review. Raises: NotWhole."""
    if kind is ContentKind.ARTICLE:
        return article_of(filled, now)
    return entry_of(kind, slug, filled, now)


def _article_blocks(filled: Filled) -> Blocks:
    try:
        blocks = rich_text.from_typed((kind, words) for kind, words in filled.get("blocks", []))
    except NotRichText as refused:
        raise NotWhole(f"正文第 {refused.line} 块：{refused.message}。") from None
    if not blocks:
        raise NotWhole("正文还是空的，请至少写一段。")
    return blocks


def _steps(filled: Filled) -> str:
    lines = [" ".join(words.split()) for _, words in filled.get("blocks", []) if words.strip()]
    if not lines:
        raise NotWhole("步骤还是空的，请至少写一步。")
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _reviewed_on(filled: Filled, now: datetime) -> date:
    try:
        found = date.fromisoformat(filled["reviewed_on"])
        a_year_after(found)
    except ValueError:
        raise NotWhole("审核日期应是日期，例如 2026-11-23。") from None
    if found > civil_date(now):
        raise NotWhole("审核日期不能晚于今天。")
    return found


def _moment(said: str, name: str) -> datetime | None:
    """A moment in China, as a browser's field has it."""
    if not said:
        return None
    try:
        return datetime.fromisoformat(said).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise NotWhole(f"{name}应是日期和时间，例如 2026-12-05 08:00。") from None


def _lines(words: str) -> list[str]:
    return [line.strip() for line in words.splitlines() if line.strip()]


def _sentence(errors: ValidationError) -> str:
    first = errors.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    which = (
        f"第 {first['loc'][1] + 1} 条" if len(first["loc"]) > 1 and isinstance(first["loc"][1], int) else ""
    )
    said = in_chinese(first).rstrip("。")
    if name == "topic":
        said = "请选择一个"
    return f"{LABELS.get(name, name)}{which}：{said}。"
