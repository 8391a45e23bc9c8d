"""Tip files: good ones load, and an editor is told in Chinese what is wrong, where, and what is right."""

import json
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.knowledge import (
    ContentMistakes,
    LawAnswer,
    Mistake,
    Signpost,
    Tip,
    answer_text,
    law_text,
    load,
    load_folder,
)

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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of tips in an empty content folder."""
    made = tmp_path / "power_safety"
    made.mkdir()
    return made


def write(folder: Path, text: str, name: str = "wet-hands.md") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def mistakes_of(folder: Path) -> list[Mistake]:
    with pytest.raises(ContentMistakes) as refusal:
        load_folder(folder)
    return refusal.value.mistakes


def only_mistake(folder: Path, text: str) -> str:
    write(folder, text)
    (mistake,) = mistakes_of(folder)
    return str(mistake)


def only_tip(folder: Path) -> Tip:
    (file,) = load_folder(folder)
    assert isinstance(file.content, Tip)
    return file.content


def test_a_good_file_becomes_a_tip(folder: Path) -> None:
    path = write(folder, GOOD)

    (file,) = load_folder(folder)
    tip = only_tip(folder)

    assert file.path == path
    assert tip.id == "wet-hands"
    assert tip.call == ("120", "95598")
    assert answer_text(tip) == (
        "有危险先打电话：120（急救）、95598（供电抢修，24 小时）\n"
        "先做：先把手擦干。\n"
        "· 不要湿手拔插头。\n"
        "【湿手碰开关】接着这样做：\n"
        "1. 手擦干再按。\n"
        "2. 有水的地方装防水盖。\n"
        "来源：《电力供应与使用条例》第五条"
    )


def test_a_changed_file_has_another_digest(folder: Path) -> None:
    write(folder, GOOD)
    before = load_folder(folder)[0].sha256
    write(folder, GOOD.replace("手擦干再按", "手擦干了再按"))

    assert load_folder(folder)[0].sha256 != before


def test_a_tip_survives_the_way_through_json(folder: Path) -> None:
    write(folder, GOOD)
    tip = only_tip(folder)

    assert Tip.from_dict(json.loads(json.dumps(tip.to_dict()))) == tip


def test_files_from_other_editors_load_too(folder: Path) -> None:
    (folder / "wet-hands.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())

    assert load_folder(folder)[0].content.body.splitlines()[0] == "1. 手擦干再按。"


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("topic: household", "topic: kitchen", "wet-hands.md 第 4 行：topic：没有「kitchen」这个类别"),
        ("danger: true", "danger: 是", "wet-hands.md 第 10 行：danger：应写 true 或 false"),
        ('["120", "95598"]', '[120, "95598"]', '第 14 行：call 第 1 条：应是文字；数字请加引号，例如 "120"'),
        ('["120", "95598"]', '["12O"]', "第 14 行：call 第 1 条：电话 12O 不在名单里"),
        ("  - 不要湿手拔插头。", "  - 小心插头。", "第 13 行：never 第 1 条：每条应以「不要」开头"),
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
def test_a_mistake_is_named_with_file_line_and_cure(folder: Path, good: str, bad: str, said: str) -> None:
    assert good in GOOD

    told = mistake_saying(folder, GOOD.replace(good, bad, 1), said)

    assert said in told


def mistake_saying(folder: Path, text: str, said: str) -> str:
    """The mistake that says it; a misspelt name is also a missing one."""
    write(folder, text)
    told = [str(mistake) for mistake in mistakes_of(folder)]
    return next((line for line in told if said in line), "\n".join(told))


def test_an_empty_body_is_a_mistake(folder: Path) -> None:
    head = GOOD[: GOOD.index("1. 手擦干")]

    assert "正文：正文是空的" in only_mistake(folder, head)


def test_an_answer_too_long_for_the_chat_is_a_mistake(folder: Path) -> None:
    told = only_mistake(folder, GOOD + "3. 手擦干再按。\n" * 100)

    assert "最多 1548 字节，请缩短" in told


def test_a_file_in_another_encoding_is_a_mistake(folder: Path) -> None:
    (folder / "wet-hands.md").write_bytes(GOOD.encode("gb18030"))

    assert str(mistakes_of(folder)[0]) == "wet-hands.md：文件不是 UTF-8 编码，请另存为 UTF-8"


def test_all_mistakes_of_all_files_are_told_at_once(folder: Path) -> None:
    write(folder, GOOD.replace("topic: household", "topic: kitchen").replace("danger: true", "danger: 1"))
    write(folder, "没有开头", "empty.md")

    found = mistakes_of(folder)

    assert [(each.path.name, each.line) for each in found] == [
        ("empty.md", 1),
        ("wet-hands.md", 4),
        ("wet-hands.md", 10),
    ]


def test_two_tips_may_not_claim_the_same_question(folder: Path) -> None:
    write(folder, GOOD)
    write(folder, GOOD.replace("id: wet-hands", "id: dry-hands"), "dry-hands.md")

    told = [str(each) for each in mistakes_of(folder)]

    assert "wet-hands.md：ask：「湿手触电」在 dry-hands.md 里已经有了" in told


def test_a_folder_without_tips_is_refused_in_the_operators_words(folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"没有找到 \.md 文件"):
        load_folder(folder / "nowhere" / "power_safety")


# --- law and signposts -------------------------------------------------------------------------------------

LAW = """---
id: probation
title: 试用期最长几个月
topic: contract
ask:
  - 试用期多长
  - 试用期半年合法吗
  - 试用期能延长吗
  - 试用期工资打几折
