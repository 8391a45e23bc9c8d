"""The client against the sandbox: template and subscription notices, their templates, and media."""

from collections.abc import AsyncIterator

import pytest

from app.wechat.api.library import LibraryCount, LibraryKind, LibraryVideo
from app.wechat.api.media import MediaFile, MediaKind
from app.wechat.api.notice_templates import Consent
from app.wechat.api.templates import MiniProgram, Trade
from app.wechat.errors import (
    AlreadyDone,
    ContentRefused,
    MediaGone,
    NotAllowed,
    NotSubscribed,
    OurMistake,
    PersonGone,
    QuotaUsedUp,
    TooLarge,
)
from sandbox.notices import one_off
from tests.client_in_sandbox import AMR, JPG, MP4, PNG, Joined, joined, refused
from tests.miniprogram_sandbox import MINI

WALK = {"thing1": "秋季健步走", "time2": "2026年11月28日 09:00", "thing3": "职工活动中心"}
TITLE = "活动开始提醒"
PAGE = "http://127.0.0.1:8000/portal/consents?a=b"


@pytest.fixture
async def ends() -> AsyncIterator[Joined]:
    async with joined() as ends:
        yield ends


async def template_of(ends: Joined) -> str:
    return next(one.template_id for one in await ends.account.templates.list() if one.title == TITLE)


async def test_a_template_notice_reaches_a_follower(ends: Joined) -> None:
    li, template = await ends.platform.follower("李建国"), await template_of(ends)
    mini = MiniProgram(MINI.app_id, "pages/a")

    msgid = await ends.account.templates.send(
        li.openid, template, WALK, client_msg_id="d-1", url="https://a.cn/", miniprogram=mini
    )
    await ends.world.settle()

    assert msgid > 0
    (came,) = [one for one in await li.reads() if one["type"] == "template"]
    assert "活动名称：秋季健步走" in came["text"]
    assert came["content"]["miniprogram"] == {"appid": MINI.app_id, "pagepath": "pages/a"}


async def test_why_a_template_notice_is_refused(ends: Joined) -> None:
    li, wu = await ends.platform.follower("李建国"), await ends.platform.follower("吴敏")
    stranger, template = await ends.platform.person("张伟"), await template_of(ends)
    await wu.leaves()
    send = ends.account.templates.send

    for openid, code in ((stranger.openid, 43004), (wu.openid, 50005), ("oNobody", 40003)):
        await refused(send(openid, template, WALK, client_msg_id="d"), PersonGone, code)
    await refused(send(li.openid, "nope", WALK, client_msg_id="d"), OurMistake, 40037)
    await refused(send(li.openid, template, {"thing1": "健步走"}, client_msg_id="d"), OurMistake, 47003)
    await refused(
        send(li.openid, template, WALK | {"thing1": "抽奖"}, client_msg_id="d"), ContentRefused, 40249
    )
    elsewhere = MiniProgram("wx1111111111111111", "pages/a")
    await refused(
        send(li.openid, template, WALK, client_msg_id="d", miniprogram=elsewhere), NotAllowed, 40013
    )
    await ends.platform.ask("POST", "templates/restrict", {"template": TITLE, "how": "banned"})
    await refused(send(li.openid, template, WALK, client_msg_id="d"), NotAllowed, 43116)
    await ends.platform.ask("POST", f"people/{li.openid}/refuses", {"value": True, "at_once": True})
    await refused(send(li.openid, template, WALK, client_msg_id="d"), PersonGone, 48002)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("thing", ["字" * 20, "字" * 21, "a\tb", ""]),
        ("number", ["1", "1.5", ".5", "9" * 32, "9" * 33, "9" * 31 + ".5", "1,000"]),
        ("letter", ["abc", "a b", "a" * 33]),
        ("symbol", ["+-", "!" * 6]),
        ("character_string", ["FL-2026-0042", "编号1", "x" * 32, "x" * 33]),
        ("time", ["15:01", "15:01:02", "2019年10月1日 15:01~16:00", "明天", "上午9点"]),
        ("date", ["2019年10月1日", "2018-01-01", "2018/01/01", "2018.01.01", "2018-01", "01-01", "周日"]),
        ("amount", ["¥123.45", "100元", "9" * 10, "9" * 11, "1,000", "5万元"]),
        ("phone_number", ["0911-5212345", "(0911)5212345", "9" * 17, "9" * 18, "电话1"]),
        ("car_number", ["粤A8Z888挂", "陕JD12345", "ABCDEFGHI"]),
        ("name", ["李建国", "阿依古丽·买买提", "J" * 20, "J" * 21, "李 John Smith"]),
        ("phrase", ["已受理", "六个汉字啊啊", "ok", "已 受"]),
        ("const", ["已办结", "x" * 21]),
    ],
)
async def test_the_client_refuses_no_value_that_the_platform_takes(
    ends: Joined, kind: str, values: list[str]
) -> None:
    """Nor are these taken by the client and then refused."""
    li, field = await ends.platform.follower("李建国"), f"{kind}1"
    shape = {"title": "任意", "content": f"一:{{{{{field}.DATA}}}}"}
    await ends.platform.ask("POST", "templates", shape)
    (template,) = [one.template_id for one in await ends.account.templates.list() if one.title == "任意"]
    for value in values:
        there = {"touser": li.openid, "template_id": template, "data": {field: {"value": value}}}
        takes = await ends.both.account.code("/cgi-bin/message/template/send", there) == 0
        if takes:
            await ends.account.templates.send(li.openid, template, {field: value}, client_msg_id=value)
        else:
            with pytest.raises(OurMistake):
                await ends.account.templates.send(li.openid, template, {field: value}, client_msg_id="d")


