"""栏目: what the topic website is divided into, where each leads, and what else belongs to it."""

from dataclasses import dataclass
from typing import Final

from models import ArticleCategory


@dataclass(frozen=True, slots=True)
class Column:
    """`beside`: what there is on the same matter, as name and address."""

    name: str
    address: str
    category: ArticleCategory | None = None  # None: it is no list of articles
    beside: tuple[tuple[str, str], ...] = ()


def _of(category: ArticleCategory, *beside: tuple[str, str], name: str = "") -> Column:
    return Column(name or category.label, f"/news?category={category.value}", category, beside)


COLUMNS: Final = (
    _of(ArticleCategory.UNION),
    _of(
        ArticleCategory.POLICY,
        ("劳动权益问答，每条写明法条", "/laws"),
        ("辟谣：听到的说法是真是假", "/clarifications"),
    ),
    _of(
        ArticleCategory.RIGHTS,
        ("劳动权益问答，照着问就行", "/laws"),
        ("问律师、法律援助", "/services/legal-aid"),
        ("投诉建议", "/services/complaints"),
    ),
    _of(ArticleCategory.SAFETY, ("用电安全提示，按情形查", "/tips"), name="安全用电"),
    Column("活动", "/activities"),
    Column("互动园地", "/board"),
)
# Categories that are no column of the navigation, reached from the lists.
FURTHER: Final = (ArticleCategory.NOTICE, ArticleCategory.PEOPLE)


def find(category: ArticleCategory | None) -> Column | None:
    """The column whose articles these are."""
    return next((each for each in COLUMNS if each.category is category), None) if category else None


def name_of(category: ArticleCategory) -> str:
    """As the navigation calls it."""
    column = find(category)
    return column.name if column else category.label
