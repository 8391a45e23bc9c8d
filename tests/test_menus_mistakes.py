"""Every mistake an operator may make in menus.yaml, told with its place and what would be right.

Rows stay whole, so that a mistake and its sentence can be read together.
"""
# ruff: noqa: E501

from pathlib import Path

import pytest

from app.menus import MenuMistakes
from app.menus.file import load, read
from app.menus.source import decode
from tests.menus_kit import HEAD, KNOWN, menus, mistakes_of, the_mistake


def item(written: str) -> str:
    return menus(menu=f"menu:\n  - name: 服务\n    items:\n      - {written}\n")


def words(written: str) -> str:
    return menus(f"  - {written}\n")


# --- the text itself


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nmenu:\n\t- a\n", "第 3 行第 1 列：这里有制表符（Tab）。 缩进请用空格，每层两个。"),
        ("account: 电话: 95598\n", "第 1 行第 12 列：这里多了一个冒号"),
        ("version: 1\nname：资讯\nx: 1\n", "第 2 行第 5 列：这里的冒号是全角「：」。 请改用半角冒号加一个空格。"),
        ("version: 1\naccount:黄陵\nmenu: []\n", "第 2 行第 1 列：这一行缺少冒号。"),
        ("version: 1\nmenu: [a, b\nx: 1\n", "第 2 行第 7 列：方括号没有合上"),
        ("version: 1\nmenu: {a: 1\n", "第 2 行第 7 列：花括号没有合上"),
        ('account: "黄陵\n', "第 1 行第 10 列：引号没有配对。"),
        ("account: 'it's'\n", "第 1 行第 14 列：这里的缩进或引号与上面对不上。"),
        ("account: @黄陵\n", "第 1 行第 10 列：这个符号不能放在开头。 请把整句放进引号。"),
        ('account: "a\\d"\n', "第 1 行第 13 列：双引号里的反斜杠写法不对。"),
        ("account: 黄\x07陵\n", "第 1 行第 11 列：这里有一个不能用的字符（U+0007）。 请删掉它。"),
        ("a: 1\nb: 2\na: 3\n", "第 3 行第 1 列：「a」写了两次。 请只留一个。"),
        ("a: &x [1]\nb: *x\n", "第 1 行第 4 列：不能用 & 和 * 引用别处。"),
        ("a: 1\nb: *x\n", "第 2 行第 4 列：不能用 & 和 * 引用别处。"),
        ("a: !!python/object:os.system 1\n", "第 1 行第 4 列：不能用 ! 开头的类型标记。"),
        ("a: 1\n---\nb: 2\n", "第 2 行第 1 列：一个文件只能有一份菜单。"),
        ("a: " + "[" * 5000, "第 1 行第 16 列：这里嵌套得太深。"),
        ("? [a]\n: b\n", "第 1 行第 3 列：这里应是一个名称。"),
        ("\ufeffversion: 1\n", "第 1 行第 1 列：文件开头有一个看不见的标记（BOM）。"),
        ("- a\n- b\n", "第 1 行第 1 列：文件开头应是「version: 1」这样的行。"),
        ("只是一句话", "第 1 行第 1 列：文件开头应是「version: 1」这样的行。"),
        ("", "第 1 行第 1 列：文件是空的。"),
        ("# 只有说明\n", "第 1 行第 1 列：文件是空的。"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_where(text: str, said: str) -> None:
    assert the_mistake(text).startswith(said)


def test_a_doubling_of_anchors_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)
    )

    assert "不能用 & 和 *" in the_mistake(bomb)


def test_a_huge_file_is_refused_unread() -> None:
    assert the_mistake("# " + "很长" * 200_000).startswith("第 1 行第 1 列：文件太大，最多 256 KB。")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            "version: 1\naccount: 黄陵\n".encode("gbk"),
            "第 2 行第 10 列：文件不是 UTF-8 编码。 多半是 GBK 编码",
        ),
        ("version: 1\n".encode("utf-16"), "第 1 行第 1 列：文件不是 UTF-8 编码（是 UTF-16）。"),
        (b"x" * 300_000, "第 1 行第 1 列：文件太大"),
    ],
)
def test_a_file_in_another_encoding_says_how_to_save_it(raw: bytes, said: str) -> None:
    with pytest.raises(MenuMistakes) as refused:
        decode(raw)

    assert str(refused.value.mistakes[0]).startswith(said)


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(MenuMistakes, match=r"没有这个文件：menus\.yaml。"):
        load(tmp_path / "menus.yaml")


