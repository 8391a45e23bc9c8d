"""Addresses of links as they are kept of what is pasted: https only, without what follows people about."""

import re
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

WECHAT: Final = "mp.weixin.qq.com"
_ARTICLE: Final = ("__biz", "mid", "idx", "sn")  # what names an article of WeChat; the rest names its reader
_FOLLOWING: Final = re.compile(
    r"utm_\w+|spm|scm|fbclid|gclid|dclid|msclkid|yclid|mc_[ce]id|igshid|_hsenc|_hsmi|share_(?:from|source|token)"
    r"|sharer_\w+|isappinstalled|from_?msgid|wxshare_count|nsukey|pass_ticket|exportkey|chksm|sessionid|ascene",
    re.IGNORECASE,
)
_LONGEST: Final = 1024


def cleaned(href: str) -> str:
    """The address to keep; nothing where words remain without a link."""
    href = href.strip()
    if not href.isprintable() or "\\" in href:
        return ""
    try:
        parts = urlsplit(href)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme == "tel":
        return href if re.fullmatch(r"tel:[+\d-]{3,20}", href) else ""
    host = (parts.hostname or "").rstrip(".")
    is_wechat = host == WECHAT
    if parts.scheme not in ({"https", "http"} if is_wechat else {"https"}) or "." not in host:
        return ""
    if parts.username is not None or parts.password is not None:  # looks like another site than it is
        return ""
    given = parse_qsl(parts.query, keep_blank_values=True)
    if is_wechat:
        query, fragment = urlencode([each for each in given if each[0] in _ARTICLE]), ""
    else:
        kept = [each for each in given if not _FOLLOWING.fullmatch(each[0])]
        query = parts.query if len(kept) == len(given) else urlencode(kept)
        fragment = parts.fragment
    where = f"{host}:{port}" if port and not is_wechat else host
    found = quote(urlunsplit(("https", where, parts.path, query, fragment)), safe="/:?#[]@!$&'*+,;=%~-._")
    return found if len(found) <= _LONGEST else ""
