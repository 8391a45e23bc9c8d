"""Who calls: the bearer of an access token, or nobody we know."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.problems import SIGN_IN_NEEDED
from app.dependencies import Now, ReadSession, handed
from app.services import api_sessions
from app.services.api_sessions import SignedIn
from app.wechat.api.logins import LoginsApi

GATE: Final = "gate"  # in the ASGI scope's state
_LONGEST = 200  # characters of a token

_bearer = HTTPBearer(auto_error=False, description="登录得到的 access_token")


@dataclass(frozen=True, slots=True)
class Gate:
    """What logging in needs. `logins` is None where there is no mini-program."""

    logins: LoginsApi | None
    account_id: int


def gate_of(request: Request) -> Gate:
    """Raises: HTTPException 503: the service is starting or stopping."""
    return handed(request, GATE, Gate)


async def _signed_in(
    session: ReadSession,
    now: Now,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> SignedIn:
    """Read each time: a session ends at once when it is revoked, or its person is another."""
    if given is None or len(given.credentials) > _LONGEST:
        raise SIGN_IN_NEEDED
    found = await api_sessions.find(session, given.credentials, now)
    if found is None:
        raise SIGN_IN_NEEDED
    return found


GateInUse = Annotated[Gate, Depends(gate_of)]
Caller = Annotated[SignedIn, Depends(_signed_in)]
"""A route that writes asks for this first and for its writing session after."""
