"""Forms of the console: what we ship can be edited there and comes back as it was."""

import pytest

from app.knowledge import Entry, LawAnswer, Tip, load_folder
from app.services import activity_forms, content_forms
from app.services.form_words import NotWhole
from models import ContentKind
from tests.conftest import NOON
from tests.rooms import ROOT


def shipped(folder: str) -> list[Entry]:
    return [file.content for file in load_folder(ROOT / "content" / folder)]


@pytest.mark.parametrize(
    ("folder", "kind", "made"),
    [("power_safety", ContentKind.TIP, Tip), ("labour_law", ContentKind.LAW, LawAnswer)],
)
def test_every_answer_we_ship_comes_back_from_its_form(
    folder: str, kind: ContentKind, made: type[Entry]
) -> None:
    entries = shipped(folder)
    late = NOON.replace(year=NOON.year + 1)  # none was reviewed after that

    for entry in entries:
        again = content_forms.entry_of(kind, entry.id, content_forms.of_entry(entry), late)
        assert isinstance(again, made)
        assert again.to_dict() | {"body": ""} == entry.to_dict() | {"body": ""}
        assert again.body.splitlines() == [line for line in entry.body.splitlines() if line.strip()]
    assert len(entries) > 50


def test_a_law_answer_without_its_law_is_refused() -> None:
    filled = content_forms.of_entry(shipped("labour_law")[0]) | {"law": "有规定的"}
    late = NOON.replace(year=NOON.year + 1)

    with pytest.raises(content_forms.NotWhole, match="法律依据第 1 条：每条应写出《名称》"):
        content_forms.entry_of(ContentKind.LAW, "x", filled, late)


def test_an_empty_form_of_an_activity_asks_for_its_title() -> None:
    with pytest.raises(NotWhole, match="请写标题"):
        activity_forms.values_of(activity_forms.empty(), {})
