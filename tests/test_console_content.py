"""Content in the console: written in blocks, reviewed by somebody else, found by the next question."""

import re
import secrets
from typing import Any

import sqlalchemy as sa

from app.preparing import load_content
from app.services.staff import Wanted
from models import ArticleMove, ArticleState, ContentDraft, ContentMove, Role, Tip
from tests import making
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, Worker, acts_of, admin, at_work, ends
from tests.framed import framed
from tests.newsroom import li, zhang

__all__ = ["admin", "ends", "li", "zhang"]

SHIPPED = "/content/tip/socket-sparks"
QUESTION = "石榴树下的水泵怎么省电"
KEY = re.compile(r"/console/content/(\w+)/([a-z0-9-]+)")

TIP: dict[str, Any] = {
    "title": "石榴园水泵",
    "category": "farming",
    "ask": f"{QUESTION}\n果园水泵费电",
    "first": "先看水泵铭牌，功率够用就行。",
    "never": "不要自己拆水泵。",
    "call": ["95598"],
    "source": "《农村低压电力技术规程》第五章",
    "reviewer": "县供电公司营销部",
    "reviewed_on": "2026-11-01",
    "block_type": ["step", "step"],
    "block_text": ["夜里谷段浇地。", "管子不要漏水。"],
}
ARTICLE: dict[str, Any] = {
    "title": "职工书屋开放了",
    "category": "notice",
    "summary": "每天中午开门。",
    "author": "公司工会",
    "block_type": ["heading", "paragraph", "bullets", "quote"],
    "block_text": ["在哪里", "二楼**东侧**，见[地图](/news)。", "带工作证\n保持安静", "开卷有益"],
}


async def written(worker: Worker, kind: str = "tip", do: str = "submit", **filled: Any) -> str:
    """A new draft; the path of its page in the console."""
    given = (ARTICLE if kind == "article" else TIP) | filled
    answer = await worker.sends(f"/content/new?kind={kind}", do=do, **given)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removeprefix(CONSOLE)


async def version(worker: Worker, path: str) -> str:
    found = re.search(r'name="version" value="(\d*)"', await worker.reads(path))
    assert found
    return found[1]


async def asks(ends: Ends, question: str) -> str:
    phone = await ends.platform.follower(f"王{secrets.token_hex(3)}")
    return (await phone.says(question)).text


