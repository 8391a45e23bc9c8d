"""Finding the right answer: judged on questions nobody tuned for, and on what must be left alone."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.knowledge import Choices, Entry, Hit, Index, LawAnswer, Miss, Result, Shipped, Signpost, Tip, load
from app.knowledge.postings import WORTH, Postings
from bench import quality

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "tests" / "data" / "power_safety_questions.yaml"


@dataclass(frozen=True)
class AboutPower:
    ask: str
    right: frozenset[str]  # tip ids; empty: no tip answers, though another kind may


def questions(name: str) -> Iterator[AboutPower]:
    document: dict[str, list[dict[str, Any]]] = YAML(typ="safe").load(QUESTIONS)
    for entry in document[name]:
        expected = entry["expect"] if isinstance(entry["expect"], list) else [entry["expect"]]
        yield AboutPower(entry["ask"], frozenset(expected) - {"miss"})


def named(result: Result) -> list[str]:
    match result:
        case Hit(entry, also):
            return [each.id for each in (entry, *also)]
        case Choices(entries):
            return [each.id for each in entries]
    return []


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    return load(ROOT / "content")


@pytest.fixture(scope="module")
def index(shipped: Shipped) -> Index:
    return Index(shipped.entries)


@pytest.fixture(scope="module")
def answering() -> quality.Answering:
    return quality.Answering()


# --- how good it is ----------------------------------------------------------------------------------------
# Every set below has about two questions of slack: fresh content may cost one here and win several there.


def test_questions_nobody_tuned_for_find_their_answer(answering: quality.Answering) -> None:
    score = quality.judge(answering, quality.questions("kept"))

    assert score.asked >= 75
    assert score.first / score.asked >= 0.83, score
    assert score.among_three / score.asked >= 0.93, score
    assert score.named <= 3, score


def test_the_search_still_does_what_it_was_tuned_for(answering: quality.Answering) -> None:
    score = quality.judge(answering, quality.questions("development"))

    assert score.asked >= 170
    assert score.first / score.asked >= 0.84, score
    assert score.among_three / score.asked >= 0.91, score
    assert score.named <= 5, score


@pytest.mark.parametrize("name", ["development", "held_out"])
def test_the_first_questions_about_power_find_their_tip(index: Index, name: str) -> None:
    asked = [(each, named(index.search(each.ask))) for each in questions(name) if each.right]

    first = sum(bool(set(found[:1]) & each.right) for each, found in asked)
    among_three = sum(bool(set(found) & each.right) for each, found in asked)

    # development: 136 and 146 of 149; held_out: 40 and 46 of 48
    assert first / len(asked) >= {"development": 0.89, "held_out": 0.80}[name], first
    assert among_three / len(asked) >= {"development": 0.96, "held_out": 0.93}[name], among_three


@pytest.mark.parametrize("name", ["development", "held_out"])
def test_what_no_tip_answers_is_hardly_ever_given_one(index: Index, name: str) -> None:
    found = [index.search(each.ask) for each in questions(name) if not each.right]

    given = [each.entry for each in found if isinstance(each, Hit) and isinstance(each.entry, Tip)]

    assert len(given) / len(found) <= 0.15, [each.title for each in given]


def test_no_question_both_tunes_and_judges(shipped: Shipped) -> None:
    judging = {each.ask for each in questions("held_out") if each.right}
    judging |= {each.ask for each in quality.questions("kept")}
    tuning = {each.ask for each in questions("development")}
    tuning |= {each.ask for each in quality.questions("development")}
    tuning |= {form for entry in shipped.entries for form in entry.ask}

    assert not judging & tuning


def test_questions_name_only_tips_there_are(shipped: Shipped) -> None:
    asked = [*questions("held_out"), *questions("development")]

    assert frozenset().union(*(each.right for each in asked)) <= {tip.id for tip in shipped.tips}


# --- what it must do and leave alone -----------------------------------------------------------------------


def test_every_question_form_leads_to_its_answer(index: Index, shipped: Shipped) -> None:
    for entry in shipped.entries:
        for form in entry.ask:
            assert index.search(form) == Hit(entry), form
            assert index.search(f" {form}？？") == Hit(entry), form


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("插座冒火花怎么办", Tip),
        ("工资三个月没发了", LawAnswer),
        ("我要报名羽毛球", Signpost),
        ("电影票什么时候发", Signpost),
        ("电子合同算不算数", LawAnswer),
        ("打雷天能在外面干活吗，单位不给停工", LawAnswer),
    ],
)
def test_one_search_tells_power_from_work_and_from_what_the_account_does(
    index: Index, text: str, kind: type[Entry]
) -> None:
    result = index.search(text)

    assert isinstance(result, Hit | Choices)
    first = result.entry if isinstance(result, Hit) else result.entries[0]
    assert isinstance(first, kind), first.title


@pytest.mark.parametrize(
    "text",
    [
        "今天天气怎么样",
        "你好",
        "停水了怎么办",
        "电视剧哪个好看",
        "周杰伦的歌",
        "房价会跌吗",
        "怎么做红烧肉",
        "我爱你",
        "彩票中奖号码",
    ],
)
def test_what_is_none_of_our_business_is_left_alone(index: Index, text: str) -> None:
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
    assert named(index.search("插座😱冒火花！！！怎么办🙏"))[:1] == ["socket-sparks"]


def test_choices_are_few_and_different(index: Index) -> None:
    for each in [*questions("held_out"), *questions("development")]:
        ids = named(index.search(each.ask))
        assert len(ids) == len(set(ids)) <= 3


def test_the_same_text_always_gets_the_same_answer(shipped: Shipped, index: Index) -> None:
    other = Index(list(shipped.entries))

    for each in questions("held_out"):
        assert other.search(each.ask) == index.search(each.ask) == index.search(each.ask)


def test_any_text_at_all_is_survived(index: Index) -> None:
    dice = random.Random(7)
    alphabet = "电插座闸灯线火水树雷 abc0，。！\n\t😀𠮷\u0301ａ"

    for _ in range(500):
        text = "".join(dice.choices(alphabet, k=dice.randrange(0, 60)))
        assert isinstance(index.search(text), Hit | Choices | Miss)


def test_scores_are_those_of_bm25_for_rare_and_for_common_tokens() -> None:
    dice = random.Random(11)
    vocabulary = [f"t{n}" for n in range(60)]
    documents = [
        {
            token: dice.choice((0.3, 1.0, 2.6))
            for token in vocabulary
            if dice.random() < (0.02 + number % 60 / 80)
        }
        | {f"only-{number}": 1.0}
        for number in range(200)
    ]
    index = Postings(documents)
    average = sum(sum(each.values()) for each in documents) / len(documents)

    def bm25(asked: set[str], document: dict[str, float]) -> float:
        total = 0.0
        for token in asked & document.keys():
            seen = sum(token in each for each in documents)
            weight = math.log(1 + (len(documents) - seen + 0.5) / (seen + 0.5))
            damping = 1.2 * (0.6 + 0.4 * sum(document.values()) / average)
            total += weight * document[token] * 2.2 / (document[token] + damping)
        return total

    for _ in range(50):
        asked = {*dice.sample(vocabulary, 9), f"only-{dice.randrange(200)}", "unheard"}
        found, reachable = index.rank([*asked, *asked], 200)
        expected = {number: bm25(asked, each) for number, each in enumerate(documents)}
        worth = WORTH * max(expected.values())
        close = {number for number, score in expected.items() if score > worth + 0.001}
        assert close <= {number for number, _ in found}
        assert all(expected[number] > worth - 0.001 for number, _ in found)
        assert all(score == pytest.approx(expected[number], abs=0.001) for number, score in found)
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        assert reachable > index.unseen


def test_an_index_without_answers_finds_nothing() -> None:
    assert Index([]).search("插座冒火花") == Miss()
