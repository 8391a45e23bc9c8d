"""What leaves as a reply is within WeChat's limits, whatever a handler says and else is to be told."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import outbox
from app.wechat.replies import MAX_TEXT_BYTES, Article, News, Reply, Text, to_store
from models import DeliveryState, Dialogue, Follower, Message, MessageState
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk, left_behind, talking

MENUS = """
version: 1
account: 测试工会
menu:
  - name: 服务
    items:
      - {name: 新闻, do: say.news}
keywords:
  - {say: [长], do: say.long}
  - {say: [空], do: say.empty}
  - {say: [新闻], do: say.news}
  - {say: [问我], do: say.asks}
  - {say: [你好], reply: 您好。}
greetings: {subscribe: say.long}
fallback: say.long
"""


def say() -> Router:
    router = Router("say")

    @router.on("say.long", title="长")
    async def long(chat: Chat) -> Reply:
        return Text("长" * 1000)

    @router.on("say.empty", title="空")
    async def empty(chat: Chat) -> Reply:
        return Text("  ")

    @router.on("say.news", title="新闻")
    async def news(chat: Chat) -> Reply:
        return News(tuple(Article(f"第{n}条", "", "", f"https://u/{n}") for n in range(9)))

    @router.flow("say.asks", title="问答", version=1)
    async def asks(chat: Chat) -> Reply:
        first = await chat.ask("first", "第一个问题？", answers.Words())
        second = await chat.ask("second", "第二个问题？", answers.Words())
        return Text(f"{first}，{second}")

    return router


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with talking(database, clock, [say()], MENUS) as town:
        yield town


async def owes(talk: Talk, who: Speaker, text: str) -> None:
    """An earlier answer to `who` could not be delivered."""
    await who.says("你好")
    async with talk.database.transaction() as session:
        message = (await session.scalars(sa.select(Message).order_by(Message.id.desc()))).first()
        assert message is not None
        message.state = MessageState.UNDELIVERABLE
        late = outbox.add(
            session,
            outbox.LATE_REPLY,
            key=f"late:{message.id}",
            to=(await session.get_one(Follower, message.follower_id)).person_id,
            message_id=message.id,
            payload=to_store(Text(text)),
            now=talk.clock.now(),
        )
        late.state = DeliveryState.OWED


async def test_a_text_too_long_is_shortened_and_repeated_so(talk: Talk) -> None:
    li = await talk.person("李娜")
    push = li.incoming("text", "<Content>长</Content>")

    first, again = await li.pushes(push), await li.pushes(push)

    assert len(first.encode()) <= MAX_TEXT_BYTES
    assert first.endswith("…")
    assert again == first


async def test_nothing_to_say_is_a_bug_and_the_member_reads_a_calm_sentence(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert "出了点问题" in await li.says("空")
    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(Message.state)) is MessageState.FAILED


async def test_a_text_gets_one_article_that_names_the_others_and_a_tap_gets_eight(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert await li.says("新闻") == "第0条"
    assert (await li.clicks("say.news")).splitlines() == [f"第{n}条" for n in range(8)]


async def test_an_owed_answer_never_stands_above_the_lines_about_danger(talk: Talk) -> None:
    li = await talk.person("李娜")
    await owes(talk, li, "旧" * 600)

    assert "120" in (await li.says("有人触电了怎么办")).splitlines()[0]
    assert (await li.says("你好")).startswith("您刚才问的")  # it waited


async def test_an_owed_answer_is_shortened_so_that_the_present_one_is_whole(talk: Talk) -> None:
    li = await talk.person("李娜")
    await owes(talk, li, "旧" * 680)

    answer = await li.says("你好")

    assert answer.startswith("您刚才问的")
    assert answer.endswith("——————\n您好。")
    assert len(answer.encode()) <= MAX_TEXT_BYTES


async def test_an_owed_answer_waits_where_the_present_one_fills_the_reply(talk: Talk) -> None:
    li = await talk.person("李娜")
    await owes(talk, li, "旧事")

    assert (await li.says("长")).startswith("长")
    assert "旧事" in await li.says("你好")


async def test_a_message_run_again_late_does_not_answer_a_question_asked_since(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("问我")
    async with talk.database.reading() as session:
        dialogue = (await session.scalars(sa.select(Dialogue))).one()
    late = await left_behind(talk, li, "早先的回答", dialogue.ref, dialogue.serial)
    await li.says("第一答")

    await talk.sweep.run()
    await talk.engine.settle()

    async with talk.database.reading() as session:
        kept = (await session.scalars(sa.select(Message).where(Message.id == late))).one()
    assert "没有算作回答" in str(kept.reply)
    assert await li.says("第二答") == "第一答，第二答"


async def test_a_message_run_again_after_its_dialogue_ended_is_not_searched(talk: Talk) -> None:
    li = await talk.person("李娜")
    late = await left_behind(talk, li, "心里话", "0123456789abcdef", 2)

    await talk.sweep.run()
    await talk.engine.settle()

    async with talk.database.reading() as session:
        kept = (await session.scalars(sa.select(Message).where(Message.id == late))).one()
    assert "那次对话已经结束" in str(kept.reply)


async def test_one_step_back_with_nothing_open_says_so(talk: Talk) -> None:
    li = await talk.person("李娜")
    assert "没有办到一半的事" in await li.says("上一步")


async def test_who_follows_by_a_code_is_greeted_though_the_file_has_no_greeting_for_codes(talk: Talk) -> None:
    li = await talk.person("李娜")
    assert (await li.follows(scene="x")).startswith("长")
