"""A mini-program that calls the API with the tokens it was handed, and what a refusal looks like."""

import re
from typing import Any

import httpx

from sandbox.driver import Phone
from tests.both_ends import Ends

MINI = {
    "miniprogram_app_id": "wxmini0123456789ab",
    "miniprogram_app_secret": "a mini-program's secret",
    "miniprogram_token": "minitoken",
    "miniprogram_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


class App:
    """A phone's mini-program with the tokens it was handed."""

    def __init__(self, ends: Ends, phone: Phone) -> None:
        self.ends, self.phone = ends, phone
        self.tokens: dict[str, Any] = {}

    async def logs_in(self) -> httpx.Response:
        code = await self.phone.logs_in()
        answer = await self.posts("/api/v1/auth/miniprogram", {"code": code})
        if answer.status_code == 201:
            self.tokens = answer.json()
        return answer

    async def refreshes(self, token: str = "") -> httpx.Response:
        given = {"refresh_token": token or self.tokens["refresh_token"]}
        return await self.posts("/api/v1/auth/refresh", given)

    async def posts(self, path: str, given: object) -> httpx.Response:
        return await self.ends.web.post(path, json=given)

    async def calls(self, method: str, path: str, given: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens.get('access_token', '')}"}
        return await self.ends.web.request(method, path, json=given, headers=headers)


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert re.search("[一-鿿]", problem["title"]) and re.search("[一-鿿]", problem["detail"])
    assert re.fullmatch("[0-9a-f]{16}", problem["request_id"])
    return problem
