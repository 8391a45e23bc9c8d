"""Passwords of staff: what one must be, and its digest (argon2id).

Slow on purpose: never inside a transaction.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from app.errors import DomainError

if TYPE_CHECKING:
    from pwdlib import PasswordHash

SHORTEST: Final = 10
LONGEST: Final = 128
_COMMON: Final = frozenset(
    {"1234567890", "0123456789", "password12", "password123", "qwertyuiop", "1qaz2wsx3edc", "abc1234567"}
    | {"admin12345", "a123456789", "woaini1314", "gonghui123", "5201314520", "1122334455", "iloveyou12"}
)
_one_at_a_time: Final = asyncio.Semaphore(1)  # each takes 64 MB while it is made


def check(password: str, *others: str) -> None:
    """`others`: what it must not hold, such as the login.

    Raises: DomainError: too short, too long, too easy to guess.
    """
    if len(password) < SHORTEST:
        raise DomainError(f"密码至少 {SHORTEST} 个字符，可以用几个不相干的词连起来。")
    if len(password) > LONGEST:
        raise DomainError(f"密码最多 {LONGEST} 个字符。")
    plain = password.lower()
    if plain in _COMMON or len(set(plain)) < 5:
        raise DomainError("这个密码太容易猜到，请换一个。")
    if any(len(other) > 2 and other.lower() in plain for other in others):
        raise DomainError("密码里不要有登录名或姓名，请换一个。")


async def digest(password: str) -> str:
    """With its salt and parameters."""
    async with _one_at_a_time:
        return await asyncio.to_thread(_hasher().hash, password)


async def fits(password: str, kept: str | None) -> bool:
    """Takes as long where nothing is kept, so that nobody learns who has an account."""
    async with _one_at_a_time:
        fitting = await asyncio.to_thread(_verified, password[: LONGEST + 1], kept or _nobodys())
    return fitting and kept is not None


def _verified(password: str, kept: str) -> bool:
    return _hasher().verify(password, kept)


_made: list[str] = []


def _nobodys() -> str:
    """The digest of a password that nobody has."""
    if not _made:
        _made.append(_hasher().hash("nobody has this one"))
    return _made[0]


def _hasher() -> "PasswordHash":
    from pwdlib import PasswordHash  # noqa: PLC0415 - who only answers messages does without it

    return PasswordHash.recommended()
