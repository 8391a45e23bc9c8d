"""All that can be done here, in one list: what the service hall, the home page and the search show of it.

A further service is one `Service` more, in its place in `SERVICES`: those used most stand first, and the
first eight of those that somebody may see are the hall's 常用. What is done by talking has words to send
instead of a page, and then a page that says how.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

COMMON: Final = 8  # two rows of four


class Group(StrEnum):
    POWER = "用电"
    UNION = "工会"
    RIGHTS = "权益"
    OWN = "我的"


class Whose(StrEnum):
    """Who has a service. Of members-only ones others read what to do to have them."""

    ALL = "all"
    MEMBERS = "members"
    OTHERS = "others"  # who is not a member yet


@dataclass(frozen=True, slots=True)
class Service:
    """`name` has two to four characters; `about` is one line. Either `page` or `say` leads there.

    `also`: further words people look for it by.
    """

    id: str  # part of an address
    name: str
    picture: str  # an icon of the portal
    group: Group
    about: str
    page: str = ""  # a path of ours, or tel:
    say: str = ""  # words to send in the chat
    also: str = ""
    whose: Whose = Whose.ALL

    @property
    def address(self) -> str:
        return self.page or f"/services/{self.id}"

    def is_for(self, *, member: bool) -> bool:
        return self.whose in ((Whose.ALL, Whose.MEMBERS) if member else (Whose.ALL, Whose.OTHERS))

    def fits(self, term: str) -> bool:
        """Whether somebody who looks for `term` (in small letters) may mean it."""
        words = f"{self.name} {self.say} {self.about} {self.also}".lower()
        return term in words or self.name.lower() in term


SERVICES: Final = (  # the most used first
    Service("repair", "报修电话", "phone", Group.POWER, "供电服务热线 95598，24 小时",
            page="tel:95598", also="停电 没电 抢修 跳闸 电费 95598"),
    Service("safety", "用电安全", "bolt", Group.POWER, "插座、电动车、雷雨、触电急救，该怎么做",
            page="/tips", also="漏电 触电 火花 着火 充电 台风"),
    Service("activities", "近期活动", "calendar", Group.UNION, "工会的活动，看时间、名额，报名",
            page="/activities", also="报名 比赛 羽毛球 健步走 讲座"),
    Service("message", "我要留言", "pen", Group.UNION, "给工会提意见、建议、诉求，实名、匿名都行",
            say="我要留言", also="意见 建议 投诉 诉求 匿名 反映"),
    Service("legal-aid", "法律援助", "scales", Group.RIGHTS, "工资、合同、工伤的事问律师，不收钱",
            say="法律援助", also="律师 仲裁 打官司 咨询 维权"),
    Service("rights", "劳动权益", "book", Group.RIGHTS, "工资、合同、工伤、休假，法律怎么说",
            page="/laws", also="年假 产假 加班 社保 劳动法"),
    Service("news", "工会动态", "paper", Group.UNION, "新闻、通知和公告",
            page="/news", also="文章 消息 公告 新闻 通知"),
    Service("desk", "人工服务", "headset", Group.UNION, "找工作人员，有回复会通知您",
            say="人工", also="客服 工作人员 联系"),
    Service("board", "留言板", "board", Group.UNION, "职工公开说的话和单位的答复，谁都可以看",
            page="/board", also="发帖 帖子 讨论 建议 金点子 公开"),
    Service("clarifications", "辟谣", "shield", Group.UNION, "听到的说法是真是假，拿不准的请我们核实",
            page="/clarifications", also="谣言 传言 听说 澄清 举报谣言 真的假的"),
    Service("lives", "直播", "broadcast", Group.UNION, "讲座、比赛的直播，开播前提醒，过后能回看",
            page="/lives", also="回放 回看 视频 讲座 直播间"),
    Service("panoramas", "全景", "globe", Group.UNION, "职工书屋、活动现场，转一转四面都看得到",
            page="/panoramas", also="VR 虚拟 参观 职工之家 书屋 360"),
    Service("counselling", "心理疏导", "sprout", Group.RIGHTS, "心里有事找咨询师说，不问姓名，严格保密",
            say="心理疏导", also="心理咨询 压力 情绪 睡眠 失眠 焦虑 倾诉"),
    Service("health", "健康咨询", "cross", Group.RIGHTS, "体检报告、慢病、用药疑问，问医生",
            say="健康咨询", also="医生 体检 看病 用药 血压 职业病"),
    Service("apply-for-aid", "申请援助", "scales", Group.RIGHTS, "打官司、仲裁付不起律师费，申请免费的律师",
            page="/me/cases/legal-aid", also="法律援助申请 免费律师 代理 诉讼 仲裁"),
    Service("complaints", "投诉建议", "pen", Group.RIGHTS, "投诉、举报、提建议，实名、昵称、匿名都行",
            say="投诉建议", also="投诉 举报 建议 反映 匿名 意见"),
    Service("appointments", "预约面谈", "calendar", Group.RIGHTS, "和咨询师、医生、律师约个时间，当面或电话",
            page="/appointments", also="预约 约时间 咨询师 医生 律师 面谈"),
    Service("sign-ups", "我的报名", "ticket", Group.OWN, "报名、候补、取消",
            page="/me/sign-ups", also="取消报名 候补 签到"),
    Service("cases", "我的留言", "talk", Group.OWN, "留言和咨询办到哪一步",
            page="/me/cases", also="进度 答复 咨询 查询"),
    Service("bind", "绑定工号", "badge", Group.OWN, "成为认证会员，看到会员的菜单和活动",
            page="/me/membership", also="会员 认证 绑定", whose=Whose.OTHERS),
    Service("membership", "会员信息", "badge", Group.OWN, "花名册里的您：组织、岗位",
            page="/me/membership", also="会员 解除绑定 工号", whose=Whose.MEMBERS),
    Service("join", "入会申请", "users", Group.OWN, "还不是会员，在这里申请入会",
            page="/me/joining", also="入会 加入工会 申请", whose=Whose.OTHERS),
    Service("accounts", "我的户号", "meter", Group.POWER, "绑定用电户号，按片区收通知",
            page="/me/accounts", also="户号 电费 电表 绑定户号 片区 停电通知"),
    Service("privacy", "隐私", "shield", Group.OWN, "看同意、导出、更正、删除自己的资料，注销",
            page="/me/privacy", also="个人信息 注销 撤回同意 导出 删除"),
    Service("interests", "我的兴趣", "heart", Group.OWN, "个性化推荐：看一看，删一删，关掉",
            page="/me/interests", also="推荐 个性化 兴趣 周报 每周精选"),
    Service("devices", "登录设备", "device", Group.OWN, "在哪里登录着，退出别的设备",
            page="/me/devices", also="退出登录 换手机 安全"),
    Service("ask", "问一句话", "ask", Group.POWER, "用电上的事，照平时说话那样问",
            say="插座冒火花怎么办", also="提问 智能 怎么办"),
)  # fmt: skip


def for_whom(*, member: bool) -> list[Service]:
    """What somebody may use, the most used first."""
    return [each for each in SERVICES if each.is_for(member=member)]


def members_only() -> list[Service]:
    """What becoming a member adds."""
    return [each for each in SERVICES if each.whose is Whose.MEMBERS]


def by_group(services: Iterable[Service]) -> list[tuple[Group, list[Service]]]:
    """The groups that have any, in their order."""
    listed = list(services)
    groups = [(group, [each for each in listed if each.group is group]) for group in Group]
    return [(group, found) for group, found in groups if found]


def find(service_id: str) -> Service | None:
    """A service that is done by talking, hence has a page that says how."""
    return next((each for each in SERVICES if each.id == service_id and each.say), None)


def search(terms: Sequence[str], *, member: bool) -> list[Service]:
    """Services that all `terms` fit; those named so first."""
    found = [each for each in for_whom(member=member) if terms and all(map(each.fits, terms))]
    return sorted(found, key=lambda each: not any(term in each.name for term in terms))
