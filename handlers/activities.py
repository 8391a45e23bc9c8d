"""Activities by chat: what is on, signing up, one's own sign-ups, and taking a seat that became free."""

from typing import Any

from app.clock import spoken
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import (
    activities,
    eligibility,
    interests,
    lots,
    map_places,
    notice_consents,
    quotas,
    series_rows,
    sign_up_help,
    sign_ups,
    sittings,
    waiting_lists,
)
from app.services.addresses import page
from app.services.audiences import Facts
from app.services.interests import Noticed
from app.services.parties import Party
from app.services.sign_up_notices import when_and_where
from app.services.sign_up_questions import Question, QuestionKind, questions_of
from app.services.sign_ups import Applicant
from app.wechat.replies import Article, News, Reply, Text, fit
from handlers import albums, lines, parties
from handlers.sign_up_helping import colleagues_lines, for_colleagues, for_teams
from handlers.sign_up_standing import standing
from models import LIVE, Activity, SignUpState

router = Router("activities")

LISTED = 8
DATES = 5  # of a series, below one of them
CARDS = lines.go("看图文", "activities.cards")
ASKING_TEXT = 200  # characters of an answer in words


@router.on("activities.list", title="近期活动")
async def list_activities(chat: Chat) -> Reply:
    found = await activities.list_ahead(chat.session, chat.at, LISTED, once=True)
    if not found:
        return Text(f"近期没有活动，有新活动会发在这里。\n{lines.MY_SIGN_UPS}")
    dates = await series_rows.count_ahead(chat.session, [each.series for each in found], chat.at)
    rows = [row(each, chat, dates.get(each.series, 1) - 1) for each in found]
    cards = [CARDS] if page("/activities") else []
    return Text(fit("\n".join(["近期活动，点名称看详情：", *rows, *cards, lines.MY_SIGN_UPS])))


@router.on("activities.cards", title="活动图文")
async def list_cards(chat: Chat) -> Reply:
    """The next ones as a card that opens their pages: eight for a button, to a text WeChat shows one."""
    found = await activities.list_ahead(chat.session, chat.at, LISTED, once=True)
    if not found or not page("/activities"):
        return await list_activities(chat)
    return News(
        tuple(
            Article(
                title=f"{each.title}（{each.state.label}）",
                description=when_and_where(each, chat.at),
                picture=page(f"/activities/{each.public_id}/cover?of={each.cover}") if each.cover else "",
                url=page(f"/activities/{each.public_id}"),
            )
            for each in found
        )
    )


@router.on("activities.mine", title="我的报名")
async def mine(chat: Chat) -> Reply:
    found = await sign_ups.list_own(chat.session, chat.person.person_id, chat.at, LISTED)
    helped = await colleagues_lines(chat)
    if not found:
        return Text(fit("\n".join([f"还没有报名。看看{lines.ACTIVITIES}", *helped])))
    rows = [
        f"{lines.go(each.activity.title, 'activities.show', activity=each.activity.public_id)} "
        f"{each.state.label}（{sittings.when(each.activity, chat.at)}）"
        for each in found
    ]
    return Text(fit("\n".join(["您的报名，点名称可以看详情、取消：", *rows, *helped, lines.ACTIVITIES])))


@router.flow("activities.cancel", title="取消报名", version=1, args=("activity",))
async def cancel(chat: Chat) -> Reply:
    """Who did not sign up himself need not confirm that he does not want it."""
    activity = await activities.get(chat.session, chat.args.get("activity", ""))
    own = await sign_ups.find_own(chat.session, activity.id, chat.person.person_id)
    if own is None or own.state not in LIVE or not await sign_up_help.is_open(chat.session, own):
        await chat.confirm("ok", f"确认取消「{activity.title}」的报名吗？取消后名额会让给候补的人。")
    await sign_ups.cancel(chat.session, activity.id, applicant(chat), now=chat.at)
    return Text(f"「{activity.title}」的报名已取消。想再参加可以重新报名。\n{lines.ACTIVITIES}")


@router.on("activities.accept", title="接受候补名额", args=("activity",))
async def accept(chat: Chat) -> Reply:
    activity, several = await _offered(chat, "activities.accept")
    if activity is None:
        return several
    entry = await sign_ups.accept(chat.session, activity.id, applicant(chat), now=chat.at)
    return Text("\n".join(standing(activity, entry, chat)))


@router.on("activities.decline", title="放弃候补名额", args=("activity",))
async def decline(chat: Chat) -> Reply:
    activity, several = await _offered(chat, "activities.decline")
    if activity is None:
        return several
    await sign_ups.decline(chat.session, activity.id, applicant(chat), now=chat.at)
    return Text(f"好的，「{activity.title}」的名额让给下一位了。\n{lines.ACTIVITIES}")


