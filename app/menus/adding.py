"""Putting a keyword rule into the text of a menu file; all its other lines stay as they were written."""

import json

from app.errors import DomainError
from app.menus.mistakes import MenuMistakes
from app.menus.source import Source, parse

LONGEST = 40  # characters of a word


def with_keyword(text: str, word: str) -> tuple[str, int]:
    """The text with a rule for `word` after its other keywords, and the line (from 1) to be filled in.

    The answer is left empty on purpose: the file cannot be applied before somebody has written it.

    Raises: DomainError: the file cannot be read, or its keywords stand in brackets.
    """
    try:
        source = parse(text)
    except MenuMistakes:
        raise DomainError("菜单文件现在有错，请先改好，再加关键词。") from None
    lines = text.rstrip("\n").split("\n")
    at, indent = _end(source, lines)
    said = json.dumps(" ".join(word.split())[:LONGEST], ensure_ascii=False)
    rule = [f"{indent}- say: [{said}]", f"{indent}  reply:"]
    if ("keywords",) not in source.keys:
        rule = ["keywords:", *rule]
    lines[at:at] = rule
    return "\n".join(lines) + "\n", at + len(rule)


def _end(source: Source, lines: list[str]) -> tuple[int, str]:
    """Before which line (from 0) a new rule stands, and how far in."""
    begins = source.keys.get(("keywords",))
    if begins is None:
        return len(lines), "  "
    first = source.values.get(("keywords", 0))
    if first is None or not lines[first[0] - 1].lstrip().startswith("- "):
        raise DomainError("keywords 是写在括号里的，请在文件里把它改成每条一行、以「- 」开头，再加关键词。")
    later = sorted(line for path, (line, _) in source.keys.items() if len(path) == 1 and line > begins[0])
    at = later[0] - 1 if later else len(lines)
    while at > 0 and (not lines[at - 1].strip() or lines[at - 1].startswith("#")):
        at -= 1
    written = lines[first[0] - 1]
    return at, written[: len(written) - len(written.lstrip())]