def test_line_ends_of_windows_do_not_move_the_place() -> None:
    text = decode(item("{name: 电话, do: hotline.show}").replace("\n", "\r\n").encode())

    assert the_mistake(text).startswith("第 6 行第 24 列：")


# --- keys, actions and lengths


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{name: 电话, do: hotline.show}",
         "第 6 行第 24 列：没有「hotline.show」这个功能。 是不是「hotlines.show」（服务电话）？"),
        ("{name: 电话, do: 打电话}", "第 6 行第 24 列：没有「打电话」这个功能。 可用的功能见说明里的清单。"),
        ("{name: 专题, do: power_safety.topics, with: {topc: a}}",
         "第 6 行第 52 列：「power_safety.topics」不接受参数「topc」。 可以写：topic。"),
        ("{name: 帮助, do: help.show, with: {topic: a}}",
         "第 6 行第 42 列：「help.show」不接受参数「topic」。 请删掉 with。"),
        ("{name: 拍照, photo: photos.take}", "第 6 行第 27 列：没有「photos.take」这个功能。"),
        ("{name: 拍照, photo: desk.open}",
         "第 6 行第 27 列：「desk.open」不接着收照片，发来的照片没有人理会。 photo 可以写：desk.tell（说明情况）。"),
        ("{name: 位置, location: feedback.leave}",
         "第 6 行第 30 列：「feedback.leave」不接着收位置，发来的位置没有人理会。 location 可以写：desk.tell（说明情况）。"),
        ("{name: 扫码, scan: qr.read}", "第 6 行第 26 列：没有「qr.read」这个功能。"),
        ("{name: 位置, location: here}", "第 6 行第 30 列：没有「here」这个功能。"),
        ("{name: 电话, do: help.show, open: /}", "第 6 行第 9 列：按钮「电话」写了 do、open。 请正好写一种："),
        ("{name: 电话}", "第 6 行第 9 列：按钮「电话」没有写做什么。 请正好写一种："),
        ("{do: help.show}", "第 6 行第 9 列：缺少「name」。 请加上「name: …」。"),
        ("{name: 电话, opn: /}", "第 6 行第 20 列：不认识「opn」。 是不是「open」？"),
        ("{name: 电话, zzz: /}", "第 6 行第 20 列：不认识「zzz」。 这里可以写：name、do、with、open"),
        ("{name: 网站, open: hhttps://a.cn}", "第 6 行第 26 列：网址「hhttps://a.cn」不对。 应以 https:// 开头"),
        ("{name: 网站, open: //a.cn}", "第 6 行第 26 列：网址「//a.cn」不对。"),
        (f"{{name: 网站, open: https://a.cn/{'a' * 1012}}}", "第 6 行第 26 列：网址太长：1025 字节，最多 1024 字节。"),
        ("{name: 电话, reply: 你好, with: {topic: a}}", "第 6 行第 9 列：按钮「电话」的 with 没有用处。"),
        ("{name: 小程序, miniprogram: {appid: wx1, path: a, fallback: /}}",
         "第 6 行第 42 列：小程序编号「wx1」不对。"),
        ("{name: 小程序, miniprogram: {appid: wx0123456789abcdef, path: a}}",
         "第 6 行第 34 列：缺少「fallback」。"),
        (f"{{name: 专题, do: power_safety.topics, with: {{topic: {'电' * 12}}}}}",
         "第 6 行第 51 列：按钮「专题」的功能和参数太长：134 字节，最多 128 字节。"),
        ("一句话", "第 6 行第 9 列：这里应写成几行「名称: 内容」。"),
        ("name:电话", "第 6 行第 9 列：这里应写成几行「名称: 内容」。 冒号要用半角，后面加一个空格。"),
    ],
)  # fmt: skip
def test_a_wrong_button_says_what_would_be_right(written: str, said: str) -> None:
    assert the_mistake(item(written)).startswith(said)


