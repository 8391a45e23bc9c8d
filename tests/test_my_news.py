"""工会消息: a member agrees on a page of his, and the union's next notice reaches him there."""

from app.cli import templates
from app.jobs.notice_templates import told_by
from app.services import notices
from models import DeliveryState
from tests import test_campaigns
from tests.both_ends import Ends
from tests.portal_member import member
from tests.test_campaign_notices import CARRIER, told, written
from tests.test_campaigns import approved, campaigner, stands
from tests.test_notice_consents import FIELDS

opened, ends = test_campaigns.opened, test_campaigns.ends


async def test_who_agrees_on_his_page_is_told(ends: Ends) -> None:
    li = await member(ends, "李建国")
    assert "工会消息" not in await li.reads("/me") and "还不能订阅" in await li.reads("/me/news")

    found = await told_by(ends.house.wechat)
    number = next(each.template_id for each in found if each.title == CARRIER and each.kind.is_subscribed)
    mapped = [each.replace("活动", "事由") for each in FIELDS]
    await templates.used(ends.house, notices.NEWS, number, mapped, "张伟")
    assert ">微信通知<" in await li.reads("/me")
    page = await li.reads("/me/news")
    assert f'template="{number}"' in page and "subscribe.js" in page and 'data-to="/me/news/agreed"' in page

    await li.phone.accepts(CARRIER)
    assert "还能收 1 条" in await li.reads("/me") and f"「{CARRIER}」还能收 1 条" in await li.reads(
        "/me/news"
    )
    campaign = await approved(ends, await written(ends))
    await campaigner(ends).run()

    assert (await stands(ends, campaign))[1] == {DeliveryState.DELIVERED: 1}
    assert await told({"李建国": li.phone}) == {"李建国": 1}
    assert ">微信通知<" in await li.reads("/me"), "the yes is used up: he may agree again"
