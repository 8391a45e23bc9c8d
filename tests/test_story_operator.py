"""The operator saves the menu file: the phone shows it within seconds. A slip of the pen harms nobody."""

from tests import browser
from tests.browser import Office, Phone

office, chromium, phone = browser.office, browser.chromium, browser.phone

MENU = "今天中午：臊子面、炒土豆丝。"
GROUP = "  - name: 资讯\n    items:\n      - {name: 工会动态, do: news.latest}\n"
KEYWORDS = "keywords:\n"
FOR_OTHERS = "menus_for:\n"
FOR_STAFF = "  - {when: {tag: 职工}, menu: [{name: 值班表, reply: 今天值班：张伟。}]}\n"


async def test_a_saved_menu_file_is_on_the_phone_within_seconds_and_a_broken_one_is_not(
    phone: Phone, office: Office
) -> None:
    await phone.follows()
    assert MENU not in await phone.says("食堂")

    better = (
        office.menus.read_text(encoding="utf-8")
        .replace(GROUP, f"  - name: 生活\n    items:\n      - {{name: 食堂菜谱, reply: {MENU}}}\n", 1)
        .replace(KEYWORDS, f"{KEYWORDS}  - {{say: [食堂, 菜谱], reply: {MENU}}}\n", 1)
    )
    office.menus.write_text(better, encoding="utf-8")

    await phone.has_buttons("生活", "服务", "用电")
    assert await phone.taps("生活", "食堂菜谱") == MENU
    assert await phone.says("食堂") == MENU

    broken = better.replace("name: 生活", "name: 新闻").replace("do: help.show", "do: help.shwo")
    office.menus.write_text(broken, encoding="utf-8")
    await office.logs("menus.file_refused")

    assert "help.show" in office.log  # it says what was meant
    await phone.has_buttons("生活", "服务", "用电")
    assert await phone.taps("生活", "食堂菜谱") == MENU
    assert await phone.says("食堂") == MENU
    assert "第 3 版" not in await office.runs("menus", "history")


async def test_a_tag_changes_one_persons_menu_within_seconds(phone: Phone, office: Office) -> None:
    await phone.follows()
    openid = await phone.page.get_by_test_id("person-select").input_value()
    text = office.menus.read_text(encoding="utf-8")
    office.menus.write_text(text.replace(FOR_OTHERS, FOR_OTHERS + FOR_STAFF, 1), encoding="utf-8")
    await office.logs("menus.file_applied")

    await office.runs("tags", "give", openid, "职工", "--by", "王芳")
    await phone.has_buttons("值班表")
    assert await phone.taps("值班表") == "今天值班：张伟。"

    await office.runs("tags", "take", openid, "职工", "--by", "王芳")
    await phone.has_buttons("资讯", "服务", "用电")
