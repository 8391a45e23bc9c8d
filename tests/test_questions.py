"""The questions people ask: every answer they expect exists.

`expect` names all answers that would be right and safe: `safety/`, `law/` and `sign/` a content file,
`do/` a handler, `reply/` a keyword's reply by its first word, or a signpost by one of its
question forms. `[gap]`: nothing of ours answers it yet. `[]`: nothing should.
"""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.knowledge import load

ROOT = Path(__file__).parent.parent
FOLDERS = {"safety": "power_safety", "law": "labour_law", "sign": "signposts"}
AT_MOST = 5


def _existing() -> set[str]:
    menus: dict[str, Any] = YAML(typ="safe").load(ROOT / "menus.yaml")
    keywords = menus["keywords"]
    entries = [*keywords, *(item for column in menus["menu"] for item in column.get("items", [column]))]
    found = {f"do/{entry['do']}" for entry in entries if "do" in entry}
    found |= {f"reply/{entry['say'][0]}" for entry in keywords if "reply" in entry}
    found |= {f"reply/{form}" for sign in load(ROOT / "content").signposts for form in sign.ask}
    for prefix, folder in FOLDERS.items():
        found |= {f"{prefix}/{path.stem}" for path in (ROOT / "content" / folder).glob("*.md")}
    return found


@pytest.mark.parametrize("name", ["development", "kept"])
def test_every_expected_answer_exists(name: str) -> None:
    """Shows ids and places only: nobody who tunes the search may read the kept questions."""
    entries = YAML(typ="safe").load(ROOT / "tests" / "data" / f"questions_{name}.yaml")
    expected = [(entry["matter"], tuple(entry["expect"])) for entry in entries]

    assert {each for _, ids in expected for each in ids} - _existing() <= {"gap"}
    wrong = [place for place, (matter, ids) in enumerate(expected) if not _is_sound(matter, ids)]
    assert wrong == []


def _is_sound(matter: str, ids: tuple[str, ...]) -> bool:
    if matter == "other":
        return ids == ()
    return ids == ("gap",) or ("gap" not in ids and 1 <= len(ids) == len(set(ids)) <= AT_MOST)
