"""The words of our answers: found in a text, and the list of them written anew when the answers change."""

from pathlib import Path

import pytest

from app import knowledge
from app.knowledge.vocabulary import normalise, tokens
from app.knowledge.word_list import written
from app.knowledge.words import LIST, Words

CONTENT = Path(__file__).parent.parent / "content"


def test_the_longest_word_is_taken_and_what_lies_between_stays() -> None:
    words = Words(["停电", "停电通知", "通知书"])

    assert list(words.cut("看停电通知书吗")) == ["看", "停电通知", "书", "吗"]
    assert list(words.cut("")) == [] and list(words.cut("停")) == ["停"]
    assert list(Words([]).cut("停电")) == ["停", "电"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("漏保老跳闸怎么办", ["=漏保", "=跳闸"]),
        ("彩票中奖", ["=彩票", "=中奖"]),  # no answer has them: two characters at a time
        ("我的CPR 95598", ["=cpr", "=95598"]),
    ],
)
def test_words_of_a_text_are_ours_or_of_two_characters(text: str, found: list[str]) -> None:
    assert [each for each in tokens(normalise(text)) if each.startswith("=")] == found


def test_the_list_is_of_the_answers_that_are_shipped() -> None:
    """If this fails: `gonghui content words --write`."""
    assert written(knowledge.load(CONTENT).entries) == LIST.read_text("utf-8")
