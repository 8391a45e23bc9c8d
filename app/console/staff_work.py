"""What somebody answers, and how much at once; kept on his page."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from app.console import forms
from app.console import staff as staff_pages
from app.console.entrance import ActingDesk, needs
from app.console.shell import InShell
from app.errors import DomainError
from app.services import staff
from app.services.permissions import Right
from app.services.staff_skills import MOST_AT_ALL, Work, change_work
from models import CaseKind

router = APIRouter(prefix="/staff", dependencies=[needs(Right.STAFF_READ)])


@router.post("/{public_id}/work", dependencies=[needs(Right.STAFF_EDIT)])
async def change(public_id: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            found = await staff.get(session, public_id, lock=True)
            await change_work(session, found, _work(form), by=desk.standing)
    except DomainError as error:
        return await staff_pages.again(desk, shell, public_id, error)
    return shell.done(f"{staff_pages.PAGE}/{public_id}", "办理范围已保存。")


def _work(form: FormData) -> Work:
    """Skills as consultation:injury, or consultation: for all of it. Raises: DomainError."""
    most = forms.words(form, "most")
    limit = forms.number(most, 4) if most else None
    if most and limit is None:
        raise DomainError(f"同时最多办几件，请写 1 到 {MOST_AT_ALL}；不写就按一般的。")
    try:
        pairs = [each.partition(":") for each in forms.several(form, "skill")]
        skills = frozenset((CaseKind(kind), topic) for kind, _, topic in pairs)
    except ValueError:
        raise DomainError("没有这类事项，请刷新页面再选。") from None
    return Work(skills, limit)