def test_names_are_measured_in_bytes_as_wechat_counts_them() -> None:
    twenty = "一二三四五六七八九十" * 2
    assert read(item(f"{{name: {twenty}, do: help.show}}"), KNOWN)

    said = the_mistake(item(f"{{name: {twenty}a, do: help.show}}"))
    assert said.endswith("太长：61 字节，最多 60 字节。 一个汉字 3 字节，最多 20 个汉字。")

    top = "menu:\n  - {name: 一二三四五, do: help.show}\n  - {name: 一二三四五ab, do: help.show}\n"
    assert the_mistake(menus(menu=top)).startswith(
        "第 5 行第 12 列：「一二三四五ab」太长：17 字节，最多 16 字节。"
    )


def test_names_that_phones_cut_off_are_a_warning_only() -> None:
    file = read(item("{name: 一二三四五六七八九, do: help.show}"), KNOWN)

    assert [str(warning) for warning in file.warnings] == [
        "第 6 行第 16 列：「一二三四五六七八九」在手机上会显示不全。 建议不超过 8 个汉字。"
    ]


@pytest.mark.parametrize(
    ("menu", "said"),
    [
        ("menu: []\n", "第 3 行第 7 列：这里是空的。"),
        ("menu:\n", "第 4 行第 1 列：这里是空的。"),
        ("menu:\n" + "  - {name: 一, do: help.show}\n  - {name: 二, do: help.show}\n" * 2, "第 4 行第 3 列：这里有 4 项，最多 3 项。"),
        ("menu:\n  - name: 服务\n    items: []\n", "第 4 行第 5 列：「服务」下面没有按钮。"),
        ("menu:\n  - name: 服务\n    items:\n", "第 4 行第 5 列：按钮「服务」没有写做什么。"),
        ("menu:\n  - name: 服务\n    items:\n" + "".join(f"      - {{name: 第{n}项, do: help.show}}\n" for n in range(6)),
         "第 6 行第 7 列：这里有 6 项，最多 5 项。"),
        ("menu:\n  - name: 服务\n    items:\n      - {name: 一, do: help.show}\n      - {name: 一, do: about.show}\n",
         "第 7 行第 16 列：「服务」下面有两个「一」。 请改名或删掉一个。"),
        ("menu:\n  - {name: 一, do: help.show}\n  - {name: 一, do: about.show}\n", "第 5 行第 12 列：菜单有两个「一」。"),
    ],
)  # fmt: skip
def test_a_bar_has_one_to_three_buttons_with_one_to_five_items(menu: str, said: str) -> None:
    assert any(each.startswith(said) for each in mistakes_of(menus(menu=menu)))


def test_all_mistakes_are_told_at_once() -> None:
    text = (
        HEAD
        + "menu:\n  - {name: 甲, do: nobody.knows}\n  - {name: 乙, opn: /}\n"
        + "keywords:\n  - say: [停电]\n    do: hotline.show\n  - say: [取消]\n    reply: 好\n  - {say: 电话}\n"
        + "greetings: {subscribe: welcome.subscribed}\nfallback: nothing\n"
    )

    lines = [int(said.split()[1]) for said in mistakes_of(text)]

    assert lines == [4, 5, 8, 9, 11, 12, 13]


def test_what_must_be_there_is_asked_for() -> None:
    assert mistakes_of("version: 2\naccount: 黄陵\nmenu: 帮助\n") == [
        "第 1 行第 1 列：缺少「fallback」。 请加上「fallback: …」。",
        "第 1 行第 10 列：不能写「2」。 可以写：1。",
        "第 3 行第 7 列：这里应是一个列表。 每项一行、以「- 」开头，或写在方括号里用半角逗号隔开。",
    ]


