"""All pages of the console, and the order of their rooms in the navigation."""

from typing import Final

from app.console import (
    activities,
    activity_people,
    activity_writing,
    alerts,
    application_acts,
    applications,
    branch_tree,
    cases,
    consultations,
    content,
    content_writing,
    customer_import,
    customers,
    deliveries,
    home,
    jobs,
    keys,
    live,
    me,
    member_import,
    members,
    menu_file,
    menus,
    messages,
    notices,
    people,
    privacy,
    questions,
    record,
    signing_in,
    staff,
    status,
)

OPEN: Final = (signing_in,)  # for who is not signed in yet
FOR_ALL: Final = (home, live, me)  # for everybody of staff, whatever their roles
# Further pages of rooms, without a `SECTION`. They come first: `/members/import` is no member.
PARTS: Final = (
    activity_people,
    activity_writing,
    application_acts,
    branch_tree,
    content_writing,
    customer_import,
    keys,
    member_import,
    menu_file,
)
ROOMS: Final = (  # each with a `SECTION` and the right it needs
    alerts,
    cases,
    consultations,
    applications,
    privacy,
    members,
    customers,
    people,
    questions,
    content,
    activities,
    menus,
    notices,
    messages,
    deliveries,
    staff,
    record,
    jobs,
    status,
)
