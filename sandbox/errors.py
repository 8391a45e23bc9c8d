"""Refusals: the platform's, with its error code, and those of the control API."""


class ApiError(Exception):
    """The platform refuses a call; `rule` says in words what was broken, `more` stands in the answer too."""

    def __init__(self, errcode: int, errmsg: str, rule: str = "", **more: int) -> None:
        super().__init__(errmsg)
        self.more = more
        self.errcode = errcode
        self.errmsg = errmsg
        self.rule = rule or errmsg


class NotPossible(Exception):
    """What a person here cannot do just now; the text is shown on the phone."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
