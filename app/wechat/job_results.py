"""What became of a mass message or of articles to publish: the events MASSSENDJOBFINISH and PUBLISHJOBFINISH.

Source: wechat-platform.md sections 2.4, 7.4 and 11.4. They come from a helper account of the platform's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final

MASS_FINISHED: Final = "event.masssendjobfinish"  # as `Incoming.kind` has it
PUBLISH_FINISHED: Final = "event.publishjobfinish"
_ERROR = re.compile(r"err\((\d+)\)")


class MassEnd(StrEnum):
    """How a mass message ended; `UNKNOWN` is a status nobody has met yet."""

    SENT = "sent"  # single people may still have been missed
    FAILED = "failed"
    ADVERTISING = "advertising"
    POLITICS = "politics"
    PORNOGRAPHY = "pornography"
    SOCIAL = "social"
    ILLEGAL = "illegal"
    FRAUD = "fraud"
    COPYRIGHT = "copyright"
    OTHER_REVIEW = "other_review"
    MUTUAL_PROMOTION = "mutual_promotion"
    ORIGINALITY_BROKEN = "originality_broken"  # the check failed, and reprints were not to go on
    REPRINT_FORBIDDEN = "reprint_forbidden"
    REPRINT_STOPPED = "reprint_stopped"  # a reprint, and we said to stop then
    ADMIN_REFUSED = "admin_refused"
    ADMIN_SILENT = "admin_silent"
    UNKNOWN = "unknown"


_ENDS: Final[Mapping[str, MassEnd]] = {
    "10001": MassEnd.ADVERTISING,
    "20001": MassEnd.POLITICS,
    "20002": MassEnd.PORNOGRAPHY,
    "20004": MassEnd.SOCIAL,
    "20006": MassEnd.ILLEGAL,
    "20008": MassEnd.FRAUD,
    "20013": MassEnd.COPYRIGHT,
    "21000": MassEnd.OTHER_REVIEW,
    "22000": MassEnd.MUTUAL_PROMOTION,
    "30001": MassEnd.ORIGINALITY_BROKEN,
    "30002": MassEnd.REPRINT_FORBIDDEN,
    "30003": MassEnd.REPRINT_STOPPED,
    "40001": MassEnd.ADMIN_REFUSED,
    "40002": MassEnd.ADMIN_SILENT,
}


@dataclass(frozen=True, slots=True)
class ArticleAddress:
    number: int  # place among those sent together, from 1
    url: str


@dataclass(frozen=True, slots=True)
class MassResult:
    """Counts are WeChat's, taken when the job is nearly done; `reachable` is about `sent` + `failed`."""

    msg_id: int
    end: MassEnd
    status: str  # in WeChat's words
    total: int  # followers with the tag, or people in the list
    reachable: int  # without those who refuse or had their four this month
    sent: int
    failed: int
    articles: tuple[ArticleAddress, ...] = ()
    reprints: tuple[int, ...] = ()  # numbers of articles that were found to be reprints


class PublishState(IntEnum):
    DONE = 0
    RUNNING = 1
    NOT_ORIGINAL = 2
    FAILED = 3
    REVIEW_REFUSED = 4
    DELETED_BY_US = 5  # all of them, after they had been published
    BANNED = 6  # by the platform, after they had been published
    UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class PublishResult:
    publish_id: str
    state: PublishState
    article_id: str = ""
    articles: tuple[ArticleAddress, ...] = ()
    failed: tuple[int, ...] = ()  # numbers from 1 of those that were refused


def mass_result(fields: Mapping[str, Any]) -> MassResult:
    """From the fields of a MASSSENDJOBFINISH (`Incoming.fields`). What is missing is 0 or empty."""
    status = _text(fields.get("Status"))
    copyright_check = _inner(fields, "CopyrightCheckResult")
    return MassResult(
        msg_id=_number(fields.get("MsgID")),
        end=_end(status),
        status=status,
        total=_number(fields.get("TotalCount")),
        reachable=_number(fields.get("FilterCount")),
        sent=_number(fields.get("SentCount")),
        failed=_number(fields.get("ErrorCount")),
        articles=tuple(
            ArticleAddress(_number(item.get("ArticleIdx")), _text(item.get("ArticleUrl")))
            for item in _items(_inner(_inner(fields, "ArticleUrlResult"), "ResultList"))
        ),
        reprints=tuple(
            _number(item.get("ArticleIdx"))
            for item in _items(_inner(copyright_check, "ResultList"))
            if _text(item.get("UserDeclareState")) == "2" or _text(item.get("OriginalArticleUrl"))
        ),
    )


def publish_result(fields: Mapping[str, Any]) -> PublishResult:
    """From the fields of a PUBLISHJOBFINISH, or from an answer of `freepublish/get`: they tell the same."""
    told = _inner(fields, "PublishEventInfo") or fields
    return PublishResult(
        publish_id=_text(told.get("publish_id")),
        state=_state(told.get("publish_status")),
        article_id=_text(told.get("article_id")),
        articles=tuple(
            ArticleAddress(_number(item.get("idx")), _text(item.get("article_url")))
            for item in _items(_inner(told, "article_detail"))
        ),
        failed=tuple(_number(one) for one in _many(told.get("fail_idx"))),
    )


def _end(status: str) -> MassEnd:
    plain = {"send success": MassEnd.SENT, "send fail": MassEnd.FAILED}
    found = _ERROR.fullmatch(status.strip())
    return _ENDS.get(found[1], MassEnd.UNKNOWN) if found else plain.get(status, MassEnd.UNKNOWN)


def _state(value: Any) -> PublishState:
    known = {str(state.value): state for state in PublishState}
    return known.get(_text(value), PublishState.UNKNOWN)


def _inner(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}


def _items(holder: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(one for one in _many(holder.get("item")) if isinstance(one, Mapping))


def _many(value: Any) -> tuple[Any, ...]:
    """An element that may come several times: XML of one has no list."""
    if value is None or value == "":
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _number(value: Any) -> int:
    text = _text(value)
    return int(text) if text.isascii() and text.isdigit() else 0
