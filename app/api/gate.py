"""Who calls: the bearer of an access token, or nobody we know."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.limits import Limits
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
    """What logging in needs, and how often one may call. `logins` is None where there is no mini-program."""

    logins: LoginsApi | None
    account_id: int
    limits: Limits


def gate_of(request: Request) -> Gate:
    """Raises: HTTPException 503: the service is starting or stopping."""
    return handed(request, GATE, Gate)


async def _gate(request: Request) -> Gate:
    return gate_of(request)


GateInUse = Annotated[Gate, Depends(_gate)]


async def signed_in(
    request: Request,
    session: ReadSession,
    now: Now,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> SignedIn:
    """Read each time: a session ends at once when it is revoked, or its person is another."""
    gate, found = gate_of(request), None
    if given is not None and len(given.credentials) <= _LONGEST:
        found = await api_sessions.find(session, given.credentials, now)
    if found is None:
        gate.limits.address(request)
        raise SIGN_IN_NEEDED
    gate.limits.person(found.known.person_id)
    return found


Caller = Annotated[SignedIn, Depends(signed_in)]
"""A route that writes asks for this first and for its writing session after."""
