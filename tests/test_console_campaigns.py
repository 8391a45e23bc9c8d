"""群发 in the console: written with a preview, approved by somebody else, looked at while it goes."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import campaign_words, campaigns
from models import Campaign, CampaignState, CampaignWay, Follower, Outbox, Role, Staff
from sandbox.driver import Phone
from tests import test_campaign_notices, test_campaigns
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, at_work
from tests.test_campaign_articles import BIG, SMALL, cards, drafts, goes_on, published
from tests.test_campaigns import NEWS, campaigner, crowd, got

opened, ends = test_campaigns.opened, test_campaigns.ends
FORM = {
    "title": "周五讲座",
    "text": NEWS,
    "way": "message",
    "whom": "",
    "tags": "",
    "article": "",
    "send_at": "",
}


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    return await at_work(ends, "赵敏", Role.EDITOR)


@pytest.fixture
async def wang(ends: Ends) -> Worker:
    return await at_work(ends, "王芳", Role.APPROVER)


async def newest(ends: Ends) -> Campaign:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(Campaign).order_by(Campaign.id.desc()).limit(1))).one()


async def wrote(ends: Ends, zhao: Worker, **given: Any) -> str:
    """A draft; the path of its page."""
    await zhao.does("/campaigns/new", **FORM | given)
    return f"/campaigns/{(await newest(ends)).public_id}"


async def decided(ends: Ends, who: Worker, at: str, act: str, **given: Any) -> str:
    assert f'action="/console{at}/{act}"' in await who.reads(at), "there is a button for it"
    return await who.does(f"{at}/{act}", version=(await newest(ends)).version, **given)


async def test_one_writes_another_approves_and_both_see_how_it_went(
    ends: Ends, zhao: Worker, wang: Worker
) -> None:
    phones = await crowd(ends, "李建国", "王强")
    at = await wrote(ends, zhao)
    page = await zhao.reads(at)
    assert NEWS in page and campaign_words.WAY_OUT in page and "全部关注者，现在 2 人" in page
    assert "交去审批" in page and ">通过<" not in page

    assert "已交去审批" in await decided(ends, zhao, at, "submit")
    assert re.search(r"<b[^>]*>1.*?</b><span>群发等您审批", await wang.reads(""))
    assert (await zhao.sends(f"{at}/approve", version=(await newest(ends)).version)).status_code == 403
    assert "已通过" in await decided(ends, wang, at, "approve")
    await campaigner(ends).run()

    page = await zhao.reads(at)
    assert re.search(r"送到了</dt>\s*<dd>2 人", page) and "已完成" in page
    assert await got(phones) == {"李建国": 1, "王强": 1}
    assert [act.act for act in await acts_of(ends) if act.act.startswith("campaigns")] == [
        "campaigns.save",
        "campaigns.submit",
        "campaigns.approve",
    ]
    assert "周五讲座" in await wang.reads("/campaigns?state=finished")
    assert "没有草稿的" in await wang.reads("/campaigns?state=draft")


async def test_what_was_approved_is_what_was_looked_at(ends: Ends, zhao: Worker, wang: Worker) -> None:
    await crowd(ends, "李建国")
    at = await wrote(ends, zhao)
    await decided(ends, zhao, at, "submit")
    version = (await newest(ends)).version
    await decided(ends, wang, at, "send-back", reason="写明地点")
    assert "退回的原因：写明地点" in await zhao.reads(at)

    form = await zhao.reads(f"{at}/edit")
    assert NEWS in form
    changed = FORM | {"text": "改过的<b>正文</b>", "version": (await newest(ends)).version}
    assert "改过的&lt;b&gt;正文" in await zhao.does(f"{at}/edit", **changed)
    await decided(ends, zhao, at, "submit")

    late = await wang.sends(f"{at}/approve", version=version)
    assert late.status_code == 409 and "有人动过这条群发" in late.text
    assert (await newest(ends)).state is CampaignState.PENDING_APPROVAL


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title": ""}, "请写名称"),
        ({"way": "pigeon"}, "请选怎么发"),
        ({"whom": "branch:zzzzzzzzzzzzzzzz"}, "没有这个组织"),
        ({"send_at": "明天"}, "发送时间请写成"),
        ({"article": "zzzzzzzzzzzzzzzz"}, "没有找到这篇文章"),
        ({"way": "mass", "text": "长" * 290}, "群发消息最多 300 个"),
    ],
)
async def test_what_does_not_do_is_said_and_nothing_typed_is_lost(
    ends: Ends, zhao: Worker, given: dict[str, str], said: str
) -> None:
    answer = await zhao.sends("/campaigns/new", **FORM | given)

    assert answer.status_code in (404, 422) and said in answer.text
    if answer.status_code == 422:
        assert (given.get("text") or NEWS) in answer.text
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(Campaign.id))).all() == []


async def test_it_can_be_tried_on_ones_own_phone(ends: Ends, zhao: Worker) -> None:
    at = await wrote(ends, zhao, way="mass", tags="女职工、班组长")
    row = await newest(ends)
    assert row.way is CampaignWay.MASS and row.audience == {"tag": ["女职工", "班组长"]}
    assert "还没有关联微信" in (await zhao.sends(f"{at}/test")).text

    phone: Phone = (await crowd(ends, "赵敏"))["赵敏"]
    async with ends.house.database.transaction() as session:
        person = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == phone.openid))
        await session.execute(sa.update(Staff).where(Staff.login == zhao.login).values(person_id=person))
    for _ in range(2):
        assert "正在发到您的微信" in await zhao.does(f"{at}/test")
    await ends.house.rounds.once()
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).where(Outbox.kind == campaigns.TEST)) == 1
    assert await got({"赵敏": phone}) == {"赵敏": 1}


async def test_articles_are_chosen_in_their_order_seen_on_ones_phone_and_led_to_when_they_are_out(
    ends: Ends, zhao: Worker, wang: Worker
) -> None:
    big, small = await published(ends), await published(ends, SMALL)
    form = await zhao.reads(f"/campaigns/new?article={small}")
    assert "几篇一起只算 1 次" in form and "每人每月最多 4 条，本月按记录还剩 4 次" in form
    refused = await zhao.sends("/campaigns/new", **FORM | {"way": "article", "article2": small})
    assert refused.status_code == 422 and "请选头条文章" in refused.text
    refused = await zhao.sends(
        "/campaigns/new", **FORM | {"way": "article", "article1": big, "article3": big}
    )
    assert refused.status_code == 422 and "同一篇文章选了两次" in refused.text
    assert refused.text.count(f'<option value="{big}" selected>') == 2, "what was chosen stays"

    at = await wrote(ends, zhao, way="article", article1=big, article2=small)
    edit = await zhao.reads(f"{at}/edit")
    assert edit.index(f'value="{big}" selected') < edit.index(f'value="{small}" selected')
    phones = await crowd(ends, "赵敏", "王强")
    async with ends.house.database.transaction() as session:
        hers = sa.select(Follower.person_id).where(Follower.openid == phones["赵敏"].openid)
        of_staff = sa.update(Staff).where(Staff.login == zhao.login)
        await session.execute(of_staff.values(person_id=hers.scalar_subquery()))
    for _ in range(2):  # the second takes the place of the first
        await zhao.does(f"{at}/test")
        await ends.house.rounds.once()
    assert await cards(phones) == {"赵敏": [f"{BIG}\n{SMALL}"] * 2, "王强": []}
    assert await drafts(ends) == 1 and "图文已发到您的微信" in await zhao.reads("/jobs")

    await decided(ends, zhao, at, "submit")
    await published(ends, text="改了日期。", key=big)
    assert "交去审批以后改过" in await wang.reads(at)
    late = await wang.sends(f"{at}/approve", version=(await newest(ends)).version)
    assert late.status_code == 409 and "请退回" in late.text
    await published(ends, key=big)
    await decided(ends, wang, at, "approve")
    await campaigner(ends).run()
    await goes_on(ends)

    page = await zhao.reads(at)
    assert "已完成" in page and page.count('data-test="at-wechat"') == 2 and "现在不能发" not in page
    assert page.index(f"/news/{big}") < page.index(f"/news/{small}")
    assert await drafts(ends) == 0, "what was shown on her phone is cleared away, too"


async def test_who_refuses_in_the_chat_gets_none_until_he_wants_it_again(
    ends: Ends, zhao: Worker, wang: Worker
) -> None:
    phones = await crowd(ends, "李建国", "王强")
    assert "已退订" in (await phones["李建国"].says("退订")).text
    at = await wrote(ends, zhao)
    await decided(ends, zhao, at, "submit")
    await decided(ends, wang, at, "approve")
    await campaigner(ends).run()
    assert await got(phones) == {"李建国": 0, "王强": 1}
    assert "没有发给：退订了，或者暂不打扰，1 人" in await zhao.reads(at)

    assert "会再发给您" in (await phones["李建国"].says("恢复接收")).text
    at = await wrote(ends, zhao)
    await decided(ends, zhao, at, "submit")
    await decided(ends, wang, at, "approve")
    await campaigner(ends).run()
    assert await got(phones) == {"李建国": 1, "王强": 2}


async def test_a_notice_is_filled_in_field_by_field_and_says_how_many_agreed(
    ends: Ends, zhao: Worker, wang: Worker
) -> None:
    assert "没有可以用来群发的模板" in await zhao.reads("/campaigns/new")
    template = await test_campaign_notices.known(ends)
    phones = await test_campaign_notices.agreed(ends, "李建国", "王强")
    await crowd(ends, "陈静")
    form = await zhao.reads("/campaigns/new")
    assert "活动开始提醒：订阅通知（一次一条），现在有 2 人可以收" in form and f"{template}:thing1" in form
    said = await test_campaign_notices.written(ends)
    fields = {f"{template}:{name}": words for name, words in said.fields.items()}

    given = FORM | fields | {"way": "notice", "text": "", "template": template}
    refused = await zhao.sends("/campaigns/new", **given | {f"{template}:thing1": "长" * 21})
    assert refused.status_code == 422 and "微信不收：这一项最多 20 个字" in refused.text
    assert f'value="{fields[f"{template}:time2"]}"' in refused.text, "what was filled in stays"

    at = await wrote(ends, zhao, **given)
    page = await zhao.reads(at)
    assert "健康讲座" in page and "同意过、现在可以收的有 2 人" in page and "点开没有页面" in page
    assert f'value="{fields[f"{template}:thing1"]}"' in await zhao.reads(f"{at}/edit")
    await decided(ends, zhao, at, "submit")
    await decided(ends, wang, at, "approve")
    await campaigner(ends).run()

    assert "没有同意收这种通知，或者同意的次数用完了，1 人" in await wang.reads(at)
    assert await test_campaign_notices.told(phones) == {"李建国": 1, "王强": 1}
