"""How often one may call the API: each person, and each address from which nobody signed in calls."""

from collections.abc import Callable

from fastapi import Request

from app.api.problems import ApiRefusal
from app.web.limits import Limit, address_of


class Limits:
    """The limits of one process."""

    def __init__(
        self, *, per_person: int, per_address: int, log_ins: int, stopwatch: Callable[[], float]
    ) -> None:
        self._person = Limit(per_person, stopwatch)
        self._address = Limit(per_address, stopwatch)
        self._log_ins = Limit(log_ins, stopwatch)

    def person(self, person_id: int) -> None:
        """Raises: ApiRefusal 429."""
        _spend(self._person, str(person_id))

    def address(self, request: Request) -> None:
        """Raises: ApiRefusal 429."""
        _spend(self._address, address_of(request))

    def log_in(self, request: Request) -> None:
        """Raises: ApiRefusal 429."""
        _spend(self._log_ins, address_of(request))


def _spend(limit: Limit, who: str) -> None:
    """Raises: ApiRefusal 429."""
    if seconds := limit.spend(who):
        after = {"Retry-After": str(seconds)}
        raise ApiRefusal(429, "too_many", "请求太多", f"请求太多，请 {seconds} 秒后再试。", after)
