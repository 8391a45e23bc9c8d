"""A follower with a browser that is signed in to the portal, for tests of what one sees and does there."""

import re

import httpx
import sqlalchemy as sa

from models import Follower
from sandbox.driver import Phone
from tests.both_ends import OURS, Ends

HTML = {"Accept": "text/html"}
TOKEN = re.compile(r'name="token" value="([0-9a-f]{64})"')


class Visiting:
    """A follower with a browser that is signed in."""

    def __init__(self, ends: Ends, phone: Phone, browser: httpx.AsyncClient) -> None:
        self._ends, self.phone, self.browser = ends, phone, browser

    async def reads(self, path: str) -> str:
        answer = await self.browser.get(path, headers=HTML)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.text

    async def taps(self, path: str, action: str, **filled: str) -> httpx.Response:
        """Send the form of `path` that goes to `action`, filled in."""
        page = await self.reads(path)
        assert f'action="{action}"' in page, page
        found = TOKEN.search(page)
        assert found
        return await self.browser.post(action, data={"token": found[1], **filled}, headers=HTML)

    async def person_id(self) -> int:
        async with self._ends.house.database.reading() as session:
            found = sa.select(Follower.person_id).where(Follower.openid == self.phone.openid)
            return int((await session.scalars(found)).one())


async def member(ends: Ends, name: str) -> Visiting:
    phone, browser = await ends.platform.follower(name), ends.browser()
    assert (await phone.opens(f"{OURS}/me", browser)).status_code == 200
    return Visiting(ends, phone, browser)
