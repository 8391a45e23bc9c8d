"""The templates of subscription notices: WeChat's public library, and those taken out of it (section 8.4).

The same calls serve the service account and the mini-program, each for its own templates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import characters_between, count_between, not_blank, refuse_unless
from app.wechat.api.transport import Call

_TITLES_AT_ONCE, _SCENE_CHARACTERS = 30, 15
_NO_SUCH_TEMPLATE: Final = frozenset({40037})


class Consent(IntEnum):
    """How long a person's yes lasts."""

    ONCE = 2
    LONG_TERM = 3  # public services only


@dataclass(frozen=True, slots=True)
class NoticeTemplate:
    """A template in use. `consent` is None for a kind that is new to us."""

    template_id: str
    title: str
    content: str  # shows the fields as {{thing1.DATA}}
    example: str
    consent: Consent | None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Category:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class PublicTitle:
    """A template of the library; `tid` is what `add` takes."""

    tid: str
    title: str
    consent: Consent | None
    category_id: str


@dataclass(frozen=True, slots=True)
class TitlePage:
    titles: tuple[PublicTitle, ...]
    total: int  # of all pages


@dataclass(frozen=True, slots=True)
class Keyword:
    """A field that a template of the library may have; `kid` is what `add` takes."""

    kid: int
    name: str
    example: str
    rule: str  # "thing", "date" …, see `template_data`


class NoticeTemplatesApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def add(self, tid: str, keyword_ids: Sequence[int], scene: str) -> str:
        """Take a template out of the library with two to five fields in this order; its id for sending.

        `scene` tells people what for, in up to 15 characters. Templates are few, so never repeated
        in doubt: look with `list` first.

        Raises:
            AlreadyDone: the same one is there (200022); WeChat does not say its id.
            OurMistake: `tid` (200014), fields (200020), scene (200021), or no room left (200012).
            NotAllowed: banned (200011, 200013), or not for this kind of account (200100).
        """
        not_blank(tid, "tid")
        count_between(keyword_ids, 2, 5, "keywords of a template")
        not_blank(scene, "scene of a template")
        characters_between(scene, 1, _SCENE_CHARACTERS, "scene of a template")
        body = {"tid": tid, "kidList": [*keyword_ids], "sceneDesc": scene}
        call = Call("/wxaapi/newtmpl/addtemplate", "POST", body=body, expects=("priTmplId",))
        return str((await self._caller.ask(call)).get("priTmplId", ""))

    async def list(self) -> tuple[NoticeTemplate, ...]:
        """The templates now in use."""
        answer = await self._caller.ask(Call("/wxaapi/newtmpl/gettemplate", safe=True))
        return tuple(_read_template(wire) for wire in answer.get("data") or ())

    async def delete(self, template_id: str) -> None:
        """Out of use; consents given for it are lost."""
        not_blank(template_id, "template id")
        path, body = "/wxaapi/newtmpl/deltemplate", {"priTmplId": template_id}
        call = Call(path, "POST", body=body, safe=True, done_if_repeated=_NO_SUCH_TEMPLATE)
        await self._caller.ask(call)

    async def categories(self) -> tuple[Category, ...]:
        """What the account does, in WeChat's words; the library is sorted by it."""
        answer = await self._caller.ask(Call("/wxaapi/newtmpl/getcategory", safe=True))
        return tuple(
            Category(int(wire.get("id") or 0), str(wire.get("name") or ""))
            for wire in answer.get("data") or ()
        )

    async def titles(
        self, category_ids: Sequence[int], *, start: int = 0, limit: int = _TITLES_AT_ONCE
    ) -> TitlePage:
        """Templates of the library under these categories, up to 30 from number `start` on."""
        refuse_unless(len(category_ids) > 0, "no category to list templates of")
        refuse_unless(start >= 0, "a page begins at 0 or later")
        refuse_unless(1 <= limit <= _TITLES_AT_ONCE, f"a page of {limit}, not 1 to {_TITLES_AT_ONCE}")
        query = {"ids": ",".join(map(str, category_ids)), "start": str(start), "limit": str(limit)}
        call = Call("/wxaapi/newtmpl/getpubtemplatetitles", query=query, safe=True)
        answer = await self._caller.ask(call)
        titles = tuple(_read_title(wire) for wire in answer.get("data") or ())
        return TitlePage(titles, int(answer.get("count") or len(titles)))

    async def keywords(self, tid: str) -> tuple[Keyword, ...]:
        """The fields a template of the library may have."""
        not_blank(tid, "tid")
        call = Call("/wxaapi/newtmpl/getpubtemplatekeywords", query={"tid": tid}, safe=True)
        answer = await self._caller.ask(call)
        return tuple(
            Keyword(
                int(wire.get("kid") or 0),
                str(wire.get("name") or ""),
                str(wire.get("example") or ""),
                str(wire.get("rule") or ""),
            )
            for wire in answer.get("data") or ()
        )


def _read_template(wire: Mapping[str, Any]) -> NoticeTemplate:
    return NoticeTemplate(
        template_id=str(wire.get("priTmplId") or ""),
        title=str(wire.get("title") or ""),
        content=str(wire.get("content") or ""),
        example=str(wire.get("example") or ""),
        consent=_consent(wire.get("type")),
        raw=wire,
    )


def _read_title(wire: Mapping[str, Any]) -> PublicTitle:
    return PublicTitle(
        tid=str(wire.get("tid") or ""),
        title=str(wire.get("title") or ""),
        consent=_consent(wire.get("type")),
        category_id=str(wire.get("categoryId") or ""),
    )


def _consent(kind: object) -> Consent | None:
    """Comes as number or as text."""
    return next((consent for consent in Consent if str(consent.value) == str(kind)), None)
