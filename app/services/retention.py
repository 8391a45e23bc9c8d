"""What is forgotten, and when: dialogues that ran out, all words after 180 days, what belongs to nobody.

Keys, states and times stay. Not here: confidential talks (`confidential`) and closed cases (`closed_cases`);
their rules stand in the lists at the end.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import (
    activity_feedback,
    album_forgetting,
    api_sessions,
    applications,
    appointment_forgetting,
    article_media,
    board_forgetting,
    campaign_forgetting,
    case_drafts,
    check_ins,
    clarification_forgetting,
    closed_cases,
    comment_forgetting,
    confidential,
    content_revisions,
    customer_moves,
    digest_forgetting,
    guesses,
    interests,
    kept_answers,
    leaving,
    live_visits,
    member_changes,
    past_members,
    portal_sessions,
    posters,
    privacy_requests,
    reading_history,
    rota,
    sign_up_forgetting,
    staff,
    staff_jobs,
    staff_sign_in,
    staff_uploads,
)
from app.services.forgetting import AT_WORK, UNSETTLED, Ids, Rule, Where, change
from app.services.windows import ACTED_WINDOW, SPOKE_WINDOW
from models import (
    ArticleVisit,
    CrisisAlert,
    DeliveryState,
    Dialogue,
    DialogueState,
    Follower,
    FollowerTag,
    Interest,
    MediaFetch,
    Message,
    MessageState,
    Outbox,
    UnansweredQuestion,
)
from models.message import PLACES

DRAFT_FOR = timedelta(days=7)
TEXTS_FOR = timedelta(days=180)
FETCHED_FOR = timedelta(days=4)  # media ids die after three: then nobody can ask for one twice


# --- dialogues that ran out of time -------------------------------------------------------------------------


def _stands(state: DialogueState) -> sa.ColumnElement[bool]:
    # A literal, as the partial index has it: for a parameter neither database would use that index.
    return Dialogue.state == sa.literal_column(f"'{state.value}'")


def _is_expired(state: DialogueState) -> Callable[[datetime], Where]:
    return lambda now: (_stands(state), Dialogue.expires_at <= now)


async def _make_drafts(session: AsyncSession, ids: Ids, now: datetime) -> int:
    alive = Dialogue.state.in_([DialogueState.OPEN, DialogueState.SUSPENDED])
    rows = await session.execute(
        sa.select(Dialogue.id, Dialogue.expires_at)
        .where(Dialogue.id.in_(ids), alive, Dialogue.expires_at <= now)
        .order_by(Dialogue.id)
        .with_for_update()
    )
    changed = 0
    for dialogue_id, expires_at in rows.all():
        changed += await change(
            session,
            sa.update(Dialogue)
            .where(Dialogue.id == dialogue_id, alive, Dialogue.expires_at == expires_at)
            .values(state=DialogueState.DRAFT, expires_at=expires_at + DRAFT_FOR),
        )
    return changed


def _is_old_draft(now: datetime) -> Where:
    # One put aside by something newer carries the end it had as an open dialogue: it too lives seven days.
    put_aside_long_ago = Dialogue.updated_at <= now - DRAFT_FOR
    return Dialogue.state == DialogueState.DRAFT, Dialogue.expires_at <= now, put_aside_long_ago


async def _delete_drafts(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = (Dialogue.id.in_(ids), *_is_old_draft(now))
    private = sa.select(Dialogue.ref).where(*old, Dialogue.confidential.is_(True)).with_for_update()
    gone = await confidential.forget_talks(session, (await session.scalars(private)).all())
    return gone + await change(session, sa.delete(Dialogue).where(*old, Dialogue.confidential.is_(False)))


# --- everything after 180 days ------------------------------------------------------------------------------


def _is_old_message(now: datetime) -> Where:
    full = sa.or_(Message.body.is_not(None), Message.reply.is_not(None))
    return Message.received_at <= now - TEXTS_FOR, full


async def _last_old_message(session: AsyncSession, now: datetime) -> int:
    """About where the old messages end. Ids grow with time, so nobody need read on to the newest.

    One that came out of order is met some other hour: the search always begins at the first message.
    """
    low, high = 0, await session.scalar(sa.select(sa.func.max(Message.id))) or 0
    while low < high:
        middle = (low + high) // 2
        next_one = sa.select(Message.id, Message.received_at).where(Message.id > middle).order_by(Message.id)
        found = (await session.execute(next_one.limit(1))).one()
        if found.received_at <= now - TEXTS_FOR:
            low = found.id
        else:
            high = middle
    return low


async def _empty_messages(session: AsyncSession, ids: Ids, now: datetime) -> int:
    # Without its body nobody can handle a message any more: one still waiting after half a year has failed.
    state = sa.case(
        (Message.state.in_(AT_WORK), sa.literal(MessageState.FAILED, Message.state.type)), else_=Message.state
    )
    waiting = sa.and_(Message.id.in_(ids), *_is_old_message(now))
    return await change(
        session,
        sa.update(Message)
        .where(waiting)
        .values(body=None, reply=None, state=state, lease_token=None, lease_until=None),
    )


def _is_old_effect(now: datetime) -> Where:
    settled_at = sa.func.coalesce(Outbox.settled_at, Outbox.created_at)
    return Outbox.payload.is_not(None), Outbox.state.not_in(UNSETTLED), settled_at <= now - TEXTS_FOR


async def _empty_effects(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(Outbox).where(Outbox.id.in_(ids), *_is_old_effect(now))
    return await change(session, old.values(_without_words(now)))


def _without_words(now: datetime) -> dict[str, Any]:
    """What becomes of an effect: nobody can be told any more what was owed."""
    owed, skipped = Outbox.state == DeliveryState.OWED, sa.literal(DeliveryState.SKIPPED, Outbox.state.type)
    return {
        "payload": None,
        "state": sa.case((owed, skipped), else_=Outbox.state),
        "settled_at": sa.func.coalesce(Outbox.settled_at, sa.literal(now, Outbox.settled_at.type)),
    }


def _is_old_dialogue(now: datetime) -> Where:
    ended_at = sa.func.coalesce(Dialogue.ended_at, Dialogue.updated_at)
    full = sa.or_(*(column.is_not(None) for column in (Dialogue.args, Dialogue.answers, Dialogue.pending)))
    return Dialogue.state == DialogueState.ENDED, ended_at <= now - TEXTS_FOR, full


async def _empty_dialogues(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(Dialogue).where(Dialogue.id.in_(ids), *_is_old_dialogue(now))
    return await change(session, old.values(args=None, answers=None, pending=None))


def _is_old_alert(now: datetime) -> Where:
    return CrisisAlert.excerpt.is_not(None), CrisisAlert.created_at <= now - TEXTS_FOR


async def _empty_alerts(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(CrisisAlert).where(CrisisAlert.id.in_(ids), *_is_old_alert(now))
    return await change(session, old.values(excerpt=None, case_number=None))


def _is_old_question(now: datetime) -> Where:
    return (UnansweredQuestion.last_at <= now - TEXTS_FOR,)


async def _forget_questions(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = (UnansweredQuestion.id.in_(ids), *_is_old_question(now))
    return await change(session, sa.delete(UnansweredQuestion).where(*old))


# --- what belongs to nobody any more ------------------------------------------------------------------------

_PLACES = sa.text(PLACES)


def _has_left(now: datetime) -> Where:
    """Somebody who has left, and of whom there is still what leaving deletes.

    The event of leaving does that at once (`app.dialogue.journal.LEAVING`), and so does whoever else learns
    of it (`leaving`). This is for tags that were given after the leaving, and for what was under way.
    """
    tagged = sa.exists().where(FollowerTag.follower_id == Follower.id)
    placed = sa.exists().where(Message.follower_id == Follower.id, _PLACES)
    before = sa.and_(Interest.person_id == Follower.person_id, Interest.first_at <= Follower.unsubscribed_at)
    interested = sa.exists().where(before)
    visited = sa.and_(
        ArticleVisit.person_id == Follower.person_id, ArticleVisit.first_at <= Follower.unsubscribed_at
    )
    left = sa.or_(Follower.unionid.is_not(None), tagged, placed, interested, sa.exists().where(visited))
    return Follower.subscribed.is_(False), left


async def _forget_leavers(session: AsyncSession, ids: Ids, now: datetime) -> int:
    gone = sa.select(Follower.id).where(Follower.id.in_(ids), Follower.subscribed.is_(False))
    return await leaving.forget(
        session, (await session.scalars(gone.order_by(Follower.id).with_for_update())).all()
    )


def _is_shut(now: datetime) -> Where:
    """Times that no window is counted from any more; they would tell who did what confidential when."""
    return (sa.or_(Follower.spoke_at <= now - SPOKE_WINDOW, Follower.acted_at <= now - ACTED_WINDOW),)


async def _forget_acts(session: AsyncSession, ids: Ids, now: datetime) -> int:
    shut = sa.select(Follower.id).where(Follower.id.in_(ids), *_is_shut(now))
    # Locked in the order in which messages lock people.
    ids = (await session.scalars(shut.order_by(Follower.id).with_for_update())).all()
    spoke_at = sa.case((Follower.spoke_at > now - SPOKE_WINDOW, Follower.spoke_at))
    acted_at = sa.case((Follower.acted_at > now - ACTED_WINDOW, Follower.acted_at))
    acts = sa.update(Follower).where(Follower.id.in_(ids))
    return await change(session, acts.values(spoke_at=spoke_at, acted_at=acted_at))


def _is_fetched(now: datetime) -> Where:
    return MediaFetch.done.is_(True), MediaFetch.due_at <= now - FETCHED_FOR


async def _forget_fetches(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(MediaFetch).where(MediaFetch.id.in_(ids), *_is_fetched(now)))


OPEN, SUSPENDED = DialogueState.OPEN, DialogueState.SUSPENDED
FOLLOWER = Dialogue.follower_id
expire_open = Rule("open_to_draft", Dialogue.id, _is_expired(OPEN), _make_drafts, by=FOLLOWER)
expire_suspended = Rule("suspended_to_draft", Dialogue.id, _is_expired(SUSPENDED), _make_drafts, by=FOLLOWER)
delete_drafts = Rule("drafts_deleted", Dialogue.id, _is_old_draft, _delete_drafts)
empty_messages = Rule("old_messages", Message.id, _is_old_message, _empty_messages, last=_last_old_message)
empty_effects = Rule("old_effects", Outbox.id, _is_old_effect, _empty_effects)
empty_dialogues = Rule("old_dialogues", Dialogue.id, _is_old_dialogue, _empty_dialogues)
empty_alerts = Rule("old_alerts", CrisisAlert.id, _is_old_alert, _empty_alerts)
forget_questions = Rule("old_questions", UnansweredQuestion.id, _is_old_question, _forget_questions)
forget_leavers = Rule("leavers", Follower.id, _has_left, _forget_leavers)
forget_acts = Rule("acts", Follower.id, _is_shut, _forget_acts)
forget_fetches = Rule("media_fetches", MediaFetch.id, _is_fetched, _forget_fetches)

# Cheap: served by small indexes.
SOON = (
    expire_open,
    expire_suspended,
    confidential.forget_just_over,
    confidential.forget_told,
    staff_uploads.forget_old,
    article_media.sweep,
    case_drafts.forget_old,
    posters.forget_who,
    live_visits.forget_who,
)
DEEP = (  # read through whole tables, in the order of ids
    confidential.forget_over,
    delete_drafts,
    empty_messages,
    empty_effects,
    empty_dialogues,
    empty_alerts,
    forget_questions,
    guesses.forget_old,
    activity_feedback.forget_who,
    album_forgetting.forget_over,
    album_forgetting.forget_objections,
    interests.forget_old,
    reading_history.forget_old,
    api_sessions.forget_old,
    applications.forget_facts,
    appointment_forgetting.forget_old,
    appointment_forgetting.forget_slots,
    board_forgetting.forget_over,
    board_forgetting.forget_writers,
    comment_forgetting.forget_over,
    comment_forgetting.forget_writers,
    clarification_forgetting.forget_reports,
    member_changes.forget_facts,
    past_members.forget_facts,
    past_members.forget_changes,
    portal_sessions.forget_old,
    staff.forget_links,
    rota.forget_old,
    check_ins.forget_old,
    campaign_forgetting.forget_who,
    digest_forgetting.forget_who,
    content_revisions.forget_old,
    sign_up_forgetting.forget_words,
    staff_jobs.forget_old,
    staff_sign_in.forget_sessions,
    staff_sign_in.forget_tries,
    kept_answers.forget_old,
    closed_cases.forget,
    privacy_requests.forget_old,
    customer_moves.forget_closed,
    forget_leavers,
    forget_acts,
    forget_fetches,
)
