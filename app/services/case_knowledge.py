"""An answer to one becomes an answer for all: a draft begun with a case, without whom it was about.

The draft goes the way of all content: somebody else reviews it before it is shown, and nothing in it leads to
the case. The case knows its drafts. Not here: what is taken out of the words (`redacting`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import branches, case_work, cases, content_forms, contents, redacting
from app.services.content_forms import Filled
from app.services.evidence import KINDS as LEGAL
from app.services.permissions import Standing
from app.services.redacting import Part
from models import (
    Case,
    CaseEntry,
    CaseKind,
    CaseKnowledge,
    Consultation,
    ContentDraft,
    ContentKind,
    EntryKind,
)

# The one that is most likely first. Of 心理疏导 and 健康咨询 nothing is made known.
KINDS: Final[Mapping[CaseKind, tuple[ContentKind, ...]]] = {
    **dict.fromkeys(LEGAL, (ContentKind.LAW, ContentKind.TIP)),
    CaseKind.DESK: (ContentKind.TIP, ContentKind.LAW),
    CaseKind.FEEDBACK: (ContentKind.TIP, ContentKind.LAW),
}
FIRST: Final = {ContentKind.LAW: "short", ContentKind.TIP: "first"}  # the field of what matters most
FIELDS: Final[Mapping[ContentKind, tuple[str, ...]]] = {
    ContentKind.LAW: ("title", "category", "short", "law", "ask", "source"),
    ContentKind.TIP: ("title", "category", "first", "ask", "source"),
}
_SENTENCE: Final = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_ASKS: Final = re.compile("[?？]|吗|怎么|如何|能不能|可以不")
_MOST_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the form begins with, and the words it was made of, with marks where something was taken out."""

    question: Sequence[Part]
    answer: Sequence[Part]
    filled: Filled


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft that began with the case, as it stands now."""

    kind: ContentKind
    key: str
    title: str
    state: str
    by: str


def can_be(case: Case) -> bool:
    return case.kind in KINDS and case.answered_at is not None


async def propose(session: AsyncSession, case: Case, kind: ContentKind) -> Proposal:
    """Raises: DomainError: it was not answered, or of its kind nothing is made known."""
    _refuse_unfit(case, kind)
    entries = await case_work.list_entries(session, case)
    answers = [each for each in entries if each.kind is EntryKind.STAFF]
    firms = await _firms(session, case)
    names = {each.by for each in entries if each.by}

    def without(entry: CaseEntry) -> list[Part]:
        words = _written(entry)
        return redacting.redacted(words, firms, names, days=case.anonymous)

    question = without(entries[0]) if entries else []
    answer = without(answers[-1]) if answers else []
    return Proposal(question, answer, _filled(case, kind, redacting.plain(question), redacting.plain(answer)))


async def start(
    session: AsyncSession,
    case: Case,
    kind: ContentKind,
    key: str,
    filled: Filled,
    *,
    checked: bool,
    by: Standing,
    now: datetime,
) -> ContentDraft:
    """Begin the draft. `checked`: whoever begins it states that nothing in it tells of a person.

    `case` is locked.

    Raises:
        AlreadyThere: the same form was sent before.
        NotWhole: it has no title.
        DomainError: nobody has checked it; there is something in it that leads to somebody.
    """
    _refuse_unfit(case, kind)
    if not checked:
        raise DomainError("请从头到尾读一遍，再勾选「已核对没有个人信息」。")
    words = "\n".join(
        [*(filled.get(name, "") for name in FIELDS[kind]), *(text for _, text in filled["blocks"])]
    )
    if left := redacting.left_over(words):
        raise DomainError(f"还有要改的：{'、'.join(left[:5])}。请改成不指人的话，号码请删掉。")
    draft = await contents.start(session, kind, key, filled, by=by, now=now)
    session.add(
        CaseKnowledge(
            case_id=case.id,
            kind=kind,
            key=draft.key,
            by=by.name,
            created_at=cases.moment_kept(now, anonymous=case.anonymous),
        )
    )
    await session.flush()
    case_work.put_down(session, "case.knowledge", case, kind=kind.value, key=draft.key)
    return draft


async def list_begun(session: AsyncSession, case: Case) -> list[Begun]:
    """Oldest first, each in the state of its newest draft."""
    chosen = sa.select(CaseKnowledge).where(CaseKnowledge.case_id == case.id).order_by(CaseKnowledge.id)
    rows = (await session.scalars(chosen)).all()
    found = []
    for row in rows:
        drafts = sa.select(ContentDraft).where(ContentDraft.kind == row.kind, ContentDraft.key == row.key)
        newest = await session.scalar(drafts.order_by(ContentDraft.id.desc()).limit(1))
        if newest is not None:
            found.append(Begun(row.kind, row.key, newest.title, newest.state.label, row.by))
    return found


# --- parts --------------------------------------------------------------------------------------------------


def _refuse_unfit(case: Case, kind: ContentKind) -> None:
    if case.kind not in KINDS:
        raise DomainError(f"{case.kind.label}不写成知识。")
    if kind not in KINDS[case.kind]:
        raise DomainError("只能写成法律问答或用电安全。")
    if case.answered_at is None:
        raise DomainError(f"{case.number} 还没有答复，答复以后再写成知识。")


async def _firms(session: AsyncSession, case: Case) -> list[str]:
    """Names of whom it is about, and of our own branches: the longest first."""
    found = [each.name for each in await branches.list_all(session)]
    chosen = sa.select(Consultation).where(Consultation.case_id == case.id)
    legal = await session.scalar(chosen)
    if legal is not None and isinstance(legal.details, dict):
        found.append(str(legal.details.get("opponent_name") or ""))
    return sorted(found, key=len, reverse=True)


def _written(entry: CaseEntry) -> str:
    """Words only: pictures and places on a map are of somebody."""
    blocks: object = entry.blocks
    assert isinstance(blocks, list)
    kinds = {"text", "voice"}
    return "\n".join(str(each["text"]) for each in blocks if each.get("type") in kinds and each.get("text"))


def _filled(case: Case, kind: ContentKind, question: str, answer: str) -> Filled:
    asked, said = _sentences(question), _sentences(answer)
    title = _title(asked)
    filled = content_forms.empty(kind, title)
    filled["category"] = case.topic if case.topic in content_forms.categories(kind) else ""
    filled[FIRST[kind]] = said[0] if said else ""
    filled["blocks"] = [["step", each] for each in said[1:][:_MOST_STEPS]] or [["step", ""]]
    return filled


def _title(asked: Sequence[str]) -> str:
    """The sentence that asks, if there is one; rather one from which nothing was taken out."""
    clean = [each for each in asked if "〔" not in each]
    asking = [each for each in clean if _ASKS.search(each)]
    return next(iter([*asking, *clean, *asked]), "").rstrip("。！？!?；;")


def _sentences(words: str) -> list[str]:
    return [each.strip() for each in _SENTENCE.findall(words) if each.strip()]
