"""通知: what our notices are, which template of WeChat carries each, and an example sent to oneself.

A mini-program has templates of its own for what people agree to; its pages carry `?account=miniprogram`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Section, Waiting
from app.console.office import Office, OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import notice_work, notices, staff_jobs
from app.services.deliveries import Obstacle
from app.services.permissions import Right, Standing, scope
from app.settings import WeChatAccount
from models import AccountKind, DeliveryState, KnownTemplate, Staff

PAGE: Final = "/console/notices"
FETCH: Final = "notices.fetch"
_OBSTACLES: Final = {
    Obstacle.NO_OPENID.value: "您关联的微信没有和这个公众号说过话",
    Obstacle.NOT_FOLLOWING.value: "您关联的微信没有关注公众号",
    Obstacle.NO_RIGHT.value: "这个账号没有发送的权限",
}

OFFICIAL: Final = AccountKind.OFFICIAL

router = APIRouter(prefix="/notices", dependencies=[needs(Right.NOTICES_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    if not scope(standing, Right.NOTICES_EDIT).everything:
        return ()
    return [Waiting("通知还没有对应的模板", PAGE, await notices.count_unmapped(session))]


SECTION: Final = Section("notices", "公众号", "通知模板", PAGE, "bell", Right.NOTICES_READ, waiting=_waiting)


@router.get("")
async def everything(desk: AtDesk, shell: InShell, office: OfficeInUse) -> HTMLResponse:
    sides = []
    async with desk.reading() as session:
        for kind, app_id in _accounts(office).items():
            templates = await notices.list_templates(session, app_id)
            offered = notices.of_account(kind)
            chosen = {each: await notices.find_template(session, app_id, each) for each in offered}
            known = {each.template_id: each for each in templates}
            sides.append({"kind": kind, "templates": templates, "chosen": chosen, "known": known})
    values: dict[str, Any] = {"sides": sides}
    may_send = office.settings.wechat_account is WeChatAccount.SERVICE_VERIFIED
    fields = notices.fields_of
    values |= {"titles": notices.TITLES, "subscribed": notices.SUBSCRIBED, "may_send": may_send}
    return shell.page("notices.html", fields_of=fields, **values)


@router.post("/fetch", dependencies=[needs(Right.NOTICES_EDIT)])
async def fetch(desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """WeChat is asked by a job; the page shows what it told."""
    async with desk.acting() as session:
        await staff_jobs.start(session, desk.standing, FETCH, "从微信取通知模板", {}, now)
    return shell.done(PAGE, "正在从微信取模板，几秒后刷新这一页；进度在「任务」里。")


@router.get("/{kind}")
async def one(
    request: Request,
    kind: str,
    desk: AtDesk,
    shell: InShell,
    office: OfficeInUse,
    account: AccountKind = OFFICIAL,
) -> HTMLResponse:
    """The mapping there is; with `template` in the address, how another would be filled."""
    values = await _of(desk, office, account, kind)
    wanted = request.query_params.get("template", "")
    template, fields = _begun(values, wanted)
    return shell.page("notices_one.html", **values | _shown(kind, template, fields))


@router.post("/{kind}", dependencies=[needs(Right.NOTICES_EDIT)])
async def save(
    kind: str,
    request: Request,
    desk: ActingDesk,
    shell: InShell,
    office: OfficeInUse,
    now: Now,
    account: AccountKind = OFFICIAL,
) -> Response:
    """Preview what is filled in, or let it hold from now on."""
    form = await forms.read(request)
    values = await _of(desk, office, account, kind)
    template = _known(values, forms.words(form, "template"))
    fields = _fields(form, template)
    try:
        if form.get("do") == "preview":
            if template is not None:
                notices.check_values(kind, {field: name for field, name in fields.items() if name})
            return shell.page("notices_one.html", **values | _shown(kind, template, fields))
        async with desk.acting() as session:
            await notice_work.map_over(
                *(session, _app_id(office, account), kind, forms.words(form, "template")),
                {field: name for field, name in fields.items() if name},
                base=_number(forms.words(form, "base")),
                by=desk.by,
                now=now,
            )
    except NotFound:
        raise
    except DomainError as error:
        values = await _of(desk, office, account, kind)
        return shell.refused("notices_one.html", error, **values | _shown(kind, template, fields))
    said = "可以试发一条给自己看看。" if kind not in notices.SUBSCRIBED else ""
    return shell.done(values["address"], f"已保存，从现在起用这个模板。{said}")


@router.post("/{kind}/drop", dependencies=[needs(Right.NOTICES_EDIT)])
async def drop(
    kind: str, desk: ActingDesk, shell: InShell, office: OfficeInUse, account: AccountKind = OFFICIAL
) -> Response:
    app_id = _app_id(office, account)
    async with desk.acting() as session:
        had = await notice_work.drop(session, app_id, kind)
    return shell.done(PAGE, "这种通知不再用模板。" if had else "这种通知本来就没有用模板。")


@router.post("/{kind}/test", dependencies=[needs(Right.NOTICES_EDIT)])
async def test(kind: str, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now) -> Response:
    """An example, to one's own WeChat."""
    values = await _of(desk, office, OFFICIAL, kind)
    try:
        if office.settings.wechat_account is not WeChatAccount.SERVICE_VERIFIED:
            raise DomainError("只有认证的服务号能发模板消息，这个账号发不了。")
        async with desk.acting() as session:
            await notice_work.send_test(
                session, office.settings.wechat_app_id, kind, desk.standing.staff_id, now
            )
    except DomainError as error:
        template, fields = _begun(values, "")
        return shell.refused("notices_one.html", error, **values | _shown(kind, template, fields))
    office.wake()
    return shell.done(f"{PAGE}/{kind}", "正在发到您的微信，结果在下面。")


