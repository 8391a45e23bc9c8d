"""Finding the right tip: judged on questions the search was not tuned on, and on what it must leave alone."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.knowledge import Choices, Hit, Index, Miss, Result, Tip, load

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "tests" / "data" / "power_safety_questions.yaml"


@dataclass(frozen=True)
class Question:
    ask: str
    right: frozenset[str]  # tip ids; empty: nothing of ours answers


@dataclass(frozen=True)
class Score:
    asked: int
    first: int  # the tip named first is right, given outright or as first choice
    among_three: int
    outright: int  # one tip given, and the right one
    off_topic: int
    false_answers: int  # anything but Miss to what is not ours

    def __str__(self) -> str:
        return (
            f"hit@1 {self.first}/{self.asked} (outright {self.outright}), "
            f"hit@3 {self.among_three}/{self.asked}, false {self.false_answers}/{self.off_topic}"
        )


def questions(name: str) -> Iterator[Question]:
    document: dict[str, list[dict[str, Any]]] = YAML(typ="safe").load(QUESTIONS)
    for entry in document[name]:
        expected = entry["expect"] if isinstance(entry["expect"], list) else [entry["expect"]]
        yield Question(entry["ask"], frozenset(expected) - {"miss"})


def named(result: Result) -> list[str]:
    match result:
        case Hit(tip):
            return [tip.id]
        case Choices(tips):
            return [tip.id for tip in tips]
    return []


def judge(index: Index, asked: list[Question]) -> Score:
    ours = [(each, index.search(each.ask)) for each in asked if each.right]
    others = [index.search(each.ask) for each in asked if not each.right]
    return Score(
        asked=len(ours),
        first=sum(bool(set(named(result)[:1]) & each.right) for each, result in ours),
        among_three=sum(bool(set(named(result)) & each.right) for each, result in ours),
        outright=sum(isinstance(r, Hit) and r.tip.id in each.right for each, r in ours),
        off_topic=len(others),
        false_answers=sum(not isinstance(result, Miss) for result in others),
    )


@pytest.fixture(scope="module")
def tips() -> list[Tip]:
    return [file.content for file in load(ROOT / "content" / "power_safety")]


@pytest.fixture(scope="module")
def index(tips: list[Tip]) -> Index:
    return Index(tips)


def test_questions_the_search_has_not_seen_find_their_tip(index: Index) -> None:
    score = judge(index, list(questions("held_out")))

    # When the set was first opened, with 38 tips: hit@1 39/48 (outright 38), hit@3 42/48, false 0/20.
    # Now 38/48 (34), 41/48, 0/20: the corpus has grown to 136 tips and the search is to be tuned for it.
    assert score.asked >= 40
    assert score.first / score.asked >= 0.79, score
    assert score.among_three / score.asked >= 0.85, score
    assert score.false_answers <= 1, score


def test_the_search_still_does_what_it_was_tuned_for(index: Index) -> None:
    score = judge(index, list(questions("development")))

    # Now 132/149 (117), 139/149, 3/74: the corpus has grown to 136 tips and the search is to be tuned for it.
    assert score.asked >= 40
    assert score.first / score.asked >= 0.88, score
    assert score.among_three / score.asked >= 0.93, score
    assert score.false_answers <= 3, score


def test_no_question_both_tunes_and_judges(tips: list[Tip]) -> None:
    judging = {each.ask for each in questions("held_out")}
    tuning = {each.ask for each in questions("development")} | {form for tip in tips for form in tip.ask}

    assert not judging & tuning


def test_questions_name_only_tips_there_are(tips: list[Tip]) -> None:
    asked = [*questions("held_out"), *questions("development")]

    assert frozenset().union(*(each.right for each in asked)) <= {tip.id for tip in tips}


def test_every_question_form_of_a_tip_leads_to_that_tip(index: Index, tips: list[Tip]) -> None:
    for tip in tips:
        for form in tip.ask:
            assert index.search(form) == Hit(tip), form
            assert index.search(f" {form}？？") == Hit(tip), form


@pytest.mark.parametrize(
    "text",
    [
        "今天天气怎么样",
        "我要报名羽毛球",
        "你好",
        "停水了怎么办",
        "电影票什么时候发",
        "电话多少",
        "电视剧哪个好看",
    ],
)
def test_what_is_not_about_power_is_left_alone(index: Index, text: str) -> None:
    assert index.search(text) == Miss()


@pytest.mark.parametrize(
    "text", ["", "   ", "？？？！！", "😀😀🔌", "...", "\x00\x1f\u200b", "的" * 2000, "0", "[OK]", "\ud800"]
)
def test_a_text_that_says_nothing_is_a_miss(index: Index, text: str) -> None:
    assert index.search(text) == Miss()


def test_a_question_inside_a_long_story_is_found(index: Index) -> None:
    story = "我们村今年雨水多，地里活也多。" * 120

    found = index.search(story + "我想问的是漏保老跳闸怎么办")

    assert len(story) > 1500
    assert named(found)[:1] == ["breaker-trips"]


def test_a_life_at_risk_is_heard_beside_other_matters(index: Index) -> None:
    for text in ("今天比赛场上有人触电了怎么办", "报名现场有人触电", "领工资的时候他触电倒地了"):
        assert named(index.search(text))[:1] == ["electric-shock"], text


def test_emoji_widths_and_capitals_make_no_difference(index: Index) -> None:
    assert named(index.search("ＣＰＲ")) == ["cpr"]
    assert named(index.search("插座😱冒火花！！！怎么办🙏")) == ["socket-sparks"]


def test_choices_are_few_and_different(index: Index) -> None:
    for each in [*questions("held_out"), *questions("development")]:
        ids = named(index.search(each.ask))
        assert len(ids) == len(set(ids)) <= 3


def test_the_same_text_always_gets_the_same_answer(tips: list[Tip], index: Index) -> None:
    other = Index(list(tips))

    for each in questions("held_out"):
        assert other.search(each.ask) == index.search(each.ask) == index.search(each.ask)


def test_any_text_at_all_is_survived(index: Index) -> None:
    dice = random.Random(7)
    alphabet = "电插座闸灯线火水树雷 abc0，。！\n\t😀𠮷\u0301ａ"

    for _ in range(500):
        text = "".join(dice.choices(alphabet, k=dice.randrange(0, 60)))
        assert isinstance(index.search(text), Hit | Choices | Miss)


def test_an_index_without_tips_finds_nothing() -> None:
    assert Index([]).search("插座冒火花") == Miss()


def test_a_hundred_tips_answer_well_within_half_a_millisecond(tips: list[Tip]) -> None:
    hundred = [replace(tips[n % len(tips)], id=f"tip-{n}") for n in range(100)]
    index = Index(hundred)
    asked = [each.ask for each in questions("held_out")] + ["插座冒火花，" * 330]

    def once() -> float:
        began = time.perf_counter()
        for text in asked:
            index.search(text)
        return (time.perf_counter() - began) / len(asked)

    assert min(once() for _ in range(5)) < 0.0005  # the quietest of five: other programs share the machine
