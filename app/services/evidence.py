"""The originals of what people send for a matter of law: kept as they came, sealed, beside the copy we show.

Each has a key of its own, sealed in its row, and its name is part of the seal: bytes that are changed, or lie
under another's name, do not open. Not here: how bytes come to us (`app.jobs.media`), the copies
(`app.files`), and deleting, which takes both (`stored_files.mark_deleted`).
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import case_files, cases
from app.services.case_work import note, put_down
from app.services.forgetting import change
from app.services.stored_files import named_in
from models import (
    AccountKind,
    Case,
    CaseKind,
    Dialogue,
    DialogueState,
    Evidence,
    FileState,
    Follower,
    StoredFile,
)
from models.sealing import NONCE, SealBroken
from models.types import public_id

log = structlog.get_logger(__name__)

KINDS: Final = (CaseKind.CONSULTATION, CaseKind.LEGAL_AID)
FLOWS: Final = ("legal_aid.", "talk.")  # what is sent in these may become part of such a case
REASON_LENGTH: Final = 100  # characters
CHANGED: Final = "和收到时的不一样，可能被改动或损坏，不能作为原件。请不要使用，并马上告诉运维人员。"


class Tampered(DomainError):
    """These are not the bytes that were received."""

    def __init__(self, position: int = 0) -> None:
        super().__init__(f"附件 {position} 的原件{CHANGED}" if position else f"这个原件{CHANGED}")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the original of one file lies, and what opens it."""

    id: int
    name: str
    key: bytes
    sha256: str = ""  # empty: its bytes have not come yet

    @property
    def is_there(self) -> bool:
        return bool(self.sha256)


@dataclass(frozen=True, slots=True)
class Original:
    """What was received, and how its sealed bytes look."""

    sha256: str
    size: int
    sealed_size: int


@dataclass(frozen=True, slots=True)
class Opening:
    """What somebody of staff may read now: the trace of it is kept."""

    kept: Kept
    position: int
    content_type: str


# --- keeping ------------------------------------------------------------------------------------------------


async def is_wanted(session: AsyncSession, file_id: int) -> bool:
    """Whether the file belongs to a matter of law, or to words that may become part of one."""
    file = await session.get(StoredFile, file_id)
    if file is None or file.owner_id is None or file.state is FileState.DELETED:
        return False
    try:
        if file.public_id in await _in_flows(session, file.owner_id):
            return True
        return file.public_id in await cases.files_of(session, file.owner_id, *KINDS)
    except SealBroken:  # kept, sealed, until somebody can tell
        log.error("evidence_unknown", file=file_id)
        return True


async def _in_flows(session: AsyncSession, person_id: int) -> set[str]:
    named = sa.or_(*(Dialogue.flow.startswith(flow, autoescape=True) for flow in FLOWS))
    rows = await session.execute(
        sa.select(Dialogue.answers, Dialogue.pending)
        .join(Follower, Follower.id == Dialogue.follower_id)
        .where(Follower.person_id == person_id, Dialogue.state != DialogueState.ENDED, named)
    )
    return {name for row in rows for value in row for name in named_in(value)}


async def find(session: AsyncSession, file_id: int) -> Kept | None:
    """The original of a file, or the place that is ready for it."""
    chosen = sa.select(Evidence, StoredFile.public_id).join(StoredFile, StoredFile.id == Evidence.original_id)
    row = (await session.execute(chosen.where(Evidence.file_id == file_id))).one_or_none()
    if row is None:
        return None
    found, name = row
    return Kept(found.id, name, bytes.fromhex(found.key), found.sha256 if found.stored_at else "")


