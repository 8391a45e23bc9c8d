"""Tags on followers (section 9). Tagging one person twice at a time is refused: in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.wechat.api.calls import Caller
from app.wechat.api.limits import characters_between, not_blank, openids_between
from app.wechat.api.transport import Call
from app.wechat.api.users import OpenidPage, read_page
from app.wechat.errors import OurMistake

_NAME_TAKEN, _NO_SUCH_TAG = 45157, 45159
_NAME_CHARACTERS, _OPENIDS_AT_ONCE = 30, 50


@dataclass(frozen=True, slots=True)
class Tag:
    id: int  # 0 to 2 are WeChat's own
    name: str
    count: int = 0  # followers with it


class TagsApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def create(self, name: str) -> Tag:
        """The tag of this name, made if there is none yet.

        So a create that is repeated in doubt ends well, and so does one another process made.
        """
        _check_name(name)
        try:
            answer = await self._post("/cgi-bin/tags/create", {"tag": {"name": name}}, expects="tag")
        except OurMistake as error:
            if error.errcode != _NAME_TAKEN:
                raise
            for tag in await self.list():
                if tag.name == name:
                    return tag
            raise  # the code also means that WeChat does not like the name
        made = answer["tag"]
        return Tag(int(made["id"]), str(made.get("name") or name))

    async def list(self) -> tuple[Tag, ...]:
        answer = await self._caller.ask(Call("/cgi-bin/tags/get", safe=True))
        return tuple(
            Tag(int(tag["id"]), str(tag.get("name", "")), int(tag.get("count") or 0))
            for tag in answer.get("tags") or ()
        )

    async def update(self, tag_id: int, name: str) -> None:
        _check_name(name)
        await self._post("/cgi-bin/tags/update", {"tag": {"id": tag_id, "name": name}})

    async def delete(self, tag_id: int) -> None:
        """Refused for more than 100,000 followers (45057): untag them first."""
        body = {"tag": {"id": tag_id}}
        await self._post("/cgi-bin/tags/delete", body, done_if_repeated=_NO_SUCH_TAG)

    async def members(self, tag_id: int, next_openid: str = "") -> OpenidPage:
        body = {"tagid": tag_id, "next_openid": next_openid}
        return read_page(await self._post("/cgi-bin/user/tag/get", body))

    async def tag(self, tag_id: int, openids: Sequence[str]) -> None:
        """Up to 50 at once; `PartlyDone` names those it did not work for."""
        openids_between(openids, 1, _OPENIDS_AT_ONCE)
        body = {"openid_list": [*openids], "tagid": tag_id}
        await self._post("/cgi-bin/tags/members/batchtagging", body)

    async def untag(self, tag_id: int, openids: Sequence[str]) -> None:
        openids_between(openids, 1, _OPENIDS_AT_ONCE)
        body = {"openid_list": [*openids], "tagid": tag_id}
        await self._post("/cgi-bin/tags/members/batchuntagging", body)

    async def of(self, openid: str) -> tuple[int, ...]:
        """The ids of a person's tags."""
        not_blank(openid, "openid")
        answer = await self._post("/cgi-bin/tags/getidlist", {"openid": openid})
        return tuple(int(tag) for tag in answer.get("tagid_list") or ())

    async def _post(
        self,
        path: str,
        body: dict[str, Any],
        *,
        done_if_repeated: int | None = None,
        expects: str | None = None,
    ) -> dict[str, Any]:
        # Every tag call sets or reads a state, so all may be repeated.
        call = Call(
            path,
            "POST",
            body=body,
            safe=True,
            done_if_repeated=frozenset({done_if_repeated} if done_if_repeated else ()),
            expects=(expects,) if expects else (),
        )
        return await self._caller.ask(call)


def _check_name(name: str) -> None:
    not_blank(name, "tag name")
    characters_between(name, 1, _NAME_CHARACTERS, "tag name")
