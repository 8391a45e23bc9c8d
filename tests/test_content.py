"""The shipped power-safety tips: what must be true of every one of them before a villager reads it."""

import math
import re
from datetime import date
from pathlib import Path

import pytest

from app.knowledge import Tip, Topic, answer_text, load
from app.knowledge.entries import CALLS
from app.services import crisis

TIPS = load(Path(__file__).parent.parent / "content").tips
EVERY_TIP = pytest.mark.parametrize("tip", TIPS, ids=[tip.id for tip in TIPS])

# What a layman must never be told to do; a sentence that forbids it may name it.
FORBIDDEN = re.compile(
    r"打开.{0,6}(?:表箱|电箱)|开启?表箱|爬[上到]|攀爬|上杆|登杆"
    r"|(?:用手|徒手|伸手)去?[^。]{0,4}(?:电线|线头|裸线)|剪断|接线头|挑开.{0,4}线|拨开.{0,4}线|捡.{0,4}线|带电(?:操作|作业|接)"
)
FORBIDS = re.compile(r"不|别|禁止|禁")

UNITS = "厘米|米|次|分钟|小时|天|千伏|个工作日|倍|岁|年"
COUNTED = re.compile(rf"\d+(?:\.\d+)?(?=\s*(?:至|到)\s*\d|\s*(?:{UNITS}))")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
LIST_MARK = re.compile(r"^\d+\. ", re.MULTILINE)
TELEPHONES = "|".join(sorted(CALLS, key=len, reverse=True))
NAMES_WITH_DIGITS = re.compile(rf"3C|(?<!\d)(?:{TELEPHONES})(?!\d|\s*(?:{UNITS}))")

# The subjects the first edition has to cover, by the tip that does.
MUST_COVER = {
    "socket-sparks", "electric-shock", "cpr", "fallen-line", "flooded-home", "appliance-fire",
    "breaker-trips", "no-power-at-home", "kites", "fishing", "building-near-lines",
    "trees-near-lines", "ebike-charging", "electric-blanket", "power-strips", "children-sockets",
    "lightning", "irrigation-pump", "private-wires", "meter-reading", "arrears",
    "planned-outage", "festival-lights", "heaters", "water-heater", "old-wiring", "generator",
    "unstable-voltage", "burning-smell", "digging-cables",
}  # fmt: skip


def advice(tip: Tip) -> list[str]:
    """The sentences that tell people to do something."""
    return [part for part in re.split(r"[。；\n]", f"{tip.first}\n{tip.body}") if part.strip()]


def test_the_first_edition_is_complete() -> None:
    ids = [tip.id for tip in TIPS]

    assert len(ids) >= 32
    assert len(ids) == len(set(ids))
    assert set(ids) >= MUST_COVER
    assert {tip.topic for tip in TIPS} == set(Topic)


@EVERY_TIP
def test_where_life_is_at_risk_the_first_line_is_a_number_and_the_second_an_action(tip: Tip) -> None:
    lines = answer_text(tip).splitlines()

    if tip.danger:
        assert any(number in lines[0] for number in ("120", "119", "95598"))
        assert tip.call[0] in lines[0]
    else:
        assert tip.title in lines[0]
    assert lines[1] == f"先做：{tip.first}"


@EVERY_TIP
def test_the_do_nots_come_before_the_steps_and_an_answer_has_its_numbers_once(tip: Tip) -> None:
    answer = answer_text(tip)

    assert answer.index(tip.never[-1]) < answer.index("接着这样做")
    if tip.danger:  # its numbers stand in the first line, once
        assert answer.splitlines()[-1].startswith("来源：")
        assert "求助电话" not in answer
    else:
        assert answer.splitlines()[-1].startswith(f"求助电话：{tip.call[0]}")


@EVERY_TIP
def test_an_answer_fits_the_chat_and_is_short_enough_to_read(tip: Tip) -> None:
    answer = answer_text(tip)

    assert len(answer.encode()) <= 2048
    assert len(re.findall(r"[\u4e00-\u9fff]", answer)) <= 400


@EVERY_TIP
def test_a_source_is_one_short_line_of_what_the_file_names(tip: Tip) -> None:
    [line] = [each for each in answer_text(tip).splitlines() if each.startswith("来源：")]

    assert len(line) <= 21
    named = line.removeprefix("来源：").removesuffix("等")
    assert named in re.sub("（[^（）]*）", "", tip.source)


