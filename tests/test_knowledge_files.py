"""Tip files: good ones load, and an editor is told in Chinese what is wrong, where, and what is right."""

import json
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.knowledge import ContentMistakes, Mistake, Tip, answer_text, load

GOOD = """---
id: wet-hands
title: 湿手碰开关
topic: household
ask:
  - 湿手能按开关吗
  - 手湿着拔插头
  - 洗完手摸开关
  - 湿手触电
danger: true
first: 先把手擦干。
never:
  - 不要湿手拔插头。
call: ["120", "95598"]
source: 《电力供应与使用条例》第五条
reviewer: 县供电公司安全监察部
reviewed_on: 2026-11-23
next_review_on: 2027-11-23
---

1. 手擦干再按。
2. **有水**的地方装防水盖。
"""


def write(folder: Path, text: str, name: str = "wet-hands.md") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def mistakes_of(folder: Path) -> list[Mistake]:
    with pytest.raises(ContentMistakes) as refusal:
        load(folder)
    return refusal.value.mistakes


def only_mistake(folder: Path, text: str) -> str:
    write(folder, text)
    (mistake,) = mistakes_of(folder)
    return str(mistake)


def test_a_good_file_becomes_a_tip(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)

    (file,) = load(tmp_path)

    assert file.path == path
    assert file.content.id == "wet-hands"
    assert file.content.call == ("120", "95598")
    assert answer_text(file.content) == (
        "有危险先打电话：120（急救）、95598（供电抢修，24 小时）\n"
        "先做：先把手擦干。\n"
        "· 不要湿手拔插头。\n"
        "【湿手碰开关】接着这样做：\n"
        "1. 手擦干再按。\n"
        "2. 有水的地方装防水盖。\n"
        "来源：《电力供应与使用条例》第五条"
    )


def test_a_changed_file_has_another_digest(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    before = load(tmp_path)[0].sha256
    write(tmp_path, GOOD.replace("手擦干再按", "手擦干了再按"))

    assert load(tmp_path)[0].sha256 != before


def test_a_tip_survives_the_way_through_json(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    tip = load(tmp_path)[0].content

    assert Tip.from_dict(json.loads(json.dumps(tip.to_dict()))) == tip


def test_files_from_other_editors_load_too(tmp_path: Path) -> None:
    (tmp_path / "wet-hands.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())

    assert load(tmp_path)[0].content.body.splitlines()[0] == "1. 手擦干再按。"


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("topic: household", "topic: kitchen", "wet-hands.md 第 4 行：topic：没有「kitchen」这个类别"),
        ("danger: true", "danger: 是", "wet-hands.md 第 10 行：danger：应写 true 或 false"),
        ('["120", "95598"]', '[120, "95598"]', '第 14 行：call 第 1 条：应是文字；数字请加引号，例如 "120"'),
        ('["120", "95598"]', '["12O"]', "第 14 行：call：电话 12O 不在名单里"),
        ("  - 不要湿手拔插头。", "  - 小心插头。", "第 12 行：never：每条应以「不要」开头"),
        ("  - 洗完手摸开关", "  - 湿手触电", "第 5 行：ask：「湿手触电」写了两遍"),
        ("  - 洗完手摸开关\n", "", "第 5 行：ask：至少 4 条，现在 3 条"),
        ("  - 洗完手摸开关", "  - 洗", "第 8 行：ask 第 3 条：太短，至少 2 个字"),
        ("first: 先把手擦干。", "first: 先擦手。再按。", "第 11 行：first：应是一句话，以句号结尾"),
        ("first: 先把手擦干。\n", "", "wet-hands.md：first：缺少这一项"),
        ("first: 先把手", "frist: 先把手", "第 11 行：frist：没有这一项，请检查拼写"),
        ("安全监察部", "安全监察专责（待核）", "第 16 行：reviewer：请写负责审核的部门"),
        ("reviewed_on: 2026-11-23\nnext", "reviewed_on: 明天\nnext", "第 17 行：reviewed_on：应是日期"),
        ("2027-11-23", "2028-11-23", "next_review_on 应是 12 个月后，即 2027-11-23"),
        ("id: wet-hands", "id: wet-feet", "第 2 行：id：应与文件名相同，即 wet-hands"),
        ("id: wet-hands", "id: Wet Hands", "第 2 行：id：只能用小写字母、数字和短横线"),
        ("title: 湿手碰开关", "title: 湿手\ntitle: 湿手碰开关", "第 4 行：同一项写了两遍"),
        ("title: 湿手碰开关", "title: [湿手", "YAML 写法不对"),
        ("---\nid", "id", "第 1 行：文件应以 --- 开头"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_line_and_cure(tmp_path: Path, good: str, bad: str, said: str) -> None:
    assert good in GOOD

    told = mistake_saying(tmp_path, GOOD.replace(good, bad, 1), said)

    assert said in told


def mistake_saying(folder: Path, text: str, said: str) -> str:
    """The mistake that says it; a misspelt name is also a missing one."""
    write(folder, text)
    told = [str(mistake) for mistake in mistakes_of(folder)]
    return next((line for line in told if said in line), "\n".join(told))


def test_an_empty_body_is_a_mistake(tmp_path: Path) -> None:
    head = GOOD[: GOOD.index("1. 手擦干")]

    assert "正文：正文是空的" in only_mistake(tmp_path, head)


def test_an_answer_too_long_for_the_chat_is_a_mistake(tmp_path: Path) -> None:
    told = only_mistake(tmp_path, GOOD + "3. 手擦干再按。\n" * 100)

    assert "最多 2048 字节，请缩短" in told


def test_a_file_in_another_encoding_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "wet-hands.md").write_bytes(GOOD.encode("gb18030"))

    assert str(mistakes_of(tmp_path)[0]) == "wet-hands.md：文件不是 UTF-8 编码，请另存为 UTF-8"


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("topic: household", "topic: kitchen").replace("danger: true", "danger: 1"))
    write(tmp_path, "没有开头", "empty.md")

    found = mistakes_of(tmp_path)

    assert [(each.path.name, each.line) for each in found] == [
        ("empty.md", 1),
        ("wet-hands.md", 4),
        ("wet-hands.md", 10),
    ]


def test_two_tips_may_not_claim_the_same_question(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD.replace("id: wet-hands", "id: dry-hands"), "dry-hands.md")

    told = [str(each) for each in mistakes_of(tmp_path)]

    assert "wet-hands.md：ask：「湿手触电」在 dry-hands.md 里已经有了" in told


def test_a_folder_without_tips_is_refused_in_the_operators_words(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"没有找到 \.md 文件"):
        load(tmp_path / "nowhere")
