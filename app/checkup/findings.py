"""What a check says of one thing: a mark, and a sentence that tells what to do."""

from dataclasses import dataclass, replace

GOOD, DOUBTFUL, BAD = "✓", "!", "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    mark: str
    what: str
    topic: str = ""  # what was looked at


def good(what: str) -> Finding:
    return Finding(GOOD, what)


def doubtful(what: str) -> Finding:
    return Finding(DOUBTFUL, what)


def bad(what: str) -> Finding:
    return Finding(BAD, what)


def about(topic: str, finding: Finding) -> Finding:
    return replace(finding, topic=topic)
