"""Every route of the console, with every role, a wrong branch, no session, and no token of a form."""

from collections.abc import Iterable, Iterator

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.console import app as console
from app.console import pages
from app.console.entrance import Needs
from app.services.permissions import RIGHTS, Right
from app.services.staff import Wanted
from models import Role, StaffGrant
from tests import making
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, HTML, at_work, employ, ends

__all__ = ["ends"]

# For everybody of staff, whatever their roles; and for who is not signed in yet.
FOR_ALL = {"/", "/number/{number}", "/search", "/sign-out"}
OPEN = {"/sign-in", "/sign-in/code", "/sign-in/wechat", "/sign-out", "/invited/{secret}"}


def routes(web: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Each with its method; HEAD goes with GET."""
    for route in _ours(web.routes):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, route


def _ours(listed: Iterable[object]) -> Iterator[APIRoute]:
    return (route for route in listed if isinstance(route, APIRoute))


def rights_of(route: APIRoute) -> set[Right]:
    """What the route, and the router it is on, ask for."""
    wanted = [each.dependency for each in route.dependencies]
    return {each.right for each in wanted if isinstance(each, Needs)}


def address(path: str) -> str:
    return CONSOLE + "/".join("nothing" if part.startswith("{") else part for part in path.split("/"))


def guarded() -> list[tuple[str, str, set[Right]]]:
    found = [(method, route.path, rights_of(route)) for method, route in routes(console.make())]
    return [each for each in found if each[2]]


def test_every_route_names_the_right_it_needs() -> None:
    free = {route.path for _, route in routes(console.make()) if not rights_of(route)}
    own = {path for path in free if path == "/me" or path.startswith("/me/")}

    assert free - own == FOR_ALL | OPEN


def rooms_of(role: Role) -> list[tuple[str, str, set[Right]]]:
    """One for each set of rights, and all that no role before this one has found open, or shut."""
    tried: dict[frozenset[Right], tuple[str, str, set[Right]]] = {}
    first = []
    for each in guarded():
        may = [one for one in Role if each[2] <= RIGHTS[one]]
        may_not = [one for one in Role if one not in may]
        if role in (*may[:1], *may_not[:1]):
            first.append(each)
        else:
            tried.setdefault(frozenset(each[2]), each)
    return [*first, *tried.values()]


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_enters_its_rooms_and_no_others(ends: Ends, role: Role) -> None:
    worker = await at_work(ends, "李娜", role)
    token = await worker.token()

    for method, path, rights in rooms_of(role):
        data = {"token": token} if method == "POST" else None
        answer = await worker.browser.request(method, address(path), data=data, headers=HTML)
        may = rights <= RIGHTS[role]
        said = (role, method, path, answer.status_code, answer.text[-400:])
        assert (answer.status_code != 403) == may, said
        assert answer.status_code < 500, said


def test_every_room_is_tried_by_who_may_enter_it_and_by_who_may_not() -> None:
    tried = {
        (path, method, one, rights <= RIGHTS[one]) for one in Role for method, path, rights in rooms_of(one)
    }
    for method, path, rights in guarded():
        wanted = {rights <= RIGHTS[one] for one in Role}
        assert {may for where, how, _, may in tried if (where, how) == (path, method)} == wanted, path


async def test_who_has_no_role_enters_no_room(ends: Ends) -> None:
    worker = await employ(ends, "李娜", Role.EDITOR)
    await worker.signs_in()
    async with ends.house.database.transaction() as session:
        await session.execute(sa.delete(StaffGrant))

    assert "还没有角色" in await worker.reads("")
    for method, path, _ in guarded():
        if method == "GET":
            assert (await worker.browser.get(address(path), headers=HTML)).status_code == 403


async def test_who_is_not_signed_in_is_sent_to_sign_in_or_told_so(ends: Ends) -> None:
    browser = ends.browser()

    for method, route in routes(console.make()):
        if route.path in OPEN:
            continue
        answer = await browser.request(method, address(route.path), headers=HTML)
        assert answer.status_code == (303 if method == "GET" else 403), route.path
        if method == "GET":
            assert answer.headers["location"].startswith(f"{CONSOLE}/sign-in")


async def test_no_form_is_taken_without_the_token_of_its_session(ends: Ends) -> None:
    everything = list(Role)
    worker = await at_work(ends, "王强", *everything)
    other = await at_work(ends, "李娜", *everything)
    foreign = await other.token()

    own = await worker.token()
    for token in ("0" * 64, "字"):
        answer = await worker.browser.post(f"{CONSOLE}/sign-out", data={"token": token}, headers=HTML)
        assert answer.status_code == 403, token
    for method, route in routes(console.make()):
        if method != "POST" or route.path in OPEN - {"/sign-out"}:
            continue
        for token in ("", foreign):
            answer = await worker.browser.post(address(route.path), data={"token": token}, headers=HTML)
            assert answer.status_code == 403, (route.path, token, answer.status_code)
        elsewhere = HTML | {"Origin": "https://evil.cn"}
        answer = await worker.browser.post(address(route.path), data={"token": own}, headers=elsewhere)
        assert answer.status_code == 403, route.path
        in_address = await worker.browser.post(f"{address(route.path)}?token={own}", headers=HTML)
        assert in_address.status_code == 403, route.path


def test_every_room_is_found_in_the_navigation_by_its_right() -> None:
    for room in pages.ROOMS:
        assert room.SECTION.to.startswith(f"{CONSOLE}/")
        assert room.SECTION.right in Right
        first = rights_of(next(_ours(room.router.routes)))
        assert room.SECTION.right in first or not first, room


async def test_a_branch_does_not_change_what_is_everybodys(ends: Ends) -> None:
    """The menu of the account, its notices, the keys: of no branch, so a role for one gives nothing of it."""
    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
    chief = await at_work(ends, "李娜", *(Wanted(role, north.id) for role in Role))
    live = ends.house.menus.number

    for path, filled in (
        ("/menus/push", {}),
        ("/menus/history/1/rollback", {"base": "1"}),
        ("/menus/file", {"do": "apply", "base": "1", "text": "version: 1\naccount: 北区\n"}),
        ("/notices/fetch", {}),
        ("/status/keys/rotate", {}),
        ("/messages/retry", {}),
    ):
        answer = await chief.sends(path, **filled)
        assert answer.status_code in (403, 404), (path, answer.status_code)

    await ends.house.refresh()
    assert ends.house.menus.number == live
    assert "菜单" in await chief.reads("/menus")  # looking is no harm
