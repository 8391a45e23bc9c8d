"""The platform's HTTP interface as the service calls it, one module per subject.

Importing this package registers every endpoint; `dispatch` answers requests.
"""

from sandbox.api import (
    account,
    codes,
    content_checks,
    drafts,
    js_tickets,
    library,
    links,
    logins,
    menus,
    messages,
    miniprogram_messages,
    network,
    one_off,
    past_calls,
    publishing,
    qrcodes,
    shorten,
    sns,
    subscribe_messages,
    subscribe_templates,
    tags,
    templates,
    uploads,
    users,
    web_sign_in,
)
from sandbox.api.dispatch import answer
from sandbox.api.registry import ENDPOINTS

__all__ = [
    "ENDPOINTS",
    "account",
    "answer",
    "codes",
    "content_checks",
    "drafts",
    "js_tickets",
    "library",
    "links",
    "logins",
    "menus",
    "messages",
    "miniprogram_messages",
    "network",
    "one_off",
    "past_calls",
    "publishing",
    "qrcodes",
    "shorten",
    "sns",
    "subscribe_messages",
    "subscribe_templates",
    "tags",
    "templates",
    "uploads",
    "users",
    "web_sign_in",
]
