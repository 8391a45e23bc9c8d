"""Which rule a text hits, what a button means, and what that costs."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import SHANGHAI
from app.menus import Book, Do, MenuMistakes, Say, compile_book, key_of, parse_key
from app.menus.buttons import default_menu
from app.menus.file import read, read_unchecked
from app.menus.matching import Match
from app.menus.words import normalise
from app.services.audiences import Facts
from bench.matching import rules
from tests.counting import calls
from tests.menus_kit import KNOWN, book_of, menus


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


MONDAY, NIGHT, HOLIDAY = at("2026-11-23 10:00"), at("2026-11-23 22:00"), at("2026-10-01 10:00")
RULES = """\
  - {say: [值班电话], hours: off, reply: 请打 95598。}
  - {say: [值班电话, 95598], do: hotlines.show}
  - {say: 停电, match: contains, do: power_safety.topics, with: {topic: outages}}
  - {say: [停电], do: help.show}
  - {say: 报修, match: prefix, do: desk.open}
  - {say: '(充电|电瓶).*着火', match: pattern, do: power_safety.topics, with: {topic: ebikes}}
  - {say: 福利, when: {tag: 职工}, reply: 请看工会通知。}
  - {say: 春节, from: 2027-02-01, until: 2027-02-10, reply: 春节好。}
  - {say: Wi-Fi, reply: 密码在前台。}