def make_router(noticed: Noticed) -> Router:
    """Opening an activity and signing up for one: `noticed` counts both, where the person wants it."""
    router = Router("activities")

    @router.on("activities.show", title="看一个活动", args=("activity",))
    async def show(chat: Chat) -> Reply:
        activity = await activities.get(chat.session, chat.args.get("activity", ""))
        chat.once_stored(lambda: noticed.note(chat.person.person_id, interests.ACTIVITIES, chat.at))
        return await show_one(chat, activity)

    @router.flow("activities.sign_up", title="活动报名", version=1, args=("activity",))
    async def sign_up(chat: Chat) -> Reply:
        activity = await _chosen(chat)
        if activity is None:
            return Text(f"近期没有可报名的活动，有新活动会发在这里。\n{lines.MY_SIGN_UPS}")
        reply = await _sign_up(chat, activity)
        chat.once_stored(lambda: noticed.note(chat.person.person_id, interests.ACTIVITIES, chat.at))
        return reply

    return router


async def show_one(chat: Chat, activity: Activity, opening: str = "") -> Reply:
    """What, when, where, whether there are seats; and what one can do about it."""
    own = await sign_ups.find_own(chat.session, activity.id, chat.person.person_id)
    words = [
        f"{opening}「{activity.title}」{activity.state.label}",
        *([activity.summary] if activity.summary else []),
        f"时间：{sittings.when(activity, chat.at)}",
        *([f"地点：{activity.place}"] if activity.place else []),
        *_on_map(activity),
        *([f"组织：{activity.organiser}"] if activity.organiser else []),
        *(f"{heading}：{rule}" for heading, rule in eligibility.conditions(activity)),
    ]
    pictures = [*await for_teams(activity, own, chat), *await albums.lines_of(chat, activity)]
    if activity.takes_sign_ups(chat.at):
        words.append(f"报名截止：{spoken(activity.closes_at, chat.at)}，{await _seats(chat, activity)}")
    if own is not None and own.state in LIVE:
        may_ask = await notice_consents.may_ask(chat.session)
        stands = standing(activity, own, chat, may_ask=may_ask)
        return Text(fit("\n".join([*words, *pictures, *stands, *for_colleagues(activity, chat)])))
    if activity.takes_sign_ups(chat.at):
        refused, behind = await sign_ups.outlook(chat.session, activity, applicant(chat), chat.at)
        way_in = lines.go("我要报名", "activities.sign_up", activity=activity.public_id)
        words += [refused] if refused else [*([behind] if behind else []), way_in]
        words += for_colleagues(activity, chat)
    elif chat.at < activity.opens_at:
        words.append(f"{spoken(activity.opens_at, chat.at)}开始报名。")
    return Text(fit("\n".join([*words, *pictures, *await _others(chat, activity), lines.ACTIVITIES])))


def _on_map(activity: Activity) -> list[str]:
    """Where it is, as a line that opens its page at the map; of a passive reply no location can be made."""
    place, address = map_places.load(activity.map_place), page(f"/activities/{activity.public_id}#map")
    if place is None:
        return []
    return [f'地图：{place.words} <a href="{address}">看怎么走</a>' if address else f"地图：{place.words}"]


async def _others(chat: Chat, activity: Activity) -> list[str]:
    """The next dates of its series, each opens."""
    found = await series_rows.list_ahead(chat.session, activity, chat.at)
    if not found:
        return []
    rows = []
    for each in found[:DATES]:
        day = lines.go(spoken(each.starts_at, chat.at), "activities.show", activity=each.public_id)
        rows.append(f"{day} {each.state.label}")
    return [f"本系列还有 {len(found)} 场：", *rows]


async def _sign_up(chat: Chat, activity: Activity) -> Reply:
    """Say who comes along, answer what is asked, confirm; the only write comes last."""
    who = applicant(chat)
    own = await sign_ups.find_own(chat.session, activity.id, who.person_id)
    if own is not None and own.state in LIVE:
        may_ask = await notice_consents.may_ask(chat.session)
        return Text("\n".join(["您已经报过名了。", *standing(activity, own, chat, may_ask=may_ask)]))
    behind = await sign_ups.check(chat.session, activity, who, chat.at)
    seats = 1 + (await guests(chat, activity) if activity.guests else 0)
    along = await parties.party(chat, activity, seats - 1)
    given = await asked(chat, activity)
    accepted = await parties.safety(chat, activity)
    is_full = (
        not behind
        and not lots.is_open(activity)
        and seats > await waiting_lists.seats_left(chat.session, activity, chat.at, chat.person.membership)
    )
    # Not at the last step: others wait for this activity then, and a crowd waits for each question more.
    may_ask = await chat.remember_found("may_ask", lambda: notice_consents.may_ask(chat.session))
    await chat.confirm("ok", _summary(activity, seats, along, given, chat, is_full=is_full, behind=behind))

    entry = await sign_ups.sign_up(
        chat.session,
        activity.id,
        who,
        seats=seats,
        answers={question.key: value for question, value in given},
        party=along,
        accepted=accepted,
        now=chat.at,
    )
    return Text("\n".join(standing(activity, entry, chat, may_ask=may_ask)))


