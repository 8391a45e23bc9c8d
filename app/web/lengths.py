"""How long a form with pictures says that it is, looked at before it is read (portal and API)."""

from starlette.datastructures import Headers


def refused(headers: Headers, most: int) -> int | None:
    """413 for more than `most` bytes, 411 where it does not say; None for what may be read.

    Who refuses closes the line: what is left is not read, else somebody could keep us reading for ever.
    """
    said = headers.get("content-length", "")
    if said.isdecimal() and int(said) <= most:
        return None
    return 413 if said else 411