"""


@pytest.fixture
def book() -> Book:
    return book_of(menus(RULES))


def hit(match: Match | None) -> str:
    return match.rule if match else ""


@pytest.mark.parametrize(
    "text", ["值班电话", " 值班电话？", "值班电话。。。", "【值班电话】", "值班电话\u200b"]
)
def test_marks_and_spaces_around_a_word_do_not_matter(book: Book, text: str) -> None:
    assert hit(book.match(text, MONDAY)) == "keyword:值班电话#2"


@pytest.mark.parametrize("text", ["wi-fi", "WI-FI", "Ｗｉ－Ｆｉ", "Wi-Fi!"])
def test_width_and_capitals_do_not_matter(book: Book, text: str) -> None:
    assert hit(book.match(text, MONDAY)) == "keyword:Wi-Fi"


def test_a_number_is_a_word_like_any_other(book: Book) -> None:
    match = book.match("９５５９８", MONDAY)

    assert match is not None and match.target == Do("hotlines.show")


def test_hours_follow_the_chinese_calendar(book: Book) -> None:
    assert hit(book.match("值班电话", MONDAY)) == "keyword:值班电话#2"
    for moment in (NIGHT, HOLIDAY):
        match = book.match("值班电话", moment)
        assert match is not None and isinstance(match.target, Say)
        assert match.target.reply.text == "请打 95598。"
        assert match.why == "与「值班电话」完全一致（下班时间）"


def test_an_exact_word_wins_over_one_that_is_contained_wherever_it_stands(book: Book) -> None:
    assert hit(book.match("停电", MONDAY)) == "keyword:停电#2"
    assert hit(book.match("我家停电了怎么办", MONDAY)) == "keyword:停电"
    assert hit(book.match("报修，我家停电了", MONDAY)) == "keyword:停电"  # the file's order


def test_prefixes_and_patterns(book: Book) -> None:
    assert hit(book.match("报修电表", MONDAY)) == "keyword:报修"
    assert hit(book.match("我要报修", MONDAY)) == ""
    match = book.match("楼道里充电的车着火了", MONDAY)
    assert match is not None and match.target == Do("power_safety.topics", {"topic": "ebikes"})


def test_a_rule_for_members_is_not_for_others(book: Book) -> None:
    assert hit(book.match("福利", MONDAY, Facts(frozenset({"职工"})))) == "keyword:福利"
    assert book.match("福利", MONDAY) is None


def test_dates_hold_to_the_end_of_their_day_in_china(book: Book) -> None:
    days = {
        "2027-01-31 23:59": "",
        "2027-02-01 00:00": "春节",
        "2027-02-10 23:59": "春节",
        "2027-02-11 00:00": "",
    }

    for moment, word in days.items():
        assert hit(book.match("春节", at(moment))) == (word and f"keyword:{word}")


def test_only_exact_rules_are_asked_while_a_question_is_open(book: Book) -> None:
    assert hit(book.exact("停电！", MONDAY)) == "keyword:停电#2"
    assert book.exact("我家停电了", MONDAY) is None


@pytest.mark.parametrize("text", ["", "。。。", "🎉", "今天天气怎么样", "电" * 2000, "\x00\ud800"])
def test_what_hits_nothing_is_nothing(book: Book, text: str) -> None:
    assert book.match(text, MONDAY) is None


@given(
    st.text(max_size=40),
    st.lists(st.text("停电报修表灯abc", min_size=1, max_size=3), max_size=6, unique=True),
)
def test_contained_words_are_found_as_a_plain_search_finds_them(text: str, words: list[str]) -> None:
    lines = "".join(f"  - {{say: '{word}', match: contains, do: help.show}}\n" for word in words)

    try:
        book = compile_book(read_unchecked(menus(lines)), KNOWN)
    except MenuMistakes:
        return

    first = next((word for word in words if word in normalise(text)), None)

    assert hit(book.match(text, MONDAY)) == ((first and f"keyword:{first}") or "")


# --- buttons


def test_a_button_of_a_menu_long_gone_still_works(book: Book) -> None:
    assert book.button("power_safety.topics?topic=storms") == Do("power_safety.topics", {"topic": "storms"})
    assert book.button("feedback.mine") == Do("feedback.mine")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "nobody.knows",
        "help.show?topic=a",
        "power_safety.topics?",
        "power_safety.topics?topic",
        "reply:00",
        "?a=b",
        "power_safety.topics?topic=a&topic=b",
        "MY_SIGNUPS",
    ],
)
def test_a_key_nobody_knows_leads_nowhere(book: Book, key: str) -> None:
    assert book.button(key) is None


def test_a_reply_button_gives_the_words_of_the_present_file() -> None:
    old = menus(menu="menu: [{name: 电话, reply: 旧号码}]\n")
    new = menus(menu="menu: [{name: 电话, reply: 新号码}]\n")

    key = default_menu(read(old, KNOWN), "https://gh.cn")[0]["key"]

    target = book_of(new).button(key)
    assert isinstance(target, Say) and target.reply.text == "新号码"
    assert len(key.encode()) <= 128


@given(
    st.dictionaries(
        st.text("abc&=?%电 +", min_size=1, max_size=4), st.text("abc&=?%电 +", max_size=5), max_size=3
    )
)
def test_keys_and_arguments_come_back_as_they_went(args: dict[str, str]) -> None:
    key = key_of("power_safety.topics", args)

    assert parse_key(key) == Do("power_safety.topics", args)
    assert key_of("power_safety.topics", dict(reversed(args.items()))) == key


def test_greetings_and_fallback() -> None:
    book = book_of(menus(more="greetings: {subscribe: welcome.subscribe}\n"))

    assert book.greeting("subscribe") == Do("welcome.subscribe")
    assert book.greeting("scan") is None
    assert book.fallback == Do("power_safety.answer")


def test_before_a_file_is_read_buttons_work_and_words_do_not() -> None:
    book = Book.empty(KNOWN)

    assert book.button("help.show") == Do("help.show")
    assert book.match("停电", MONDAY) is None and book.fallback is None


# --- the shipped file


def test_the_shipped_file_is_right_and_answers_what_people_really_ask() -> None:
    text = Path("menus.yaml").read_text(encoding="utf-8")
    file = read(text, KNOWN)
    book = book_of(text)

    assert file.warnings == ()
    assert [button.name for button in file.menu] == ["资讯", "服务", "用电"]
    for asked in (
        "95598",
        "12351",
        "值班电话",
        "停电",
        "触电",
        "客服",
        "你好",
        "谢谢",
        "我要留言",
        "HI",
        "看不懂",
        "说说是什么事",
    ):
        assert book.match(asked, MONDAY), asked
    for other in ("插座冒火花怎么办", "我要报名羽毛球"):  # these are for the search
        assert book.match(other, MONDAY) is None


# --- cost


def microseconds(work: Callable[[], object], times: int = 2000) -> float:
    """The best of several rounds: what it costs when nobody else uses the machine."""
    best = float("inf")
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, time.perf_counter() - start)
    return best / times * 1e6


def test_three_hundred_rules_cost_no_more_than_three() -> None:
    few, many = book_of(menus(rules(3))), book_of(menus(rules(300)))

    assert hit(many.match("词语299号", MONDAY)) == "keyword:词语299号"
    for text in ("词语2号", "今天天气怎么样，能不能出去玩"):
        spent = [calls(partial(book.match, text, MONDAY)) for book in (few, many)]
        assert 0 < spent[0] == spent[1] < 30


@pytest.mark.parametrize("text", ["a" * 600, "停" * 600, "停电怎么" * 150])
def test_no_text_makes_an_allowed_pattern_slow(text: str) -> None:
    book = book_of(menus("  - {say: ['停.*电.*(怎么|如何)z', 'a+.*b'], match: pattern, do: help.show}\n"))

    assert microseconds(lambda: book.match(text, MONDAY), times=3) < 50_000