# --- keywords


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{say: [停电，没电], do: help.show}", "第 7 行第 12 列：「停电，没电」里有全角标点「，」，会被当成一个词。"),
        ("{say: 停电, matches: contains, do: help.show}", "第 7 行第 15 列：不认识「matches」。 是不是「match」？"),
        ("{say: 停电, match: contain, do: help.show}",
         "第 7 行第 22 列：不能写「contain」。 可以写：exact、contains、prefix、pattern。是不是「contains」？"),
        ("{say: 停电, hours: closed, do: help.show}", "第 7 行第 22 列：不能写「closed」。 可以写：working、off。"),
        ("{say: 停电}", "第 7 行第 5 列：关键词要正好写一种回应。"),
        ("{say: 停电, do: help.show, reply: 好}", "第 7 行第 5 列：关键词要正好写一种回应。"),
        ("{say: 停电, reply: 好, with: {topic: a}}", "第 7 行第 5 列：这里的 with 没有用处。"),
        ("{say: [], do: help.show}", "第 7 行第 11 列：这里是空的。"),
        ("{say: ？！, do: help.show}", "第 7 行第 11 列：「？！」里没有字，永远不会命中。"),
        ("{say: 人工, do: help.show}", "第 7 行第 11 列：「人工」由系统自己处理，写在这里不起作用。"),
        (f"{{say: 停电, reply: {'电' * 700}}}", "第 7 行第 22 列：回复太长：2100 字节，最多 2048 字节"),
        ("{say: 停电, reply: ' '}", "第 7 行第 22 列：这里没有写内容。"),
        ("{say: 停电, reply: {text: 好, image: a}}", "第 7 行第 22 列：回复的内容要正好写一种。"),
        ("{say: 停电, reply: {}}", "第 7 行第 22 列：回复的内容要正好写一种。"),
        ("{say: 停电, reply: {artikle: {}}}", "第 7 行第 23 列：不认识「artikle」。 是不是「article」？"),
        ("{say: 停电, reply: {article: {title: 通知, url: /a}}}", "第 7 行第 49 列：网址「/a」不对。 图文要写完整网址"),
        ("{say: 停电, do: help.show, from: 12月1日}", "第 7 行第 36 列：日期「12月1日」读不懂。 写成 2026-12-01"),
        ("{say: 停电, do: help.show, until: 2026-02-30}", "第 7 行第 37 列：日期「2026-02-30」读不懂。"),
        ("{say: 停电, do: help.show, from: 2026-12-02, until: 2026-12-01}", "第 7 行第 5 列：开始（from）在结束（until）之后"),
        ("{say: 停电, do: help.show, when: {tags: 职工}}", "第 7 行第 37 列：不认识「tags」。 是不是「tag」？"),
        ("{say: 停电, do: help.show, when: {kind: 退}}", "第 7 行第 43 列：「退」不对。 请写在职、劳务派遣、退休。"),
        ("{say: 停电, do: help.show, when: {member: false}}", "第 7 行第 45 列：member 只能写 true。 不限会员就不写这一项。"),
        ("{say: 停电, do: help.show, when: {}}", "第 7 行第 36 列：没有写是谁。 请写 tag、area、member、branch、kind 或 sex，或者用 any、all 合起来。"),
    ],
)  # fmt: skip
def test_a_wrong_keyword_says_what_would_be_right(written: str, said: str) -> None:
    assert mistakes_of(words(written))[0].startswith(said)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (".*", "可以匹配空白"),
        ("电?", "可以匹配空白"),
        (r"\b", "可以匹配空白"),
        (".+", "几乎会命中所有消息"),
        ("(a+)+b", "重复里面套着重复"),
        ("(a|ab)*c", "重复的括号里不能再有「|」"),
        ("a?" * 17 + "b", "太复杂"),
        ("x.*y.*z.*w", "太复杂"),
        ("[停", "写法不对"),
        ("（停）电", "有全角字符"),
        ("(?i)x", "只能用普通括号"),
        ("(?P<a>停)电", "只能用普通括号"),
        (r"(a)\1", "不能引用前面的括号"),
        ("停" * 101, "规则太长"),
    ],
)
def test_a_pattern_that_is_slow_or_swallows_everything_is_refused(pattern: str, said: str) -> None:
    assert said in the_mistake(words(f"{{say: '{pattern}', match: pattern, do: help.show}}"))


