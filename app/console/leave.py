"""休假: the form in which somebody says from when until when he is away; one's own, and that of the lead."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.clock import civil_date
from app.console import forms
from app.dependencies import Now
from app.errors import DomainError
from app.services import staff_skills
from app.services.permissions import Standing
from models import Staff


async def keep(session: AsyncSession, who: Staff, form: FormData, by: Standing, now: Now) -> str:
    """What is said afterwards. `who` is locked. Raises: DomainError."""
    ends = forms.words(form, "how") == "back"
    first = None if ends else _day(forms.words(form, "from"))
    last = None if ends else _day(forms.words(form, "until"))
    if not ends and first is None and last is None:
        raise DomainError("请写从哪天休到哪天；只休一天，两个都写那一天。")
    await staff_skills.set_away(session, who, first, last, by=by, now=now)
    return "休假取消了，值班时照常派件。" if ends else f"记下了：{first} 到 {last} 休假，不派件。"


def shown(who: Staff, now: Now) -> dict[str, Any]:
    """A leave that is over is none."""
    today = civil_date(now)
    if who.away_from is None or who.away_until is None or who.away_until < today:
        return {}
    return {"first": who.away_from, "last": who.away_until, "is_on": who.is_away(today)}


def typed(form: FormData) -> dict[str, str]:
    return {"from": forms.words(form, "from")[:10], "until": forms.words(form, "until")[:10]}


def _day(words: str) -> date | None:
    """Raises: DomainError: it is none."""
    try:
        return date.fromisoformat(words) if words else None
    except ValueError:
        raise DomainError("请写日期，例如 2026-11-30。") from None
