"""How Weibo says no: an HTTP status, and a code of its own."""

from typing import Any

_TOKENS = (21314, 21315, 21327, 21332)
_RATES = (10022, 10023, 10024, 20016)


class Refused(Exception):
    """`rule` says in words what was broken."""

    def __init__(self, code: int, error: str, rule: str = "") -> None:
        super().__init__(error)
        self.code = code
        self.error = error
        self.rule = rule or error

    @property
    def status(self) -> int:
        if self.code in _TOKENS:
            return 401
        return 403 if self.code in _RATES else 400

    def body(self, path: str) -> dict[str, Any]:
        return {"error": self.error, "error_code": self.code, "request": path}
