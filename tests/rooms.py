"""Import arrows: `Rooms` of the architecture as a table, and the walker that holds the code against it.

A wrong arrow is put right in the code; the table changes only when the architecture does.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
OURS = frozenset({"app", "models", "handlers", "migrations", "sandbox", "bench", "tests"})

GROUND = frozenset(
    {
        "app.clock",
        "app.database",
        "app.errors",
        "app.content_files",
        "app.gathered",
        "app.rich_text",
        "app.settings",
        "app.tallies",
    }
)
BELOW_EDGES = GROUND | {"models", "app.services", "app.knowledge", "app.files"}
EVERYTHING_BELOW_ASSEMBLY = BELOW_EDGES | {
    *(
        "handlers",
        "app.addressees",
        "app.callback_counts",
        "app.chatting",
        "app.dependencies",
        "app.scanning",
        "app.sent_pictures",
        "app.dialogue",
        "app.jobs",
    ),
    *("app.logs", "app.menus", "app.metrics", "app.migrations", "app.portal", "app.console"),
    *("app.api", "app.web", "app.wechat", "app.weibo", "app.stopping"),
}

# Room → what it may import; a room is always free to import itself. A name with a dot more than a room's is
# one module of that room and no other.
ALLOWED: dict[str, frozenset[str]] = {
    "models": frozenset(),
    "migrations": frozenset({"models"}),
    "sandbox": frozenset(),
    "app": frozenset({"app.slim"}),
    "app.errors": frozenset(),
    "app.clock": frozenset(),
    "app.stopping": frozenset(),
    "app.content_files": frozenset({"app.errors"}),
    "app.database": frozenset({"app.sqlite_inline"}),
    "app.gathered": frozenset({"app.database"}),
    "app.rich_text": frozenset(),
    "app.tallies": frozenset({"app.database"}),
    "app.sqlite_inline": frozenset(),
    "app.migrations": frozenset({"app.database"}),
    "app.logs": frozenset(),
    "app.sealed_stream": frozenset(),
    "app.settings": frozenset({"app.errors"}),
    "app.silent_callers": frozenset(),
    "app.whole_answers": frozenset({"app.silent_callers"}),
    "app.files": frozenset({"app.bucket", "app.errors", "app.folder", "app.pictures"}),
    "app.bucket": frozenset(),
    "app.folder": frozenset(),
    "app.pictures": frozenset(),
    "app.slim": frozenset(),
    "app.scanning": frozenset({"app.errors"}),
    "app.metrics": frozenset({"app.clock", "app.database", "app.services.figures", "models"}),
    "app.callback_counts": frozenset({"app.metrics", "app.tallies", "models"}),
    "app.wechat": frozenset(),
    "app.weibo": frozenset(),
    "app.knowledge": GROUND | {"models"},
    "app.services": GROUND | {"models", "app.knowledge", "app.weibo"},
    "app.menus": GROUND | {"models", "app.services.audiences"},
    "app.dialogue": GROUND | {"models", "app.wechat", "app.menus", "app.services.outbox"},
    "handlers": BELOW_EDGES | {"app.dialogue", "app.wechat.replies"},  # replies: the words they answer in
    "app.dependencies": BELOW_EDGES | {"app.web"},
    "app.web": GROUND | {"models"},  # no page: what pages of portal and console share
    "app.sent_pictures": BELOW_EDGES | {"app.dependencies", "app.scanning"},
    "app.portal": BELOW_EDGES
    | {"app.dependencies", "app.sent_pictures", "app.web", "app.wechat", "app.logs", "app.metrics"},
    "app.api": BELOW_EDGES
    | {"app.dependencies", "app.sent_pictures", "app.web", "app.wechat", "app.logs", "app.metrics"},
    "app.console": BELOW_EDGES | {"app.dependencies", "app.web", "app.menus", "app.logs", "app.metrics"},
    "app.jobs": BELOW_EDGES
    | {"app.scanning", "app.wechat", "app.weibo", "app.menus", "app.logs", "app.metrics"},
    "app.addressees": BELOW_EDGES,
    "app.chatting": BELOW_EDGES | {"app.dialogue"},  # what assembly hands to the dialogue engine
    "app.house": EVERYTHING_BELOW_ASSEMBLY,
    "app.later_work": EVERYTHING_BELOW_ASSEMBLY | {"app.house"},
    "app.assembly": EVERYTHING_BELOW_ASSEMBLY | {"app.house", "app.later_work"},
    "app.preparing": EVERYTHING_BELOW_ASSEMBLY | {"app.assembly"},
    "app.checkup": EVERYTHING_BELOW_ASSEMBLY | {"app.assembly"},
    "app.main": EVERYTHING_BELOW_ASSEMBLY | {"app.assembly", "app.checkup"},
    "app.cli": EVERYTHING_BELOW_ASSEMBLY
    | {"app.assembly", "app.checkup", "app.preparing", "app.sealed_stream", "app.slim", "app.whole_answers"},
    "app.__main__": frozenset({"app.cli"}),
}
# Single arrows beside the table, each with its reason.
GRANTED: dict[tuple[str, str], str] = {
    (
        "app.services.coordination",
        "app.wechat.tokens",
    ): "keeps the token that the client's store protocol names",
    ("app.menus.matching", "app.services.calendar"): "`hours: working` in the menu file",
    (
        "app.dialogue.sqlite_groups",
        "app.sqlite_inline",
    ): "the type of the connections that `app.database` opens",
    (
        "app.services.notices",
        "app.wechat.api.template_data",
    ): "what WeChat lets a template's field hold",
    ("app.services.notices", "app.wechat.errors"): "how it says that a value does not fit",
    ("app.dependencies", "app.scanning"): "the scanner that is asked about what people and staff upload",
    ("app.console.media_uploads", "app.scanning"): "what it said",
    (
        "app.services.wechat_markup",
        "app.wechat.api.drafts",
    ): "how long WeChat lets an article be",
    (
        "app.dialogue.routing",
        "app.services.audiences",
    ): "what is known of a person, for the menu file's `when`",
}
FREE = frozenset({"tests", "bench"})  # may look at everything; nobody looks at them


def modules() -> dict[str, Path]:
    found = {}
    for top in sorted(OURS):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "app" else parts[0]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What several tests ask of a file. `imports`: level, module and names; a plain import has level None."""

    has_code: bool
    has_docstring: bool
    functions: tuple[tuple[str, int], ...]  # name and lines
    imports: tuple[tuple[int | None, str, tuple[str, ...]], ...]


