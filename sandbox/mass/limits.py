"""What an account may send to many, by its kind and counted with what its console sent (section 7)."""

from sandbox.config import SERVICE, SUBSCRIPTION, UNVERIFIED
from sandbox.errors import ApiError
from sandbox.mass.jobs import CONSOLE, FINISHED, SENDALL
from sandbox.mass.outcomes import SUCCESS
from sandbox.world import World

PER_PERSON_A_MONTH = 4
TO_ALL_A_DAY, TO_ALL_A_MONTH = 1, 4
WITHOUT_END = 2**31
# A job that failed used nothing up; one that still runs may not.
_COUNTED = "(state <> ? or status = ?)"


def check_right(world: World, *, by_list: bool = False) -> None:
    """
    Raises:
        ApiError: 48001 this kind of account has no such call, 48003 its agreement was not accepted.
    """
    kind = world.config.kind
    if kind == UNVERIFIED or (by_list and kind == SUBSCRIPTION):
        raise ApiError(48001, "api unauthorized", "这类账号没有这个群发接口")
    if not world.db.setting("mass_agreement", True):
        raise ApiError(48003, "user not agree mass-send protocol", "没有在公众平台同意群发协议")


def check(world: World, *, to_all: bool) -> None:
    """
    Raises:
        ApiError: 45028 today's or this month's are used up.
    """
    today = world.clock.today().isoformat()
    if world.config.kind == SERVICE:
        if to_all and _count(world, today, "to_all") >= TO_ALL_A_DAY:
            raise _used_up("今天已经发给过全部用户，每天 1 次")
        if to_all and _count(world, today[:7], "to_all") >= TO_ALL_A_MONTH:
            raise _used_up(f"本月发给全部用户的 {TO_ALL_A_MONTH} 次已用完")
    elif _count(world, today, f"way in ('{SENDALL}', '{CONSOLE}')"):
        raise _used_up("订阅号每天只能群发成功 1 次")


def most_a_month(world: World) -> int:
    """How many mass messages one person can get in a calendar month."""
    return PER_PERSON_A_MONTH if world.config.kind == SERVICE else WITHOUT_END


def month(day: str) -> str:
    return day[:7]


def _used_up(rule: str) -> ApiError:
    return ApiError(45028, "has no masssend quota", rule)


def _count(world: World, since: str, which: str) -> int:
    return world.db.count(
        f"select count(*) from mass_job where day like ? and {which} and {_COUNTED}",  # noqa: S608
        f"{since}%",
        FINISHED,
        SUCCESS,
    )
