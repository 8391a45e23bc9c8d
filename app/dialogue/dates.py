"""Parsers of days, as people write them; the other parsers are in `answers`."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.clock import civil_date
from app.dialogue.answers import Accept, More, Refuse, Said, folded

OLDEST = 120  # years


@dataclass(frozen=True)
class PastDate:
    """A day that is not after today: 昨天, 3月5日, 2026-03-05, 上周三; as meant when it was said."""

    def parse(self, said: Said, partial: Any) -> Accept[date] | More | Refuse:
        today = civil_date(said.at)
        day = _day(folded(said.text), today)
        if day is None:
            return Refuse("没有认出日期，请这样写：3月5日，或 2026-03-05，或 昨天。")
        if day > today:
            return Refuse(f"{day.month}月{day.day}日还没有到，请再核对一下日期。")
        return Accept(day)

    def dump(self, value: date) -> Any:
        return value.isoformat()

    def load(self, stored: Any) -> date:
        return date.fromisoformat(stored)


@dataclass(frozen=True)
class BirthDate(PastDate):
    """A day with its year: 1985-03-05, 1985年3月5日, 19850305."""

    def parse(self, said: Said, partial: Any) -> Accept[date] | More | Refuse:
        today = civil_date(said.at)
        text = folded(said.text)
        day = _day(text, today) if re.match(r"\d{4}", text) else None
        if day is None or not today.year - OLDEST <= day.year or day > today:
            return Refuse("没有认出出生日期，请连年份一起写：1985-03-05，或 19850305。")
        return Accept(day)


@dataclass(frozen=True)
class ComingDate(PastDate):
    """A day that is not before today: 明天, 下周三, 12月5日, 2027-03-05; as meant when it was said."""

    def parse(self, said: Said, partial: Any) -> Accept[date] | More | Refuse:
        today = civil_date(said.at)
        day = _coming(folded(said.text), today)
        if day is None:
            return Refuse("没有认出日期，请这样写：12月5日，或 2027-03-05，或 明天。")
        if day < today:
            return Refuse(f"{day.month}月{day.day}日已经过了，请再核对一下日期。")
        return Accept(day)


NEAR = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2, "大前天": 3}


def _day(text: str, today: date) -> date | None:
    if text in NEAR:
        return today - timedelta(days=NEAR[text])
    if match := re.fullmatch(r"(\d{1,3})天前", text):
        return today - timedelta(days=int(match[1]))
    if match := re.fullmatch(r"(上上|上|这|本)?(?:周|星期|礼拜)([一二三四五六日天])", text):
        weeks = {"上上": 2, "上": 1}.get(match[1] or "", 0)
        weekday = "一二三四五六日".index(match[2].replace("天", "日"))
        return today - timedelta(days=today.weekday() - weekday + 7 * weeks)
    patterns = (
        r"(?:(?P<y>\d{4})年)?(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]?",
        r"(?:(?P<y>\d{4})[-/.])?(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    )
    for pattern in patterns:
        if match := re.fullmatch(pattern, text):
            return _civil(match["y"], int(match["m"]), int(match["d"]), today)
    return None


AHEAD = {"明天": 1, "明日": 1, "后天": 2, "大后天": 3}


def _coming(text: str, today: date) -> date | None:
    if text in AHEAD:
        return today + timedelta(days=AHEAD[text])
    if match := re.fullmatch(r"(\d{1,3})天[之以]?[后内]", text):
        return today + timedelta(days=int(match[1]))
    if text[:1] == "下" and (day := _day(text[1:], today)):
        return day + timedelta(days=7)
    day = _day(text, today)
    if day and day < today and re.match(r"\d{1,2}[-/.月]", text):  # without a year the next such day is meant
        return _civil(str(day.year + 1), day.month, day.day, today)
    return day


def _civil(year: str | None, month: int, day: int, today: date) -> date | None:
    """Without a year the last such day is meant."""
    try:
        found = date(int(year) if year else today.year, month, day)
        return found if year or found <= today else date(today.year - 1, month, day)
    except ValueError:
        return None


past_date = PastDate()
coming_date = ComingDate()
birth_date = BirthDate()
