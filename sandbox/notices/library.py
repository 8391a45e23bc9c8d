"""The platform's public library of titles and keywords, from which an account makes its own templates.

A small believable one: what an account of the categories 政务, 电力 and 公益 would find. Numbers are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

ONE_OFF, LONG_TERM = 2, 3
CATEGORIES = {621: "政务服务", 634: "电力", 648: "公益"}


@dataclass(frozen=True)
class Keyword:
    kid: int
    name: str
    rule: str  # the kind of section 8.2
    example: str
    values: tuple[str, ...] = ()  # an enum's or const's list

    @property
    def field(self) -> str:
        return f"{self.rule}{self.kid}"

    @property
    def line(self) -> str:
        """As it stands in a template's content."""
        return f"{self.name}:{{{{{self.field}.DATA}}}}"


@dataclass(frozen=True)
class Title:
    tid: int
    name: str
    category: int
    keywords: tuple[Keyword, ...]
    type: int = ONE_OFF

    def keyword(self, kid: object) -> Keyword | None:
        return next((one for one in self.keywords if one.kid == kid), None)

    def keyword_named(self, name: object) -> Keyword | None:
        return next((one for one in self.keywords if one.name == name), None)


def content_of(keywords: Sequence[Keyword]) -> str:
    return "\n".join(one.line for one in keywords)


def find(tid: object) -> Title | None:
    """By number, which callers write as a number or in quotes."""
    return next((one for one in TITLES if str(one.tid) == str(tid)), None)


def in_categories(wanted: Sequence[int]) -> list[Title]:
    return [one for one in TITLES if one.category in wanted]


# A title: tid | name | category | type. Its keywords, from number 1: name | kind | example | listed values.
_SHELF = """
1011 | 业务受理通知 | 621 | 2
受理编号 | character_string | FL-2026-0042
受理事项 | thing | 劳动合同咨询
受理时间 | time | 2026年11月28日 09:00
当前状态 | phrase | 已受理
受理部门 | thing | 工会办公室
温馨提示 | thing | 四个工作小时内答复

1012 | 处理进度提醒 | 621 | 2
编号 | character_string | FL-2026-0042
事项 | thing | 劳动合同咨询
进度 | phrase | 处理中
更新时间 | time | 2026年11月28日 09:00
处理状态 | enum | 处理中 | 待受理 处理中 已办结
备注 | thing | 请留意电话

1013 | 业务办理结果通知 | 621 | 2
业务名称 | thing | 法律援助申请
办理结果 | const | 已办结 | 已办结 未通过 已撤销
办结时间 | time | 2026年11月28日 09:00
办理单位 | thing | 工会办公室
申请人 | name | 李建国

1014 | 预约成功通知 | 621 | 2
预约项目 | thing | 律师面谈
预约时间 | time | 2026年11月28日 09:00
预约地点 | thing | 职工之家二楼
预约人 | name | 李建国
联系电话 | phone_number | 0911-5212345
预约编号 | number | 42

1015 | 审批结果通知 | 621 | 2
审批事项 | thing | 困难帮扶申请
审批结果 | phrase | 同意
审批时间 | time | 2026年11月28日 09:00
审批人 | name | 王秀兰
审批意见 | thing | 材料齐全

2011 | 停电通知 | 634 | 3
停电区域 | thing | 桥山街道
停电时间 | time | 2026年11月28日 09:00
恢复时间 | time | 2026年11月28日 17:00
停电原因 | thing | 线路检修
停电类型 | enum | 计划停电 | 计划停电 临时停电 故障停电
客服电话 | phone_number | 95598

2012 | 电费账单提醒 | 634 | 3
户号 | character_string | 6100123456
账单月份 | date | 2026年11月1日
应缴金额 | amount | ¥123.45
截止日期 | date | 2026年11月28日
户名 | name | 李建国

2013 | 复电通知 | 634 | 2
户号 | character_string | 6100123456
用电地址 | thing | 轩辕大道 12 号
复电时间 | time | 2026年11月28日 09:00
备注 | thing | 如未来电请报修

2014 | 报修受理通知 | 634 | 2
工单编号 | character_string | BX-2026-0107
报修内容 | thing | 表箱冒火花
受理时间 | time | 2026年11月28日 09:00
抢修人员 | name | 张伟
联系电话 | phone_number | 95598
车牌号码 | car_number | 陕J12345

2015 | 值班告警提醒 | 634 | 2
告警内容 | thing | 外呼接口连续失败
告警时间 | time | 2026年11月28日 09:00
处理要求 | thing | 请尽快查看
告警级别 | enum | 一般 | 一般 重要 紧急

3011 | 活动开始提醒 | 648 | 2
活动名称 | thing | 秋季健步走
开始时间 | time | 2026年11月28日 09:00
活动地点 | thing | 职工活动中心
温馨提示 | thing | 请带好饮用水
已报名人数 | number | 86

3012 | 报名结果通知 | 648 | 2
活动名称 | thing | 秋季健步走
报名结果 | phrase | 报名成功
活动时间 | time | 2026年11月28日 09:00
报名人 | name | 李建国
候补名次 | number | 3

3013 | 志愿服务通知 | 648 | 2
服务项目 | thing | 走访留守老人
服务时间 | time | 2026年11月28日 09:00
集合地点 | thing | 供电所门口
服务时长 | number | 2.5
联系人 | name | 陈静

3014 | 捐赠到账通知 | 648 | 2
捐赠项目 | thing | 金秋助学
捐赠金额 | amount | ¥200.00
到账时间 | time | 2026年11月28日 09:00
捐赠人 | name | 刘洋
证书编号 | character_string | JZ-2026-0009
证书字母 | letter | JZ
满意符号 | symbol | ★★★
"""


def _title(paragraph: str) -> Title:
    first, *rows = [[part.strip() for part in line.split("|")] for line in paragraph.strip().splitlines()]
    tid, name, category, kind = first
    keywords = tuple(_keyword(kid, row) for kid, row in enumerate(rows, 1))
    return Title(int(tid), name, int(category), keywords, int(kind))


def _keyword(kid: int, row: Sequence[str]) -> Keyword:
    name, rule, example, *listed = row
    return Keyword(kid, name, rule, example, tuple(listed[0].split()) if listed else ())


TITLES = tuple(_title(paragraph) for paragraph in _SHELF.split("\n\n"))
