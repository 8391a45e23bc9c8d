"""The client against a sandbox whose answers are lost: what is asked again, what is left in doubt."""

from collections.abc import AsyncIterator

import pytest

from app.wechat.api.media import MediaKind
from app.wechat.errors import OutcomeUnknown, TryLater
from tests.client_in_sandbox import PNG, Joined, joined, nobody_answers

SEND = "/cgi-bin/message/custom/send"
TEMPLATE, BUSINESS = "/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/bizsend"
WALK = {"thing1": "秋季健步走", "time2": "2026年11月28日 09:00", "thing3": "职工活动中心"}
PLACES = pytest.mark.parametrize("at", ["body", "headers"])


@pytest.fixture
async def ends() -> AsyncIterator[Joined]:
    async with joined() as ends:
        yield ends


@PLACES
@pytest.mark.parametrize("after", [True, False])
async def test_a_message_whose_answer_was_lost_is_never_sent_twice(
    ends: Joined, at: str, after: bool
) -> None:
    li = await ends.platform.follower("李建国")
    await ends.platform.misbehaves(drop_next={"path": SEND, "after": after, "at": at})

    with nobody_answers(OutcomeUnknown):
        await ends.says(li.openid)

    came = [one for one in await li.reads() if one["direction"] == "in"]
    assert len(came) == after
    assert len(await ends.made(SEND)) == 1


async def test_a_template_notice_may_be_sent_again_under_its_key(ends: Joined) -> None:
    li = await ends.platform.follower("李建国")
    template = next(one for one in await ends.account.templates.list() if one.title == "活动开始提醒")
    await ends.platform.misbehaves(drop_next=TEMPLATE)

    with nobody_answers(OutcomeUnknown):
        await ends.account.templates.send(li.openid, template.template_id, WALK, client_msg_id="d-1")
    again = await ends.account.templates.send(li.openid, template.template_id, WALK, client_msg_id="d-1")
    await ends.world.settle()

    assert again > 0
    assert len([one for one in await li.reads() if one["type"] == "template"]) == 1


async def test_a_subscription_notice_under_its_key_uses_up_one_consent(ends: Joined) -> None:
    li = await ends.platform.follower("李建国")
    template = next(one for one in await ends.account.notice_templates.list() if one.title == "活动开始提醒")
    await li.accepts(template.template_id)
    await ends.platform.misbehaves(drop_next=BUSINESS)

    with nobody_answers(OutcomeUnknown):
        await ends.account.notices.send(li.openid, template.template_id, WALK, client_msg_id="d-1")
    await ends.account.notices.send(li.openid, template.template_id, WALK, client_msg_id="d-1")
    await ends.world.settle()

    assert await ends.made(BUSINESS) == [0, 0]
    (stands,) = [one for one in (await li.notices())["templates"] if one["id"] == template.template_id]
    assert stands["left"] == 0


@PLACES
async def test_what_is_safe_is_asked_again_and_done_once(ends: Joined, at: str) -> None:
    li = await ends.platform.follower("李建国")
    drop = {"after": True, "at": at}
    await ends.platform.misbehaves(drop_next={"path": "/cgi-bin/tags/create", **drop})
    tag = await ends.account.tags.create("职工")
    await ends.platform.misbehaves(drop_next={"path": "/cgi-bin/tags/members/batchtagging", **drop})
    await ends.account.tags.tag(tag.id, [li.openid])
    await ends.platform.misbehaves(drop_next={"path": "/cgi-bin/user/info", **drop})
    told = await ends.account.users.get(li.openid)
    await ends.platform.misbehaves(drop_next={"path": "/cgi-bin/tags/delete", **drop})
    await ends.account.tags.delete(tag.id)

    assert told.tag_ids == (tag.id,)
    assert [one.name for one in await ends.account.tags.list()] == ["星标组"]
    assert await ends.made("/cgi-bin/tags/create") == [0, 45157]
    assert await ends.made("/cgi-bin/tags/delete") == [0, 45159]


async def test_a_file_cut_short_is_fetched_again(ends: Joined) -> None:
    media_id = (await ends.account.media.upload_temporary(MediaKind.IMAGE, "a.png", PNG)).media_id
    await ends.platform.misbehaves(drop_next="/cgi-bin/media/get")

    assert (await ends.account.media.get(media_id)).content == PNG


async def test_what_is_counted_or_used_up_is_left_in_doubt(ends: Joined) -> None:
    li = await ends.platform.person("李建国")
    code = await li.logs_in()
    await ends.platform.misbehaves(drop_next="*")
    with nobody_answers(OutcomeUnknown):
        await ends.mini.logins.by_code(code)
    await ends.platform.misbehaves(drop_next="/cgi-bin/material/add_material")
    with nobody_answers(OutcomeUnknown):
        await ends.account.media.upload_permanent(MediaKind.IMAGE, "a.png", PNG)

    assert (await ends.account.media.count_permanent()).images == 1


async def test_a_safe_call_lost_twice_may_be_made_later(ends: Joined) -> None:
    await ends.platform.misbehaves(drop_next={"path": "/cgi-bin/tags/get", "times": 2})

    with nobody_answers(TryLater):
        await ends.account.tags.list()
    assert await ends.made("/cgi-bin/tags/get") == [0, 0]


async def test_a_lost_token_answer_is_asked_for_again(ends: Joined) -> None:
    await ends.platform.misbehaves(drop_next="/cgi-bin/stable_token")

    await ends.account.tags.list()
    assert await ends.made("/cgi-bin/tags/get") == [0]
