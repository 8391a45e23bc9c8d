"""The form of an application for legal aid on the portal: each field checked, all mistakes told at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeVar

from app.services import application_facts
from app.services.application_facts import Incomplete
from app.services.cases import Blocks
from app.services.consultation_facts import Opponent, Tried
from app.services.legal_aid_facts import TOPICS, AidIntake, Carried, Ground, Wants
from app.services.legal_topics import LegalTopic
from app.services.statutory_deadlines import Dates
from models import AidMatter, Employment

LONGEST: Final = 2000  # characters of the story
NAME: Final = 60
Choice = TypeVar("Choice", bound=StrEnum)

_DAYS: Final = {"known_on": "知道的日期", "left_on": "离开的日期", "award_on": "收到裁决书的日期"}


def check(given: Mapping[str, str], today: date, before: Carried | None) -> AidIntake:
    """What was filled in. What a consultation told (`before`) is taken from there and not asked.

    Raises:
        Incomplete: every field that is missing or wrong is named.
    """
    wrong: dict[str, str] = {}
    matter = _choice(AidMatter, given, "matter", "请选申请的事。", wrong)
    if before is not None and before.matter is not None:
        matter = before.matter
        wrong.pop("matter", None)
    ground = _choice(Ground, given, "ground", "请选符合的一条。", wrong)
    wants = _choice(Wants, given, "wants", "请选要的帮助。", wrong)
    if ground is Ground.PROMISE and not given.get("promised"):
        wrong["promised"] = "请看清楚承诺，同意就打勾；不承诺的，请带收入证明到工会办公室申请。"
    contact = given.get("contact", "").strip()
    if contact and (mistake := application_facts.mistake("phone", contact, today)):
        wrong["contact"] = mistake
    words = _words(given, before, wrong)
    facts = _facts(given, matter, today, wrong) if before is None else _told(before)
    if wrong:
        raise Incomplete(wrong)
    assert matter is not None and ground is not None and wants is not None
    return AidIntake(
        matter=matter,
        ground=ground,
        wants=wants,
        parts=words,
        preservation=bool(given.get("preservation")),
        contact=contact or (before.contact if before is not None else ""),
        **facts,
    )


def _told(before: Carried) -> dict[str, Any]:
    return {
        "opponent": before.opponent,
        "opponent_name": before.opponent_name,
        "tried": before.tried,
        "dates": before.dates,
        "papers": before.papers,
        "consultation": before.number,
    }


def _facts(
    given: Mapping[str, str], matter: AidMatter | None, today: date, wrong: dict[str, str]
) -> dict[str, Any]:
    opponent = _choice(Opponent, given, "opponent", "请选对方是谁。", wrong)
    tried = _choice(Tried, given, "tried", "请选做过什么。", wrong)
    name = given.get("opponent_name", "").strip()
    if len(name) > NAME:
        wrong["opponent_name"] = f"最多 {NAME} 个字。"
    days = {field: _past(given, field, today, wrong) for field in _DAYS}
    told_on = _day(given, "told_on", wrong)
    if told_on is not None and told_on < today:
        wrong["told_on"] = "这一天已经过了，请核对；过了的在经过里写明。"
    employed = given.get("employment", "")
    dates = Dates(
        known_on=days["known_on"],
        employment=Employment(employed) if employed in Employment.__members__.values() else None,
        left_on=days["left_on"],
        applied=tried in (Tried.ARBITRATION, Tried.COURT),
        award_on=days["award_on"],
        told_on=told_on,
    )
    if matter is not None and TOPICS.get(matter) is LegalTopic.INJURY:
        dates = replace(dates, happened_on=dates.known_on, known_on=None)
    is_ours = opponent is Opponent.OWN_COMPANY
    return {"opponent": opponent, "opponent_name": "" if is_ours else name, "tried": tried, "dates": dates}


def _words(given: Mapping[str, str], before: Carried | None, wrong: dict[str, str]) -> Blocks:
    text = given.get("words", "").strip()
    if len(text) > LONGEST:
        wrong["words"] = f"最多 {LONGEST} 个字，现在是 {len(text)} 个字，请缩短。"
    said = [] if before is None else before.as_words
    if not text and not said:
        wrong["words"] = "请写上事情的经过。"
    return [*said, *([{"type": "text", "text": text}] if text else [])]


def _choice(
    kind: type[Choice], given: Mapping[str, str], field: str, missing: str, wrong: dict[str, str]
) -> Choice | None:
    value = given.get(field, "")
    if value in kind.__members__.values():
        return kind(value)
    wrong[field] = missing
    return None


def _day(given: Mapping[str, str], field: str, wrong: dict[str, str]) -> date | None:
    said = given.get(field, "").strip()
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        wrong[field] = "日期不对，应写成 2026-03-05。"
        return None


def _past(given: Mapping[str, str], field: str, today: date, wrong: dict[str, str]) -> date | None:
    day = _day(given, field, wrong)
    if day is not None and (day > today or day.year < 1990):
        wrong[field] = f"{_DAYS[field]}不对，请核对年份。"
    return day
