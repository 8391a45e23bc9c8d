"""Subscription notices: what a person agreed to be told, once per consent (sections 8.3 to 8.5).

Three kinds: of the service account (`send`), of the mini-program (`send_in_miniprogram`), and the older
one-off message (`consent_url`, `send_once`). Not here: the templates of the first two - `notice_templates`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from app.wechat.api.calls import Caller
from app.wechat.api.limits import characters_between, not_blank, refuse_unless
from app.wechat.api.template_data import filled_notice
from app.wechat.api.templates import MiniProgram
from app.wechat.api.transport import Call

_TITLE_CHARACTERS, _CONTENT_CHARACTERS, _MOST_SCENE = 15, 200, 10_000
_LANGUAGES: Final = frozenset({"zh_CN", "en_US", "zh_HK", "zh_TW"})


class AppVersion(StrEnum):
    """Which version of the mini-program a tap on a notice opens."""

    RELEASED = "formal"
    TRIAL = "trial"
    DEVELOPER = "developer"


class NoticesApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def send(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        client_msg_id: str,
        page: str = "",
        miniprogram: MiniProgram | None = None,
    ) -> None:
        """A notice of the service account; uses up one consent. `page` is a web address.

        With the same `client_msg_id` the same person is told once within 10 minutes, so after
        `OutcomeUnknown` the caller may send it again in that time; this call does not.

        Raises:
            NotSubscribed: no consent (left) for this template.
            PersonGone: not an openid of this account.
            OurMistake, ContentRefused: this notice will never go out as it is.
            NotAllowed: the right, or the template, is banned (43107).
        """
        not_blank(client_msg_id, "client_msg_id")
        body = filled_notice(openid, template_id, data) | {"client_msg_id": client_msg_id}
        if page:
            body["page"] = page
        if miniprogram is not None:
            body["miniprogram"] = miniprogram.to_wire()
        await self._caller.ask(Call("/cgi-bin/message/subscribe/bizsend", "POST", body=body))

    async def send_in_miniprogram(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        page: str = "",
        version: AppVersion = AppVersion.RELEASED,
        language: str = "zh_CN",
    ) -> None:
        """A notice of the mini-program; uses up one consent. `page` is one of its own, may have a query.

        WeChat knows no key for it: after `OutcomeUnknown` it is never sent again.

        Raises:
            NotSubscribed: no consent (left) for this template.
            TryLater: another notice to the same person is on its way (43108).
            OurMistake, ContentRefused: this notice will never go out as it is.
        """
        refuse_unless(language in _LANGUAGES, f"a notice in {language!r}")
        body = filled_notice(openid, template_id, data)
        if page:
            body["page"] = page
        body |= {"miniprogram_state": version.value, "lang": language}
        await self._caller.ask(Call("/cgi-bin/message/subscribe/send", "POST", body=body))

    def consent_url(self, template_id: str, scene: int, redirect_url: str, *, reserved: str = "") -> str:
        """Where a person agrees to one message, to come back to `redirect_url`.

        They bring `openid, template_id, action=confirm|cancel, scene, reserved`; compare `reserved`
        with what this browser was given, or anyone could send them here.
        """
        not_blank(template_id, "template id")
        _check_scene(scene)
        refuse_unless(redirect_url.startswith(("https://", "http://")), "redirect url is not http(s)")
        query = f"action=get_confirm&appid={self._caller.app_id}&scene={scene}"
        query += f"&template_id={quote(template_id, safe='')}&redirect_url={quote(redirect_url, safe='')}"
        if reserved:
            query += f"&reserved={quote(reserved, safe='')}"
        return f"{self._caller.pages_url}/mp/subscribemsg?{query}#wechat_redirect"

    async def send_once(
        self,
        openid: str,
        template_id: str,
        scene: int,
        title: str,
        content: str,
        *,
        color: str = "",
        url: str = "",
        miniprogram: MiniProgram | None = None,
    ) -> None:
        """The one message a person agreed to at `consent_url`; `title` up to 15 characters, `content` 200.

        A follower finds it in the chat, anyone else among WeChat's service notices. WeChat knows no
        key for it: after `OutcomeUnknown` it is never sent again.

        Raises:
            NotSubscribed: no consent, or it is used.
            OurMistake: title (40062), template or data.
        """
        not_blank(openid, "openid")
        not_blank(template_id, "template id")
        _check_scene(scene)
        not_blank(title, "title")
        characters_between(title, 1, _TITLE_CHARACTERS, "title")
        not_blank(content, "content")
        characters_between(content, 1, _CONTENT_CHARACTERS, "content")
        value = {"value": content} | ({"color": color} if color else {})
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "scene": str(scene),
            "title": title,
            "data": {"content": value},
        }
        if url:
            body["url"] = url
        if miniprogram is not None:
            body["miniprogram"] = miniprogram.to_wire()
        await self._caller.ask(Call("/cgi-bin/message/template/subscribe", "POST", body=body))


def _check_scene(scene: int) -> None:
    refuse_unless(0 <= scene <= _MOST_SCENE, f"scene {scene} is not 0 to {_MOST_SCENE}")