async def prepare(session: AsyncSession, file_id: int, source: AccountKind) -> Kept | None:
    """A place for the original, with its key, before any byte is stored: who dies leaves nothing unknown.

    None: nobody wants the file any more.
    """
    file = await session.get(StoredFile, file_id, with_for_update=True)
    if file is None or file.state is FileState.DELETED:
        return None
    if (kept := await find(session, file_id)) is not None:
        return kept
    original = StoredFile(
        public_id=public_id(),
        kind="original",
        content_type="application/octet-stream",  # sealed
        state=FileState.EXPECTED,
        kept=True,
        created_at=file.created_at,
    )
    session.add(original)
    await session.flush()
    row = Evidence(
        file_id=file_id,
        original_id=original.id,
        key=secrets.token_hex(32),
        source=source,
        received_at=file.created_at,
    )
    session.add(row)
    await session.flush()
    return Kept(row.id, original.public_id, bytes.fromhex(row.key))


def sealed(kept: Kept, data: bytes) -> tuple[bytes, Original]:
    """`data` as its bytes are stored."""
    nonce = secrets.token_bytes(NONCE)
    locked = nonce + AESGCM(kept.key).encrypt(nonce, data, _place(kept.name))
    return locked, Original(_sum(data), len(data), len(locked))


def opened(kept: Kept, stored: bytes, position: int = 0) -> bytes:
    """The bytes as they were received. Raises: Tampered."""
    try:
        data = AESGCM(kept.key).decrypt(stored[:NONCE], stored[NONCE:], _place(kept.name))
    except (InvalidTag, ValueError):
        log.error("evidence_changed", evidence=kept.id)
        raise Tampered(position) from None
    if _sum(data) != kept.sha256:
        log.error("evidence_changed", evidence=kept.id)
        raise Tampered(position)
    return data


def _place(name: str) -> bytes:
    return f"evidence.original:{name}".encode()


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def stored(session: AsyncSession, kept: Kept, original: Original, now: datetime) -> bool:
    """Its sealed bytes are there; false where it was given up meanwhile."""
    row = await session.get(Evidence, kept.id, with_for_update=True)
    if row is None:
        return False
    file = await session.get_one(StoredFile, row.original_id, with_for_update=True)
    if file.state is FileState.DELETED:
        return False
    row.sha256, row.size, row.stored_at = original.sha256, original.size, now
    file.state, file.size = FileState.READY, original.sealed_size
    await session.flush()
    return True


async def drop(session: AsyncSession, public_ids: Sequence[str]) -> None:
    """Give up the originals of these files: they turned out to be no matter of law. The copies stay."""
    if not public_ids:
        return
    files = sa.select(StoredFile.id).where(StoredFile.public_id.in_(list(public_ids)))
    theirs = Evidence.file_id.in_(files)
    originals = sa.select(Evidence.original_id).where(theirs)
    await change(session, sa.update(Evidence).where(theirs).values(stored_at=None))  # shown no more
    await change(
        session, sa.update(StoredFile).where(StoredFile.id.in_(originals)).values(state=FileState.DELETED)
    )


# --- opening ------------------------------------------------------------------------------------------------


async def open_original(
    session: AsyncSession, case: Case, position: int, why: str, by: str, now: datetime
) -> Opening:
    """Keep in thread and record that `by` opens an original, and why; commit before its bytes are read.

    Raises:
        NotFound: no such file, or we have no original of it.
        DomainError: no reason, or it has a virus.
    """
    why = " ".join(why.split())
    if not why or len(why) > REASON_LENGTH:
        raise DomainError(f"请写明为什么要打开原件，1 到 {REASON_LENGTH} 个字。")
    found = [each for each in await case_files.list_files(session, case) if each.position == position]
    if not found or case.kind not in KINDS:
        raise NotFound(f"{case.number} 没有第 {position} 个附件的原件。")
    if found[0].state is FileState.INFECTED:
        raise DomainError(f"附件 {position}（{found[0].label}）{found[0].missing}")
    chosen = sa.select(StoredFile.id).where(StoredFile.public_id == found[0].public_id)
    file_id = await session.scalar(chosen)
    kept = await find(session, file_id) if file_id is not None else None
    if kept is None or not kept.is_there:
        raise NotFound(f"第 {position} 个附件（{found[0].label}）没有原件。")
    put_down(session, "case.evidence", case, reason=why, position=position, sha256=kept.sha256)
    await note(session, case, f"打开了附件 {position} 的原件：{why}", by, now)
    return Opening(kept, position, found[0].content_type)