async def test_what_was_held_back_is_listed_by_its_template(ends: Joined) -> None:
    li, template = await ends.platform.follower("李建国"), await template_of(ends)
    await ends.platform.ask("POST", "templates/restrict", {"template": TITLE, "how": "blocked"})
    first, second = [
        await ends.account.templates.send(li.openid, template, WALK, client_msg_id=key)
        for key in ("d-1", "d-2")
    ]
    blocked = await ends.account.templates.blocked(template)

    assert [(one.id, one.template_id, one.openid) for one in blocked] == [
        (first, template, li.openid),
        (second, template, li.openid),
    ]
    assert (blocked[0].title, "健步走" in blocked[0].content) == (TITLE, True)
    assert abs(blocked[0].sent_at - ends.world.now()) < 60
    assert await ends.account.templates.blocked(template, after_id=first, limit=1) == blocked[1:]
    await refused(ends.mini.templates.blocked(template), NotAllowed, 48001)


async def test_templates_are_taken_out_of_the_library(ends: Joined) -> None:
    templates = ends.account.templates
    made = await ends.account.templates.add("1014", ["预约时间", "预约项目"])

    (found,) = [one for one in await templates.list() if one.template_id == made]
    assert (found.title, "{{time2.DATA}}" in found.content) == ("预约成功通知", True)
    await refused(templates.add("1014", ["天气"]), OurMistake, 40246)
    await refused(templates.add("99999", ["预约时间"]), OurMistake, 40037)
    await refused(templates.add("TM00015", ["预约时间"]), NotAllowed, 40247)
    await ends.account.templates.delete(made)
    await refused(templates.delete(made), OurMistake, 40037)
    for _ in range(25 - len(await templates.list())):
        await templates.add("1014", ["预约时间"])
    await refused(templates.add("1014", ["预约时间"]), OurMistake, 45026)


async def test_the_industry_is_changed_once_a_month(ends: Joined) -> None:
    await refused(ends.account.templates.set_industry(1, 99), OurMistake, 40102)
    await ends.account.templates.set_industry(13, 1)
    told = await ends.account.templates.industry()

    assert (told.primary, told.secondary) == (Trade("运输与仓储", "快递"), Trade("IT科技", "互联网|电子商务"))
    assert await ends.account.templates.list() == ()
    error = await refused(ends.account.templates.set_industry(2, 1), QuotaUsedUp, 43100)
    assert isinstance(error, QuotaUsedUp)
    assert error.until.day == 1


