"""Who is meant: the one grammar of audiences, for menus, keywords and later for notices.

Its first word is `tag`. A new word is a field of `Audience`, a fact in `Facts` and a line in `matches`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

TagName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Audience(BaseModel):
    """Followers who carry one of these tags. Names are compared as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tag: Annotated[
        tuple[TagName, ...],
        BeforeValidator(_one_or_many),
        Field(min_length=1, max_length=20),
        WithJsonSchema(
            {
                "description": "标签名，或几个标签名（带有其中一个即可）",
                "anyOf": [
                    {"type": "string", "minLength": 1, "maxLength": 30},
                    {"type": "array", "minItems": 1, "items": {"type": "string", "maxLength": 30}},
                ],
            }
        ),
    ]

    @property
    def tags(self) -> frozenset[str]:
        return frozenset(self.tag)

    def __str__(self) -> str:
        return "、".join(self.tag)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one follower when a rule asks."""

    tags: frozenset[str] = field(default_factory=frozenset)


NOBODY_KNOWN = Facts()


def matches(audience: Audience | None, facts: Facts) -> bool:
    """Is this follower meant? No audience means everybody."""
    return audience is None or not facts.tags.isdisjoint(audience.tag)


def covers(wide: Audience | None, narrow: Audience | None) -> bool:
    """Is everybody whom `narrow` means meant by `wide` too?"""
    return wide is None or (narrow is not None and narrow.tags <= wide.tags)
