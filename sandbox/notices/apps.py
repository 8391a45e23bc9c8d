"""Which app a notice belongs to: the service account, or a mini-program with tokens of its own.

Templates, grants and notices are kept by app id throughout. Here alone is said how an app's openids
are found and where its events go; `Call.app_id` says for which one a call acts.
"""

from sandbox import actions, people
from sandbox.actions import Result
from sandbox.config import MINIPROGRAM
from sandbox.errors import ApiError
from sandbox.miniprogram import pushes as miniprogram_pushes
from sandbox.miniprogram import visitors
from sandbox.notices import events
from sandbox.pushes import Push
from sandbox.store import Row
from sandbox.world import World


def known(world: World) -> list[str]:
    """The apps whose notices a phone can have, the service account first."""
    return [app.app_id for app in world.config.apps.values()]


def name_of(world: World, app_id: str) -> str:
    return world.config.account_name if _is_account(world, app_id) else "小程序"


def openid_of(world: World, app_id: str, person: Row) -> str:
    """What `person` is called by this app."""
    found = person if _is_account(world, app_id) else visitors.get(world, person["openid"])
    return str(found["openid"])


def addressee(world: World, app_id: str, openid: object) -> Row:
    """The person a call names by this app's openid; following or not.

    Raises:
        ApiError: 40003 no such openid here.
    """
    person = None
    if isinstance(openid, str):
        person = people.find(world, openid) if _is_account(world, app_id) else _visitor(world, openid)
    if person is None:
        raise ApiError(40003, "invalid openid", "这个 openid 不属于本账号")
    return person


def _visitor(world: World, openid: str) -> Row | None:
    row = visitors.find(world, openid)
    return people.find(world, row["person"]) if row else None


async def push(world: World, app_id: str, event: Push, *, wait: bool) -> Result:
    """Tell the app's server, in the app's own format."""
    if not _is_account(world, app_id):
        event = events.unwrapped(event) if world.app(MINIPROGRAM).format == "json" else event
        event = miniprogram_pushes.from_miniprogram(event)
    return await actions.perform(world, event, wait=wait)


def _is_account(world: World, app_id: str) -> bool:
    return app_id == world.config.app_id


def quiet(rule: str) -> Result:
    """The outcome of an act nobody is told of."""
    told: Result = {"result": "silent", "reply": None, "tries": 0, "ms": 0.0, "rule": rule, "copies": []}
    return {"accepted": True, "message_id": None, "exchange_id": None, **told}
