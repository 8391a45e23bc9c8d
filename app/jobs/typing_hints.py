"""Showing a person that somebody of staff is typing: a courtesy, so whatever fails is logged and no more.

A hint lasts 15 seconds and may not be repeated before (45081), so each process asks WeChat once in that time.
The log names neither the person nor the case.
"""

from collections.abc import Callable
from typing import Final

import structlog

from app.wechat.client import WeChatClient
from app.wechat.errors import WeChatError

LASTS: Final = 15.0  # seconds
MOST: Final = 1_000  # people remembered

log = structlog.get_logger(__name__)


class TypingHints:
    """For an account that may send customer messages; `stopwatch` in seconds."""

    def __init__(self, client: WeChatClient, stopwatch: Callable[[], float]) -> None:
        self._client, self._stopwatch = client, stopwatch
        self._shown: dict[str, float] = {}

    async def show(self, openid: str) -> None:
        """Ask WeChat to show it, unless it was asked a moment ago. Outside of transactions."""
        now = self._stopwatch()
        if now - self._shown.get(openid, -LASTS) < LASTS:
            return
        if len(self._shown) >= MOST:
            self._shown = {who: at for who, at in self._shown.items() if now - at < LASTS}
        self._shown[openid] = now
        try:
            shown = await self._client.messages.typing(openid)
        except WeChatError as error:
            log.info("typing_hint_failed", error=type(error).__name__, errcode=error.errcode)
            return
        if not shown:
            log.info("typing_hint_not_shown")
