"""Template notices: one's own matter, to one follower (section 8.1; service accounts only)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.wechat.api.calls import Caller
from app.wechat.api.limits import not_blank
from app.wechat.api.template_data import check_data
from app.wechat.api.transport import Call


@dataclass(frozen=True, slots=True)
class MiniProgram:
    """Where a tap leads inside a bound mini-program."""

    appid: str
    pagepath: str


@dataclass(frozen=True, slots=True)
class Template:
    template_id: str
    title: str
    content: str  # shows the fields as {{thing1.DATA}}
    example: str = ""
    primary_industry: str = ""
    deputy_industry: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class TemplatesApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def send(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        client_msg_id: str,
        url: str = "",
        miniprogram: MiniProgram | None = None,
    ) -> int:
        """WeChat's number of the notice.

        With the same `client_msg_id` the same person is told once within 10 minutes, so after
        `OutcomeUnknown` the caller may send it again in that time; this call does not.
        With both targets the mini-program opens where it can, else `url`.
        """
        not_blank(openid, "openid")
        not_blank(template_id, "template id")
        not_blank(client_msg_id, "client_msg_id")
        check_data(data)
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "client_msg_id": client_msg_id,
            "data": {key: {"value": value} for key, value in data.items()},
        }
        if url:
            body["url"] = url
        if miniprogram is not None:
            body["miniprogram"] = {"appid": miniprogram.appid, "pagepath": miniprogram.pagepath}
        path = "/cgi-bin/message/template/send"
        answer = await self._caller.ask(Call(path, "POST", body=body))
        return int(answer.get("msgid") or 0)

    async def list(self) -> tuple[Template, ...]:
        """The templates now in use by the account."""
        path = "/cgi-bin/template/get_all_private_template"
        answer = await self._caller.ask(Call(path, safe=True))
        return tuple(_read(wire) for wire in answer.get("template_list") or ())


def _read(wire: Mapping[str, Any]) -> Template:
    names = ("template_id", "title", "content", "example", "primary_industry", "deputy_industry")
    return Template(**{name: str(wire.get(name) or "") for name in names}, raw=wire)
