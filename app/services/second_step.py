"""The second step of a sign-in: a code from an app on the phone (TOTP, RFC 6238), or a recovery code."""

import hmac
import secrets
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services.audit import does
from models import Staff, StaffRecoveryCode
from models.sealing import digest_of_random

ISSUER: Final = "供电工会"
STEP_SECONDS: Final = 30
AROUND: Final = 1  # steps before and after: the phone's clock may be off by so much
CODES: Final = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_CODE_LENGTH = 20  # letters, near 100 bits


def new_secret() -> str:
    """Base32, 160 bits."""
    import pyotp  # noqa: PLC0415 - seldom needed

    return pyotp.random_base32()


def address(secret: str, login: str) -> str:
    """What the app reads from a QR code."""
    import pyotp  # noqa: PLC0415

    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(secret: str, code: str, now: datetime, after: int = 0) -> int | None:
    """The step of time whose code this is, if it is near and later than `after`; a code is good once."""
    import pyotp  # noqa: PLC0415

    code = "".join(code.split())
    present = int(now.timestamp()) // STEP_SECONDS
    made = pyotp.TOTP(secret)
    found = None
    for step in range(present - AROUND, present + AROUND + 1):
        # All are compared, so that the time it takes tells nothing.
        if hmac.compare_digest(made.generate_otp(step).encode(), code.encode()) and step > after:
            found = step
    return found


async def turn_on(session: AsyncSession, staff: Staff, secret: str, code: str, now: datetime) -> list[str]:
    """From now on a code is asked for; returns recovery codes, to be shown once.

    Raises: DomainError: the code is not one of this secret: the app was not set up right.
    """
    step = step_of(secret, code, now)
    if step is None:
        raise DomainError("验证码对不上。请核对手机的时间是否准确，再输入应用里正显示的 6 位数字。")
    staff.totp_secret, staff.totp_step = secret, step
    codes = await _renew_codes(session, staff)
    does(session, "staff.totp", staff.login)
    return codes


async def turn_off(session: AsyncSession, staff: Staff) -> None:
    """No code is asked for any more."""
    staff.totp_secret = None
    await session.execute(sa.delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff.id))
    does(session, "staff.totp_off", staff.login)


async def renew_codes(session: AsyncSession, staff: Staff) -> list[str]:
    """New recovery codes; those of before are no good any more."""
    codes = await _renew_codes(session, staff)
    does(session, "staff.codes", staff.login)
    return codes


async def codes_left(session: AsyncSession, staff_id: int) -> int:
    chosen = sa.select(sa.func.count()).where(StaffRecoveryCode.staff_id == staff_id)
    return int(await session.scalar(chosen) or 0)


async def passes(session: AsyncSession, staff: Staff, code: str, now: datetime) -> bool:
    """Whether this code opens the second step; it opens it once. `staff` is locked."""
    if staff.totp_secret is None:
        return True
    step = step_of(staff.totp_secret, code, now, staff.totp_step)
    if step is not None:
        staff.totp_step = step
        return True
    plain = "".join(code.lower().replace("-", " ").split())
    gone = sa.delete(StaffRecoveryCode).where(
        StaffRecoveryCode.staff_id == staff.id, StaffRecoveryCode.code_digest == digest_of_random(plain)
    )
    found = (await session.execute(gone.returning(StaffRecoveryCode.id))).scalars().all()
    return bool(found)


async def _renew_codes(session: AsyncSession, staff: Staff) -> list[str]:
    await session.execute(sa.delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff.id))
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)) for _ in range(CODES)]
    session.add_all(
        StaffRecoveryCode(staff_id=staff.id, code_digest=digest_of_random(code)) for code in codes
    )
    await session.flush()
    return ["-".join(code[at : at + 5] for at in range(0, _CODE_LENGTH, 5)) for code in codes]
