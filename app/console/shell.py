"""The frame around every page: navigation by role, what was just done, and the pane at the right.

A page that only the pane asked for comes without its frame.
"""

from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.console import navigation
from app.console.entrance import Desk, desk_of
from app.console.office import Office, office_of
from app.console.open_pages import OpenPages
from app.console.templating import render
from app.errors import DomainError

_SAID_SECONDS: Final = 60


class Shell:
    """Makes answers for one request of somebody at work."""

    def __init__(self, request: Request, office: Office, desk: Desk) -> None:
        self._request, self._office, self._desk = request, office, desk

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """`template` extends `frame`; it has `desk`, `token`, `now`, `headline` and what is handed in."""
        is_pane = self._request.headers.get("hx-target") == "pane"
        said = "" if is_pane else self._heard()
        sections = navigation.open_to(self._request.app.state.sections, self._desk.standing)
        words = render(
            template,
            frame="pane.html" if is_pane else "frame.html",
            headline="h2" if is_pane else "h1",  # the heading of a detail
            groups=_grouped(sections),
            path=self._request.url.path,
            query=self._request.url.query,
            desk=self._desk,
            token=self._desk.token,
            now=self._desk.shared.clock.now(),
            said=said,
            **values,
        )
        answer = HTMLResponse(words, status, headers={"Vary": "HX-Target"})
        if said:
            answer.delete_cookie(self._office.cookie("said"), path="/", secure=self._office.is_secure)
        return answer

    def renewal(self, template: str, **values: Any) -> str:
        """The parts of a list that change by themselves, without frame and without anything of who looks."""
        url = self._request.url
        return render(
            template,
            frame="renewal.html",
            path=url.path,
            query=url.query,
            now=self._desk.shared.clock.now(),
            **values,
        )

    @property
    def open_pages(self) -> OpenPages:
        return self._office.open_pages

    def refused(self, template: str, error: DomainError, **values: Any) -> HTMLResponse:
        """The form again, with what was filled in and why it cannot be done."""
        status = error.status if error.status != 409 else 422
        return self.page(template, status=status, error=error.message, **values)

    def done(self, to: str, words: str = "") -> RedirectResponse:
        """To another page, which says once what was done."""
        answer = RedirectResponse(to, 303)
        if words:
            value = words.encode().hex()
            answer.set_cookie(
                self._office.cookie("said"),
                f"{value}.{self._office.signed('said', value)[:32]}",
                max_age=_SAID_SECONDS,
                path="/",
                secure=self._office.is_secure,
                httponly=True,
                samesite="strict",
            )
        return answer

    def _heard(self) -> str:
        value, _, mark = self._request.cookies.get(self._office.cookie("said"), "").partition(".")
        if not value or self._office.signed("said", value)[:32] != mark:
            return ""
        return bytes.fromhex(value).decode()


def _grouped(sections: list[navigation.Section]) -> list[tuple[str, list[navigation.Section]]]:
    return [
        (group, found)
        for group in navigation.GROUPS
        if (found := [each for each in sections if each.group == group])
    ]


async def _shell(request: Request) -> Shell:
    return Shell(request, office_of(request), await desk_of(request))


InShell = Annotated[Shell, Depends(_shell)]
