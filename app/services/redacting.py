"""Taking out of words what tells of whom they are: names, telephones, numbers, dates, places.

By rules, so never all of it: whoever goes on with the words reads them, and says that he has. Of words that
leave the house `left_over` names what no rule lets pass.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

NAME, PHONE, NUMBER, DATE, PLACE, FIRM = "姓名", "电话", "号码", "日期", "地点", "单位"
BLANKS: Final = tuple(f"〔{what}〕" for what in (NAME, PHONE, NUMBER, DATE, PLACE, FIRM))

_HAN: Final = "[\u4e00-\u9fa5]"
_NUMERAL: Final = "[0-9〇零一二两三四五六七八九十]"
# Without those that are more often another word: 向, 于, 任, 常, 高, 方, 和, 对.
_SURNAMES: Final = (
    "[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余杜叶程魏苏吕丁卢姚沈钟姜崔谭陆"
    "范汪廖石金韦贾夏付邹熊孟秦邱侯尹薛阎段雷龙史陶贺毛郝顾龚邵覃武钱戴严莫孔汤康易乔赖]"
)
_TITLES: Final = (
    "师傅|经理|主任|班长|队长|老板|书记|工程师|律师|医生|同志|先生|女士|所长|科长|站长|局长|厂长|矿长"
    "|阿姨|大姐|大哥"
)
_WORD_BEFORE: Final = "[我你他她它在是的了从给和与跟到由去把被对找让向叫比等及、]"
_ROOMS: Final = "楼?[0-9]+(?:号楼|栋|幢|单元|层|楼|室)"
_FIRMS: Final = "有限责任公司|有限公司|股份公司|供电公司|电力公司|分公司|集团|煤矿|供电所|劳务公司|派遣公司"

_HARD: Final[tuple[tuple[str, str], ...]] = (
    (NUMBER, r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    (NUMBER, r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])"),
    (PHONE, r"(?<![0-9])1[3-9][0-9](?:[- ]?[0-9]{4}){2}(?![0-9])"),
    (PHONE, r"(?<![0-9])0[0-9]{2,3}[- ]?[0-9]{7,8}(?![0-9])"),
    (NUMBER, r"(?<![A-Za-z])[A-Z]{2}-[0-9]{4}-[0-9]+"),
    (NUMBER, r"[0-9]{6,}(?!元|万|块|[0-9])"),
)
_DATES: Final = (
    rf"{_NUMERAL}{{2,4}}年{_NUMERAL}{{1,3}}月(?:份|{_NUMERAL}{{1,3}}[日号])?",
    rf"{_NUMERAL}{{1,3}}月{_NUMERAL}{{1,3}}[日号]",
    r"(?:19|20)[0-9]{2}[-/.][0-9]{1,2}(?:[-/.][0-9]{1,2})?",
    r"(?:19|20)[0-9]{2}年",
    rf"{_NUMERAL}{{1,3}}月份?(?![0-9一-龥]*内)",
)
_DAYS: Final = (
    "今天|昨天|前天|昨晚|今晚|今早|刚才|上周[一二三四五六日天]?|这周|本周|上个?月|本月|这个月|去年|今年|前年|年初|年底"
    "|(?:周|星期|礼拜)[一二三四五六日天]",
    rf"{_NUMERAL}{{1,3}}[点时:：](?:{_NUMERAL}{{1,3}}分?|半)?",
)
_SOFT: Final[tuple[tuple[str, str], ...]] = (
    (FIRM, rf"(?:(?!{_WORD_BEFORE}){_HAN}){{2,14}}?(?:{_FIRMS})+"),
    (
        PLACE,
        rf"(?:(?!{_WORD_BEFORE}){_HAN}){{2,8}}?(?:路|街|巷|大道|村|组)[0-9一二三四五六七八九十]+号?(?:{_ROOMS})*",
    ),
    (PLACE, rf"[0-9]+(?:号楼|栋|幢|单元|室)(?:{_ROOMS})*"),
    (PLACE, rf"(?:(?!{_WORD_BEFORE}){_HAN}){{1,6}}?(?:小区|家属院|街道|变电站)"),
    (NAME, rf"{_HAN}{{2,6}}(?:[·•]{_HAN}{{1,8}})+"),
    (NAME, rf"{_SURNAMES}(?:某+|(?:(?!{_WORD_BEFORE}){_HAN}){{0,2}}?)(?={_TITLES})"),
    (NAME, rf"(?<=我叫){_HAN}{{2,4}}|(?<=姓名[:：是]){_HAN}{{2,4}}|(?<=名叫){_HAN}{{2,3}}"),
    (NAME, rf"(?:老|小)(?={_SURNAMES}(?!{_HAN}{{2}})){_SURNAMES}"),
)
_TAGS: Final = {"nr": NAME, "nrt": NAME, "nrfg": NAME, "ns": PLACE, "nt": FIRM}
# What a tagger takes for a name is often a word, such as 申请书.
_TAGGED_SURNAMES: Final = frozenset(
    f"{_SURNAMES[1:-1]}高方任常于文万鲁柳樊耿焦詹欧甘盛梅鲍葛倪苗聂殷岳齐翟洪裴祝左蒲华宁兰纪项"
)
_COMMON: Final = frozenset(
    {"中国", "中华人民共和国", "全国", "国务院", "人民法院", "最高人民法院", "劳动者", *_TITLES.split("|")}
)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of words; `what` was taken out in its place, or nothing."""

    text: str
    what: str = ""


def redacted(
    text: str, firms: Iterable[str] = (), names: Iterable[str] = (), *, days: bool = False
) -> list[Part]:
    """`firms` and `names` are known to stand in it; with `days` also what tells when, however vaguely."""
    taken: list[tuple[int, int, str]] = []
    for start, end, what in _found(text, firms, names, days=days):
        if end > start and all(end <= left or start >= right for left, right, _ in taken):
            taken.append((start, end, what))
    parts, at = [], 0
    for start, end, what in sorted(taken):
        if start > at:
            parts.append(Part(text[at:start]))
        parts.append(Part(f"〔{what}〕", what))
        at = end
    return [*parts, Part(text[at:])] if at < len(text) else parts


def plain(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts)


def left_over(text: str) -> Sequence[str]:
    """Numbers that lead to somebody, and blanks that nobody has put into words yet."""
    hard = [each[0] for _, rule in _HARD for each in re.finditer(rule, text)]
    whole = [each for each in hard if not any(each in other and each != other for other in hard)]
    return list(dict.fromkeys([*whole, *(blank for blank in BLANKS if blank in text)]))


def _found(
    text: str, firms: Iterable[str], names: Iterable[str], *, days: bool
) -> Iterator[tuple[int, int, str]]:
    """What is more certain comes first."""
    known = [(FIRM, re.escape(each)) for each in firms if len(each) > 1]
    known += [(NAME, re.escape(each)) for each in names if len(each) > 1]
    dates = [(DATE, rule) for rule in (*_DATES, *(_DAYS if days else ()))]
    for what, rule in (*known, *_HARD, *dates, *_SOFT):
        for each in re.finditer(rule, text):
            yield each.start(), each.end(), what
    import rjieba  # noqa: PLC0415 - a dictionary of 34 MB, for what few people do

    at = 0
    for word, tag in rjieba.tag(text):
        start = text.find(word, at)
        if start < 0:
            continue
        at = start + len(word)
        if len(word) < 2 or word in _COMMON or tag not in _TAGS:
            continue
        if _TAGS[tag] != NAME or word[0] in _TAGGED_SURNAMES or len(word) > 3:
            yield start, at, _TAGS[tag]
