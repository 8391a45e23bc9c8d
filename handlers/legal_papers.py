"""Which papers somebody has at hand: several numbers at once, or in words."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from app.dialogue.answers import SKIP, Accept, More, Refuse, Said, folded
from app.services.consultation_facts import Paper, Papers

WORDS = 100  # characters
KINDS = tuple(Paper)
PROMPT = "\n".join(
    (
        "手里有哪些材料？回复数字，可以写几个，例如 1 3；别的材料直接写字。没有请回复「没有」。",
        *(f"{number}. {paper.label}" for number, paper in enumerate(KINDS, 1)),
    )
)


@dataclass(frozen=True)
class PapersParser:
    """「1、3」, 「合同和工资条」, 「没有」."""

    def parse(self, said: Said, partial: Any) -> Accept[Papers] | More | Refuse:
        if not said.text:
            return Refuse("这里请回复数字或文字。照片可以在提交以后，点「我的咨询」补充。")
        if folded(said.text) in SKIP | {"还没有", "暂时没有"}:
            return Accept(Papers())
        plain = unicodedata.normalize("NFKC", said.text)
        numbers = [int(each) for each in re.findall(r"\d+", plain)]
        if numbers and not re.sub(r"[\d\s、,，.。;；和与]", "", plain):
            if not set(numbers) <= set(range(1, len(KINDS) + 1)):
                return Refuse(f"只有 1 到 {len(KINDS)}，请再发一次。")
            return Accept(Papers(tuple(KINDS[number - 1] for number in sorted(set(numbers)))))
        if len(said.text) > WORDS:
            return Refuse(f"最多 {WORDS} 个字，您发的是 {len(said.text)} 个字，请写短一点。")
        named = tuple(paper for paper in KINDS if paper.label == said.text)
        return Accept(Papers(named, "" if named else said.text))

    def dump(self, value: Papers) -> Any:
        return {"kinds": [kind.value for kind in value.kinds], "words": value.words}

    def load(self, stored: Any) -> Papers:
        return Papers(tuple(Paper(kind) for kind in stored["kinds"]), stored["words"])


papers = PapersParser()
