"""Template notices: one's own matter, to one follower; and the templates they use.

Source: wechat-platform.md section 8.1; certified service accounts only.
Not here: subscription notices and their templates - `notices`, `notice_templates`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import not_blank, refuse_unless
from app.wechat.api.template_data import filled_notice
from app.wechat.api.transport import Call

_NO_SUCH_TEMPLATE: Final = frozenset({40037})
_BLOCKED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class MiniProgram:
    """Where a tap leads inside a bound mini-program."""

    appid: str
    pagepath: str

    def to_wire(self) -> dict[str, str]:
        return {"appid": self.appid, "pagepath": self.pagepath}


@dataclass(frozen=True, slots=True)
class Template:
    template_id: str
    title: str
    content: str  # shows the fields as {{thing1.DATA}}
    example: str = ""
    primary_industry: str = ""
    deputy_industry: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Trade:
    """A branch of business in two steps, as in 运输与仓储, 快递."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Industry:
    """What the account says it does."""

    primary: Trade
    secondary: Trade


@dataclass(frozen=True, slots=True)
class BlockedNotice:
    """A template notice that WeChat held back."""

    id: int  # the next page begins after the largest
    template_id: str
    title: str
    sent_at: int  # unix seconds
    openid: str
    content: str = field(repr=False)


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
        not_blank(client_msg_id, "client_msg_id")
        body = filled_notice(openid, template_id, data) | {"client_msg_id": client_msg_id}
        if url:
            body["url"] = url
        if miniprogram is not None:
            body["miniprogram"] = miniprogram.to_wire()
        path = "/cgi-bin/message/template/send"
        answer = await self._caller.ask(Call(path, "POST", body=body))
        return int(answer.get("msgid") or 0)

    async def list(self) -> tuple[Template, ...]:
        """The templates now in use by the account."""
        path = "/cgi-bin/template/get_all_private_template"
        answer = await self._caller.ask(Call(path, safe=True))
        return tuple(_read(wire) for wire in answer.get("template_list") or ())

    async def add(self, library_id: str, keywords: Sequence[str] = ()) -> str:
        """Take a template out of the library into use; its id for `send`.

        `keywords` names the fields of a category template (its library id is all digits), in order.
        25 templates fit into an account, so never repeated in doubt: look with `list` first.

        Raises:
            OurMistake: no such template (40036, 40037), not these keywords (40246), no room left (45026).
            NotAllowed: only templates of one's categories may be added (40247).
        """
        not_blank(library_id, "library id of a template")
        for keyword in keywords:
            not_blank(keyword, "a keyword of a template")
        body = {"template_id_short": library_id, "keyword_name_list": [*keywords]}
        call = Call("/cgi-bin/template/api_add_template", "POST", body=body, expects=("template_id",))
        return str((await self._caller.ask(call)).get("template_id", ""))

    async def delete(self, template_id: str) -> None:
        """Out of use. Notices that still name it will be refused (40037)."""
        not_blank(template_id, "template id")
        path, body = "/cgi-bin/template/del_private_template", {"template_id": template_id}
        call = Call(path, "POST", body=body, safe=True, done_if_repeated=_NO_SUCH_TEMPLATE)
        await self._caller.ask(call)

    async def set_industry(self, primary: int, secondary: int) -> None:
        """**The account's old templates are deleted.** The numbers are WeChat's own.

        Raises:
            QuotaUsedUp: it was changed this month (43100).
            OurMistake: no such industry (40102).
        """
        refuse_unless(primary > 0 and secondary > 0, "an industry is a number of WeChat's list")
        body = {"industry_id1": str(primary), "industry_id2": str(secondary)}
        await self._caller.ask(Call("/cgi-bin/template/api_set_industry", "POST", body=body))

    async def industry(self) -> Industry:
        answer = await self._caller.ask(Call("/cgi-bin/template/get_industry", safe=True))
        return Industry(_trade(answer.get("primary_industry")), _trade(answer.get("secondary_industry")))

    async def blocked(
        self, template_id: str, *, after_id: int = 0, limit: int = _BLOCKED_AT_ONCE
    ) -> tuple[BlockedNotice, ...]:
        """Notices of a template that WeChat held back, up to 100 with an id above `after_id`."""
        not_blank(template_id, "template id")
        refuse_unless(1 <= limit <= _BLOCKED_AT_ONCE, f"a page of {limit}, not 1 to {_BLOCKED_AT_ONCE}")
        body = {"tmpl_msg_id": template_id, "largest_id": after_id, "limit": limit}
        answer = await self._caller.ask(Call("/wxa/sec/queryblocktmplmsg", "POST", body=body, safe=True))
        told = answer.get("msginfo") or ()
        # The page shows one object, the platform answers a list.
        return tuple(_read_blocked(wire) for wire in ([told] if isinstance(told, Mapping) else told))


def _read(wire: Mapping[str, Any]) -> Template:
    names = ("template_id", "title", "content", "example", "primary_industry", "deputy_industry")
    return Template(**{name: str(wire.get(name) or "") for name in names}, raw=wire)


def _trade(wire: Mapping[str, Any] | None) -> Trade:
    told = wire or {}
    return Trade(str(told.get("first_class") or ""), str(told.get("second_class") or ""))


def _read_blocked(wire: Mapping[str, Any]) -> BlockedNotice:
    return BlockedNotice(
        id=int(wire.get("id") or 0),
        template_id=str(wire.get("tmpl_msg_id") or ""),
        title=str(wire.get("title") or ""),
        sent_at=int(wire.get("send_timestamp") or 0),
        openid=str(wire.get("openid") or ""),
        content=str(wire.get("content") or ""),
    )
