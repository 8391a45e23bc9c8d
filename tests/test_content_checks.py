"""The check of words: what it finds and where, what it leaves alone, what needs a reason to go to review."""

import pytest

from app.services import content_checks, content_forms
from app.services.content_checks import Sought
from models import ContentKind, ContentWord, WordLevel
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_content import ARTICLE, li, version, written, zhang

__all__ = ["admin", "at_work", "ends", "li", "zhang"]


def found_in(text: str, *sought: Sought) -> list[tuple[str, str, str]]:
    """Level, place, words."""
    filled = content_forms.empty(ContentKind.ARTICLE) | {"blocks": [["paragraph", "开门。"], ["quote", text]]}
    found = content_checks.findings(ContentKind.ARTICLE, filled, sought)
    assert all(each.block == 2 for each in found)
    return [(each.level.value, each.place, each.words) for each in found]


FOUND = [
    ("找王强 13812345678 报名", "serious", "13812345678"),
    ("电话 138 1234 5678。", "serious", "138 1234 5678"),
    ("身份证11010519491231002X登记", "serious", "11010519491231002X"),
    ("卡号 6222020000000000000 转账", "serious", "6222020000000000000"),
    ("国家级品质", "mild", "国家级"),
    ("这是最佳方案", "mild", "最佳"),
    ("我们的的书屋", "typing", "的的"),
    ("开门了。。欢迎", "typing", "。。"),
    ("开门,欢迎", "typing", ","),
    ("共１２个", "typing", "１２"),
    ("职工 书屋", "typing", " "),
    ("见《通知", "typing", "《"),
]
LEFT_ALONE = [
    "第一时间报告，第一条、第一步，不了了之，常常看看，是是非非。",
    "拨打 95598 或 0911-5212345，编号 FL-2026-0042，3.5 元，10:30，https://a.cn/b?c=d,e",
    "最后、最近、最多 5 个；「好」《通知》（三）“行”……",
    "流水号 1234567890123456789，见[地图](/news)，**加粗**",
]


@pytest.mark.parametrize(("text", "level", "words"), FOUND)
def test_it_says_what_and_where(text: str, level: str, words: str) -> None:
    assert found_in(text) == [(level, "第 2 块", words)]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert found_in(text) == []


def test_of_a_picture_its_words_are_looked_through_and_not_which_file_it_is() -> None:
    typed = "文件 2bj3m7avm9k4p7qr\n说明 塬上的三基铁塔\n图注 找王强 13812345678\n裁剪 16x9-50-40"
    filled = content_forms.empty(ContentKind.ARTICLE) | {"blocks": [["picture", typed]]}
    found = content_checks.findings(ContentKind.ARTICLE, filled)
    assert [(each.block, each.words) for each in found] == [(1, "13812345678")]


def test_fields_are_looked_through_too_and_words_of_staff_are_found_in_any_case() -> None:
    filled = content_forms.empty(ContentKind.TIP, "加QQ群") | {
        "first": "打13812345678。",
        "blocks": [["step", "好"]],
    }

    found = content_checks.findings(ContentKind.TIP, filled, [Sought("加qq", WordLevel.MILD, "不要")])

    said = [(each.place, each.words) for each in found]
    assert said == [("标题", "加QQ"), ("别人会怎么问", "加QQ"), ("先做什么", "13812345678")]
    assert len(content_checks.findings(ContentKind.TIP, filled | {"first": "的的，" * 500})) == 100


async def test_what_is_grave_goes_to_review_with_a_reason_that_was_given_for_just_that(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    given = ARTICLE | {"block_text": ["在哪里", "找王强 13812345678。", "一", "二。。"]}
    refused = await zhang.sends("/content/new?kind=article", do="submit", **given)
    assert refused.status_code == 422 and "检查发现 1 处要先处理：「13812345678」" in refused.text
    assert "像是手机号码" in refused.text and "重复了" in refused.text and "检查：2 处" in refused.text
    seen = refused.text.split('name="seen" value="')[1].split('"')[0]

    path = await written(zhang, "article", do="save", **given)  # a draft may say anything
    assert "检查：2 处" in await zhang.reads(path)
    for wrong in ({"reason": "已征得同意"}, {"seen": seen}, {"seen": seen, "reason": " "}):
        answer = await zhang.sends(f"{path}/edit", do="submit", version="1", **given, **wrong)
        assert answer.status_code == 422, wrong
    more = given | {"summary": "也可以打 13912345678。"}
    answer = await zhang.sends(
        f"{path}/edit", do="submit", version="1", **more, seen=seen, reason="已征得同意"
    )
    assert answer.status_code == 422 and 'value="已征得同意"' in answer.text  # not for the second number
    preview = await zhang.sends(f"{path}/edit", do="preview", version="1", **more)
    assert "检查发现 3 处" in preview.text
    checked = await zhang.sends(f"{path}/edit", do="check", version="1", **more)
    assert checked.status_code == 200 and "检查：3 处" in checked.text

    await zhang.does(f"{path}/edit", do="submit", version="1", **given, seen=seen, reason="已征得同意")
    page = await li.reads(path)
    assert "已征得同意" in page and "像是手机号码" in page
    (act,) = await acts_of(ends, "content.submit")
    assert act.reason == "已征得同意"
    assert "已通过并发布" in await li.does(f"{path}/approve", version=await version(li, path))


async def test_staff_add_words_of_their_own(ends: Ends, admin: Worker, zhang: Worker) -> None:
    words = {"word": "黄陵供电局", "level": "serious", "note": "应写黄陵县供电分公司"}
    assert "已添加「黄陵供电局」" in await admin.does("/content/settings/words", **words)
    refused = await zhang.sends(
        "/content/new?kind=article", do="submit", **(ARTICLE | {"author": "黄陵供电局工会"})
    )
    assert refused.status_code == 422 and "应写黄陵县供电分公司" in refused.text

    await admin.does("/content/settings/words", **(words | {"level": "mild"}))
    assert (await written(zhang, "article", author="黄陵供电局工会")).startswith("/content/article/")
    for wrong, said in (
        ({"word": "长" * 31}, "2 到 30 个字"),
        ({"word": "局"}, "2 到 30 个字"),
        ({"level": "typing"}, "请选查到以后怎样"),
        ({"note": "长" * 61}, "最多 60 个字"),
    ):
        answer = await admin.sends("/content/settings/words", **(words | wrong))
        assert answer.status_code == 422 and said in answer.text
    for _ in range(2):
        assert "已删除" in await admin.does("/content/settings/words/remove", word="黄陵供电局")
    assert "还没有添加自己的词" in await admin.reads("/content/settings")
    assert (await zhang.sends("/content/settings/words", **words)).status_code == 403
    async with ends.house.database.reading() as session:
        assert await session.get(ContentWord, 1) is None