async def test_a_tip_that_somebody_else_approved_is_found_by_the_next_question(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    assert "石榴园水泵" not in await asks(ends, QUESTION)

    path = await written(zhang)
    assert "石榴园水泵" not in await asks(ends, QUESTION)
    assert "内容等您审核" in await li.reads("")
    said = await li.does(f"{path}/approve", version=await version(li, path))

    assert "已通过并发布" in said and "已发布" in said
    answer = await asks(ends, QUESTION)
    assert "【石榴园水泵】" in answer and "1. 夜里谷段浇地。" in answer and "来源：" in answer
    slug = path.rsplit("/", 1)[1]
    assert "石榴园水泵" in (await ends.web.get(f"/tips/{slug}")).text
    acts = [act.act for act in await acts_of(ends) if act.act.startswith("content")]
    assert acts == ["content.submit", "content.approve"]
    assert "提交内容审核" not in await li.reads(path) and "待审核" in await li.reads(path)


async def test_nobody_approves_what_he_wrote_himself(ends: Ends, zhang: Worker) -> None:
    both = await at_work(ends, "赵敏", Role.EDITOR, Role.APPROVER)
    path = await written(both)
    alone = await both.sends(f"{path}/approve", version="2")
    assert alone.status_code == 422 and "您自己写的" in alone.text
    assert 'data-test="own"' in await both.reads(path)
    assert "内容等您审核" not in await both.reads("")

    other = await at_work(ends, "钱进", Role.APPROVER)
    assert "已通过" in await other.does(f"{path}/approve", version="2")


async def test_who_only_changed_a_word_of_a_draft_is_its_author_too(ends: Ends, zhang: Worker) -> None:
    both = await at_work(ends, "赵敏", Role.EDITOR, Role.APPROVER)
    path = await written(zhang, do="save")
    await both.does(f"{path}/edit", do="submit", version="1", **(TIP | {"title": "石榴园的水泵"}))

    answer = await both.sends(f"{path}/approve", version="3")

    assert answer.status_code == 422 and "您自己写的" in answer.text


TIPS_NOT_WHOLE: list[tuple[dict[str, Any], str]] = [
    ({"source": ""}, "还缺来源"),
    ({"reviewer": ""}, "还缺审核部门"),
    ({"reviewed_on": ""}, "还缺审核日期"),
    ({"source": "", "reviewer": "", "reviewed_on": ""}, "还缺来源、审核部门、审核日期"),
    ({"reviewed_on": "昨天"}, "应是日期"),
    ({"reviewed_on": "2099-01-01"}, "不能晚于今天"),
    ({"category": "nowhere"}, "类别：请选择一个"),
    ({"first": "跑"}, "先做什么：太短"),
    ({"never": "跑"}, "不要做什么第 1 条"),
    ({"call": []}, "求助电话：至少 1 条"),
    ({"call": ["666"]}, "求助电话：至少 1 条"),
    ({"ask": ""}, "别人会怎么问：至少 1 条"),
    ({"ask": "插座冒火花怎么办"}, "已经是「插座冒火花、打火」的问法"),
    ({"block_text": ["", " "]}, "步骤还是空的"),
    ({"block_text": ["长" * 900, "完"]}, "整条答复太长"),
    ({"title": ""}, "请先写标题"),
    ({"title": "长" * 31}, "标题：太长"),
]


async def test_a_tip_that_is_not_whole_is_refused_with_the_sentence_and_nothing_typed_is_lost(
    ends: Ends, zhang: Worker
) -> None:
    for filled, said in TIPS_NOT_WHOLE:
        answer = await zhang.sends("/content/new?kind=tip", do="submit", **(TIP | filled))

        assert answer.status_code == 422 and said in answer.text, said
        assert "果园水泵费电" in answer.text or "ask" in filled
    async with ends.house.database.reading() as session:
        assert not await session.scalar(sa.select(sa.func.count()).select_from(ContentDraft))


async def test_a_form_that_is_sent_twice_makes_one_draft(ends: Ends, zhang: Worker) -> None:
    form = await zhang.reads("/content/new?kind=tip")
    found = re.search(r'name="key" value="([^"]+)"', form)
    assert found

    path = await written(zhang, key=found[1])

    assert await written(zhang, key=found[1]) == path and "已经保存过" in await zhang.reads(path)
    assert await written(zhang, key="../../x", title="水泵", ask="别的问题") != path


async def test_a_draft_may_lack_everything_but_its_title(ends: Ends, zhang: Worker) -> None:
    path = await written(zhang, do="save", source="", reviewer="", reviewed_on="", first="", call=[])

    assert "草稿" in await zhang.reads(path) and "还缺来源" in await zhang.reads(path)


async def test_a_new_tip_begins_with_the_question_that_nobody_could_answer(zhang: Worker) -> None:
    form = await zhang.reads(f"/content/new?kind=tip&title={QUESTION}")

    assert f'name="title" value="{QUESTION}"' in form and f">{QUESTION}</textarea>" in form


async def test_buttons_of_blocks_give_the_form_back_and_store_nothing(ends: Ends, zhang: Worker) -> None:
    async def texts(do: str, given: list[str]) -> list[str]:
        filled = ARTICLE | {"block_type": ["paragraph"] * len(given), "block_text": given}
        answer = await zhang.sends("/content/new?kind=article", do=do, **filled)
        assert answer.status_code == 200 and "职工书屋开放了" in answer.text
        return re.findall(r'data-test="block-text">([^<]*)</textarea>', answer.text)

    assert await texts("add", ["一"]) == ["一", ""]
    assert await texts("after-0", ["一", "二"]) == ["一", "", "二"]
    assert await texts("up-1", ["一", "二"]) == ["二", "一"]
    assert await texts("down-0", ["一", "二"]) == ["二", "一"]
    assert await texts("remove-0", ["一", "二"]) == ["二"]
    for nonsense in ("up-0", "down-1", "up-9", "remove--1", "up-x", "stay", "drop", ""):
        assert await texts(nonsense, ["一", "二"]) == ["一", "二"]
    async with ends.house.database.reading() as session:
        assert not await session.scalar(sa.select(sa.func.count()).select_from(ContentDraft))


async def test_a_preview_is_what_the_portal_shows(ends: Ends, zhang: Worker, li: Worker) -> None:
    reading = re.compile(r'<article class="reading">.*?</article>', re.DOTALL)
    for kind, place in (("article", "/news"), ("tip", "/tips")):
        given = ARTICLE if kind == "article" else TIP
        typed = await zhang.sends(f"/content/new?kind={kind}", do="preview", **given)
        path = await written(zhang, kind)
        stored = await li.reads(f"{path}/preview")
        await li.does(f"{path}/approve", version="2")
        shown = (await ends.web.get(f"{place}/{path.rsplit('/', 1)[1]}")).text

        pages = (framed(typed.text, "手机网页"), framed(stored, "手机网页"), shown)
        found = [reading.search(words) for words in pages]
        texts = [re.sub(r"\d{4}-\d\d-\d\d　阅读", "阅读", each[0]) for each in found if each]
        assert len(texts) == 3 and texts[0] == texts[1] == texts[2]
    unfinished = await zhang.sends("/content/new?kind=tip", do="preview", title="石榴")
    assert "还不能预览：还缺来源" in unfinished.text


async def test_an_article_is_reviewed_published_and_taken_down(ends: Ends, zhang: Worker, li: Worker) -> None:
    path = await written(zhang, "article")
    public = f"/news/{path.rsplit('/', 1)[1]}"
    assert (await ends.web.get(public)).status_code == 404

    await li.does(f"{path}/send-back", version="2", reason="请写开放时间")
    assert "您写的内容被退回" in await zhang.reads("") and "请写开放时间" in await zhang.reads(path)
    await zhang.does(f"{path}/edit", do="submit", version="3", **(ARTICLE | {"summary": "十二点到两点。"}))
    await li.does(f"{path}/approve", version="5")

    shown = (await ends.web.get(public)).text
    assert (
        "<h2>在哪里</h2>" in shown and "二楼<strong>东侧</strong>" in shown and "<li>保持安静</li>" in shown
    )
    empty = await li.sends(f"{path}/withdraw", reason=" ")
    assert empty.status_code == 422 and "为什么撤下" in empty.text
    assert "已撤下" in await li.does(f"{path}/withdraw", reason="书屋搬家")
    assert "已撤下" in await li.does(f"{path}/withdraw", reason="书屋搬家")
    assert (await ends.web.get(public)).status_code == 404
    async with ends.house.database.reading() as session:
        moves = list(await session.scalars(sa.select(ArticleMove).order_by(ArticleMove.id)))
    assert [(move.to_state, move.by) for move in moves] == [
        (ArticleState.PUBLISHED, "李娜"),
        (ArticleState.WITHDRAWN, "李娜"),
    ]


async def test_an_article_with_a_moment_appears_by_itself(ends: Ends, zhang: Worker, li: Worker) -> None:
    path = await written(zhang, "article", publish_at="2099-01-01T08:00")
    public = f"/news/{path.rsplit('/', 1)[1]}"

    assert "到时间自动发布" in await li.does(f"{path}/approve", version="2")
    assert (await ends.web.get(public)).status_code == 404
    assert "定时待发" in await li.reads("/content?state=scheduled")
    await zhang.does(f"{path}/edit", do="submit", version="", **ARTICLE)
    await li.does(f"{path}/approve", version="2")
    assert (await ends.web.get(public)).status_code == 200

    await zhang.does(
        f"{path}/edit", do="submit", version="", **(ARTICLE | {"publish_at": "2099-01-01T08:00"})
    )
    hidden = await li.sends(f"{path}/approve", version="2")
    assert hidden.status_code == 422 and "不能再定时" in hidden.text


ARTICLES_NOT_WHOLE: list[tuple[dict[str, Any], str]] = [
    ({"title": "书屋"}, "标题应为 4 到 64 个字"),
    ({"summary": ""}, "摘要应为"),
    ({"author": ""}, "作者应为"),
    ({"category": "farming"}, "请选择栏目"),
    ({"block_text": ["", "", "", ""]}, "正文还是空的"),
    ({"block_text": ["好", "**半边", "一", "二"]}, "正文第 2 块：加粗的 ** 要成对"),
    ({"block_text": ["好", "[点](javascript:alert1)", "一", "二"]}, "链接应以 https:// 开头"),
    ({"publish_at": "明天"}, "发布时间应是日期和时间"),
    ({"reviewed_on": "2026-11-01"}, "也请写审核部门"),
]


async def test_an_article_that_is_not_whole_is_refused(zhang: Worker) -> None:
    for filled, said in ARTICLES_NOT_WHOLE:
        answer = await zhang.sends("/content/new?kind=article", do="submit", **(ARTICLE | filled))

        assert answer.status_code == 422 and said in answer.text, said


async def revised(zhang: Worker, li: Worker, **filled: Any) -> None:
    """The tip we ship, with words of staff."""
    given = TIP | {"title": "插座打火", "ask": "插座冒火花怎么办", "category": "household"} | filled
    await zhang.does(f"{SHIPPED}/edit", do="submit", version="", **given)
    await li.does(f"{SHIPPED}/approve", version="2")


async def test_what_was_shipped_stays_while_its_draft_is_reviewed_and_is_then_staffs_own(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    form = await zhang.reads(f"{SHIPPED}/edit")
    assert "马上离开插座" in form and "插座滋滋响还冒火星" in form and "随系统提供" in await li.reads(SHIPPED)

    await zhang.does(
        f"{SHIPPED}/edit", do="submit", version="", **(TIP | {"title": "插座打火", "ask": "插座冒火花怎么办"})
    )
    assert "马上离开插座" in await asks(ends, "插座冒火花怎么办")
    await li.does(f"{SHIPPED}/approve", version="2")

    assert "夜里谷段浇地" in await asks(ends, "插座冒火花怎么办")
    assert "由工作台维护" in await li.reads(SHIPPED)


async def test_a_load_of_the_files_does_not_overwrite_what_staff_edited(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    await revised(zhang, li)
    file = ends.house.settings.content / "power_safety" / "socket-sparks.md"
    shipped = file.read_text(encoding="utf-8")

    assert await load_content(ends.house) == "新增 0，更新 0，下线 0"
    file.write_text(shipped.replace("不要用水泼。", "不要用水泼它。"), encoding="utf-8")
    assert await load_content(ends.house) == "新增 0，更新 0，下线 0"
    file.rename(file.with_name("other-tip.md"))
    other = file.with_name("other-tip.md")
    changed = shipped.replace("id: socket-sparks", "id: other-tip").replace("冒", "喷").replace("火", "光")
    other.write_text(changed, encoding="utf-8")
    assert await load_content(ends.house) == "新增 1，更新 0，下线 0"

    assert "夜里谷段浇地" in await asks(ends, "插座冒火花怎么办")


async def test_a_load_of_the_files_still_changes_what_nobody_edited(ends: Ends) -> None:
    file = ends.house.settings.content / "power_safety" / "socket-sparks.md"
    shipped = file.read_text(encoding="utf-8")
    file.write_text(shipped.replace("不要用水泼。", "不要用水泼它。"), encoding="utf-8")

    assert await load_content(ends.house) == "新增 0，更新 1，下线 0"


async def test_what_staff_took_down_is_not_brought_back_by_the_files(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    await li.does(f"{SHIPPED}/withdraw", reason="内容过时")
    assert "马上离开插座" not in await asks(ends, "插座冒火花怎么办")

    assert await load_content(ends.house) == "新增 0，更新 0，下线 0"
    assert (await ends.web.get("/tips/socket-sparks")).status_code == 404
    assert "改好再发布" in await zhang.reads(SHIPPED)
    await revised(zhang, li)

    assert "夜里谷段浇地" in await asks(ends, "插座冒火花怎么办")


async def test_the_second_of_two_who_edit_sees_the_first_and_loses_nothing(ends: Ends, zhang: Worker) -> None:
    wu = await at_work(ends, "吴刚", Role.EDITOR)
    path = await written(zhang, do="save")
    await zhang.does(f"{path}/edit", do="save", version="1", **(TIP | {"title": "水泵省电"}))

    late = await wu.sends(f"{path}/edit", do="save", version="1", **(TIP | {"source": "吴刚写的来源"}))

    assert late.status_code == 422 and "张伟 在" in late.text and "吴刚写的来源" in late.text
    assert "【水泵省电】" in late.text and 'name="version" value="2"' in late.text
    await wu.does(f"{path}/edit", do="save", version="2", **(TIP | {"source": "吴刚写的来源"}))
    first = await wu.sends(f"{SHIPPED}/edit", do="save", version="", **TIP)
    second = await zhang.sends(f"{SHIPPED}/edit", do="save", version="", **TIP)
    assert first.status_code == 303 and second.status_code == 422 and "吴刚 在" in second.text


async def test_what_was_not_looked_at_is_not_approved(ends: Ends, zhang: Worker, li: Worker) -> None:
    path = await written(zhang)
    await li.does(f"{path}/send-back", version="2", reason="来源写全")
    await zhang.does(f"{path}/edit", do="submit", version="3", **(TIP | {"title": "别的标题"}))

    stale = await li.sends(f"{path}/approve", version="2")
    assert stale.status_code == 422 and "又动过" in stale.text
    for nonsense in ("", "x", "-1", "9" * 30):
        assert (await li.sends(f"{path}/approve", version=nonsense)).status_code == 422
    await li.does(f"{path}/approve", version="5")
    twice = await li.sends(f"{path}/approve", version="5")
    assert twice.status_code == 422 and "已经发布或作废" in twice.text


async def test_moves_that_there_are_not(ends: Ends, zhang: Worker, li: Worker) -> None:
    path = await written(zhang)
    busy = await zhang.sends(f"{path}/edit", do="save", version="2", **TIP)
    assert busy.status_code == 422 and "正在审核" in busy.text
    assert (await zhang.sends(f"{path}/discard", version="2")).status_code == 422
    assert (await li.sends(f"{path}/send-back", version="2", reason=" ")).status_code == 422
    await li.does(f"{path}/send-back", version="2", reason="不合适")
    assert (await li.sends(f"{path}/approve", version="3")).status_code == 422
    assert "草稿已作废" in await zhang.does(f"{path}/discard", version="3")
    assert (await zhang.gets(path)).status_code == 404
    async with ends.house.database.reading() as session:
        moves = list(await session.scalars(sa.select(ContentMove).order_by(ContentMove.id)))
    assert [(move.to_state.value, move.by, move.channel) for move in moves] == [
        ("draft", "张伟", "console"),
        ("in_review", "张伟", "console"),
        ("changes_requested", "李娜", "console"),
        ("withdrawn", "张伟", "console"),
    ]


async def test_reviews_that_are_overdue_are_counted_and_listed(ends: Ends, zhang: Worker) -> None:
    assert "内容要复审" not in await zhang.reads("")

    await ends.moves_time(hours=24 * 366)
    await zhang.signs_in()

    home = await zhang.reads("")
    assert "内容要复审" in home and "1 件已超时" in home
    listed = await zhang.reads("/content?due=overdue")
    assert (
        "插座冒火花、打火" in listed and "已到期" in listed and "已到期：请核对" in await zhang.reads(SHIPPED)
    )


async def test_one_list_of_all_kinds_narrowed_down_and_searched(ends: Ends, zhang: Worker) -> None:
    await written(zhang)
    await written(zhang, "article", do="save")

    everything = await zhang.reads("/content")
    assert all(words in everything for words in ("石榴园水泵", "职工书屋开放了", "插座冒火花、打火"))
    assert "待审核" in everything and "县供电公司安全监察部" in everything
    tips = await zhang.reads("/content?kind=tip&category=household&state=published")
    assert "插座冒火花" in tips and "石榴园" not in tips and "书屋" not in tips
    assert "石榴园" in await zhang.reads("/content?title=石榴&kind=nonsense")
    assert "没有这样的内容" in await zhang.reads("/content?title=%25")
    assert "石榴园水泵" in await zhang.reads("/search?q=石榴")


async def test_hostile_words_are_only_words(ends: Ends, zhang: Worker, li: Worker) -> None:
    evil = "<script>alert(1)</script>"
    path = await written(
        zhang, "article", title=evil[:60], block_text=[evil, f"{evil}\0好", f"=1+1\n{evil}", "> # x"]
    )

    pages = [await li.reads(path), await li.reads("/content"), await li.reads(f"{path}/preview")]
    await li.does(f"{path}/approve", version="2")
    pages.append((await ends.web.get(f"/news/{path.rsplit('/', 1)[1]}")).text)
    for page in pages:
        assert "<script>alert" not in page and "&lt;script&gt;" in page
    stray = await zhang.sends("/content/new?kind=tip", do="save", title="x", block_type="<b>", block_text="y")
    assert stray.status_code == 303


async def test_who_may_not_and_who_works_for_a_branch_only(ends: Ends, zhang: Worker, li: Worker) -> None:
    path = await written(zhang)
    async with ends.house.database.transaction() as session:
        branch = await making.branch(session)
    north = await at_work(ends, "孙丽", Wanted(Role.EDITOR, branch.id), Wanted(Role.APPROVER, branch.id))
    auditor = await at_work(ends, "周正", Role.AUDITOR)

    for read in ("/content", path, f"{path}/preview", f"{path}/edit", "/content/new"):
        assert (await auditor.gets(read)).status_code == 403
    for read in (path, f"{path}/preview", f"{path}/edit", "/content/new"):
        assert (await north.gets(read)).status_code == 404
    assert "没有这样的内容" in await north.reads("/content")
    for act in ("approve", "send-back", "withdraw", "discard", "edit"):
        assert (await north.sends(f"{path}/{act}", version="2", do="save", title="x")).status_code == 404
        assert (await auditor.sends(f"{path}/{act}", version="2", do="save", title="x")).status_code == 403
    for act in ("approve", "send-back", "withdraw"):
        assert (await zhang.sends(f"{path}/{act}", version="2", reason="x")).status_code == 403
    for act in ("edit", "discard"):
        assert (await li.sends(f"{path}/{act}", version="2", do="save", title="x")).status_code == 403
    for nowhere in ("/content/tip/nothing", "/content/law/nothing/edit", "/content/article/x/preview"):
        assert (await zhang.gets(nowhere)).status_code == 404
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Tip)) == 1


async def test_beside_what_is_shown_stands_its_own_category_not_that_of_the_draft(
    ends: Ends, zhang: Worker
) -> None:
    await zhang.does(f"{SHIPPED}/edit", do="save", version="", **TIP)

    page = await zhang.reads(SHIPPED)

    shown = page.split('data-test="shown"')[1]
    assert shown.split("<dt>栏目</dt><dd>")[1].startswith("居家用电</dd>")
