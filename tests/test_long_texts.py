"""No text holds up a process, however long it is and whatever it is made of."""

from app.rich_text.pasted import from_pasted
from app.services.board_wording import Wordlist, marks_of
from app.services.care_wording import doubtful
from models import CaseKind
from tests.ending import in_the_end

MANY = 1 << 18


def test_figures_without_a_unit_are_no_dose() -> None:
    with in_the_end():
        assert doubtful(CaseKind.HEALTH, "8" * MANY) == ""
    assert doubtful(CaseKind.HEALTH, "一次12.5 mg，1.2.5ml") == "12.5 mg、2.5ml"


def test_a_name_without_an_end_is_no_link() -> None:
    with in_the_end():
        assert marks_of(Wordlist(), "a-" * MANY) == []
    assert marks_of(Wordlist(), "请看-abc.com吧") == marks_of(Wordlist(), "请看 abc.cn。") == ["link"]


def test_a_style_that_says_nothing_is_passed_over() -> None:
    with in_the_end():
        assert from_pasted(f'<p style="{"z" * MANY}">正文</p>')
