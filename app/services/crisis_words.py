"""What people write when they may harm themselves, or when electricity or fire threatens a life.

Only words stand here; what is said and done about them stands in `crisis`. The lists hold regular
expressions, written as people type: with slips, homophones and pinyin. A word that also has a harmless
meaning names what may not follow it; `HARMLESS` holds what is no danger at all. Every alternative begins
with a plain character, so that the search skips through a text that holds none of them.
"""

import re


def _words(line: str) -> list[str]:
    return line.split()


def _each(starts: str, *ends: str) -> list[str]:
    """Every start with every end: 我 快 and 不行 make 我不行, 快不行."""
    return [start + end for start in starts.split() for end in ends]


SELF_HARM = (
    # 自杀, as written and as disguised
    r"自\W{0,3}[杀殺鲨煞](?!式|率|性|小队|案|电影|剧|防|青|鸡|猪|羊|鱼|牛|毒|菌|虫|进|出|到)",
    *_words("自s(?![a-z]) 自sha zisha(?![a-z]) zi杀 想亖 想si(?![a-z]) 杀了我自己"),
    *_words("鲨了自己 噶了自己 嘎了自己"),
    *_each("想 要 去 就 我 准备 打算", "(?:要|去)?紫砂(?!壶|杯|锅|煲|茶|泥|器|盆|炖|电|汤|花|的|制|工)"),
    *_words("自尽(?!职|力|责|心|到|快|量|孝|情|其) 自缢 自刎 寻短见 寻死 輕生"),
    *_words("轻生(?!活|态|产|意|命|物|长) 了断自己 了结自己 了结生命 结束生命 结束自己 结束这一生"),
    *_words("结束我的生命 一死了之 一了百了 了此残生"),
    # not wanting to live
    r"不\W{0,2}想\W{0,2}活(?!动|跃|成|泼|得(?!了|下)|在(?!这|世|了|人世))",
    *_each("不想再 不想继续 不愿 不愿意 不愿再", "活(?!动|跃|成)"),
    *_words("没法活了 活不下去 活不了了 活够了 活腻了 活着没(?:意|劲|有意|什么|啥|盼|趣|希望|动力)"),
    *_each(
        "活着", "好累", "太累", "真累", "真没", "还有什么", "有什么", "有啥", "干嘛", "干什么", "是种折磨"
    ),
    *_words("活得太累 活得好累 没有活下去 没活下去的 没勇气活 没什么活头 没活头 生无可恋 生不如死"),
    *_words("不如死 死了算了 死了好(?!几|多|久|长) 死了就好 死了就解脱 死掉算了 死了一了 让我死"),
    *_words("我去死 想去死 我也去死 我该去死 不想醒来 不想再醒 再也不想醒 想消失在这个世界"),
    *_words("从这个世界消失 离开这个世界 离开人世 离开人间 告别这个世界 不想在这个世界 世界没有我"),
    *_words("没有我会更好 想解脱 想不开(?!户|通|门|店|车|会|票|发票|口|机|关|灯)"),
    r"想\W{0,2}死(?!你|您|妳|他|她|大家|家|妈|爸|孩子|我了|我啦|机|循环|锁|板)",
    *_each("我 真的 真 实在 快 再也", "撑不下去", "熬不下去", "坚持不下去"),
    # ways and preparations
    r"割\W{0,2}腕",
    *_words("割脉 割手腕 划手腕 割自己 划自己的手 跳楼(?!机|价|大?甩|大?减|清仓|促销) 跳樓 跳河 跳江 跳海"),
    *_words("投河 投江 投湖 投井 跳崖 跳桥 跳下去算了 卧轨 上吊(?!车|装|机|钩|篮|椅|扇|灯|顶) 吊死自己"),
    *_each("喝 喝了", "农药", "百草枯", "敌敌畏"),
    *_words("吞安眠药 吃了一瓶安眠药 攒安眠药 攒了安眠药 烧炭自 烧炭走 写遗书 写好遗书 写了遗书"),
    *_words("留遗书 留下遗书 我的遗书 交代后事 安排后事 安排好后事 电死自己 电死我自己"),
    *_words("伤害自己 伤害我自己 自残(?!算|不算|是否) 自虐"),
)