def test_most_answers_fit_a_phones_screen() -> None:
    def rows(answer: str) -> int:
        """Lines of 20 characters on the screen; digits and Latin letters take half of one."""
        widths = [sum(1 if ord(c) > 255 else 0.5 for c in line) for line in answer.split("\n")]
        assert 0 not in widths
        return sum(math.ceil(width / 20) for width in widths)

    heights = sorted(rows(answer_text(tip)) for tip in TIPS)

    assert heights[len(heights) * 3 // 4] <= 18
    assert heights[-1] <= 20


@pytest.mark.parametrize("danger", [crisis.SHOCK, crisis.FIRE, crisis.WIRE, crisis.DYING])
@EVERY_TIP
def test_below_the_lines_for_danger_no_number_is_offered_twice(tip: Tip, danger: crisis.Danger) -> None:
    answer = answer_text(tip, opened=danger.lines)
    offered = [line for line in answer.splitlines() if line.startswith(("有危险先打电话", "求助电话"))]

    assert answer.startswith(f"【{tip.title}】\n先做：{tip.first}\n")
    for number in tip.call:
        explained = f"{number}（{CALLS[number]}）"
        assert (explained in "".join(offered)) is (number not in danger.lines)


@EVERY_TIP
def test_no_tip_sends_a_layman_to_a_wire_up_a_pole_or_into_a_meter_box(tip: Tip) -> None:
    for sentence in advice(tip):
        found = FORBIDDEN.search(sentence)
        assert not found or FORBIDS.search(sentence[: found.start()]), sentence


def test_the_search_for_dangerous_advice_finds_it() -> None:
    for sentence in ("自行打开电表箱看看", "爬上房顶去取", "用手去拿开电线", "把线剪断"):
        assert FORBIDDEN.search(sentence), sentence
    assert FORBIDS.search("不要打开电表箱"[: FORBIDDEN.search("不要打开电表箱").start()])  # type: ignore[union-attr]


@EVERY_TIP
def test_every_number_has_its_unit(tip: Tip) -> None:
    text = LIST_MARK.sub("", "\n".join((tip.first, *tip.never, tip.body)))
    text = NAMES_WITH_DIGITS.sub("", text)

    without_unit = [m.group() for m in NUMBER.finditer(text) if not COUNTED.match(text, m.start())]

    assert without_unit == []


@EVERY_TIP
def test_one_step_is_one_sentence(tip: Tip) -> None:
    for step in tip.body.splitlines():
        assert re.match(r"\d+\. ", step)
        assert step.endswith("。")
        assert step.count("。") == 1


@EVERY_TIP
def test_steps_are_numbered_in_order(tip: Tip) -> None:
    numbers = [int(step.split(".")[0]) for step in tip.body.splitlines()]

    assert numbers == list(range(1, len(numbers) + 1))


@EVERY_TIP
def test_a_tip_names_its_source_and_who_answers_for_it(tip: Tip) -> None:
    assert re.search(r"《.+》|\d{4}-\d{2}-\d{2}|十项承诺|国网", tip.source)
    assert tip.reviewer == "县供电公司安全监察部"
    assert tip.next_review_on == tip.reviewed_on.replace(year=tip.reviewed_on.year + 1)
    assert tip.reviewed_on >= date(2026, 11, 1)


@EVERY_TIP
def test_a_tip_speaks_to_people_politely_and_calmly(tip: Tip) -> None:
    answer = answer_text(tip)

    assert not re.search(r"[！!]{1,}|亲[，,]|用户|你", answer)


def test_every_number_people_are_sent_to_is_explained() -> None:
    for tip in TIPS:
        for number in tip.call:
            assert f"{number}（{CALLS[number]}）" in answer_text(tip)


def test_the_fallen_line_says_eight_metres_and_hop() -> None:
    answer = answer_text(next(tip for tip in TIPS if tip.id == "fallen-line"))

    assert "8 米" in answer.splitlines()[1]
    assert "双脚并拢" in answer
    assert "跳" in answer


def test_a_shock_is_answered_with_the_power_off_and_no_bare_hand() -> None:
    answer = answer_text(next(tip for tip in TIPS if tip.id == "electric-shock"))

    assert answer.startswith("有危险先打电话：120")
    assert "断电" in answer.splitlines()[1]
    assert "不要用手去拉他" in answer
