"""Who is meant."""

import pytest
from pydantic import ValidationError

from app.services.audiences import NOBODY_KNOWN, Audience, Facts, covers, matches


def who(*tags: str) -> Facts:
    return Facts(frozenset(tags))


def test_one_of_several_tags_is_enough() -> None:
    staff = Audience.model_validate({"tag": ["职工", "干部"]})

    assert matches(staff, who("干部", "陕西"))
    assert not matches(staff, who("陕西"))
    assert not matches(staff, NOBODY_KNOWN)


def test_a_single_tag_may_be_written_without_brackets() -> None:
    assert Audience.model_validate({"tag": "职工"}) == Audience.model_validate({"tag": ["职工"]})


def test_no_audience_means_everybody() -> None:
    assert matches(None, NOBODY_KNOWN)


@pytest.mark.parametrize(
    "written", [{}, {"tags": "职工"}, {"tag": []}, {"tag": ""}, {"tag": "长" * 31}, {"tag": 5}]
)
def test_what_is_no_audience_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        Audience.model_validate(written)


def test_a_wider_audience_covers_a_narrower_one() -> None:
    both, one = Audience(tag=("职工", "干部")), Audience(tag=("干部",))

    assert covers(None, both) and covers(both, one) and covers(one, one)
    assert not covers(one, both) and not covers(one, None)