async def test_a_subscription_notice_uses_up_a_consent(ends: Joined) -> None:
    li, notices = await ends.platform.person("李建国"), ends.account.notices
    (template,) = [
        one.template_id for one in await ends.account.notice_templates.list() if one.title == TITLE
    ]
    await refused(notices.send(li.openid, template, WALK, client_msg_id="n-1"), NotSubscribed, 43101)
    await li.accepts(template)

    await ends.account.notices.send(li.openid, template, WALK, client_msg_id="n-1", page="https://a.cn/")
    await ends.account.notices.send(li.openid, template, WALK, client_msg_id="n-1")  # the same: no second
    await ends.world.settle()

    assert [one["content"]["title"] for one in (await li.notices())["service"]] == [TITLE]
    await refused(notices.send(li.openid, template, WALK, client_msg_id="n-2"), NotSubscribed, 43101)
    await refused(notices.send(li.openid, "nope", WALK, client_msg_id="n-2"), OurMistake, 40037)
    await refused(notices.send("oNobody", template, WALK, client_msg_id="n-2"), PersonGone, 40003)
    words = WALK | {"thing1": "赌博"}
    await refused(notices.send(li.openid, template, words, client_msg_id="n-2"), ContentRefused, 45168)
    await ends.platform.ask("POST", "templates/restrict", {"template": "*", "how": "banned"})
    await refused(notices.send(li.openid, template, WALK, client_msg_id="n-2"), NotAllowed, 43107)


async def test_templates_of_subscription_notices(ends: Joined) -> None:
    for client in (ends.account, ends.mini):
        templates = client.notice_templates
        category = next(one for one in await client.notice_templates.categories() if one.name == "电力")
        page = await client.notice_templates.titles([category.id], start=1, limit=2)
        assert (len(page.titles), page.total) == (2, 5)
        title = page.titles[1]
        assert (title.title, title.consent, title.category_id) == ("复电通知", Consent.ONCE, str(category.id))
        keywords = await client.notice_templates.keywords(title.tid)
        assert [(one.kid, one.rule) for one in keywords[:2]] == [(1, "character_string"), (2, "thing")]

        made = await client.notice_templates.add(title.tid, [1, 3], "复电")
        (found,) = [one for one in await client.notice_templates.list() if one.template_id == made]
        assert (found.title, found.consent) == ("复电通知", Consent.ONCE)
        assert "{{character_string1.DATA}}" in found.content
        await refused(templates.add(title.tid, [1, 3], "复电"), AlreadyDone, 200022)
        await refused(templates.add(title.tid, [1, 9], "复电"), OurMistake, 200020)
        await refused(templates.add("99999", [1, 2], "复电"), OurMistake, 200014)
        await refused(templates.keywords("99999"), OurMistake, 200014)
        await refused(templates.titles([1]), OurMistake, 200019)
        await client.notice_templates.delete(made)
        await refused(templates.delete(made), OurMistake, 40037)
    await ends.platform.ask("POST", "templates/restrict", {"template": "*", "how": "banned"})
    await refused(ends.account.notice_templates.add("2013", [1, 3], "复电"), NotAllowed, 200011)


async def test_a_one_off_message_needs_a_yes_at_its_address(ends: Joined) -> None:
    li, template = await ends.platform.person("李建国"), one_off.template_id(ends.world)
    address = ends.account.notices.consent_url(template, 1000, PAGE, reserved="a1B2")
    once = ends.account.notices.send_once
    await refused(once(li.openid, template, 1000, "活动有变", "改到周日"), NotSubscribed, 43101)

    shown = await li.opens(address, ends.browser)
    assert "申请给您发送一条消息" in shown.text
    back = await ends.browser.post(address, data={"answer": "confirm"})
    told = dict(back.next_request.url.params) if back.next_request else {}
    await ends.account.notices.send_once(
        li.openid, template, 1000, "活动有变", "改到周日", color="#ff0000", url="https://a.cn/"
    )

    answer = {"openid": li.openid, "template_id": template, "action": "confirm", "scene": "1000"}
    assert told == {"a": "b", **answer, "reserved": "a1B2"}
    assert (await li.notices())["service"][-1]["content"]["title"] == "活动有变"
    await refused(once(li.openid, template, 1000, "活动有变", "改到周日"), NotSubscribed, 43101)
    await refused(once(li.openid, "nope", 1000, "活动有变", "改到周日"), OurMistake, 40037)
    await refused(once("oNobody", template, 1000, "活动有变", "改到周日"), PersonGone, 40003)


