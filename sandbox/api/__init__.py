"""The platform's HTTP interface as the service calls it, one module per subject.

Importing this package registers every endpoint; `dispatch` answers requests.
"""

from sandbox.api import (
    account,
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
    "menus",
    "messages",
    "qrcodes",
    "sns",
    "tags",
    "uploads",
    "users",
    "web_sign_in",
]
