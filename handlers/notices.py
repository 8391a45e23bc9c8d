"""订阅通知: what a person answered in WeChat's popup, or changed in its settings. Nothing is said to it."""

from collections.abc import Mapping
from typing import Any

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import notice_consents
from app.services.notice_consents import Answer
from app.wechat.replies import Nothing, Reply

router = Router("notices")
_ID = 64  # characters of a template's id


@router.on("notices.answered", title="订阅通知的选择")
async def answered(chat: Chat) -> Reply:
    answers = [_answer(entry) for entry in chat.incoming.entries]
    await notice_consents.heard(
        chat.session,
        chat.person.follower_id,
        [each for each in answers if 0 < len(each.template_id) <= _ID],
        withdrawn=chat.incoming.kind.endswith("change_event"),
        at=chat.at,
    )
    return Nothing()


def _answer(entry: Mapping[str, Any]) -> Answer:
    return Answer(str(entry.get("TemplateId") or ""), entry.get("SubscribeStatusString") == "accept")
