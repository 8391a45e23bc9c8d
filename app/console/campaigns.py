"""群发: written by one, approved by another; how far it is, paused, gone on with, called off."""

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, shanghai
from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.navigation import Section, Waiting
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import (
    articles,
    audience_rows,
    branches,
    campaign_articles,
    campaign_figures,
    campaign_notices,
    campaign_rows,
    campaign_templates,
    campaign_words,
    campaigns,
    digest_figures,
    mass_orders,
)
from app.services.audiences import Audience
from app.services.campaign_words import Written
from app.services.permissions import Right, Standing, demand, may
from models import Article, Branch, Campaign, CampaignState, CampaignWay, DeliveryState

PAGE: Final = "/console/campaigns"
PLACES: Final = tuple(f"article{place}" for place in range(1, campaign_articles.MOST + 1))
FIELDS: Final = ("title", "way", "whom", "tags", "text", "article", "send_at", "template", *PLACES)
MEMBERS, OF = "members", "branch:"  # of the field `whom`; "" is everybody who follows
LISTED: Final = 200
Act = Literal["submit", "approve", "send-back", "pause", "resume", "cancel", "test"]
DONE: Final[dict[Act, str]] = {
    "submit": "已交去审批。",
    "approve": "已通过，到时间自动发送。",
    "send-back": "已退回。",
    "pause": "已暂停，正在路上的会送到。",
    "resume": "已继续。",
    "cancel": "已取消，还没发的不再发。",
    "test": "正在发到您的微信。收不到的话，请先给公众号发一句话；图文有没有发成，看「任务」。",
}
OF_WRITERS: Final = frozenset({"submit", "test"})
SEALED: Final = (
    CampaignState.PENDING_APPROVAL,
    CampaignState.SCHEDULED,
    CampaignState.SENDING,
    CampaignState.PAUSED,
)
REASONS: Final = {
    "no open window": "48 小时内没有和公众号说过话，微信不让发",
    "not following": "已经取消关注",
    campaign_rows.LEFT_OUT: "退订了，或者暂不打扰",
    campaign_rows.CALLED_OFF: "群发取消了",
    campaign_rows.CUT_OFF: "发到一半时程序停了，不知道到没到",
    campaign_rows.NO_ANSWER: "微信没有回话，不知道到没到",
    campaign_rows.TOLD: "同一个人用另一个微信号收到了",
    mass_orders.TOO_FEW: "群发消息至少要两个人",
    mass_orders.DRAFT_GONE: "微信没有回话，草稿也不在了，不知道到没到",
    mass_orders.NOTHING_TOLD: "微信一天里没有说结果",
    campaign_notices.NOT_AGREED: "没有同意收这种通知，或者同意的次数用完了",
    campaign_notices.NOT_AGREED_ANY_MORE: "微信说他没有同意，或者在微信里关掉了",
}
STATES: Final = {
    DeliveryState.QUEUED: "等着发",
    DeliveryState.SENDING: "正在发",
    DeliveryState.FAILED_RETRY: "稍后再发",
    DeliveryState.ACCEPTED: "交给微信了",
    DeliveryState.DELIVERED: "送到了",
    DeliveryState.UNKNOWN: "结果不明",
    DeliveryState.FAILED: "失败",
    DeliveryState.SKIPPED: "没有发给",
}

