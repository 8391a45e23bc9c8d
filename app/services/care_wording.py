"""Words that belong to a doctor's surgery: whoever is about to send some is warned, and presses again.

Online nobody is examined: no prescription, no first diagnosis, and a counsellor gives neither at all
（《互联网诊疗管理办法（试行）》, 《精神卫生法》第二十三条）.
A warning, not a ban: 「请按处方服药」 may be right.
"""

import re
from collections.abc import Mapping
from typing import Final

from app.errors import DomainError
from models import CaseKind

ADVICE_TO_GO: Final[Mapping[CaseKind, str]] = {
    CaseKind.COUNSELLING: "您说的这些，建议您到正规医院请医生看一看，可以请信得过的人陪着去。",
    CaseKind.HEALTH: "您说的情况，建议您尽快到正规医院请医生当面看；突然加重请打 120。",
}
_WORDS: Final = re.compile(
    r"开药|处方|确诊|诊断|剂量|用量|停药|换药|加药|减药"
    r"|(?<!\d)\d++(?:\.\d++)?\s*+(?:mg|毫克|ml|毫升|iu)"
    r"|(?:每日|每天|一日|一天)[一二三四五六\d]+次"
    r"|每次[半一二三四五六\d]+[片粒颗丸支袋]"
    r"|您(?:这)?(?:就)?(?:是|得了|患了|患有)[^，。！？\n]{0,8}(?:症|炎|癌|瘤)",
    re.IGNORECASE,
)
_OF_THE_MIND: Final = re.compile(
    r"治疗|疗程|抑郁症|焦虑症|双相|躁狂|精神分裂|强迫症|安眠药|抗抑郁|抗焦虑|镇静药"
)
_SEARCHES: Final[Mapping[CaseKind, tuple[re.Pattern[str], ...]]] = {
    CaseKind.COUNSELLING: (_WORDS, _OF_THE_MIND),
    CaseKind.HEALTH: (_WORDS,),
}


class Doubtful(DomainError):
    """What was written was not sent. `found` says, when sent along, that its author has been warned of it."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"里面有像诊断、处方的话：{found}。线上不能诊断、开药，请改一改，或点「建议就医」；"
            "确认没有问题，就再点一次发送。"
        )
        self.found = found


def doubtful(kind: CaseKind, text: str) -> str:
    """Such words of `text` in their order, each once; empty where there are none, or nobody need mind."""
    found = [
        (match.start(), match[0]) for search in _SEARCHES.get(kind, ()) for match in search.finditer(text)
    ]
    return "、".join(dict.fromkeys(words for _, words in sorted(found)))


def refuse_doubtful(kind: CaseKind, text: str, warned_of: str) -> None:
    """Raises: Doubtful: there are such words, and not those that the author was `warned_of`."""
    found = doubtful(kind, text)
    if found and found != warned_of:
        raise Doubtful(found)


def with_advice_to_go(kind: CaseKind, text: str) -> str:
    """`text` with the sentence that sends somebody to a hospital, once. `kind` is one that has one."""
    sentence = ADVICE_TO_GO[kind]
    return text if sentence in text else f"{text.rstrip()}\n{sentence}".lstrip()
