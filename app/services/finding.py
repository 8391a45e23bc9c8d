"""Looking for something in everything: answers we ship, news, activities, telephone lines; danger first.

Not here: what can be done in the portal (its own list), and answering a question in the chat, where one
answer is wanted and not all that may fit.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge import LawAnswer, Signpost, Tip
from app.knowledge.rumours import Rumour
from app.services import activities, article_search, crisis
from app.services.article_search import Hits
from app.services.hotlines import HOTLINES, Hotline
from app.services.library import Library
from models import Activity

LONGEST: Final = 60  # characters read; more is a story, not something to look for
TERMS: Final = 5
LISTED: Final = 10  # of each kind


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody typed, as it is looked for: `terms` are in small letters, and all must fit."""

    text: str
    terms: tuple[str, ...]

    @classmethod
    def parse(cls, typed: str) -> "Sought":
        """Any text will do: odd characters are left out, what is too long is cut."""
        plain = "".join(each if _is_text(each) else " " for each in typed[: LONGEST * 20])
        text = " ".join(plain.split())[:LONGEST].strip()
        return cls(text, tuple(dict.fromkeys(text.lower().split()))[:TERMS])


@dataclass(frozen=True, slots=True)
class Found:
    """What fits, the best of each kind first. `warning` comes before everything."""

    warning: str
    rumours: Sequence[Rumour]
    tips: Sequence[Tip]
    laws: Sequence[LawAnswer]
    signposts: Sequence[Signpost]
    articles: Hits
    activities: Sequence[Activity]
    hotlines: Sequence[Hotline]


async def find(session: AsyncSession, library: Library, sought: Sought, now: datetime) -> Found:
    """Everything that fits.

    Nobody is alerted by it: a search is no message to anybody, and any other site could send a browser to the
    address of one. Whoever is in danger reads whom to call.
    """
    danger = crisis.watch(sought.text)
    answers = library.index.list_fitting(sought.text) if sought.terms else []
    return Found(
        warning="" if danger is None else danger.unheard,
        rumours=library.rumours.list_fitting(sought.text) if sought.terms else [],
        tips=[each for each in answers if isinstance(each, Tip)][:LISTED],
        laws=[each for each in answers if isinstance(each, LawAnswer)][:LISTED],
        signposts=[each for each in answers if isinstance(each, Signpost)][:3],
        articles=await article_search.search(session, sought.terms, now, limit=LISTED),
        activities=await activities.search(session, sought.terms, LISTED) if sought.terms else [],
        hotlines=[line for line in HOTLINES if sought.terms and _fits(line, sought.terms)],
    )


def _fits(line: Hotline, terms: Sequence[str]) -> bool:
    words = f"{line.number} {line.name} {line.note} 电话 热线".lower()
    digits = line.number.replace("-", "")
    return all(term in words or term in digits for term in terms)


def _is_text(char: str) -> bool:
    """No control characters, halves of pairs, or what only steers other characters."""
    return unicodedata.category(char)[0] != "C"
