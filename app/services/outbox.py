"""Effects that leave us: a row with a unique key, written in the transaction of its cause.

Who is being answered just now needs no second message: such a row is settled by the reply itself.
Not here: which way a row takes and how it is sent (`deliveries`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import leave_work
from models import DeliveryState, Outbox, Way

LATE_REPLY = "dialogue.late_reply"  # the kind of an answer that came too late for the callback
KINDS: Final[Mapping[str, str]] = {LATE_REPLY: "晚到的答复"}
SHORT = "short"  # in the payload of a text: what to say where there is no room for the whole
NOTICE = "notice"  # likewise: what a subscription notice says of the same, and where a tap on it leads
OF_CASE = "case-told:"  # how the keys begin of what is told about a case; the digest of the case follows
ANSWERING = "gonghui.answering"  # in session.info: the person whose message this transaction handles


def answering(session: AsyncSession, person_id: int | None) -> None:
    """Say whose reply is being made in this session's transaction."""
    session.info[ANSWERING] = person_id


def add(
    session: AsyncSession,
    kind: str,
    *,
    key: str,
    to: int | None,
    payload: Any = None,
    now: datetime,
    due_at: datetime | None = None,
    follower_id: int | None = None,
    message_id: int | None = None,
    besides_reply: bool = False,
    urgent: bool = False,
    confidential: bool = False,
) -> Outbox:
    """An effect of `kind`, for the person `to`, once for ever under `key`.

    `urgent` ones ignore quiet hours; `follower_id` names the openid it must go to. With `besides_reply` the
    person now being answered gets it in addition to the reply; so do those that are due later. Of a
    `confidential` one reader and words are forgotten soon after it was settled (`app.services.confidential`).
    """
    due_now = due_at is None or due_at <= now
    passive = to is not None and session.info.get(ANSWERING) == to and due_now and not besides_reply
    row = Outbox(
        key=key,
        kind=kind,
        person_id=to,
        follower_id=follower_id,
        message_id=message_id,
        payload=payload,
        state=DeliveryState.DELIVERED if passive else DeliveryState.QUEUED,
        way=Way.PASSIVE if passive else None,
        besides_reply=besides_reply,
        urgent=urgent,
        confidential=confidential,
        created_at=now,
        due_at=due_at or now,
        settled_at=now if passive else None,
    )
    session.add(row)
    if not passive:
        leave_work(session)
    return row


def matter(key: str) -> str:
    """How the keys of all rows about the same case begin; empty where it is about none."""
    return key[: key.rindex(":") + 1] if key.startswith(OF_CASE) else ""


def joined(texts: Sequence[str]) -> str:
    """Several texts about one case as one, each of them whole; a heading that all have is said once."""
    heading = texts[0].partition("\n")[0] + "\n"
    others = [text.removeprefix(heading) if heading.endswith("：\n") else text for text in texts[1:]]
    return "\n\n".join([texts[0], *others])