@cache
def parsed(path: Path) -> Parsed:
    """Once for all who ask: reading every file of ours takes seconds."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions: list[tuple[str, int]] = []
    imports: list[tuple[int | None, str, tuple[str, ...]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            functions.append((node.name, node.end_lineno - node.lineno + 1))
        elif isinstance(node, ast.Import):
            imports.append((None, "", tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.level, node.module or "", tuple(alias.name for alias in node.names)))
    return Parsed(bool(tree.body), bool(ast.get_docstring(tree)), tuple(functions), tuple(imports))


def imported(module: str, path: Path, known: frozenset[str]) -> Iterator[str]:
    """Modules of ours that `path` names in an import, wherever in the file."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for level, of, given in parsed(path).imports:
        names = list(given)
        if level is not None:
            above = package.rsplit(".", level - 1)[0] if level > 1 else package
            source = ".".join(part for part in (above if level else "", of) if part)
            # `from app import logs` names a module, `from app.logs import mask` does not.
            names = [f"{source}.{name}" if f"{source}.{name}" in known else source for name in given]
        yield from (name for name in names if name.split(".")[0] in OURS)


def may_import(importer: str, target: str) -> bool:
    own, other = room(importer), room(target)
    if own == other or own in FREE:
        return True
    allowed = ALLOWED[own]
    return other in allowed or target in allowed or (importer, target) in GRANTED


def wrong_arrows(found: dict[str, Path]) -> list[str]:
    known = frozenset(found)
    return [
        f"{module} → {target}"
        for module, path in found.items()
        for target in sorted(set(imported(module, path, known)))
        if not may_import(module, target)
    ]
