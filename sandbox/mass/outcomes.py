"""How a mass message can end, and the event that tells it (section 7.4)."""

import json
from typing import Any

from sandbox import people, pushes
from sandbox.pushes import Fields, Pair, Plain, Push, Repeated
from sandbox.store import Row
from sandbox.world import World

SUCCESS, FAIL = "send success", "send fail"
REFUSED_BY_ADMIN, ADMIN_SILENT = "err(40001)", "err(40002)"
REPRINT_FORBIDDEN, REPRINT_STOPPED = "err(30002)", "err(30003)"
ALLOWED, FORBIDDEN = "allowed", "forbidden"  # a reprint, by what its original says
# CheckState, and whether the original may be reprinted.
_REPRINTS = {ALLOWED: (2, 1), FORBIDDEN: (3, 0)}
_BY_STATUS = {"err(30001)": ALLOWED, REPRINT_FORBIDDEN: FORBIDDEN, REPRINT_STOPPED: ALLOWED}
_PASSED, _ORIGINAL = 11, "https://mp.weixin.qq.com/s/original"


def finished(world: World, job: Row) -> Push:
    """MASSSENDJOBFINISH; of what is no article the two results count 0."""
    articles: list[dict[str, Any]] = json.loads(job["content"]).get("articles") or []
    counts: list[Pair] = [
        ("TotalCount", job["total"]),
        ("FilterCount", job["filtered"]),
        ("SentCount", job["sent"]),
        ("ErrorCount", job["failed"]),
    ]
    return pushes.event(
        people.helper(world),
        "MASSSENDJOBFINISH",
        ("MsgID", job["msg_id"]),
        ("Status", job["status"]),
        *counts,
        (
            "CopyrightCheckResult",
            _checked(len(articles), job["reprint"] or _BY_STATUS.get(job["status"], "")),
        ),
        ("ArticleUrlResult", _addresses(articles if job["status"] == SUCCESS else [])),
        label=f"群发结果 {job['status']}",
    )


def _items(items: list[Fields]) -> list[Pair]:
    return [("Count", len(items)), ("ResultList", [("item", Repeated(items))] if items else Plain(""))]


def _checked(articles: int, reprint: str) -> list[Pair]:
    state, can_reprint = _REPRINTS.get(reprint, (1, 0))
    items: list[Fields] = [
        [
            ("ArticleIdx", number),
            ("UserDeclareState", 2 if reprint else 0),
            ("AuditState", _PASSED),
            ("OriginalArticleUrl", _ORIGINAL if reprint else ""),
            ("OriginalArticleType", 1 if reprint else 0),
            ("CanReprint", can_reprint),
            ("NeedReplaceContent", int(bool(reprint))),
            ("NeedShowReprintSource", int(bool(reprint))),
        ]
        for number in range(1, articles + 1)
    ]
    return [*_items(items), ("CheckState", state if articles else 0)]


def _addresses(articles: list[dict[str, Any]]) -> list[Pair]:
    return _items(
        [[("ArticleIdx", number), ("ArticleUrl", one["url"])] for number, one in enumerate(articles, 1)]
    )
