"""Asking for consent in a flow, before the first question it covers. No rule lives here.

The service that does what was agreed to keeps the consent, with its own last write.
"""

from enum import StrEnum

from app.dialogue.chat import Chat
from app.services import consents
from app.services.purposes import Purpose


class Answer(StrEnum):
    AGREED = "agreed"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return "同意" if self is Answer.AGREED else "不同意"


async def agreed(chat: Chat, purpose: Purpose) -> bool:
    """Whether the member agrees to `purpose`; who agreed to its present version is not asked again."""
    if not chat.is_at("consent") and await consents.stands(chat.session, chat.person.person_id, purpose):
        return True
    answer = await chat.choose("consent", f"{purpose.question}\n您同意吗？", Answer)
    return answer is Answer.AGREED
