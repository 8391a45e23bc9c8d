"""Words the search treats in a special way, and how a text becomes tokens.

Kept small on purpose: long tables of synonyms did well on the questions they were written for and no
better on fresh ones. Grow these from questions the live service missed.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum

from app.knowledge.words import Words

_LONGEST = 300
"""Characters looked at. Of a longer text the beginning and the end: there people put what they want."""

_NOT_WRITTEN = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_LATIN = re.compile(r"[0-9a-z]{2,}")
_OUR_WORDS = Words.shipped()

# They hold 电 and say nothing about electricity.
_OTHER_TRADES = re.compile(
    "电影|电话|电视剧|电视台|电台|电子发票|电子版|电子书|电子邮件|电子合同|电商|电信|电报|电竞"
    "|充话费|充会员|充卡"
)

# Everyday things that run on power. Asked about by themselves they are no question of power safety.
_APPLIANCES = re.compile("电脑|电视机?|电子表?|电梯|电动|电器城")


class Subject(Enum):
    """What a text is about, as far as single words tell."""

    POWER = "power"
    WORK = "work"
    ACCOUNT = "account"


# Words of which a text about the subject has at least one, nearly always.
_WORDS = {
    Subject.POWER: re.compile(
        "电|插(?!队|班|图|花|画|话|手|嘴|曲|秧)|接线板|闸|漏保|空开|保险丝|火花|火星|打火|着火|起火|冒火|出火|都黑了|全黑|冒烟|烧着"
        "|灯|雷|风筝|高压|变压器|水泵|浇地|抽水|焦味|糊味|焦糊|烧焦|麻手|发麻|手麻|麻酥|有点麻|热水器|浴霸|取暖|小太阳"
        "|烧.{0,6}味|鱼竿|鱼线|吊车|挖机|挖掘机|收割机|秸秆|心肺复苏|心脏复苏|呼吸|喘气|心跳|按压|压胸|楼道|楼梯间|烤火|[拉扯接根]线"
        "|断线|线断|线杆|杆子|大线|火线|打手|刺手|表箱|吸氧|空调|冰箱|开关|充着|线上|线下|的线|cpr|aed"
    ),
    Subject.WORK: re.compile(
        "工资|薪|奖金|补助|加班|倒休|调休|合同|试用|转正|社保|医保|养老|公积金|五险|工伤|职业病|鉴定|辞|开除|解雇|裁员|优化|离职"
        "|年假|年休|产假|婚假|病假|探亲|请假|休假|怀孕|哺乳|派遣|外包|劳务|仲裁|打官司|起诉|劳动|老板|领导|单位|公司|上班|下班|值班"
        "|包工头|工地|退休|返聘|入会|会费|会员|工会|职工|职代会|困难|帮扶|罚款|赔|岗|班组|工龄|竞业|欠条|白条|干活|打工|临时工"
    ),
    Subject.ACCOUNT: re.compile(
        "报名|报了|报的|活动|比赛|名额|候补|签到|照片|新闻|动态|通知|公告|公示|培训|课|考试|证书|留言|意见|建议|投诉|举报|反映|匿名"
        "|答复|回复|编号|人工|客服|真人|机器人|电话|热线|(?<!中奖)号码|律师|咨询|援助|公众号|菜单|功能|上班|地址|户号|账单|发票|报修|福利"
    ),
}

# Words of a life at risk: what helps there comes before anything else the text is about.
_LIFE = re.compile(
    "触电|漏电|电击|着火|冒火|冒烟|火花|断线|线断|没呼吸|没有呼吸|不喘气|没心跳|救命|快死|倒地|昏迷|晕倒"
)

# One word for what people call by several, and the slips of the commonest words in typing and dictation.
# Whole words only, and only from the development questions.
_SAME = (
    (re.compile("插坐|插做|查座"), "插座"),
    (re.compile("跳匣|跳扎"), "跳闸"),
    (re.compile("漏宝|漏报"), "漏保"),
    (re.compile("露电|漏店"), "漏电"),
    (re.compile("胡味"), "糊味"),
    (re.compile("老话了"), "老化了"),
    (re.compile("电压不温"), "电压不稳"),
    (re.compile("风争"), "风筝"),
    (re.compile("插排|排插|插板|插牌|接线板|拖线板"), "插线板"),
    (re.compile("电褥子|电毯子"), "电热毯"),
    (re.compile("电瓶车|电驴|电车"), "电动车"),
    (re.compile("挖机|铲车|钩机"), "挖掘机"),
    (re.compile("高压电线"), "高压线"),
    (re.compile("烧起来|起火|烧着了"), "着火"),
    (re.compile("(?:被|让|叫|遭|给)电给?(?:打|击|着|到|了|晕|倒)"), "触电"),
)

_ANY_OF_THESE = re.compile("|".join(written.pattern for written, _ in _SAME))

_FILLERS = """
怎么办 怎么 怎样 如何 什么 咋办 咋整 咋 为什么 什么时候 啥时候 时候 谁 哪 哪里 几 多久 多少
我 我家 家里 我们 你 您 你们 他 它 师傅 同志 你好 您好 谢谢 请问 问一下 一下 这 那 这个 那个 就是 然后
的 了 吗 呢 啊 呀 吧 嗯 哎 喂 在 和 把 给 到 上 里 就 都 还 也
能 能不能 可以 可不可以 要 要不要 会 会不会 行不行 有 没有 有没有 是 是不是 不 没
"""
_FILLER_WORDS = frozenset(_FILLERS.split())
_FILLER_CHARACTERS = frozenset(
    "怎么办什咋我了的吗呢啊呀吧嗯哎喂能要可以有是在如何会不没就都还这那个请问一下你您他它和把给到上里家多少谁哪几时候"
)


def normalise(text: str) -> str:
    """One writing for what people type in many: widths, capitals, punctuation, emoji, filler compounds."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} {text[-half:]}"
    plain = _NOT_WRITTEN.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip()
    if _ANY_OF_THESE.search(plain):
        for written, meant in _SAME:
            plain = written.sub(meant, plain)
    return plain


def is_about(subject: Subject, normalised: str) -> bool:
    """Whether the text names the subject."""
    if subject is Subject.POWER:
        normalised = _APPLIANCES.sub(" ", _OTHER_TRADES.sub(" ", normalised))
    return _WORDS[subject].search(normalised) is not None


def is_life_at_risk(normalised: str) -> bool:
    """Whether the text names what kills."""
    return _LIFE.search(normalised) is not None


def tokens(normalised: str) -> list[str]:
    """Words (marked, so that a word of two characters and a bigram stay apart), characters, bigrams."""
    found = [f"={word}" for word in _LATIN.findall(normalised)]
    for run in _CHINESE.findall(normalised):
        found += [f"={word}" for word in _words(run)]
        found += [character for character in run if character not in _FILLER_CHARACTERS]
        found += [
            run[at : at + 2]
            for at in range(len(run) - 1)
            if run[at] not in _FILLER_CHARACTERS or run[at + 1] not in _FILLER_CHARACTERS
        ]
    return found


def _words(run: str) -> Iterator[str]:
    """Ours; and each two characters between them, as words we know nothing of: full of these, a text is about
    something else.
    """
    strange = ""
    for piece in _OUR_WORDS.cut(run):
        if len(piece) > 1 or piece in _FILLER_CHARACTERS:
            strange = ""
            if len(piece) > 1 and piece not in _FILLER_WORDS:
                yield piece
        elif strange:
            yield strange + piece
            strange = ""
        else:
            strange = piece
