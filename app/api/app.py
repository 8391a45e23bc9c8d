"""The API as one application, to be mounted at `/api/v1`; it describes itself in `openapi.json`."""

from fastapi import FastAPI

from app.api import (
    accounts,
    activities,
    activity_feedback,
    activity_standing,
    albums,
    cases,
    certificates,
    clarifications,
    colleagues,
    description,
    devices,
    digests,
    hall,
    interests,
    joining,
    knowledge,
    lives,
    me,
    member_changes,
    news,
    notices,
    once,
    panoramas,
    photo_uploads,
    points,
    privacy,
    problems,
    rumour_pictures,
    search,
    sign_ups,
    signing_in,
    teams,
)
from app.web.routes import take

PARTS = (
    *(signing_in, me, news, knowledge, search, hall, activities, activity_standing, sign_ups),
    *(teams, colleagues, cases),
    *(albums, photo_uploads, activity_feedback, certificates, panoramas, lives, clarifications),
    rumour_pictures,
    *(joining, member_changes, accounts, interests, digests, points, notices, privacy, devices),
)


def make() -> FastAPI:
    api = FastAPI(
        title="工会小程序接口",
        version="1",
        description="给小程序用的 JSON 接口。出错时是 application/problem+json，按 code 判断。",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": "/api/v1"}],
        root_path_in_servers=False,
    )
    api.openapi = lambda: description.describe(api)  # type: ignore[method-assign]
    take(api, [part.router for part in PARTS])
    problems.install(api)
    api.add_exception_handler(once.AnsweredBefore, once.again)
    return api
