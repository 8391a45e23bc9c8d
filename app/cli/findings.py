"""What `doctor` says of one thing: a mark, and a sentence that tells what to do."""

from dataclasses import dataclass

from app.wechat.advice import advice

__all__ = ["BAD", "DOUBTFUL", "GOOD", "Finding", "advice", "bad", "doubtful", "good"]

GOOD, DOUBTFUL, BAD = "✓", "!", "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    mark: str
    what: str


def good(what: str) -> Finding:
    return Finding(GOOD, what)


def doubtful(what: str) -> Finding:
    return Finding(DOUBTFUL, what)


def bad(what: str) -> Finding:
    return Finding(BAD, what)
