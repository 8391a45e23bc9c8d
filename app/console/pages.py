"""All pages of the console, and the order of their rooms in the navigation."""

from typing import Final

from app.console import deliveries, home, jobs, keys, me, messages, record, signing_in, staff, status

OPEN: Final = (signing_in,)  # for who is not signed in yet
FOR_ALL: Final = (home, me)  # for everybody of staff, whatever their roles
ROOMS: Final = (
    messages,
    deliveries,
    staff,
    record,
    jobs,
    status,
)  # each with a `SECTION` and the right it needs
PARTS: Final = (keys,)  # further pages of these rooms
