"""What the content check thinks of a text: a small list of words stands for its model."""

from dataclasses import dataclass

RISKY, REVIEW, PASS = "risky", "review", "pass"
NORMAL, ADVERTISING, PORN, ILLEGAL, FRAUD = 100, 10001, 20002, 20006, 20008
WORDS = {
    "赌博": (RISKY, ILLEGAL),
    "代开发票": (RISKY, ILLEGAL),
    "刷单返利": (RISKY, FRAUD),
    "裸聊": (RISKY, PORN),
    "加微信": (REVIEW, ADVERTISING),
}


@dataclass(frozen=True)
class Finding:
    """A judgement, and the word it comes from."""

    suggest: str = PASS
    label: int = NORMAL
    word: str = ""


def judge(text: str) -> Finding:
    """The worst that is found."""
    found = [Finding(suggest, label, word) for word, (suggest, label) in WORDS.items() if word in text]
    return min(found, key=lambda one: one.suggest != RISKY, default=Finding())
