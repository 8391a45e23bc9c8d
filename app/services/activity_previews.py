"""The address under which a draft is shown as people will see it, before it is announced.

It carries a signature and is good for one version: whoever changes the draft makes another. Who has it needs
no account, so that a colleague can be asked for a look.
"""

from hmac import compare_digest

from models import UNANNOUNCED, Activity
from models.sealing import keyring


def address(activity: Activity) -> str:
    """Of our own pages, without the host."""
    return f"/activities/{activity.public_id}?preview={_mark(activity)}"


def is_good(activity: Activity, mark: str) -> bool:
    """Whether this was made for what the activity is now, and nobody else may see it yet."""
    fits = compare_digest(mark.encode(), _mark(activity).encode())
    return activity.state in UNANNOUNCED and fits


def _mark(activity: Activity) -> str:
    return keyring().digest(f"{activity.public_id}:{activity.version}", "activity-preview").hex()[:32]
