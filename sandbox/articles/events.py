"""The event that tells how publishing ended, as section 2.4 writes it."""

from typing import Any

from sandbox.pushes import Pair, Push, event

WORDS = ("成功", "发布中", "原创失败", "失败", "审核不通过", "已删除", "已封禁")


def publish_finished(helper: str, publish_id: int, told: dict[str, Any]) -> Push:
    """`told` is `jobs.find`'s. It comes from a helper account, who is nobody's follower."""
    inner: list[Pair] = [("publish_id", publish_id), ("publish_status", told["status"])]
    if told["article_id"]:
        inner.append(("article_id", told["article_id"]))
    if told["urls"]:
        items: list[Pair] = [
            ("item", [("idx", number), ("article_url", url)]) for number, url in enumerate(told["urls"], 1)
        ]
        inner.append(("article_detail", [("count", len(told["urls"])), *items]))
    inner += [("fail_idx", number) for number in told["fail_idx"]]
    label = f"发布结果 {WORDS[told['status']]}"
    return event(helper, "PUBLISHJOBFINISH", ("PublishEventInfo", inner), label=label)