# --- parts -------------------------------------------------------------------------------------------------


def _accounts(office: Office) -> dict[AccountKind, str]:
    """Those in use, by their AppID."""
    found = {OFFICIAL: office.settings.wechat_app_id}
    if office.settings.miniprogram_app_id:
        found[AccountKind.MINIPROGRAM] = office.settings.miniprogram_app_id
    return found


def _app_id(office: Office, account: AccountKind) -> str:
    """Raises: NotFound."""
    found = _accounts(office).get(account)
    if found is None:
        raise NotFound("没有启用小程序。")
    return found


async def _of(desk: Desk, office: Office, account: AccountKind, kind: str) -> dict[str, Any]:
    """Raises: NotFound."""
    app_id = _app_id(office, account)
    if kind not in notices.of_account(account):
        raise NotFound("没有这种通知。")
    suffix = "" if account is OFFICIAL else f"?account={account.value}"
    async with desk.reading() as session:
        own = await session.get_one(Staff, desk.standing.staff_id)
        title, when = notices.TITLES[kind]
        return {
            "kind": kind,
            "account": account,
            "suffix": suffix,
            "address": f"{PAGE}/{kind}{suffix}",
            "title": title,
            "when": when,
            "examples": notices.NOTICES[kind],
            "is_subscribed": kind in notices.SUBSCRIBED,
            "templates": [
                each
                for each in await notices.list_templates(session, app_id)
                if notices.carries(kind, each.kind)
            ],
            "present": await notices.find_template(session, app_id, kind),
            "is_bound": own.person_id is not None,
            "tests": [
                (each.created_at, *_became(each.state, each.reason))
                for each in await notice_work.list_tests(session, own.id)
            ],
        }


def _became(state: DeliveryState, reason: str) -> tuple[str, str]:
    """A tone and words."""
    if state in (DeliveryState.DELIVERED, DeliveryState.ACCEPTED):
        return "good", "已发出，请看手机"
    if state in (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.FAILED_RETRY):
        return "wait", "正在发" + (f"（上次没有成功：{reason}）" if reason else "")
    return "bad", f"没有发出：{_OBSTACLES.get(reason, reason)}"


def _known(values: dict[str, Any], template_id: str) -> KnownTemplate | None:
    return next((each for each in values["templates"] if each.template_id == template_id), None)


def _begun(values: dict[str, Any], wanted: str) -> tuple[KnownTemplate | None, dict[str, str]]:
    """The template to be shown and what its fields hold now."""
    present = values["present"]
    template = _known(values, wanted or (present.template_id if present else ""))
    if template is None:
        return None, {}
    mapped = present.fields if present and present.template_id == template.template_id else {}
    return template, {field: mapped.get(field, "") for field in notices.fields_of(template.content)}


def _fields(form: FormData, template: KnownTemplate | None) -> dict[str, str]:
    names = notices.fields_of(template.content) if template is not None else []
    return {name: forms.words(form, f"field-{name}")[:40] for name in names}


def _shown(kind: str, template: KnownTemplate | None, fields: dict[str, str]) -> dict[str, Any]:
    if template is None:
        return {"carrier": None, "fields": {}, "labels": {}, "preview": ""}
    examples = notices.NOTICES[kind]
    data = {field: examples[name] for field, name in fields.items() if name in examples}
    shown = notices.preview(template.content, data)
    labels = notices.labels_of(template.content)
    return {"carrier": template, "fields": fields, "labels": labels, "preview": shown}


def _number(words: str) -> int:
    found = forms.number(words)
    return -1 if found is None else found
