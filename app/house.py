"""Everything one process works with; put together by `app.assembly`."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.addressees import Addressees
from app.callback_counts import CallbackCounts
from app.clock import Clock, civil_date
from app.database import Database
from app.dialogue.engine import Engine
from app.dialogue.router import Registry
from app.files import Files
from app.jobs import (
    menu_tags,
    people_tags,
)
from app.jobs.rounds import Rounds
from app.jobs.waking import Waker
from app.menus import Known
from app.menus.live import LiveMenus
from app.menus.pushes import put_in_force
from app.menus.revisions import apply
from app.services.channel_marks import Clicks
from app.services.interests import Noticed
from app.services.library import Library
from app.services.privacy_files import Controller
from app.services.questions import Unanswered
from app.settings import Settings
from app.tallies import Tally
from app.wechat.client import WeChatClient
from app.wechat.crypto import Account
from app.wechat.oauth import WebOAuth
from models import AccountKind


@dataclass(slots=True)
class House:
    """Everything one process works with."""

    settings: Settings
    clock: Clock
    database: Database
    files: Files
    registry: Registry
    known: dict[str, Known]
    menus: LiveMenus
    library: Library
    article_reads: Tally[int]
    article_clicks: Clicks
    callbacks: CallbackCounts
    interests: Noticed
    unanswered: Unanswered
    wechat: WeChatClient
    miniprogram: WeChatClient | None
    web_oauth: WebOAuth | None  # None: the account has no right to it
    engine: Engine
    rounds: Rounds
    waker: Waker
    accounts: dict[AccountKind, tuple[int, Account]]
    addressees: Addressees
    controller: Controller

    async def refresh(self) -> None:
        """Read anew what another process changed."""
        await self.menus.refresh()
        await self.library.refresh(self.database.reading)

    async def write_counts(self) -> None:
        """Write what was counted in memory; what cannot be written is kept for the next time."""
        today = civil_date(self.clock.now())
        for tally in (self.menus.hits, self.article_reads, self.article_clicks, self.callbacks.tally):
            await tally.flush(self.database.transaction, today)
        await self.interests.flush(self.database.transaction)
        await self.unanswered.flush(self.database.transaction)

    async def apply_menus(self, text: str, *, by: str, note: str = "") -> int:
        """Make `text` live and plan its way to WeChat; returns the revision's number."""
        now = self.clock.now()
        async with self.database.transaction() as session:
            revision, is_new = await put_in_force(
                session,
                lambda: apply(session, text, self.known, by, note, now),
                self.known,
                self.settings.public_url,
                now,
            )
            if not is_new:
                return revision.number
        await self.menus.refresh()
        self.waker.wake()
        return revision.number

    async def show_menus(self, follower_ids: Sequence[int]) -> menu_tags.Tagged | None:
        """Have these followers see the menus their tags ask for; None where the account has only one menu."""
        if not self.settings.wechat_account.is_certified:
            return None
        official_id = self.accounts[AccountKind.OFFICIAL][0]
        return await people_tags.tag_now(self.database, self.wechat, self.clock, official_id, follower_ids)