router = APIRouter(prefix="/campaigns", dependencies=[needs(Right.CAMPAIGNS_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    if not may(standing, Right.CAMPAIGNS_SEND, None):
        return ()
    count = await campaigns.count_pending(session, standing)
    return [Waiting("群发等您审批", f"{PAGE}?state=pending_approval", count)]


SECTION: Final = Section("campaigns", "公众号", "群发", PAGE, "shout", Right.CAMPAIGNS_READ, waiting=_waiting)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    wanted = request.query_params.get("state", "")
    state = CampaignState(wanted) if wanted in {*CampaignState} else None
    async with desk.reading() as session:
        listed = await campaigns.list_all(session, state, LISTED)
        left = await campaigns.left_this_month(session, now)
        weekly = await digest_figures.of_last_week(session)
    return shell.page(
        "campaigns.html",
        weekly=weekly,
        campaigns=listed,
        state=state,
        states=list(CampaignState),
        left=left,
        when=campaigns.when,
    )


@router.get("/new", dependencies=[needs(Right.CAMPAIGNS_EDIT)])
async def new(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    given = request.query_params.get("article", "")
    filled = dict.fromkeys(FIELDS, "") | {"way": CampaignWay.MESSAGE.value}
    return await _form(desk, shell, now, None, filled | {"article": given, PLACES[0]: given})


@router.post("/new", dependencies=[needs(Right.CAMPAIGNS_EDIT)])
async def create(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    filled = _filled(await forms.read(request))
    try:
        async with desk.acting() as session:
            written = await _written(session, filled)
            row = await campaigns.create(session, written, by=desk.standing, now=now)
    except DomainError as error:
        return await _form(desk, shell, now, None, filled, error)
    return shell.done(f"{PAGE}/{row.public_id}", "已保存。看过再交去审批。")


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await _page(public_id, desk, shell, now)


@router.get("/{public_id}/edit", dependencies=[needs(Right.CAMPAIGNS_EDIT)])
async def edit(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        row = await campaigns.get(session, public_id)
        article = await campaign_words.article_of(session, row, now)
        held = await branches.list_all(session)
        placed = await campaign_articles.list_of(session, row)
    audience = campaigns.audience_of(row)
    filled = {
        "title": row.title,
        "way": row.way.value,
        "whom": _whom(audience, held),
        "tags": "、".join(audience.tag) if audience is not None else "",
        "text": row.text,
        "article": article.public_id if article is not None else "",
        "send_at": f"{shanghai(row.send_at):%Y-%m-%dT%H:%M}" if row.send_at is not None else "",
        "template": row.template_id or "",
        **dict.fromkeys(PLACES, ""),
        **{PLACES[place.place - 1]: each.public_id for place, each in placed},
        **{f"{row.template_id}:{name}": words for name, words in (row.fields or {}).items()},
    }
    return await _form(desk, shell, now, row, filled)


@router.post("/{public_id}/edit", dependencies=[needs(Right.CAMPAIGNS_EDIT)])
async def change(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    filled, version = _filled(form), forms.number(forms.words(form, "version")) or 0
    try:
        async with desk.acting() as session:
            written = await _written(session, filled)
            await campaigns.save(session, public_id, written, version=version, by=desk.standing, now=now)
    except NotFound:
        raise
    except DomainError as error:
        async with desk.reading() as session:
            row = await campaigns.get(session, public_id)
        return await _form(desk, shell, now, row, filled, error)
    return shell.done(f"{PAGE}/{public_id}", "已保存。")


@router.post("/{public_id}/{act}")
async def act(
    public_id: str, act: Act, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    """What is decided, on what was looked at."""
    demand(desk.standing, Right.CAMPAIGNS_EDIT if act in OF_WRITERS else Right.CAMPAIGNS_SEND, None)
    form = await forms.read(request)
    version, reason = forms.number(forms.words(form, "version")) or 0, forms.words(form, "reason")
    try:
        async with desk.acting() as session:
            await _decide(session, act, public_id, version, reason, desk.standing, now)
    except NotFound:
        raise
    except DomainError as error:
        return await _page(public_id, desk, shell, now, status=error.status, error=error.message)
    return shell.done(f"{PAGE}/{public_id}", DONE[act])


# --- parts -------------------------------------------------------------------------------------------------


def _decide(
    session: AsyncSession, act: Act, public_id: str, version: int, reason: str, by: Standing, now: datetime
) -> Awaitable[None]:
    match act:
        case "submit":
            return campaigns.submit(session, public_id, version=version, by=by, now=now)
        case "approve":
            return campaigns.approve(session, public_id, version=version, by=by, now=now)
        case "send-back":
            return campaigns.send_back(session, public_id, reason, version=version, by=by, now=now)
        case "pause":
            return campaigns.pause(session, public_id, reason, by=by, now=now)
        case "resume":
            return campaigns.resume(session, public_id, by=by, now=now)
        case "cancel":
            return campaigns.cancel(session, public_id, reason, by=by, now=now)
        case "test":
            return campaigns.test(session, public_id, by=by, now=now)


def _filled(form: Any) -> dict[str, str]:
    """The fields of a notice go by the id of its template and their own name."""
    named = [*FIELDS, *(name for name in form if ":" in name)]
    return {name: forms.words(form, name)[:2000] for name in named[:200]}


async def _written(session: AsyncSession, filled: dict[str, str]) -> Written:
    """Raises: DomainError: a time, a way or a branch that is none."""
    if filled["way"] not in {*CampaignWay}:
        raise campaign_words.NotWhole("请选怎么发。")
    send_at = None
    if filled["send_at"]:
        try:
            send_at = datetime.fromisoformat(filled["send_at"]).replace(tzinfo=SHANGHAI)
        except ValueError:
            raise campaign_words.NotWhole("发送时间请写成 2026-12-05 14:00。") from None
    return Written(
        title=filled["title"],
        way=CampaignWay(filled["way"]),
        audience=await _audience(session, filled),
        text=filled["text"],
        article=filled["article"],
        send_at=send_at,
        template=filled["template"],
        articles=[filled[place] for place in PLACES],
        fields={
            name.partition(":")[2]: words
            for name, words in filled.items()
            if filled["template"] and name.startswith(f"{filled['template']}:")
        },
    )


async def _audience(session: AsyncSession, filled: dict[str, str]) -> Audience | None:
    asked: dict[str, Any] = {}
    said = filled["tags"].replace("，", "、").replace(",", "、").split("、")
    if tags := [each.strip() for each in said if each.strip()]:
        asked["tag"] = [each[:30] for each in tags[:20]]
    if filled["whom"] == MEMBERS:
        asked["member"] = True
    elif filled["whom"].startswith(OF):
        held = {each.public_id: each for each in await branches.list_all(session)}
        branch = held.get(filled["whom"].removeprefix(OF))
        if branch is None:
            raise campaign_words.NotWhole("没有这个组织，请重新选发给谁。")
        asked["branch"] = [branch.lineage]
    return Audience.model_validate(asked) if asked else None


def _whom(audience: Audience | None, held: Sequence[Branch]) -> str:
    if audience is None:
        return ""
    if audience.branch:
        return next((f"{OF}{each.public_id}" for each in held if each.lineage in audience.branch), "")
    return MEMBERS if audience.member else ""


async def _form(
    desk: Desk,
    shell: Shell,
    now: datetime,
    row: Campaign | None,
    filled: dict[str, str],
    error: DomainError | None = None,
) -> HTMLResponse:
    async with desk.reading() as session:
        shown = await articles.list_published(session, now, LISTED)
        values: dict[str, Any] = {
            "campaign": row,
            "filled": filled,
            "branches": await branches.list_all(session),
            "articles": shown,
            "own": await _own(session, shown, [filled[place] for place in PLACES if filled[place]]),
            "places": PLACES,
            "left": await campaigns.left_this_month(session, now),
            "longest": campaign_words.TEXT,
            "way_out": campaign_words.WAY_OUT,
            "templates": await campaign_templates.list_all(session),
            "agreed": await campaign_templates.count_agreed(session),
            "labels": campaign_words.labelled,
            "rules": campaign_words.FIELD_RULES,
        }
    if error is not None:
        return shell.refused("campaign_form.html", error, **values)
    return shell.page("campaign_form.html", **values)


async def _own(session: AsyncSession, shown: Sequence[Article], chosen: Sequence[str]) -> dict[str, str]:
    """Titles of ours by public id; one that was chosen stays to be seen when it is shown no more."""
    own = {each.public_id: each.title for each in shown if each.address is None}
    for key in chosen:
        if key not in own:
            with suppress(NotFound):
                own[key] = f"{(await articles.get(session, key)).title}（现在不能发）"
    return own


async def _page(public_id: str, desk: Desk, shell: Shell, now: datetime, **values: Any) -> HTMLResponse:
    async with desk.reading() as session:
        row = await campaigns.get(session, public_id)
        article, audience = await campaign_words.article_of(session, row, now), campaigns.audience_of(row)
        counts = await campaign_rows.counts(session, row.id)
        values |= {
            "reasons": await campaign_rows.reasons(session, row.id),
            "orders": await mass_orders.list_all(session, row),
            "placed": await campaign_articles.list_of(session, row),
            "told": await campaign_figures.by_article(session, row),
            "turned": await campaign_articles.turned(session, row, now) if row.state in SEALED else {},
            "moves": await campaigns.list_moves(session, row),
            "meant": await audience_rows.count(session, audience, civil_date(now)),
            "left": await campaigns.left_this_month(session, now),
            "agreed": (await campaign_templates.count_agreed(session)).get(row.template_id or "", 0),
        }
    return shell.page(
        "campaign.html",
        campaign=row,
        words=campaign_words.words_of(row, article),
        article=article,
        whom=str(audience) if audience is not None else "全部关注者",
        when=campaigns.when(row, now),
        counts=[(label, counts[state]) for state, label in STATES.items() if counts.get(state)],
        everybody=sum(counts.values()),
        why=REASONS,
        labels=STATES,
        is_mine=desk.standing.staff_id in campaigns.writers(row),
        **values,
    )
