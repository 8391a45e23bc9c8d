"""All pages of the console, and the order of their rooms in the navigation."""

from typing import Final

from app.console import (
    activities,
    activity_people,
    activity_writing,
    content,
    content_writing,
    home,
    jobs,
    me,
    record,
    signing_in,
    staff,
)

OPEN: Final = (signing_in,)  # for who is not signed in yet
FOR_ALL: Final = (home, me)  # for everybody of staff, whatever their roles
ROOMS: Final = (content, activities, staff, record, jobs)  # each with a `SECTION` and the right it needs
PARTS: Final = (
    content_writing,
    activity_writing,
    activity_people,
)  # further pages of rooms, before them: `/new` is no name of a thing