@pytest.mark.parametrize(
    "pattern", ["停.*电", "(停电|断电|没电)(怎么|咋)办", r"^报修\d{4}$", r"[一二三]楼没电\(?"]
)
def test_an_honest_pattern_is_taken(pattern: str) -> None:
    assert read(words(f"{{say: '{pattern}', match: pattern, do: help.show}}"), KNOWN)


# --- keywords that hide each other


def rules(*written: str) -> str:
    return menus("".join(f"  - {each}\n" for each in written))


@pytest.mark.parametrize(
    ("earlier", "later", "said"),
    [
        ("{say: 停电, do: help.show}", "{say: ' 停电！', do: about.show}",
         "第 8 行第 11 列：「停电！」永远不会命中：第 7 行已经有「停电」。 请删掉一个。"),
        ("{say: 停电, do: help.show}", "{say: 停电, do: about.show, hours: off}",
         "第 8 行第 11 列：「停电」永远不会命中：第 7 行已经有「停电」。 把这条移到前面，或给前面那条加上条件。"),
        ("{say: 停电, match: contains, do: help.show}", "{say: 停电通知, match: contains, do: about.show}",
         "第 8 行第 11 列：「停电通知」永远不会命中：第 7 行的「停电」会先命中。"),
        ("{say: 停电, match: contains, do: help.show}", "{say: 今天停电, match: prefix, do: about.show}",
         "第 8 行第 11 列：「今天停电」永远不会命中"),
        ("{say: 停, match: prefix, do: help.show}", "{say: 停电, match: prefix, do: about.show}",
         "第 8 行第 11 列：「停电」永远不会命中"),
        ("{say: '停.*电', match: pattern, do: help.show}", "{say: 停了电, match: contains, do: about.show}",
         "第 8 行第 11 列：「停了电」永远不会命中"),
        ("{say: 停电, do: help.show, when: {tag: [职工, 干部]}}", "{say: 停电, do: about.show, when: {tag: 干部}}",
         "第 8 行第 11 列：「停电」永远不会命中"),
        ("{say: 停电, do: help.show, from: 2026-12-01}", "{say: 停电, do: about.show, from: 2027-01-01}",
         "第 8 行第 11 列：「停电」永远不会命中"),
    ],
)  # fmt: skip
def test_a_keyword_hidden_by_an_earlier_one_is_a_mistake(earlier: str, later: str, said: str) -> None:
    assert the_mistake(rules(earlier, later)).startswith(said)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("{say: 停电, do: help.show, hours: off}", "{say: 停电, do: about.show}"),
        ("{say: 停电, do: help.show, hours: off}", "{say: 停电, do: about.show, hours: working}"),
        ("{say: 停电, do: help.show, when: {tag: 职工}}", "{say: 停电, do: about.show}"),
        ("{say: 停电, do: help.show, until: 2026-12-01}", "{say: 停电, do: about.show}"),
        ("{say: 停电, match: contains, do: help.show}", "{say: 停电, do: about.show}"),
        ("{say: 停电通知, match: contains, do: help.show}", "{say: 停电, match: contains, do: about.show}"),
        ("{say: 停电, match: prefix, do: help.show}", "{say: 停电, match: contains, do: about.show}"),
        ("{say: '^停电$', match: pattern, do: help.show}", "{say: 停电, match: contains, do: about.show}"),
    ],
)
def test_keywords_that_can_both_be_hit_are_fine(earlier: str, later: str) -> None:
    assert read(rules(earlier, later), KNOWN)