async def test_temporary_media_live_three_days(ends: Joined) -> None:
    media = ends.account.media
    given = {
        MediaKind.IMAGE: ("a.png", PNG, "image/png"),
        MediaKind.VOICE: ("a.amr", AMR, "audio/amr"),
        MediaKind.VIDEO: ("a.mp4", MP4, "video/mp4"),
        MediaKind.THUMB: ("a.jpg", JPG, "image/jpeg"),
    }
    for kind, (name, content, content_type) in given.items():
        kept = await ends.account.media.upload_temporary(kind, name, content)
        file = await ends.account.media.get(kept.media_id)
        assert abs(kept.created_at - ends.world.now()) < 60
        assert (file.content, file.content_type) == (content, content_type)
        if kind is MediaKind.VOICE:
            speex = await ends.account.media.get_recording(kept.media_id)
            assert (speex.content, speex.content_type) == (AMR, "voice/speex")
        else:
            await refused(media.get_recording(kept.media_id), MediaGone, 40007)
        with pytest.raises(TooLarge):
            await media.get(kept.media_id, limit=3)
    await refused(ends.mini.media.get(kept.media_id), MediaGone, 40007)
    await ends.platform.moves_time(hours=73)
    await refused(media.get(kept.media_id), MediaGone, 40007)
    await ends.platform.misbehaves(use_up_quota="/cgi-bin/media/upload")
    await refused(media.upload_temporary(MediaKind.IMAGE, "a.png", PNG), QuotaUsedUp, 45009)


async def test_the_library_gives_back_what_was_put_in(ends: Joined) -> None:
    media = ends.account.media
    picture = await ends.account.media.upload_permanent(MediaKind.IMAGE, "a.png", PNG)
    await ends.platform.moves_time(seconds=1)
    thumb = await media.upload_permanent(MediaKind.THUMB, "a.jpg", JPG)
    voice = await media.upload_permanent(MediaKind.VOICE, "a.mp3", AMR)
    video = await media.upload_permanent(MediaKind.VIDEO, "a.mp4", MP4, title="急救", introduction="四步")
    article = await ends.account.media.upload_image("a.jpg", JPG)

    assert await ends.account.media.get_permanent(picture.media_id) == MediaFile(
        PNG, "image/png", "media.png"
    )
    told = await media.get_permanent(video.media_id)
    assert isinstance(told, LibraryVideo)
    assert (told.title, told.description) == ("急救", "四步")
    assert [(await ends.http.get(url)).content for url in (told.url, picture.url, article)] == [MP4, PNG, JPG]
    assert await ends.account.media.count_permanent() == LibraryCount(images=2, voices=1, videos=1, news=0)
    page = await ends.account.media.list_permanent(LibraryKind.IMAGE)
    assert (page.total, [one.media_id for one in page.items]) == (2, [thumb.media_id, picture.media_id])
    assert page.items[1].url == picture.url
    (sound,) = (await media.list_permanent(LibraryKind.VOICE, count=1)).items
    assert (sound.media_id, sound.name, sound.url) == (voice.media_id, "media.mp3", "")
    assert (await media.list_permanent(LibraryKind.NEWS)).items == ()
    await ends.account.media.delete_permanent(picture.media_id)
    await refused(media.delete_permanent(picture.media_id), MediaGone, 40007)
    await refused(media.get_permanent(picture.media_id), MediaGone, 40007)


async def test_only_the_account_has_a_library(ends: Joined) -> None:
    media = ends.mini.media

    await refused(media.upload_permanent(MediaKind.IMAGE, "a.png", PNG), NotAllowed, 48001)
    await refused(media.upload_image("a.png", PNG), NotAllowed, 48001)
    await refused(media.count_permanent(), NotAllowed, 48001)
    await refused(media.list_permanent(LibraryKind.IMAGE), NotAllowed, 48001)
