"""What people are told of accounts they have bound, when it happens without them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import outbox
from models import AccountBinding

UNVERIFIED, UNBOUND = "accounts.unverified", "accounts.unbound"
# One's own matter: what cannot be sent is owed.
KINDS: Final[Mapping[str, str]] = {UNVERIFIED: "户号要重新核实", UNBOUND: "户号已解绑"}


def unverified(
    session: AsyncSession, binding: AccountBinding, called: str, *, is_closed: bool, now: datetime
) -> None:
    """The register says that its customer is another, or that there is none any more."""
    if is_closed:
        words = f"您绑定的{called}已经销户，不再显示它的资料。不用了可以回复「我的户号」解绑。"
    else:
        words = (
            f"您绑定的{called}登记的户名或手机号有变化，请重新核实。\n"
            "回复「我的户号」就能核实；核实前只按片区收停电通知。"
        )
    _tell(session, UNVERIFIED, binding, words, now)


def unbound(session: AsyncSession, binding: AccountBinding, called: str, *, now: datetime) -> None:
    words = f"您绑定的{called}已由工作人员解绑。仍要用，可以再绑定一次；有疑问请回复「人工」。"
    _tell(session, UNBOUND, binding, words, now)


def _tell(session: AsyncSession, kind: str, binding: AccountBinding, words: str, now: datetime) -> None:
    outbox.add(
        session,
        kind,
        key=f"account-binding:{binding.public_id}:{binding.version}:{kind.removeprefix('accounts.')}",
        to=binding.person_id,
        payload={"type": "text", "content": words},
        now=now,
    )
