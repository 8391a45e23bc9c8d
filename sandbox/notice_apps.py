"""Which app a notice belongs to: the service account, or a mini-program with tokens of its own.

Templates, grants and notices are kept by app id throughout. Here alone is said how an app's openids
are found and where its events go; `Call.app_id` says for which one a call acts.
"""

from sandbox import actions, people
from sandbox.actions import Result
from sandbox.errors import ApiError
from sandbox.pushes import Push
from sandbox.store import Row
from sandbox.world import World


def known(world: World) -> list[str]:
    """The apps whose notices a phone can have, the service account first."""
    config = world.config
    return [config.app_id, *([config.miniprogram_app_id] if config.miniprogram_app_id else [])]


def name_of(world: World, app_id: str) -> str:
    return world.config.account_name if app_id == world.config.app_id else "小程序"


def openid_of(world: World, app_id: str, person: Row) -> str:
    """What `person` is called by this app."""
    return str(person["openid"])


def addressee(world: World, app_id: str, openid: object) -> Row:
    """The person a call names by this app's openid; following or not.

    Raises:
        ApiError: 40003 no such openid here.
    """
    person = people.find(world, openid) if isinstance(openid, str) else None
    if person is None:
        raise ApiError(40003, "invalid openid", "这个 openid 不属于本账号")
    return person


async def push(world: World, app_id: str, event: Push, *, wait: bool) -> Result:
    """Tell the app's server. A mini-program's has an address and a format of its own, and none is known."""
    if app_id != world.config.app_id:
        return quiet("小程序没有消息推送地址")
    return await actions.perform(world, event, wait=wait)


def quiet(rule: str) -> Result:
    """The outcome of an act nobody is told of."""
    told: Result = {"result": "silent", "reply": None, "tries": 0, "ms": 0.0, "rule": rule, "copies": []}
    return {"accepted": True, "message_id": None, "exchange_id": None, **told}
