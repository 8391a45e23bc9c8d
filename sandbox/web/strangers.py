"""Requests that another site's page makes a browser send here: refused."""

from urllib.parse import urlsplit

from starlette.requests import Request

from sandbox.errors import NotPossible


def refuse(request: Request) -> None:
    """
    Raises:
        NotPossible: it comes from a page that is not ours. Programs name no origin and may.
    """
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise NotPossible("不接受其他网站的请求。", 403)
