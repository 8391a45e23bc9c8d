"""All pages of the console, and the order of their rooms in the navigation."""

from typing import Final

from app.console import (
    application_acts,
    applications,
    branch_tree,
    customer_import,
    customers,
    home,
    jobs,
    me,
    member_import,
    members,
    people,
    record,
    signing_in,
    staff,
)

OPEN: Final = (signing_in,)  # for who is not signed in yet
FOR_ALL: Final = (home, me)  # for everybody of staff, whatever their roles
# Further pages of rooms, without a `SECTION`. They come first: `/members/import` is no member.
PARTS: Final = (branch_tree, application_acts, member_import, customer_import)
ROOMS: Final = (
    applications,
    members,
    customers,
    people,
    staff,
    record,
    jobs,
)  # each with a `SECTION` and the right it needs
