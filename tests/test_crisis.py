"""Words of danger: which texts they are seen in, what is said first, and the alerts people on duty get."""

from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.knowledge import Topic
from app.services import crisis
from models import AlertState, Outbox, Person
from tests.conftest import NOON
from tests.counting import calls

SELF_HARM = [
    "我不想活了",
    "真的不想活了，太累了",
    "不想活在这个世界上了",
    "活着没意思",
    "活着真没劲",
    "活着好累啊",
    "我活不下去了",
    "想自杀",
    "我想自 杀",
    "自*杀的方法",
    "想自鲨",
    "好想紫砂",
    "我要去紫砂了",
    "zisha",
    "想轻生",
    "同事说要轻生，怎么劝他",
    "我要割腕",
    "割了手腕也没人管，就想割手腕",
    "我想从楼上跳楼",
    "有人要跳楼",
    "我想跳河",
    "我想死",
    "累得想死",
    "死了算了",
    "不如死了",
    "还不如死了好",
    "活够了",
    "一了百了",
    "想结束自己的生命",
    "我喝了农药",
    "遗书我都写好了，我的遗书在抽屉里",
    "生无可恋",
    "我真的撑不下去了",
    "控制不住伤害自己",
    "想不开了怎么办",
    "电死自己算了",
    "輕生",
    "觉得活着没有任何意义",
    "没有继续活着的理由",
    "只想结束这一切",
    "站在楼顶想跳下去",
    "吃了一整瓶安眠药",
    "我死了你们就满意了",
    "怎么死不痛苦",
    "要是睡过去不醒来就好了",
    "再见了这个世界",
    "我不配活着",
    "放弃自己的生命",
    "我拿刀割了手腕流了好多血",
    "我把遗书放桌上了",
    "活着对我来说就是折磨",
    "谁也别救我",
    "我弟弟喝药了快不行了",
    "好想就这样睡着永远别醒",
]
IN_DANGER = [
    ("有人触电", crisis.SHOCK),
    ("触电了怎么急救", crisis.SHOCK),
    ("我爸触电了", crisis.SHOCK),
    ("孩子被电了一下没反应", crisis.SHOCK),
    ("工友被高压电打了", crisis.SHOCK),
    ("电死人了", crisis.SHOCK),
    ("家里着火了", crisis.FIRE),
    ("电动车着火怎么灭", crisis.FIRE),
    ("插座冒烟了", crisis.FIRE),
    ("配电箱烧起来了", crisis.FIRE),
    ("电线掉下来了", crisis.WIRE),
    ("电线被风刮断了", crisis.WIRE),
    ("高压线断了掉在路上", crisis.WIRE),
    ("电线杆倒了", crisis.WIRE),
    ("救命啊", crisis.DYING),
    ("他没呼吸了", crisis.DYING),
    ("我妈晕倒了叫不醒", crisis.DYING),
    ("变压器冒火了", crisis.FIRE),
    ("有个人被电线电倒在地上", crisis.SHOCK),
]
SILENT = [
    "防止触电的方法",
    "触电急救知识",
    "如何预防触电",
    "触电急救演练什么时候",
    "跳楼机好玩吗",
    "跳楼价甩卖",
    "不想活动",
    "周末不想活动了怎么办",
    "我不愿意活动",
    "这个游戏要命",
    "紫砂壶怎么保养",
    "电紫砂锅能用多久",
    "我要紫砂杯",
    "年轻生命要珍惜",
    "年轻生产骨干",
    "想死你了",
    "思想死板",
    "手机想死机一样卡",
    "今天热得想死",
    "同事们各自尽职尽责",
    "他亲自杀鸡招待我们",
    "预防自杀讲座几点开始",
    "自残或者自杀算不算工伤",
    "自杀式维修",
    "救命钱什么时候到账",
    "没有人触电吧",
    "工资怎么算",
    "插座冒火花怎么办",
    "孩子被电视吸引",
    "电线路老化",
    "电缆断面怎么选",
    "这首歌一起火了",
    "灭火器过期了在哪换",
    "电死蚊子的灯费电吗",
    "上吊车要什么证",
    "想不开发票行吗",
    "我想死心塌地跟着干",
    "想想死者家属多难",
    "不想活得太累怎么调节",
    "手环放在手腕上没反应",
    "世界杯期间不想在单位值班",
    "为什么要活动这么久",
    "结束劳动合同怎么赔",
    "触电死亡算工伤吗",
    "没法了，工资一直不发",
    "跳河边广场舞",
    "我们想活跃一下气氛",
    "喝药膳有用吗",
    "遗书公证怎么办",
    "去世职工家属慰问",
    "活动报名",
    "",
    "😀",
]


@pytest.mark.parametrize("text", SELF_HARM)
def test_who_may_harm_himself_is_heard(text: str) -> None:
    assert crisis.watch(text) is crisis.SELF_HARM


