"""What every route of the API does beside its own work: limits before it, tags and keys after it."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.api import once, tags
from app.api.gate import gate_of, signed_in

Handler = Callable[[Request], Awaitable[Response]]


class Route(APIRoute):
    """A route that asks for no `Caller` is public: counted by address, and its answers may be cached."""

    def get_route_handler(self) -> Any:
        handle: Handler = super().get_route_handler()
        public = not asks_for(self.dependant, signed_in)

        async def answered(request: Request) -> Response:
            if public:
                gate_of(request).limits.address(request)
            answer = await handle(request)
            if request.method == "GET" or not public:
                answer = tags.tagged(request, answer, public=public)
            await once.keep(request, answer)
            return answer

        return answered


def asks_for(dependant: Dependant, call: Callable[..., Any]) -> bool:
    """Whether a route needs `call`, itself or by way of what it needs."""
    return any(each.call is call or asks_for(each, call) for each in dependant.dependencies)