# --- parts of the conversations ----------------------------------------------------------------------------


async def _chosen(chat: Chat) -> Activity | None:
    if chat.args.get("activity"):
        return await activities.get(chat.session, chat.args["activity"])
    ahead = await activities.list_ahead(chat.session, chat.at, LISTED, once=True)
    open_now = {each.id: each for each in ahead if each.takes_sign_ups(chat.at)}
    if not open_now:
        return None
    titles = {number: f"{each.title}（{sittings.when(each, chat.at)}）" for number, each in open_now.items()}
    return await _date(chat, open_now[await chat.choose("activity", "请选择活动：", titles)])


async def _date(chat: Chat, activity: Activity) -> Activity:
    """Which date of its series; asked only where several take sign-ups."""
    dates = [activity, *await series_rows.list_ahead(chat.session, activity, chat.at)]
    open_now = {each.id: each for each in dates if each.takes_sign_ups(chat.at)}
    if len(open_now) < 2:
        return activity
    said = {number: when_and_where(each, chat.at) for number, each in list(open_now.items())[:LISTED]}
    return open_now[await chat.choose("date", f"「{activity.title}」有几场，参加哪一场？", said)]


async def guests(chat: Chat, activity: Activity) -> int:
    options = {0: "就我自己"} | {number: f"带 {number} 位" for number in range(1, activity.guests + 1)}
    return await chat.choose("guests", "带同伴一起去吗？", options)


async def asked(chat: Chat, activity: Activity) -> list[tuple[Question, Any]]:
    with chat.within("asked"):
        return [(question, await _answer(chat, question)) for question in questions_of(activity)]


async def _answer(chat: Chat, question: Question) -> Any:
    if question.kind is QuestionKind.CHOICE:
        return await chat.choose(
            question.key, question.prompt, {option: option for option in question.options}
        )
    parser = answers.phone if question.kind is QuestionKind.PHONE else answers.Words(at_most=ASKING_TEXT)
    if question.required:
        return await chat.ask(question.key, question.prompt, parser)
    prompt = f"{question.prompt}（不填请回复「跳过」）"
    return await chat.ask(question.key, prompt, answers.optional(parser))


async def _offered(chat: Chat, handler: str) -> tuple[Activity | None, Reply]:
    """The activity whose offer is meant; else what to say."""
    if chat.args.get("activity"):
        return await activities.get(chat.session, chat.args["activity"]), Text("")
    own = await sign_ups.list_own(chat.session, chat.person.person_id, chat.at, LISTED)
    offered = [each.activity for each in own if each.state is SignUpState.OFFERED]
    if len(offered) == 1:
        return offered[0], Text("")
    if not offered:
        return None, Text(f"现在没有给您留的候补名额。\n{lines.MY_SIGN_UPS}")
    rows = [lines.go(each.title, handler, activity=each.public_id) for each in offered]
    return None, Text("\n".join(["是哪一个活动？", *rows]))


def applicant(chat: Chat) -> Applicant:
    who = chat.person
    return Applicant(who.person_id, Facts(who.tags, who.membership, who.areas), "chat")


def row(activity: Activity, chat: Chat, more: int = 0) -> str:
    """`more`: how many other dates its series has."""
    line = lines.go(activity.title, "activities.show", activity=activity.public_id)
    others = f"，还有 {more} 场" if more else ""
    return f"{line} {activity.state.label}（{sittings.when(activity, chat.at)}{others}）"


async def _seats(chat: Chat, activity: Activity) -> str:
    if activity.capacity is None:
        return "名额不限"
    if lots.is_open(activity):
        return f"{activity.capacity} 个名额，截止后抽签"
    return quotas.words(await waiting_lists.free(chat.session, activity, chat.at), chat.person.membership)


def _summary(
    activity: Activity,
    seats: int,
    along: Party,
    given: list[tuple[Question, Any]],
    chat: Chat,
    *,
    is_full: bool,
    behind: str,
) -> str:
    facts = [f"活动：{activity.title}", f"时间：{when_and_where(activity, chat.at)}"]
    facts += said(activity, seats, along, given)
    last = "名额已满，确认后进入候补，有空位会通知您。确认候补吗？" if is_full else "确认报名吗？"
    if behind:
        last = f"{behind}报名截止后还有名额，会问您。{last}"
    if lots.is_open(activity):
        last = f"截止后抽签，早报晚报都一样。{last}"
    return "\n".join([*facts, last])


def said(activity: Activity, seats: int, along: Party, given: list[tuple[Question, Any]]) -> list[str]:
    """What was answered, a line each."""
    facts = [f"人数：{seats}"] if activity.guests else []
    facts += [f"同伴：{'、'.join(map(str, along.guests))}"] if along.guests else []
    return facts + [f"{question.prompt.rstrip('？?：:')}：{value or '不填'}" for question, value in given]
