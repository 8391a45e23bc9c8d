"""The little Markdown our answers are written in, as a chat shows it: not at all."""

import re

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINE_START = re.compile(r"^(?:#+\s*|[-*]\s+)", re.MULTILINE)


def as_chat(markdown: str) -> str:
    """Bold marks go, headings become lines, bullets become dots."""
    text = _BOLD.sub(r"\1", markdown.strip())
    return _LINE_START.sub(lambda m: "" if m.group().startswith("#") else "· ", text)


def steps(markdown: str) -> list[str]:
    """The lines of a numbered list without their numbers, for a page that numbers them itself."""
    return [line.partition(". ")[2] or line for line in as_chat(markdown).splitlines() if line.strip()]