@pytest.mark.parametrize(
    ("earlier", "last"),
    [
        (["{say: 停电, hours: working, reply: 上班}", "{say: 停电, hours: off, reply: 下班}"], "{say: 停电, reply: 好}"),
        (["{say: 停电, match: prefix, hours: working, reply: 上班}", "{say: 停, match: prefix, hours: off, reply: 下班}"],
         "{say: 停电, match: prefix, reply: 好}"),
        (["{say: 停电, until: 2026-11-30, reply: 旧}", "{say: 停电, from: 2026-12-01, reply: 新}"],
         "{say: 停电, when: {tag: 职工}, reply: 好}"),
        (["{say: 停电, from: '2026-12-05 08:00', reply: 后}", "{say: 停电, from: 2026-12-01, until: 2026-12-07, reply: 先}"],
         "{say: 停电, from: 2026-12-02, reply: 好}"),
        (["{say: 停电, when: {tag: 职工}, reply: 甲}", "{say: 停电, when: {tag: 干部}, reply: 乙}"],
         "{say: 停电, when: {tag: [干部, 职工]}, reply: 好}"),
    ],
)  # fmt: skip
def test_a_keyword_that_earlier_ones_hide_between_them_is_a_mistake(earlier: list[str], last: str) -> None:
    assert the_mistake(rules(*earlier, last)) == (
        "第 9 行第 11 列：「停电」永远不会命中：第 7、8 行合起来总会先命中。"
        " 请删掉这条，或改前面几条的条件，给它留出时间或人。"
    )


@pytest.mark.parametrize(
    ("earlier", "last"),
    [
        (["{say: 停电, hours: working, reply: 上班}", "{say: 停电, hours: off, when: {tag: 职工}, reply: 下班}"],
         "{say: 停电, reply: 好}"),
        (["{say: 停电, until: 2026-11-30, reply: 旧}", "{say: 停电, from: 2026-12-02, reply: 新}"], "{say: 停电, reply: 好}"),
        (["{say: 停电, until: 2026-11-30, hours: off, reply: 旧}", "{say: 停电, from: 2026-12-01, reply: 新}"],
         "{say: 停电, reply: 好}"),
        (["{say: 停电, when: {tag: 职工}, reply: 甲}", "{say: 停电, when: {tag: 干部}, reply: 乙}"], "{say: 停电, reply: 好}"),
        (["{say: 停电, hours: working, reply: 上班}", "{say: 停水, hours: off, reply: 下班}"], "{say: 停电, reply: 好}"),
    ],
)  # fmt: skip
def test_a_keyword_with_a_moment_or_somebody_left_to_it_is_fine(earlier: list[str], last: str) -> None:
    assert read(rules(*earlier, last), KNOWN)


# --- menus for audiences


def for_audiences(*written: str) -> str:
    return menus(more="menus_for:\n" + "".join(f"  - {each}\n" for each in written))


def test_a_menu_no_one_would_see_is_a_mistake() -> None:
    bar = "menu: [{name: 帮助, do: help.show}]"
    seen = for_audiences(f"{{when: {{tag: 干部}}, {bar}}}", f"{{when: {{tag: [职工, 干部]}}, {bar}}}")
    assert read(seen, KNOWN)

    unseen = for_audiences(f"{{when: {{tag: [职工, 干部]}}, {bar}}}", f"{{when: {{tag: 干部}}, {bar}}}")
    assert the_mistake(unseen) == (
        "第 8 行第 12 列：这套菜单没有人会看到：「干部」已经看到前面的菜单。 把它移到前面，或改一改给谁看。"
    )


def test_menus_for_audiences_lead_to_three_sites_at_most() -> None:
    sites = ", ".join(f"{{name: 站{n}, open: https://{n}.cn}}" for n in "abc")
    bar = f"menu: [{{name: 网站, items: [{sites}, {{name: 首页, open: /}}]}}]"

    assert "通向 4 个网站，微信最多允许 3 个。 现有：a.cn、b.cn、c.cn、本站。" in the_mistake(
        for_audiences(f"{{when: {{tag: 职工}}, {bar}}}")
    )


def test_a_handler_wrongly_named_for_greeting_or_fallback_is_found() -> None:
    text = HEAD + "menu: [{name: 帮助, do: help.show}]\ngreetings: {subscribe: welcome}\nfallback: answer\n"

    assert mistakes_of(text) == [
        "第 4 行第 24 列：没有「welcome」这个功能。 是不是「welcome.scan」（扫码欢迎）？",
        "第 5 行第 11 列：没有「answer」这个功能。 是不是「power_safety.answer」（用电问答）？",
    ]
