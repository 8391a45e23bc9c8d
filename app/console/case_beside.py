"""What stands beside the answer of a case on its page, for who writes it.

Not here: what is done with it (`case_aids`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import forms
from app.console.case_room import AnyRoom
from app.console.entrance import Desk
from app.services import (
    canned_replies,
    case_drafts,
    case_knowledge,
    case_mentions,
    case_reminders,
    case_seen,
    closed_cases,
    knowledge_pieces,
    macros,
    typing_hints,
)
from app.services.permissions import Right
from models import OVER, CannedReply, Case

ASKED_LENGTH = 60  # characters of a search


async def beside(
    session: AsyncSession, desk: Desk, room: AnyRoom, case: Case, now: datetime, *, may_answer: bool
) -> dict[str, Any]:
    """For who may not answer, and of what is over, whether one is named there and how long it is kept."""
    found: dict[str, Any] = {
        "kept_until": closed_cases.kept_until(case),
        "is_named": await case_mentions.is_mentioned(session, case, desk.standing.staff_id),
        "begun": await case_knowledge.list_begun(session, case),
        "may_make_known": case_knowledge.can_be(case) and may_answer,
        "may_read_content": desk.may(Right.CONTENT_READ, None),
    }
    if case.state in OVER or not may_answer:
        return found
    canned = await canned_replies.list_fitting(session, case, room.answers, desk.standing)
    readers = await case_mentions.list_readers(session, case, room.reads)
    one_press = canned if canned_replies.has_one_press(room.answers) else []
    return found | {
        "canned": _with_words(canned),
        "macros": await macros.offers(session, case, one_press, desk.standing, now),
        "draft": await case_drafts.text_of(session, case, desk.standing),
        "others": await case_drafts.others_writing(session, case, desk.standing, now),
        "reminders": await case_reminders.list_open(session, case, desk.standing.staff_id),
        "shows_typing": typing_hints.may_show(case),
        "readers": [each for each in readers if each.id != desk.standing.staff_id],
    }


async def sent(session: AsyncSession, desk: Desk, case: Case, form: FormData) -> None:
    """What was typed here has gone to its person: the draft is not wanted any more, and what was put in
    counts.
    """
    await case_drafts.drop(session, case, desk.standing)
    await canned_replies.count_uses(session, desk.standing, forms.words(form, "canned").split())


async def look(desk: Desk, shown: Mapping[str, Any], now: datetime) -> None:
    """Whoever was named here has seen it now, and what was new is so no more.

    That is no act of staff, so the record does not hear of it.
    """
    if not (shown.get("is_named") or shown.get("is_new")):
        return
    async with desk.shared.database.transaction() as session:
        if shown.get("is_named"):
            await case_mentions.settle(session, shown["case"], desk.standing.staff_id, now)
        if shown.get("is_new"):
            await case_seen.opened(session, shown["case"], shown["seen"])


async def sought(session: AsyncSession, desk: Desk, case: Case, answers: Right, words: str) -> dict[str, Any]:
    """What there is to be put in, by words that somebody looks for."""
    return {
        "canned": _with_words(
            await canned_replies.list_fitting(session, case, answers, desk.standing, words)
        ),
        "pieces": knowledge_pieces.search(desk.shared.library, words),
    }


def _with_words(found: Sequence[CannedReply]) -> list[CannedReply]:
    """Those that have something to put into an answer."""
    return [each for each in found if each.text]
