"""What the dialogue engine is handed from outside: fixed words, the guard over people in danger, talks."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.dialogue.journal import Speaker, TalkQuestion
from app.services import cases, crisis

TALK = "talk.say"
HEARD = {f"event.subscribe_msg_{what}_event": "notices.answered" for what in ("popup", "change")}
WORDS = {"帮助": "help.show", "人工": "desk.open"}


class ChatGuard:
    """Danger in chat texts, by the rules of `app.services.crisis`."""

    watch = staticmethod(crisis.watch)

    async def alert(self, session: AsyncSession, speaker: Speaker, key: str, text: str, at: datetime) -> None:
        await crisis.alert(session, speaker.person_id, key, "chat", text, at)


class CaseTalks:
    """Talks are cases with somebody of staff (`app.services.talks`)."""

    flow = TALK

    def of(self, speaker: Speaker, at: datetime) -> TalkQuestion:
        return TalkQuestion(*cases.digests_of(speaker.person_id), at)
