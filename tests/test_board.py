"""The board's rules: who writes, what becomes of a post, what others do with it, who was faster."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import DomainError, NotFound
from app.services import (
    board,
    board_bulk,
    board_forgetting,
    board_lists,
    board_rows,
    board_voices,
    board_work,
)
from app.services.board import NotAMember, TooMany
from app.services.board_bulk import Act
from app.services.board_checks import Verdict
from app.services.board_lists import Order
from app.services.board_rows import MOVES, MovedOn, NotNow, author_digest
from app.services.board_voices import TooManyReports
from app.services.board_wording import Wordlist, Wrong, marks_of, plain
from models import (
    BoardCheck,
    BoardLike,
    BoardMove,
    BoardReport,
    BoardState,
    Outbox,
    Role,
    Staff,
    StaffGrant,
)
from tests.boarding import (
    HOSTILE,
    again,
    check,
    moderator,
    pending,
    published,
    reader,
    seen,
    words,
    writer,
)
from tests.conftest import NOON

DAY = timedelta(days=1)


async def told(session: AsyncSession) -> list[str]:
    """What notices say, oldest first."""
    rows = (await session.scalars(sa.select(Outbox).order_by(Outbox.id))).all()
    return [str(row.payload["content"]) for row in rows if isinstance(row.payload, dict)]


# --- writing -----------------------------------------------------------------------------------------------


async def test_a_post_waits_for_the_check_and_then_for_somebody(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await board.submit(session, li, words(), channel="portal", now=NOON)
    assert (post.state, post.verdict) == (BoardState.PENDING, BoardCheck.WAITING)

    with pytest.raises(NotNow, match="机器检查还没有结果"):
        await board_work.publish(session, seen(post, wang), NOON)
    await check(session, Verdict(BoardCheck.PASSED))
    post = await board_work.publish(session, seen(await again(session, post), wang), NOON)

    assert (post.state, post.published_at, post.decided_by) == (BoardState.PUBLISHED, NOON, "王强")
    assert await told(session) == ["您在留言板的帖子「晚饭能不能早一点」已公开。"]
    page = await board_lists.list_public(session)
    assert [each.name for each in page.posts] == ["李师傅"]


async def test_only_members_write_and_three_a_day(session: AsyncSession) -> None:
    with pytest.raises(NotAMember, match="绑定工号"):
        await board.submit(session, await reader(session), words(), channel="chat", now=NOON)
    li = await writer(session)
    for _ in range(3):
        await board.submit(session, li, words(), channel="chat", now=NOON)
    with pytest.raises(TooMany, match="一天最多发 3 条"):
        await board.submit(session, li, words(), channel="chat", now=NOON)
    await board.submit(session, li, words(), channel="chat", now=NOON + DAY)


async def test_the_same_form_twice_is_one_post(session: AsyncSession) -> None:
    li, other = await writer(session), await writer(session, "王敏", "10002")
    first = await board.submit(session, li, words(), once="abc", channel="portal", now=NOON)
    same = await board.submit(session, li, words(), once="abc", channel="portal", now=NOON)
    theirs = await board.submit(session, other, words(), once="abc", channel="portal", now=NOON)
    assert first.id == same.id != theirs.id


@pytest.mark.parametrize(
    ("naming", "name", "shown"),
    [
        ("surname", "李娜", "李师傅"),
        ("surname", "欧阳静", "欧阳师傅"),
        ("surname", "司马", "司师傅"),
        ("nobody", "李娜", "匿名职工"),
        ("nickname", "李娜", "小太阳"),
        ("real", "李娜", "李娜"),
    ],
)
async def test_the_real_name_stands_there_only_if_chosen(
    session: AsyncSession, naming: str, name: str, shown: str
) -> None:
    post = await board.submit(
        session,
        await writer(session, name),
        words(naming=naming, nickname="小太阳"),
        channel="portal",
        now=NOON,
    )
    assert post.name == shown
    raw = (await session.execute(sa.text("SELECT * FROM board_post"))).one()
    assert all(name.encode() not in (v if isinstance(v, bytes) else str(v).encode()) for v in raw)
    assert raw.found_by == "" and post.written_at == start_of_day(NOON)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("topic", "nothing", "请选一个话题"),
        ("title", " \u0000 ", "请写标题"),
        ("title", "长" * 31, "最多 30 个字，现在是 31 个字"),
        ("text", "", "请写内容"),
        ("text", "长" * 1001, "最多 1000 个字"),
        ("naming", "boss", "请选用什么名字"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(field: str, value: str, said: str) -> None:
    with pytest.raises(Wrong) as refused:
        words(**{field: value})
    assert list(refused.value.fields) == [field] and said in refused.value.fields[field]


@pytest.mark.parametrize("nickname", ["", "长" * 11, "工会主席", "<b>", "a b", "13812345678", "官方客服"])
def test_a_nickname_is_nobody_elses(nickname: str) -> None:
    with pytest.raises(Wrong) as refused:
        words(naming="nickname", nickname=nickname)
    assert list(refused.value.fields) == ["nickname"]


async def test_words_are_the_writers_until_somebody_decides(session: AsyncSession) -> None:
    li, wang, other = await writer(session), await moderator(session), await writer(session, "王敏", "10002")
    post = await pending(session, li)
    old = seen(post, wang)

    with pytest.raises(NotFound):
        await board.withdraw(session, other, post.public_id, channel="portal", now=NOON)
    post = await board.edit(
        session, li, post.public_id, words(title="早饭"), version=post.version, channel="portal", now=NOON
    )
    assert (post.title, post.verdict) == ("早饭", BoardCheck.WAITING)
    with pytest.raises(MovedOn, match="作者"):  # the moderator saw other words
        await board_work.publish(session, old, NOON)
    with pytest.raises(NotNow, match="在别处改过"):
        await board.edit(session, li, post.public_id, words(), version=1, channel="portal", now=NOON)

    await check(session, Verdict(BoardCheck.PASSED))
    post = await board_work.publish(session, seen(await again(session, post), wang), NOON)
    for act in ("edit", "withdraw"):
        with pytest.raises(NotNow, match="已公开，不能再"):
            if act == "edit":
                await board.edit(
                    session, li, post.public_id, words(), version=post.version, channel="portal", now=NOON
                )
            else:
                await board.withdraw(session, li, post.public_id, channel="portal", now=NOON)


async def test_what_is_taken_back_says_nothing_any_more(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await pending(session, li)
    for _ in range(2):  # twice is no error
        post = await board.withdraw(session, li, post.public_id, channel="portal", now=NOON)
    assert (post.state, post.title, post.text, post.pictures) == (BoardState.WITHDRAWN, "", "", [])
    with pytest.raises(NotNow):
        await board_work.refuse(session, seen(post, wang), "为什么", NOON)


# --- deciding ----------------------------------------------------------------------------------------------


async def test_there_are_no_moves_but_these(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await pending(session, li)
    for at in BoardState:
        for to in set(BoardState) - MOVES[at]:
            post.state = at
            with pytest.raises(NotNow):
                board_rows.move(session, post, to, by=wang.name, channel="console", now=NOON)


@pytest.mark.parametrize("verdict", [BoardCheck.UNKNOWN, BoardCheck.REVIEW, BoardCheck.RISKY])
async def test_what_the_check_did_not_pass_is_read_first(session: AsyncSession, verdict: BoardCheck) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await board.submit(session, li, words(), channel="portal", now=NOON)
    await check(session, Verdict(verdict, "微信没有答复"))
    post = await again(session, post)
    assert (post.state, post.check_said) == (BoardState.PENDING, "微信没有答复")

    with pytest.raises(DomainError, match="我看过原文"):
        await board_work.publish(session, seen(post, wang), NOON)
    post = await board_work.publish(session, seen(post, wang), NOON, knowingly=True)
    assert post.state is BoardState.PUBLISHED


async def test_the_writer_hears_why_and_others_find_nothing(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await published(session, li, wang)
    with pytest.raises(DomainError, match="请写为什么隐藏"):
        await board_work.hide(session, seen(post, wang), "  ", NOON)
    post = await board_work.hide(session, seen(post, wang), "提到了同事的姓名", NOON)

    assert (await told(session))[-1] == "您在留言板的帖子「晚饭能不能早一点」已隐藏：提到了同事的姓名"
    assert (await board_lists.list_public(session)).posts == [] and post.found_by == ""
    other, address = await reader(session), board_rows.address_of(post, li)
    for who in (None, other, li):
        with pytest.raises(NotFound):
            await board_lists.get_for(session, post.public_id, who)
    with pytest.raises(NotFound):
        await board_rows.get_mine_at(session, other, address)
    assert (await board_rows.get_mine_at(session, li, address)).reason == "提到了同事的姓名"

    post = await board_work.show(session, seen(post, wang), NOON)
    assert post.state is BoardState.PUBLISHED and post.reason is None
    refused = await pending(session, li)
    await board_work.refuse(session, seen(refused, wang), "广告", NOON)
    assert "未通过审核：广告" in (await told(session))[-1]


async def test_of_two_moderators_the_second_is_told(session: AsyncSession) -> None:
    li, wang, zhao = await writer(session), await moderator(session), await moderator(session, "赵敏", "zhao")
    post = await pending(session, li)
    first, second = seen(post, wang), seen(post, zhao)
    await board_work.publish(session, first, NOON)
    with pytest.raises(MovedOn, match=r"王强.*现在是「已公开」"):
        await board_work.refuse(session, second, "广告", NOON)
    assert len(await told(session)) == 1


async def test_nobody_decides_on_his_own(session: AsyncSession) -> None:
    li, wang, zhao = await writer(session), await moderator(session), await moderator(session, "赵敏", "zhao")
    (await session.get_one(Staff, wang.staff_id)).person_id = li
    post = await pending(session, li)
    with pytest.raises(DomainError, match="您自己写的"):
        await board_work.publish(session, seen(post, wang), NOON)
    post = await board_work.publish(session, seen(post, zhao), NOON)
    await board_voices.report(session, post.public_id, await reader(session), "other", "", NOON)
    with pytest.raises(DomainError, match="您自己写的"):
        await board_work.dismiss(session, seen(await again(session, post), wang), NOON)


async def test_who_moderates_hears_in_his_own_wechat_without_a_word_of_the_post(
    session: AsyncSession,
) -> None:
    li, wang = await writer(session), await moderator(session)
    (await session.get_one(Staff, wang.staff_id)).person_id = await reader(session)
    session.add(StaffGrant(staff_id=wang.staff_id, role=Role.APPROVER, given_at=NOON))
    post = await published(session, li, wang)
    for _ in range(3):
        await board_voices.report(session, post.public_id, await reader(session), "other", HOSTILE, NOON)
    assert (await told(session))[-1] == "留言板有一条帖子被多人举报，已先隐藏。请到工作台看。"


async def test_ten_changes_and_no_more(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "EDITS", 2)
    li = await writer(session)
    post = await pending(session, li)

    async def edits() -> None:
        await board.edit(
            session, li, post.public_id, words(), version=post.version, channel="portal", now=NOON
        )

    for _ in range(2):
        await edits()
    with pytest.raises(NotNow, match="已经改过 2 次"):
        await edits()


async def test_answers_are_of_a_unit_and_only_their_own_are_changed(session: AsyncSession) -> None:
    li, wang, zhao = await writer(session), await moderator(session), await moderator(session, "赵敏", "zhao")
    post = await pending(session, li)
    with pytest.raises(NotNow, match="公开的帖子才能答复"):
        await board_work.answer(session, seen(post, wang), "后勤部", "知道了", NOON)
    post = await board_work.publish(session, seen(post, wang), NOON)
    with pytest.raises(DomainError, match="哪个单位"):
        await board_work.answer(session, seen(post, wang), " ", "知道了", NOON)
    late = seen(post, zhao)
    made = await board_work.answer(session, seen(post, wang), "后勤部", HOSTILE, NOON)
    assert (await told(session))[-1].startswith("后勤部答复了您在留言板的帖子")
    with pytest.raises(MovedOn):
        await board_work.answer(session, late, "工会", "我也来答", NOON)
    with pytest.raises(NotNow, match="已经答复过"):
        await board_work.answer(session, seen(await again(session, post), wang), "后勤部", "再答", NOON)
    with pytest.raises(NotFound, match="别人的答复"):
        await board_work.change_answer(session, post.public_id, zhao, "后勤部", "改", made.version, NOON)
    changed = await board_work.change_answer(
        session, post.public_id, wang, "后勤部", "明天起提早", made.version, NOON
    )
    assert (changed.text, changed.changed_at) == ("明天起提早", NOON)
    with pytest.raises(NotNow, match="在别处改过"):
        await board_work.change_answer(session, post.public_id, wang, "后勤部", "再改", 1, NOON)


async def test_many_at_once_leave_what_must_be_read_or_moved_on(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    clean, moved = await pending(session, li), await pending(session, li)
    unclear = await board.submit(session, li, words(), channel="portal", now=NOON)
    await check(session, Verdict(BoardCheck.UNKNOWN))
    unclear = await again(session, unclear)
    ticked = [f"{each.public_id}:{each.version}" for each in (clean, unclear)] + [
        f"{moved.public_id}:77",
        "x",
    ]

    done = await board_bulk.act(session, Act.PUBLISH, ticked, "", wang, NOON)
    assert (done.count, done.left) == (1, 3)
    assert (await again(session, clean)).state is BoardState.PUBLISHED
    with pytest.raises(DomainError, match="没有公开"):
        await board_bulk.act(session, Act.PUBLISH, ticked, "", wang, NOON)
    shown = f"{clean.public_id}:{(await again(session, clean)).version}"
    with pytest.raises(DomainError, match="为什么隐藏"):
        await board_bulk.act(session, Act.HIDE, [shown], "", wang, NOON)
    assert (await board_bulk.act(session, Act.HIDE, [shown], "广告", wang, NOON)).count == 1
    with pytest.raises(DomainError, match="请勾选"):
        await board_bulk.act(session, Act.HIDE, [], "广告", wang, NOON)


async def test_who_wrote_it_is_opened_with_a_reason_that_stays(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await pending(session, li, naming="nobody")
    with pytest.raises(DomainError, match="为什么要看"):
        await board_work.reveal(session, post.public_id, wang, " ", NOON)
    known = await board_work.reveal(session, post.public_id, wang, "公安机关调取", NOON)
    assert (known.name, known.staff_number) == ("李娜", "10001")
    moves = await board_rows.moves_of(session, post)
    assert [(each.by, each.reason) for each in moves][-1] == ("王强", "查看了作者是谁：公安机关调取")


# --- others ------------------------------------------------------------------------------------------------


async def test_a_second_like_takes_the_first_back(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await pending(session, li)
    who = await reader(session)
    with pytest.raises(NotFound):  # nobody likes what is not public
        await board_voices.like(session, post.public_id, who)
    post = await board_work.publish(session, seen(post, wang), NOON)
    assert (await board_voices.like(session, post.public_id, who)).likes == 1
    assert (await board_voices.like(session, post.public_id, li)).likes == 2
    assert await board_voices.liked_by(session, post, who)
    back = await board_voices.like(session, post.public_id, who)
    assert (back.likes, back.liked) == (1, False)
    assert (await again(session, post)).likes == 1


async def test_three_persons_hide_a_post_until_somebody_has_looked(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await published(session, li, wang)
    at = post.public_id
    with pytest.raises(DomainError, match="您自己的"):
        await board_voices.report(session, at, li, "abuse", "", NOON)
    with pytest.raises(DomainError, match="请选举报的原因"):
        await board_voices.report(session, at, await reader(session), "because", "", NOON)
    one = await reader(session)
    for _ in range(3):  # one person is one, however often
        assert not await board_voices.report(session, at, one, "abuse", HOSTILE, NOON)
    assert not await board_voices.report(session, at, await reader(session), "false", "", NOON)
    assert (await again(session, post)).state is BoardState.PUBLISHED
    assert await board_voices.report(session, at, await reader(session), "false", "", NOON)

    post = await again(session, post)
    assert (post.state, post.reports, post.decided_by) == (BoardState.HIDDEN, 3, "系统")
    # As of a report the day: the minute would lead to the third who reported it.
    assert {post.decided_at, (await board_rows.moves_of(session, post))[-1].at} == {start_of_day(NOON)}
    assert "有多位职工举报" in (await told(session))[-1]
    assert [each.id for each in await board_lists.list_waiting(session, 9)] == [post.id]
    post = await board_work.show(session, seen(post, wang), NOON)
    assert (post.state, post.reports) == (BoardState.PUBLISHED, 0)
    assert not await board_voices.report(session, at, one, "abuse", "", NOON)  # has been heard
    assert (await again(session, post)).reports == 0


async def test_reports_may_be_dismissed_or_confirmed(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    post = await published(session, li, wang)
    with pytest.raises(NotNow, match="没有要处理的举报"):
        await board_work.dismiss(session, seen(post, wang), NOON)
    await board_voices.report(session, post.public_id, await reader(session), "other", "", NOON)
    post = await board_work.dismiss(session, seen(await again(session, post), wang), NOON)
    assert (post.state, post.reports) == (BoardState.PUBLISHED, 0)
    for _ in range(3):
        await board_voices.report(session, post.public_id, await reader(session), "other", "", NOON)
    post = await board_work.hide(session, seen(await again(session, post), wang), "确实骂人", NOON)
    assert (post.state, post.reports, post.reason) == (BoardState.HIDDEN, 0, "确实骂人")
    with pytest.raises(NotNow):
        await board_work.hide(session, seen(post, wang), "再隐藏", NOON)


async def test_twenty_reports_a_day(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_voices, "A_DAY", 2)
    li, wang, who = await writer(session), await moderator(session), await reader(session)
    posts = [await published(session, li, wang) for _ in range(3)]
    for post in posts[:2]:
        await board_voices.report(session, post.public_id, who, "other", "", NOON)
    with pytest.raises(TooManyReports):
        await board_voices.report(session, posts[2].public_id, who, "other", "", NOON)
    await board_voices.report(session, posts[2].public_id, who, "other", "", NOON + DAY)


# --- lists -------------------------------------------------------------------------------------------------


async def test_lists_go_on_where_the_last_page_ended(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    posts = []
    for number in range(3):
        post = await pending(session, li, title=f"第 {number} 条", topic="safety" if number else "work")
        posts.append(
            await board_work.publish(session, seen(post, wang), NOON + timedelta(minutes=number // 2))
        )
    await board_voices.like(session, posts[0].public_id, li)
    await board_work.answer(session, seen(posts[1], wang), "工会", "知道了", NOON)

    met: list[str] = []
    after = ""
    while True:
        page = await board_lists.list_public(session, after=after, limit=1)
        met += [each.title for each in page.posts]
        if not (after := page.more):
            break
    assert met == ["第 2 条", "第 1 条", "第 0 条"]
    liked = await board_lists.list_public(session, Order.LIKED)
    assert [each.title for each in liked.posts] == ["第 0 条", "第 2 条", "第 1 条"]
    answered = await board_lists.list_public(session, Order.ANSWERED)
    assert [each.title for each in answered.posts] == ["第 1 条"]
    post = await again(session, posts[0])
    await board_work.pin(session, seen(post, wang), NOON, on=True)
    page = await board_lists.list_public(session)
    assert [each.title for each in page.pinned] == ["第 0 条"] and len(page.posts) == 2
    made_up = await board_lists.list_public(session, after="nothing")
    assert len(made_up.posts) == 2


@pytest.mark.parametrize(
    ("looked_for", "found"),
    [
        ("菜都凉了", 1),
        ("晚饭 夜班", 1),
        ("早饭", 0),
        ("%", 0),
        ("_", 0),
        ("'; DROP TABLE x", 0),
        ("李师傅", 1),
    ],
)
async def test_words_are_found_as_they_are(session: AsyncSession, looked_for: str, found: int) -> None:
    await published(session, await writer(session), await moderator(session))
    assert len((await board_lists.list_public(session, words=looked_for)).posts) == found


# --- words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("食堂的菜凉了", []),
        ("傻 逼领导", ["attacks"]),
        ("ｓｂ 代*开*发*票", ["forbidden"]),
        ("打 138 1234 5678 找我", ["phone"]),
        ("0911-1234567", ["phone"]),
        ("61010119900307123X", ["id_number"]),
        ("看 https://a.example", ["link"]),
        ("编号 20261123001", []),
    ],
)
def test_what_is_marked_for_the_moderator(text: str, marks: list[str]) -> None:
    wordlist = Wordlist(forbidden=("代开发票",), attacks=("傻逼",))
    assert marks_of(wordlist, text) == marks


def test_what_no_text_has_is_left_out() -> None:
    assert plain(" a\0b\u202ec\r\nd\te ") == "abc\nde"


# --- persons and time --------------------------------------------------------------------------------------


async def test_two_who_are_one_have_one_like_and_one_report(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    gone, stays = await reader(session), await reader(session)
    post = await published(session, li, wang)
    for who in (gone, stays):
        await board_voices.like(session, post.public_id, who)
        await board_voices.report(session, post.public_id, who, "other", "", NOON)
    await board_forgetting.hand_over_likes(session, gone, stays)
    await board_forgetting.hand_over_reports(session, gone, stays)
    await board_forgetting.hand_over_posts(session, li, stays)

    post = await again(session, post)
    assert (post.likes, post.reports, post.author) == (1, 1, {"person_id": stays})
    assert await board_voices.liked_by(session, post, stays)
    assert [each.id for each in await board.list_own(session, stays)] == [post.id]


async def test_who_closes_the_account_leaves_no_words_behind(session: AsyncSession) -> None:
    li, wang, who = await writer(session), await moderator(session), await reader(session)
    post, theirs = await published(session, li, wang), await published(session, li, wang)
    await board_forgetting.hand_over_posts(session, li, li)
    theirs.author_digest, theirs.author = author_digest(who), {"person_id": who}
    for each in (post, theirs):
        await session.flush()
        await board_voices.like(session, each.public_id, li)
    await board_voices.report(session, theirs.public_id, li, "abuse", "他骂我", NOON)

    done = await board_forgetting.close(session, li, "portal", NOON)
    assert [what for what, _ in done] == ["留言板的帖子", "留言板的点赞", "留言板的举报"]
    post, theirs = await again(session, post), await again(session, theirs)
    assert (post.state, post.title, post.author, post.author_digest) == (BoardState.WITHDRAWN, "", None, None)
    assert (theirs.likes, theirs.reports) == (0, 1)
    (report,) = (await session.scalars(sa.select(BoardReport))).all()
    await session.refresh(report)
    assert (report.person_digest, report.words) == (None, None)
    assert (await session.scalars(sa.select(BoardLike))).all() == []
    with pytest.raises(DomainError, match="已经清除"):
        await board_work.reveal(session, post.public_id, wang, "为什么", NOON)


async def test_what_is_over_is_forgotten_after_half_a_year(session: AsyncSession) -> None:
    li, wang = await writer(session), await moderator(session)
    hidden, public = await published(session, li, wang), await published(session, li, wang)
    hidden = await board_work.hide(session, seen(hidden, wang), "骂人", NOON)
    for days, due in ((179, False), (180, True)):
        now = NOON + timedelta(days=days)
        ids = (await session.scalars(board_forgetting.forget_over.find(now, 10))).all()
        assert list(ids) == ([hidden.id] if due else [])
    await board_forgetting.forget_over.act(session, ids, now)
    hidden = await again(session, hidden)
    assert (hidden.title, hidden.author, hidden.state) == ("", None, BoardState.HIDDEN)
    later = NOON + timedelta(days=3 * 365)
    ids = (await session.scalars(board_forgetting.forget_writers.find(later, 10))).all()
    await board_forgetting.forget_writers.act(session, ids, later)
    public = await again(session, public)
    assert (public.author, public.title) == (None, "晚饭能不能早一点")
    assert await session.scalar(sa.select(sa.func.count()).select_from(BoardMove)) == 5
