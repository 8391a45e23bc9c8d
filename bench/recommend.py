"""`python -m bench.recommend`: 为您推荐 against most-read and newest, on readers who were made up.

Each reader has hidden subjects, of which nothing is told to anybody: over eight weeks articles on many
subjects appear, and each day some readers look at what is new and what is much read, and open what is of
their subjects, or what many read, or anything. In the last two weeks each opening is a question asked the
moment before: are any of the articles this reader opens within the week among the five? Seeds differ in
readers and articles; the first one is what the weights were chosen on.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from app.services import recommending
from app.services.recommending import Candidate, Liked

READERS, DAYS, TESTED, A_DAY, AT_FIVE = 120, 56, 14, 5, 5
START: Final = datetime(2026, 9, 1, 8, tzinfo=UTC)
SUBJECTS: Final = {
    "union": ("羽毛球赛", "健步走", "书画展", "职工书屋", "合唱比赛", "劳模宣讲"),
    "policy": ("社保缴费", "公积金提取", "医保报销", "个税扣除", "养老金调整"),
    "rights": ("加班工资", "年休假", "工伤认定", "劳动合同", "女职工保护"),
    "safety": ("插座接地", "雷雨天用电", "电动车充电", "果园抽水", "取暖器"),
    "people": ("抢修班长", "退休教师", "技能大师", "青年志愿者"),
    "notice": ("停电检修", "体检安排", "助学金申报", "食堂满意度"),
}
FORMS: Final = (
    "{}有哪些要注意",
    "{}开始了",
    "问答：{}怎么办",
    "本周{}情况",
    "{}经验分享",
    "一图看懂{}",
    "关于{}的通知",
    "走进{}现场",
)
PLACES: Final = ("黄陵", "洛川", "宜君", "店头", "隆坊", "桥山")


@dataclass
class Reader:
    loves: dict[str, float]
    read: list[Liked] = field(default_factory=list)
    columns: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)


@dataclass
class Opened:
    reader: Reader
    key: str
    day: int
    tens: tuple[list[str], ...]  # what each way would have shown the moment before


Way = Callable[[Reader, Sequence[Candidate], datetime], list[str]]


def ours(reader: Reader, left: Sequence[Candidate], now: datetime) -> list[str]:
    picked = recommending.pick(reader.read[-30:], reader.columns, left, now, AT_FIVE)
    return [each.candidate.key for each in picked]


def most_read(reader: Reader, left: Sequence[Candidate], now: datetime) -> list[str]:
    return [each.key for each in sorted(left, key=lambda each: -each.reads)[:AT_FIVE]]


def newest(reader: Reader, left: Sequence[Candidate], now: datetime) -> list[str]:
    return [each.key for each in sorted(left, key=lambda each: each.published_at, reverse=True)[:AT_FIVE]]


WAYS: Final[tuple[tuple[str, Way], ...]] = (("ours", ours), ("most read", most_read), ("newest", newest))


def replay(seed: int) -> dict[str, float]:
    """Share of questions each way had an answer to."""
    dice = random.Random(seed)
    all_subjects = [(column, subject) for column, of in SUBJECTS.items() for subject in of]
    readers = [_reader(dice, [subject for _, subject in all_subjects]) for _ in range(READERS)]
    there: dict[str, tuple[str, Candidate]] = {}
    reads: Counter[str] = Counter()
    asked: list[Opened] = []
    for day in range(DAYS):
        now = START + timedelta(days=day)
        for number in range(A_DAY):
            column, subject = dice.choice(all_subjects)
            title = f"{dice.choice(PLACES)}{dice.choice(FORMS).format(subject)}"
            key = f"{day}-{number}"
            there[key] = (subject, Candidate(key, title, column, now - timedelta(minutes=number)))
        for reader in dice.sample(readers, READERS // 3):
            asked += _visit(dice, reader, there, reads, day)
    return _judged(asked)


def _reader(dice: random.Random, subjects: Sequence[str]) -> Reader:
    return Reader({subject: dice.uniform(0.5, 1.0) for subject in dice.sample(subjects, 4)})


def _visit(
    dice: random.Random,
    reader: Reader,
    there: dict[str, tuple[str, Candidate]],
    reads: Counter[str],
    day: int,
) -> list[Opened]:
    """One or two are opened of what the reader comes across: the newest 30, and the 10 most read."""
    now, asked = START + timedelta(days=day, hours=4), []
    for _ in range(dice.randint(1, 2)):
        left = [
            Candidate(each.key, each.title, each.column, each.published_at, reads[each.key])
            for _, each in there.values()
            if each.key not in reader.seen
        ][-200:]
        met = [*left[-30:], *sorted(left, key=lambda each: -each.reads)[:10]]
        likes = [reader.loves.get(there[each.key][0], 0.0) + 0.02 + 0.003 * each.reads for each in met]
        chosen = dice.choices(met, likes)[0]
        if day >= DAYS - TESTED:
            tens = tuple(way(reader, left, now) for _, way in WAYS)
            asked.append(Opened(reader, chosen.key, day, tens))
        reader.seen.add(chosen.key)
        reader.read.append(Liked(chosen.title, now))
        reader.columns[chosen.column] += 1
        reads[chosen.key] += 1
    return asked


def _judged(asked: Sequence[Opened]) -> dict[str, float]:
    hits = Counter[str]()
    for at, each in enumerate(asked):
        soon = {one.key for one in asked[at:] if one.reader is each.reader and one.day < each.day + 7}
        for (name, _), shown in zip(WAYS, each.tens, strict=True):
            hits[name] += bool(soon & set(shown))
    return {name: hits[name] / len(asked) for name, _ in WAYS}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.recommend", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print("| seed | ours | most read | newest |\n|--:|--:|--:|--:|")
    for seed in range(1, options.seeds + 1):
        found = replay(seed)
        print(f"| {seed} | " + " | ".join(f"{found[name]:.0%}" for name, _ in WAYS) + " |")


if __name__ == "__main__":
    main()
