"""All pages of the console, and the order of their rooms in the navigation."""

from typing import Final

from app.console import alerts, cases, consultations, home, jobs, me, privacy, record, signing_in, staff

OPEN: Final = (signing_in,)  # for who is not signed in yet
FOR_ALL: Final = (home, me)  # for everybody of staff, whatever their roles
# Each with a `SECTION` and the right it needs.
ROOMS: Final = (alerts, cases, consultations, privacy, staff, record, jobs)
