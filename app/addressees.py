"""Under which original id (原始ID, gh_…) WeChat writes to our accounts: learned once, watched ever after.

A different one means that another account was pointed at our address; each is warned of once.
"""

import re

import structlog

from app.database import Database
from app.services import coordination

log = structlog.get_logger(__name__)

ORIGINAL_ID = re.compile(r"gh_[0-9a-zA-Z]{1,29}")
MOST_STRANGERS = 20  # in plain mode anybody who saw one callback can make up names


class Addressees:
    """`note` is called for every callback, `learn` every few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, str] = {}
        self._new: set[tuple[int, str]] = set()
        self._strangers: set[tuple[int, str]] = set()

    def note(self, account_id: int, to: str) -> None:
        """One look-up and one comparison, unless it is a name not met before."""
        if self._known.get(account_id) != to and (account_id, to) not in self._strangers:
            self._meet(account_id, to)

    def _meet(self, account_id: int, to: str) -> None:
        if len(self._strangers) + len(self._new) < MOST_STRANGERS and ORIGINAL_ID.fullmatch(to):
            self._new.add((account_id, to))

    async def learn(self) -> None:
        """Keep the first name of an account, and warn of another."""
        for account_id, to in list(self._new):
            async with self._database.reading() as session:
                kept = await coordination.gh_id(session, account_id)
            if kept is None:
                async with self._database.transaction() as session:
                    kept = await coordination.learn_gh_id(session, account_id, to)
            self._known[account_id] = kept
            if kept != to:
                self._strangers.add((account_id, to))
                log.warning("callback_for_another_account", account=account_id, ours=kept, theirs=to)
            self._new.discard((account_id, to))
