"""All pages of the console, and the order of their rooms in the navigation."""

from typing import Final

from app.console import home, jobs, me, menu_file, menus, notices, questions, record, signing_in, staff

OPEN: Final = (signing_in,)  # for who is not signed in yet
FOR_ALL: Final = (home, me)  # for everybody of staff, whatever their roles
ROOMS: Final = (
    questions,
    menus,
    notices,
    staff,
    record,
    jobs,
)  # each with a `SECTION` and the right it needs
PARTS: Final = (menu_file,)  # further pages of these rooms