short: 合同三年以上的，试用期最长 6 个月。
law:
  - 《劳动合同法》第十九条
do_not:
  - 不要签第二次试用期。
call: ["12351", "12348"]
source: 《劳动合同法》（2012 年修正）
reviewer: 县总工会法律援助工作站
reviewed_on: 2026-11-23
next_review_on: 2027-11-23
---

1. 看合同写的期限。
"""

SIGN = """---
id: my-sign-ups
title: 我报了哪些活动
topic: activities
ask:
  - 我报了哪些活动
  - 报上名没有
  - 报名信息在哪看
  - 活动几号忘了
go:
  - 我的报名: activities.mine
  - 通知公告: news.latest?category=notice
reviewer: 县供电公司工会
reviewed_on: 2026-11-28
next_review_on: 2027-11-28
---

都在「我的报名」里。
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A content folder with one answer of each kind."""
    for name, text in (
        ("power_safety/wet-hands", GOOD),
        ("labour_law/probation", LAW),
        ("signposts/my-sign-ups", SIGN),
    ):
        path = tmp_path / f"{name}.md"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    return tmp_path


def mistake_in(content: Path, name: str, good: str, bad: str, handlers: set[str] | None = None) -> str:
    path = content / name
    text = path.read_text(encoding="utf-8")
    assert good in text
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(ContentMistakes) as refusal:
        load(content, handlers=handlers)
    return "\n".join(map(str, refusal.value.mistakes))


def test_every_kind_of_answer_is_loaded_and_survives_the_way_through_json(content: Path) -> None:
    shipped = load(content, handlers={"activities.mine", "news.latest"})

    (tip,), (law,), (sign,) = shipped.tips, shipped.laws, shipped.signposts
    assert shipped.entries == (tip, law, sign)
    assert LawAnswer.from_dict(json.loads(json.dumps(law.to_dict()))) == law
    assert Signpost.from_dict(json.loads(json.dumps(sign.to_dict()))) == sign
    assert sign.go == (("我的报名", "activities.mine"), ("通知公告", "news.latest?category=notice"))
    assert law_text(law).splitlines() == [
        "【试用期最长几个月】",
        "合同三年以上的，试用期最长 6 个月。",
        "1. 看合同写的期限。",
        "· 不要签第二次试用期。",
        "依据：《劳动合同法》第十九条",
        "可以问：12351（工会职工热线）、12348（免费法律热线）",
        "以承办律师、仲裁机构的意见为准。",
    ]


LAW_FILE, SIGN_FILE = "labour_law/probation.md", "signposts/my-sign-ups.md"


@pytest.mark.parametrize(
    ("name", "good", "bad", "said"),
    [
        (LAW_FILE, "topic: contract", "topic: household", "没有「household」这个类别"),
        (LAW_FILE, "《劳动合同法》第十九条", "劳动合同法19条", "第 12 行：law 第 1 条：每条应写出"),
        (LAW_FILE, "short: 合同三年以上的，试用期最长 6 个月。\n", "", "short：缺少这一项"),
        (LAW_FILE, "不要签", "别签", "do_not 第 1 条：每条应以「不要」开头"),
        (LAW_FILE, "试用期多长", "湿手触电", "「湿手触电」在 wet-hands.md 里已经有了"),
        (LAW_FILE, "1. 看合同写的期限。", "1. 看合同写的期限。" * 90, "字节，请缩短"),
        (SIGN_FILE, "activities.mine", "activities.mime", "「我的报名」要去的功能 activities.mime 不"),
        (SIGN_FILE, "- 我的报名: activities.mine", "- activities.mine", "go 第 1 条：应写「名称: 功能」"),
        (SIGN_FILE, "都在「我的报名」里。", "都在「我的报名」里。" * 40, "字节，请缩短"),
    ],
)  # fmt: skip
def test_a_mistake_in_any_kind_of_answer_is_named(
    content: Path, name: str, good: str, bad: str, said: str
) -> None:
    assert said in mistake_in(content, name, good, bad, handlers={"activities.mine", "news.latest"})


def test_an_id_belongs_to_one_answer_of_all_kinds(content: Path) -> None:
    text = LAW.replace("id: probation", "id: wet-hands")
    (content / "labour_law" / "wet-hands.md").write_text(text.replace("试用期", "见习期"), encoding="utf-8")

    with pytest.raises(ContentMistakes, match=r"power_safety/wet-hands.md 已经用了这个编号"):
        load(content)


def test_a_kind_of_answers_may_be_left_out_but_not_all(content: Path, tmp_path: Path) -> None:
    (content / "labour_law" / "probation.md").unlink()
    (content / "labour_law").rmdir()

    assert load(content).laws == ()
    with pytest.raises(OperatorError, match="power_safety：没有找到"):
        load(tmp_path / "nowhere")


def test_one_wrong_file_keeps_all_from_loading(content: Path) -> None:
    (content / "signposts" / "my-sign-ups.md").unlink()

    with pytest.raises(OperatorError, match=r"没有找到 \.md 文件"):
        load(content)
