"""Pages that stand in frames of another page, as previews have them."""

import re
from html import unescape


def framed(page: str, name: str) -> str:
    """The page within the frame of that title."""
    found = re.search(rf'<iframe title="{name}" srcdoc="([^"]*)"', page)
    assert found, page
    return unescape(found[1])
