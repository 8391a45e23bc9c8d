"""All pages of the console, and the order of their rooms in the navigation."""

from typing import Final

from app.console import (
    alerts,
    cases,
    consultations,
    deliveries,
    home,
    jobs,
    keys,
    me,
    menu_file,
    menus,
    messages,
    notices,
    privacy,
    questions,
    record,
    signing_in,
    staff,
    status,
)

OPEN: Final = (signing_in,)  # for who is not signed in yet
FOR_ALL: Final = (home, me)  # for everybody of staff, whatever their roles
ROOMS: Final = (  # each with a `SECTION` and the right it needs
    alerts,
    cases,
    consultations,
    privacy,
    questions,
    menus,
    notices,
    messages,
    deliveries,
    staff,
    record,
    jobs,
    status,
)
PARTS: Final = (keys, menu_file)  # further pages of these rooms