@pytest.mark.parametrize(("text", "danger"), IN_DANGER)
def test_a_life_at_risk_gets_its_own_first_action(text: str, danger: crisis.Danger) -> None:
    assert crisis.watch(text) is danger


@pytest.mark.parametrize("text", SILENT)
def test_harmless_words_are_left_alone(text: str) -> None:
    assert crisis.watch(text) is None


def test_the_first_line_is_the_number_and_only_self_harm_calls_people_on_duty() -> None:
    first = {each: each.lines.splitlines()[0] for each in (crisis.SHOCK, crisis.FIRE, crisis.WIRE)}

    assert "120" in first[crisis.SHOCK]
    assert "119" in first[crisis.FIRE]
    assert "95598" in first[crisis.WIRE]
    assert all(number in crisis.SELF_HARM.lines.splitlines()[0] for number in ("110", "120", "12356"))
    assert crisis.SELF_HARM.alert
    assert not any(each.alert for each in (*first, crisis.DYING))


def test_a_confession_beside_an_accident_counts_as_a_confession() -> None:
    assert crisis.watch("家里着火了，我也不想活了") is crisis.SELF_HARM


def test_no_topic_of_ours_is_taken_for_a_confession() -> None:
    assert not [topic for topic in Topic if (found := crisis.watch(topic.label)) and found.alert]


def test_watching_a_long_story_is_as_little_work_as_a_short_one() -> None:
    sentence = "今天班组开会说了安全的事。"
    spent = [calls(partial(crisis.watch, sentence * times)) for times in (1, 160)]
    assert 0 < spent[0] == spent[1] < 20


# --- alerts ------------------------------------------------------------------------------------------------


async def _person(session: AsyncSession) -> int:
    person = Person(created_at=NOON)
    session.add(person)
    await session.flush()
    return person.id


async def test_one_message_rings_once_however_often_it_comes(session: AsyncSession) -> None:
    li = await _person(session)

    for _ in range(3):
        await crisis.alert(session, li, "m|1|o1", "chat", "我不想活了", NOON)
    await crisis.alert(session, li, "m|2|o1", "chat", "真的", NOON)

    found = await crisis.due(session, NOON)
    assert [(each.person_id, each.excerpt) for each in found] == [(li, "我不想活了"), (li, "真的")]


async def test_who_takes_an_alert_ends_its_rounds(session: AsyncSession) -> None:
    await crisis.alert(session, await _person(session), "m|1|o1", "chat", "我不想活了", NOON)
    (waiting,) = await crisis.list_alerts(session)

    taken = await crisis.take(session, waiting.id, "王强", NOON + timedelta(minutes=2))

    assert (taken.state, taken.taken_by) == (AlertState.TAKEN, "王强")
    assert not await crisis.due(session, NOON + timedelta(hours=1))
    assert await crisis.take(session, waiting.id, "王强", NOON) is taken  # a second tap changes nothing
    with pytest.raises(DomainError, match="已经由王强接手"):
        await crisis.take(session, waiting.id, "赵敏", NOON)
    with pytest.raises(NotFound):
        await crisis.take(session, waiting.id + 1, "赵敏", NOON)


async def test_words_to_the_person_go_out_once_and_only_after_somebody_took_it(session: AsyncSession) -> None:
    li = await _person(session)
    await crisis.alert(session, li, "m|1|o1", "chat", "我不想活了", NOON)
    (alert,) = await crisis.list_alerts(session)
    with pytest.raises(DomainError, match="请先接手"):
        await crisis.reply(session, alert.id, "我在。", NOON)
    await crisis.take(session, alert.id, "王强", NOON)

    for _ in range(2):
        await crisis.reply(session, alert.id, "我在。", NOON)
    with pytest.raises(DomainError, match="1 到 500 个字"):
        await crisis.reply(session, alert.id, " ", NOON)

    row = (await session.scalars(sa.select(Outbox))).one()
    assert (row.person_id, row.urgent) == (li, True)


async def test_an_alert_whose_round_is_later_is_not_due_yet(session: AsyncSession) -> None:
    await crisis.alert(session, await _person(session), "m|1|o1", "chat", "我不想活了", NOON)

    assert not await crisis.due(session, NOON - timedelta(seconds=1))
    assert len(await crisis.due(session, NOON)) == 1


async def test_somebody_in_crisis_is_spared_for_thirty_days(session: AsyncSession) -> None:
    li, wang = await _person(session), await _person(session)
    await crisis.alert(session, li, "m|1|o1", "chat", "我不想活了", NOON)

    assert await crisis.in_crisis(session, li, NOON + timedelta(days=29))
    assert not await crisis.in_crisis(session, li, NOON + timedelta(days=31))
    assert not await crisis.in_crisis(session, wang, NOON)
