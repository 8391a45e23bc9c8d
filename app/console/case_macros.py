"""一键办理 in the rooms of cases: what a 常用语 with steps would do is shown; pressed, all of it is done."""

from fastapi import Request
from fastapi.responses import Response

from app.console import forms
from app.console.case_pages import CaseRoom, told
from app.console.entrance import Desk
from app.console.office import Office
from app.console.shell import Shell
from app.errors import DomainError, NotFound
from app.services import canned_replies, macros


async def run(
    room: CaseRoom, number: str, public_id: str, request: Request, desk: Desk, shell: Shell, office: Office
) -> Response:
    form, now = await forms.read(request), desk.shared.clock.now()
    seen, version = forms.words(form, "seen"), forms.number(forms.words(form, "version"), 9)
    try:
        async with desk.acting() as session:
            case = await room.taken_up(session, desk, number, seen, now)
            fitting = await canned_replies.list_fitting(session, case, room.answers, desk.standing)
            reply = next((each for each in fitting if each.public_id == public_id), None)
            if reply is None:
                raise NotFound("没有找到这条常用语，可能已经删除，或者不用在这里。")
            if reply.version != version:
                raise DomainError(f"「{reply.title}」刚刚改过，什么也没有办。请看看现在会办什么，再点一次。")
            done = await macros.run(session, case, reply, desk.standing, room.reads, now)
            words = f"{case.number} 已按「{reply.title}」办好。"
            if done.answered is not None:
                words = await told(session, done.answered, f"已按「{reply.title}」办好", office, now)
    except DomainError as error:
        return await room.again(desk, shell, number, error, now)
    return shell.done(f"{room.page}/{case.number}", words)
