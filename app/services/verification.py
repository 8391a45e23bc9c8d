"""Files WeChat wants to find at the root of a domain before it trusts it: kept as rows, served as given."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services.coordination import upsert
from app.services.forgetting import change
from models import VerificationFile

# MP_verify_… of an official account, WW_verify_… of a company account, letters and digits of a mini-program.
NAME: Final = re.compile(r"(?:(?:MP|WW)_verify_[A-Za-z0-9]{8,32}|[A-Za-z0-9]{8,32})\.txt")
MEANT_OTHERWISE: Final = frozenset({"security.txt"})  # what others look for at a root
LONGEST: Final = 1024  # characters; WeChat's have a few dozen
_TEXT = re.compile(r"[\x20-\x7e\r\n\t]+")


def is_name(name: str) -> bool:
    """Whether a file of this name may be kept and served."""
    return bool(NAME.fullmatch(name)) and name.lower() not in MEANT_OTHERWISE


async def add(session: AsyncSession, name: str, content: bytes, now: datetime) -> bool:
    """Keep a file, in place of an older one of its name; whether there was none.

    Raises:
        DomainError: it is none of WeChat's verification files.
    """
    if not is_name(name):
        raise DomainError(
            f"「{name}」不是微信的校验文件：应是 MP_verify_ 开头、或只有字母和数字的 .txt，请用下载的原名。"
        )
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if len(text) > LONGEST or not _TEXT.fullmatch(text):
        raise DomainError(f"「{name}」的内容不像校验文件：应是不超过 {LONGEST} 个字符的英文和数字。")
    known = await find(session, name)
    kept = upsert(session, VerificationFile).values(name=name, content=text, added_at=now)
    newer = {field: kept.excluded[field] for field in ("content", "added_at")}
    await session.execute(kept.on_conflict_do_update(index_elements=["name"], set_=newer))
    return known is None


async def find(session: AsyncSession, name: str) -> str | None:
    """The content of a file."""
    kept = sa.select(VerificationFile.content).where(VerificationFile.name == name)
    return await session.scalar(kept)


async def list_all(session: AsyncSession) -> Sequence[VerificationFile]:
    return (await session.scalars(sa.select(VerificationFile).order_by(VerificationFile.name))).all()


async def remove(session: AsyncSession, name: str) -> None:
    """Raises: NotFound."""
    if not await change(session, sa.delete(VerificationFile).where(VerificationFile.name == name)):
        raise NotFound(f"没有「{name}」。现有的见 gonghui verification list。")
