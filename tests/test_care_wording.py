"""Whose answer sounds like a surgery is warned first: which words, whose, and how often."""

import pytest

from app.services.care_wording import ADVICE_TO_GO, Doubtful, doubtful, refuse_doubtful, with_advice_to_go
from models import CaseKind

MIND, HEALTH, LAW = CaseKind.COUNSELLING, CaseKind.HEALTH, CaseKind.CONSULTATION


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (HEALTH, "给您开药", "开药"),
        (HEALTH, "缬沙坦 80 mg，每日一次", "80 mg、每日一次"),
        (HEALTH, "每次2片，一天三次", "每次2片、一天三次"),
        (HEALTH, "阿莫西林500MG", "500MG"),
        (HEALTH, "可以确诊，您这是胃炎", "确诊、您这是胃炎"),
        (HEALTH, "剂量加倍，剂量要够", "剂量"),
        (MIND, "您得了抑郁症，要治疗", "您得了抑郁症、抑郁症、治疗"),
        (MIND, "吃点安眠药", "安眠药"),
        (HEALTH, "少盐，多走路，三个月后复查血压。", ""),
        (HEALTH, "家里有 3 毫克以外的事", "3 毫克"),
        (MIND, "先把晚上的手机放下，睡前泡泡脚。", ""),
        (MIND, "", ""),
        (LAW, "工伤要有诊断证明", ""),  # a lawyer may say so
    ],
)
def test_what_is_found(kind: CaseKind, text: str, found: str) -> None:
    assert doubtful(kind, text) == found


@pytest.mark.parametrize("kind", list(ADVICE_TO_GO))
def test_the_ready_sentence_is_no_reason_for_a_warning(kind: CaseKind) -> None:
    assert doubtful(kind, ADVICE_TO_GO[kind]) == ""
    assert "医院" in ADVICE_TO_GO[kind]


def test_once_warned_of_the_same_words_one_may_go_on() -> None:
    with pytest.raises(Doubtful, match="开药、80 mg") as refused:
        refuse_doubtful(HEALTH, "开药 80 mg", "")
    refuse_doubtful(HEALTH, "改了字，还是开药 80 mg", refused.value.found)

    with pytest.raises(Doubtful, match="确诊"):  # new words, a new warning
        refuse_doubtful(HEALTH, "开药 80 mg，确诊", refused.value.found)


def test_the_sentence_is_added_once() -> None:
    once = with_advice_to_go(HEALTH, "血压偏高。\n")
    assert once == f"血压偏高。\n{ADVICE_TO_GO[HEALTH]}" == with_advice_to_go(HEALTH, once)
    assert with_advice_to_go(MIND, "") == ADVICE_TO_GO[MIND]
