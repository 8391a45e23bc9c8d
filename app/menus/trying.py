"""Which rule a text would hit, why and for whom; what an operator asks before anybody sees a change."""

from collections.abc import Iterable
from datetime import datetime

from app.clock import SHANGHAI
from app.errors import OperatorError
from app.menus.known import Handlers
from app.menus.matching import compile_book
from app.menus.model import MenuFile
from app.menus.shadows import RESERVED
from app.menus.words import normalise
from app.services.audiences import KINDS, SEXES, Facts
from models import Membership


def explain(file: MenuFile, known: Handlers, text: str, at: datetime, facts: Facts) -> str:
    """What would answer `text`, in words."""
    if normalise(text) in RESERVED:
        return f"「{normalise(text)}」由系统自己处理，不看菜单文件。"
    match = compile_book(file, known).match(text, at, facts)
    if match:
        return f"命中 {match.rule}：{match.why}。\n{match.target}"
    return f"没有命中关键词，交给 {file.fallback}（{known[file.fallback].title}）。"


def supposed(
    *,
    tags: Iterable[str] = (),
    branch: str | None = None,
    kind: str = "在职",
    sex: str | None = None,
    areas: Iterable[str] = (),
) -> Facts:
    """Somebody made up; a member where `branch` is given.

    Raises: OperatorError: no such kind of member, or sex.
    """
    return Facts(frozenset(tags), _membership(branch, kind, sex) if branch else None, frozenset(areas))


def _membership(branch: str, kind: str, sex: str | None) -> Membership:
    if kind not in KINDS:
        raise OperatorError(f"没有人员类别「{kind}」，请写{'、'.join(KINDS)}。")
    if sex is not None and sex not in SEXES:
        raise OperatorError(f"性别「{sex}」读不懂，请写{'、'.join(SEXES)}。")
    return Membership(KINDS[kind], branch, SEXES[sex] if sex else None)


def moment(text: str) -> datetime:
    """Raises: OperatorError: it is no time of day in China, as 2026-10-01 10:00."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise OperatorError(f"时间「{text}」读不懂，请写成 2026-10-01 10:00。") from None
