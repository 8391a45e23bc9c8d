"""A service account with pictures to publish, for the tests of the sandbox's articles."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from sandbox.config import Config
from tests.test_sandbox_api import CONFIG, Account, closed, opened

DAY = 24 * 3600.0
SANDBOX = "http://sandbox"
QUICK = replace(CONFIG, publish_seconds=0.0)


@dataclass
class Press:
    """The account, and what it has uploaded."""

    account: Account
    cover: str  # a permanent picture

    async def call(self, path: str, body: Any = None) -> dict[str, Any]:
        return await self.account.call(f"/cgi-bin/{path}", body)

    async def code(self, path: str, body: Any = None) -> int:
        return await self.account.code(f"/cgi-bin/{path}", body)

    async def material(self, kind: str = "image", name: str = "a.png", form: Any = None) -> str:
        query, file = {"access_token": self.account.token, "type": kind}, {"media": (name, b"bytes")}
        path = "/cgi-bin/material/add_material"
        answer = await self.account.http.post(path, params=query, files=file, data=form or {})
        return str(answer.json()["media_id"])

    async def picture(self) -> str:
        """The address of a picture for article bodies."""
        query, file = {"access_token": self.account.token}, {"media": ("b.jpg", b"bytes")}
        answer = await self.account.http.post("/cgi-bin/media/uploadimg", params=query, files=file)
        return str(answer.json()["url"])

    def article(self, **changes: Any) -> dict[str, Any]:
        written = {"title": "冬季用电安全", "author": "工会宣传部", "content": "<p>拔掉不用的插头。</p>"}
        return {**written, "thumb_media_id": self.cover, **changes}

    async def draft(self, *articles: dict[str, Any]) -> str:
        answer = await self.call("draft/add", {"articles": list(articles) or [self.article()]})
        return str(answer["media_id"])

    async def published(self, *articles: dict[str, Any]) -> list[str]:
        """The addresses of the pages."""
        made = await self.call("freepublish/submit", {"media_id": await self.draft(*articles)})
        await self.account.app.state.world.settle()
        done = await self.call("freepublish/get", {"publish_id": made["publish_id"]})
        return [one["article_url"] for one in done["article_detail"]["item"]]

    async def drafted(self, media_id: str) -> list[dict[str, Any]]:
        return list((await self.call("draft/get", {"media_id": media_id}))["news_item"])

    async def sends(self, path: str, text: str) -> dict[str, Any]:
        """A body as it stands, escapes and all."""
        query = {"access_token": self.account.token}
        answer = await self.account.http.post(f"/cgi-bin/{path}", params=query, content=text.encode())
        return dict(json.loads(answer.text))


@asynccontextmanager
async def press(config: Config = QUICK) -> AsyncIterator[Press]:
    account = await opened(replace(config, api_url=SANDBOX))
    made = Press(account, "")
    made.cover = await made.material()
    yield made
    await closed(account)