_PEOPLE = (
    "有人 小孩 孩子 老人 同事 工友 工人 师傅 邻居 家人 我爸 我妈 爸爸 妈妈 老公 老婆 丈夫 妻子 儿子 女儿"
)
_THINGS = "电线 插座 电器 电箱 空调 冰箱 电视 热水器 电动车 电瓶车 家里 楼道 屋里 房子 变压器"

SHOCK = (
    *_each(
        _PEOPLE,
        "(?:都|好像|可能)?触电(?!演练|培训)",
        "(?:都|好像|可能)?被电(?!话|视|梯|脑|力|动|瓶|影|网|费|信|子|商|工|价)",
    ),
    *_each("触电 觸電", "了", "怎么办", "咋办", "咋整", "昏", "晕", "倒", "不醒", "没反应", "没呼吸", "没气"),
    *_words("电死 电到人 电着人 电倒了 电到了人 电击倒 电击了 被电击 被电倒 被电晕 被电到 被电着 被电打"),
    *_words("被电了 被电粘 被电住 被电吸 被高压电 让电打 叫电打 过电了"),
)

FIRE = (
    *_words("着火了 着火啦 着大火 着起来了 着起火 起火了 起火啦 失火了 失火啦 发生火灾 燃起来 烧起来了"),
    *_words("烧着了 冒烟 冒黑烟 冒浓烟 电箱炸 变压器炸 变压器爆 电池爆炸 煤气爆炸 电表爆炸 电动车爆炸"),
    *_each(_THINGS, "着火", "起火"),
)

_WIRES = "电线 高压线 电缆 导线"
_BLOWN = "(?:都|被刮|被风刮|被大风刮|被挂|被撞|被雪压|被树压)?"

WIRE = (
    *_each(_WIRES, f"{_BLOWN}(?:掉|垂|落)(?:下|地|到|在|落|水|院|路|河|田|房|树|了(?!皮|漆|色))"),
    *_each(_WIRES, f"{_BLOWN}断(?!路|电|面|点|层)"),
    *_words("断线掉 断电线 断了的电线 线掉地上 线掉在地 线掉到地 电线杆倒 电线杆断 电杆倒 电杆断"),
)

DYING = (
    *_words("救命(?!稻草|钱|恩|药|之恩|神) 没呼吸了 没有呼吸了 人没气了 没心跳 没有心跳 不喘气 没脉搏"),
    *_words("倒地不起 昏迷不醒 昏死过去 叫不醒了 喊不醒 溺水了 有人落水 有人掉水 有人掉河 孩子掉水"),
    *_words("孩子掉河 煤气中毒 一氧化碳中毒"),
)

# Holds such a word and is no danger: taken out before the lists are asked again.
HARMLESS = (
    *_words("预防自杀 防止自杀 自杀干预 自杀预防 防自杀 自残或者?自杀 自杀或者?自残 自残、自杀 自杀、自残"),
    *_words("自杀算工伤 自杀算不算 自杀是否 年轻生 各自尽 独自尽"),
    *_words("思想死 理想死 幻想死 梦想死 馋得想死 想死机 好看得想死 想死了你"),
    *_each("热 冷 困 饿 笑", "[得的]想死"),
    *_words("没有?人触电 无人触电 触电了解 触电演练 不冒烟 没冒烟 没有冒烟 冒烟测试 断电线路 一起火了"),
    *_each("电死", "蚊", "苍蝇", "老鼠", "虫", "鱼", "小虫"),
)


def compiled(*lists: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all alternatives, gathered by their first character, so that few are tried."""
    by_first: dict[str, list[str]] = {}
    for word in (word for words in lists for word in words):
        by_first.setdefault(word[0], []).append(word[1:])
    return re.compile("|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in by_first.items()))
