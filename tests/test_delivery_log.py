"""What leaves us is called by a name that staff understand, whatever it is."""

import ast
import importlib
import re
from collections.abc import Iterator
from types import ModuleType

from app.services import delivery_log
from tests.rooms import modules

KIND = re.compile(r"[a-z]+\.[a-z_]+")


def effects(tree: ast.AST) -> Iterator[ast.expr]:
    """What each call of `outbox.add` gives as its kind."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "outbox.add":
            yield node.args[1]


def kinds(module: ModuleType, tree: ast.AST, kind: ast.expr) -> set[str]:
    """What it can be: a constant, or whatever the module has where it comes in from its callers."""
    if isinstance(kind, ast.Constant):
        return {str(kind.value)}
    found: object = module
    for name in ast.unparse(kind).split("."):
        found = getattr(found, name, None)
    if isinstance(found, str):
        return {found}
    written = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {each for each in written if isinstance(each, str) and KIND.fullmatch(each)}


def test_every_kind_of_effect_has_a_name_for_staff() -> None:
    found: set[str] = set()
    for name, path in modules().items():
        tree = ast.parse(path.read_text("utf-8"))
        if name.startswith("app.") and any(effects(tree)):
            module = importlib.import_module(name)
            found |= {each for kind in effects(tree) for each in kinds(module, tree, kind)}

    assert {"activities.changed", "cases.answered", "dialogue.late_reply", "notices.test"} <= found
    assert found - delivery_log.KINDS.keys() == set()
