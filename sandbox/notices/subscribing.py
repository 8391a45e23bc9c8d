"""What a person does about subscription notices: answers a popup, and changes the settings."""

from collections.abc import Mapping, Sequence

from sandbox import people
from sandbox.actions import Result
from sandbox.errors import NotPossible
from sandbox.notices import apps as notice_apps
from sandbox.notices import events, restrictions, subscriptions, templates
from sandbox.notices.library import LONG_TERM
from sandbox.notices.templates import SUBSCRIBE
from sandbox.store import Row
from sandbox.world import World

AT_ONCE = 3  # templates in one popup


async def answer_popup(
    world: World,
    who: str,
    named: Sequence[str],
    wanted: Mapping[str, bool] | bool | None,
    *,
    always: bool,
    scene: int,
    wait: bool,
) -> Result:
    """The popup over these templates (ids or titles), answered for all or for each.

    Choices kept earlier are taken without asking; where nothing was asked there is no popup and no event.
    """
    person = people.get(world, who)
    if not 1 <= len(set(named)) <= AT_ONCE:
        raise NotPossible(f"一次弹窗只能有 1 至 {AT_ONCE} 个模板。", 400)
    asked_about = [find(world, one) for one in dict.fromkeys(named)]
    app_id = str(asked_about[0]["app_id"])
    if any(one["app_id"] != app_id for one in asked_about):
        raise NotPossible("一次弹窗里的模板应属于同一个账号。", 400)
    openid = notice_apps.openid_of(world, app_id, person)
    answers: dict[str, str] = {}
    told: dict[str, str] = {}
    for template in asked_about:
        choice = wanted if wanted is None or isinstance(wanted, bool) else _choice(wanted, template)
        status, asked = subscriptions.answer(world, app_id, openid, template, choice, always=always)
        answers[template["id"]] = status
        if asked:
            told[template["id"]] = status
    shown = {"answers": answers, "popup": bool(told)}
    if not told:
        return {**notice_apps.quiet("没有弹窗：选择早已保持，或模板被封禁"), **shown}
    push = events.popup_answered(openid, told, scene)
    return {**await notice_apps.push(world, app_id, push, wait=wait), **shown}


def _choice(wanted: Mapping[str, bool], template: Row) -> bool:
    """A popup's unticked lines are refused."""
    return bool(wanted.get(template["id"], wanted.get(template["title"], False)))


async def change_setting(world: World, who: str, named: str, *, receive: bool, wait: bool) -> Result:
    """The switch in the phone's settings. Only a refusal is told to the app."""
    person = people.get(world, who)
    template = find(world, named)
    app_id = str(template["app_id"])
    openid = notice_apps.openid_of(world, app_id, person)
    changed = subscriptions.switch(world, app_id, openid, template["id"], receive=receive)
    if receive or not changed:
        return notice_apps.quiet("只有拒收才推送事件" if receive else "早已拒收")
    push = events.switched_off(openid, template["id"])
    return await notice_apps.push(world, app_id, push, wait=wait)


def find(world: World, named: str) -> Row:
    """A subscription template by id or title, of whichever app has it."""
    for app_id in notice_apps.known(world):
        for row in templates.listed(world, app_id, SUBSCRIBE):
            if named in (row["id"], row["title"]):
                return row
    raise NotPossible(f"没有「{named}」这个订阅通知模板。", 404)


def overview(world: World, who: str) -> list[Row]:
    """Every subscription template, and how this person stands to it."""
    person = people.get(world, who)
    return [
        {
            "app_id": app_id,
            "from": notice_apps.name_of(world, app_id),
            "id": row["id"],
            "title": row["title"],
            "example": row["example"],
            "long_term": row["type"] == LONG_TERM,
            "banned": restrictions.is_banned(world, app_id, row["id"]),
            **subscriptions.of(world, app_id, notice_apps.openid_of(world, app_id, person), row["id"]),
        }
        for app_id in notice_apps.known(world)
        for row in templates.listed(world, app_id, SUBSCRIBE)
    ]
