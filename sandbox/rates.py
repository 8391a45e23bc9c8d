"""How often a call may be made within a minute or a second. Days are counted in `quotas`."""

from dataclasses import dataclass

from sandbox.errors import ApiError


@dataclass(frozen=True)
class Span:
    """At most `most` calls in `seconds`."""

    most: int
    seconds: int
    errcode: int
    errmsg: str


def _minute(most: int, errcode: int = 45011) -> Span:
    return Span(most, 60, errcode, "api minute-quota reach limit, try next minute")


# By path; calls that share one limit are counted by the path `quotas.counted_as` gives.
SPANS = {
    "/sns/jscode2session": _minute(100),  # per person
    "/wxa/business/getuserphonenumber": _minute(100),  # per person; our own number
    "/wxa/getwxacodeunlimit": _minute(5000),
    "/wxa/generate_urllink": Span(100, 1, 44990, "reach max api second frequence limit"),
    "/cgi-bin/message/mass/sendall": _minute(60),  # all calls of mass sending together
    "/wxa/msg_sec_check": _minute(4000, 44991),  # our own number, like the next
    "/wxa/media_check_async": _minute(2000, 44991),
}


class Rates:
    """The calls of the running spans. A span begins with the first call after the one before."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], tuple[float, int]] = {}  # began at, calls since
        self._changed: dict[str, int] = {}

    def set_limit(self, path: str, most: int) -> None:
        self._changed[path] = most

    def count(self, path: str, now: float, who: str = "") -> None:
        """Count one call, of one person where the limit is a person's.

        Raises:
            ApiError: too many in this span, with the code of its kind.
        """
        span = SPANS[path]
        most = self._changed.get(path, span.most)
        began, calls = self._running.get((path, who), (now, 0))
        if not 0 <= now - began < span.seconds:
            began, calls = now, 0
        if calls >= most:
            raise ApiError(span.errcode, span.errmsg, f"{span.seconds} 秒内最多 {most} 次")
        self._running[path, who] = (began, calls + 1)

    def clear(self) -> None:
        self._running.clear()
        self._changed.clear()
