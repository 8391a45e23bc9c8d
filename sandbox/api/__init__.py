"""The platform's HTTP interface as the service calls it, one module per subject.

Importing this package registers every endpoint; `dispatch` answers requests.
"""

from sandbox.api import (
    account,
    js_tickets,
    menus,
    messages,
    qrcodes,
    sns,
    tags,
    uploads,
    users,
    web_sign_in,
)
from sandbox.api.dispatch import answer

__all__ = [
    "account",
    "answer",
    "js_tickets",
    "menus",
    "messages",
    "qrcodes",
    "sns",
    "tags",
    "uploads",
    "users",
    "web_sign_in",
]
