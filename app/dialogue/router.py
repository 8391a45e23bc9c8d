"""Handlers by name: a router per feature, all of them in one registry."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from app.dialogue.chat import Chat
from app.wechat.replies import Reply

Call = Callable[[Chat], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Handler:
    """One thing the account can do. `version` is 0 for what is not a flow.

    `takes`: what its first question accepts right after a button asked for it, of `photo` and `location`.
    `hears`: the key of a first question that is answered by the very message that began the flow.
    """

    name: str
    title: str
    call: Call
    args: frozenset[str]
    version: int = 0
    confidential: bool = False
    takes: frozenset[str] = frozenset()
    hears: str = ""

    @property
    def is_flow(self) -> bool:
        return self.version > 0


class Router:
    """Collects the handlers of one feature."""

    def __init__(self, feature: str) -> None:
        self.feature = feature
        self.handlers: list[Handler] = []

    def on(
        self, name: str, *, title: str, args: Iterable[str] = (), confidential: bool = False
    ) -> Callable[[Call], Call]:
        """A handler that answers at once. `args` are what `with:` may give in the menu file."""
        return self._add(name, title, args, version=0, confidential=confidential, takes=())

    def flow(
        self,
        name: str,
        *,
        title: str,
        version: int,
        args: Iterable[str] = (),
        confidential: bool = False,
        takes: Iterable[str] = (),
        hears: str = "",
    ) -> Callable[[Call], Call]:
        """A dialogue of several messages. Raise `version` when its questions change."""
        if version < 1:
            raise ValueError("a flow's version starts at 1")
        return self._add(
            name, title, args, version=version, confidential=confidential, takes=takes, hears=hears
        )

    def _add(
        self,
        name: str,
        title: str,
        args: Iterable[str],
        *,
        version: int,
        confidential: bool,
        takes: Iterable[str],
        hears: str = "",
    ) -> Callable[[Call], Call]:
        if not name.startswith(f"{self.feature}."):
            raise ValueError(f"{name!r} does not start with {self.feature!r}")

        def keep(call: Call) -> Call:
            more = (version, confidential, frozenset(takes), hears)
            handler = Handler(name, title, call, frozenset(args), *more)
            self.handlers.append(handler)
            return call

        return keep


class Registry(Mapping[str, Handler]):
    """All handlers by name."""

    def __init__(self, routers: Iterable[Router]) -> None:
        self._handlers: dict[str, Handler] = {}
        for router in routers:
            for handler in router.handlers:
                if handler.name in self._handlers:
                    raise ValueError(f"two handlers are called {handler.name!r}")
                self._handlers[handler.name] = handler

    def __getitem__(self, name: str) -> Handler:
        return self._handlers[name]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._handlers)

    def __len__(self) -> int:
        return len(self._handlers)
