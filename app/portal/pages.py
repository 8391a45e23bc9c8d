"""All pages of the portal, put into the web service at once; the home page alone stays with `app.main`."""

from typing import Final

from fastapi import FastAPI

from app.portal import (
    accounts,
    activities,
    activity_feedback,
    appointments,
    article_comments,
    article_media,
    board,
    board_mine,
    board_writing,
    certificates,
    check_in,
    clarifications,
    colleagues,
    devices,
    digests,
    interests,
    joining,
    large_type,
    laws,
    legal_aid,
    lives,
    me,
    member_changes,
    membership,
    my_appointments,
    my_cases,
    my_news,
    my_reading,
    my_sign_ups,
    news,
    panoramas,
    photos,
    points,
    privacy,
    privacy_data,
    refusals,
    search,
    services,
    sharing,
    sign_up_forms,
    signing_in,
    sitemap,
    staff,
    teams,
    tips,
    verification,
    visitor,
)
from app.web.routes import answer_heads, take

_PUBLIC: Final = (
    *(
        article_comments,
        article_media,
        news,
        digests,
        activities,
        sign_up_forms,
        photos,
        activity_feedback,
        certificates,
    ),
    *(panoramas, lives, check_in, appointments),
    *(tips, laws, services, search),
    clarifications,
    *(board_writing, board_mine, board),  # in this order: `/board/new` is no post
    sitemap,  # before `verification`: `/robots.txt` is no file of WeChat's
    *(signing_in, sharing, large_type, privacy, verification),
)
# For who is signed in.
_OWN: Final = (
    me,
    my_news,
    my_sign_ups,
    points,
    colleagues,
    teams,
    legal_aid,
    my_appointments,
    my_cases,
    membership,
    member_changes,
    joining,
    accounts,
    my_reading,
    interests,
    privacy_data,
    devices,
    staff,
)


def install(web: FastAPI) -> None:
    routers = [pages.router for pages in (*_PUBLIC, *_OWN)]
    answer_heads(routers)
    take(web, routers)
    refusals.install(web)
    visitor.install(web)
