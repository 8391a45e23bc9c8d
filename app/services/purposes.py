"""For what we use what we know of people: one entry for each purpose, read by every notice and question.

A notice says who, why, how, which data, how long, and what one may do (PIPL 17). Who answers for the data and
whom he entrusts stands in the operator's file (`privacy_files`). Raise a purpose's `version` when what it
says changes: consent to the older one no longer stands, and is asked for anew (PIPL 14).
"""

from dataclasses import dataclass
from enum import StrEnum

from app.errors import NotFound


class Basis(StrEnum):
    """What makes it lawful (PIPL 13)."""

    CONSENT = "consent"
    SERVICE = "service"  # what the person asked for cannot be done without it
    SWITCH = "switch"  # on unless the person switches it off (PIPL 24)
    PROTECTION = "protection"  # of life and health in an emergency

    @property
    def label(self) -> str:
        return {
            "consent": "您的同意",
            "service": "办理您提出的事所必需",
            "switch": "为您服务；您可以随时关闭",
            "protection": "紧急情况下保护生命健康所必需",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose. All texts are Chinese and are shown as they are."""

    key: str  # at most 24 characters; kept with each consent
    title: str
    version: str
    basis: Basis
    why: str  # what for, and how it is done
    kinds: str  # which data
    seen_by: str
    kept: str  # how long, and what happens then
    refusing: str = ""  # what is not possible without it, and what is
    withdrawing: str = ""  # what taking the consent back does
    sensitive: str = ""  # of sensitive data: why it is necessary, and what it means for the person (PIPL 30)
    confidential: bool = False  # that somebody agreed tells something of him: only the day is kept

    @property
    def is_sensitive(self) -> bool:
        return bool(self.sensitive)

    @property
    def asks(self) -> bool:
        return self.basis is Basis.CONSENT

    @property
    def question(self) -> str:
        """What is read before agreeing, in chat: three lines at most."""
        return "\n".join(filter(None, [self.why, f"{self.seen_by}{self.kept}", self.sensitive]))


CHAT = Purpose(
    key="chat",
    title="公众号对话",
    version="2026-12",
    basis=Basis.SERVICE,
    why="回答您发来的消息，接着上次没有说完的话办事。",
    kinds="您在本公众号的编号（openid）、您发的文字、图片、语音、视频和位置，我们的回答，时间。",
    seen_by="只由系统自动处理；排查故障时由授权的维护人员查看，查看留痕。",
    kept="文字 180 天后删除，只留编号和时间。取消关注时，位置、标签立即删除。",
    refusing="不想留下记录，可以直接打电话：服务电话里有各条热线。",
)
ACCOUNTS = Purpose(
    key="accounts",
    title="户号绑定",
    version="2026-12",
    basis=Basis.CONSENT,
    why="绑定户号后，按片区收通知；核实以后还能看到它的资料。",
    kinds="户号、您起的名称、片区；核实时的户名或手机号后四位，用来和供电公司的登记核对，不另外保存。",
    seen_by="加密保存，只给您自己和办用电业务的工作人员看。",
    kept="解绑就删除。",
    refusing="不绑定也能看用电安全、问问题、留言。",
    withdrawing="删除您绑定的全部户号，不再按片区给您发通知。",
    sensitive="户号和用电缴费有关，属于敏感信息，没有它分不清是哪一户。",
)
INTERESTS = Purpose(
    key="interests",
    title="个性化推荐",
    version="2026-12",
    basis=Basis.SWITCH,
    why="把您常看的种类排在「您可能想看」前面，在「为您推荐」「每周精选」里挑几篇您没看过的文章。"
    "只影响先后，不影响您能看到什么、能办什么。",
    kinds="您打开过哪一类新闻、用电安全内容和活动（在公众号里报名也算），各多少次；"
    "看过的最近 100 篇文章；报名了哪些活动。",
    seen_by="只由系统自动处理，没有人看。",
    kept="半年没有再看的自动删除，取消关注时立即删除。",
    refusing="随时可以关闭：立即不再计数，已经计的删除，按时间先后排列。",
)
DIGEST = Purpose(
    key="digest",
    title="每周精选",
    version="2026-12",
    basis=Basis.SERVICE,
    why="您订阅以后，每周挑几篇您没看过的新文章发给您。",
    kinds="什么时候、在哪里订阅的；每周发了哪几篇，收到没有。按「个性化推荐」里的兴趣挑，关掉那个开关就只按看的人多少挑。",
    seen_by="只由系统自动处理；工作人员只看得到一共多少人，看不到是谁。",
    kept="退订就不再发；半年以前发给了谁、发了什么自动删除。",
)
CRISIS = Purpose(
    key="crisis",
    title="危险时的提醒",
    version="2026-12",
    basis=Basis.PROTECTION,
    why="话里像是有生命危险时，请值班人员马上关心您。",
    kinds="您发的那一段话、时间。",
    seen_by="只给值班人员看。",
    kept="180 天后删除那段话。",
)
MEMBERSHIP = Purpose(
    key="membership",
    title="会员绑定",
    version="2026-12",
    basis=Basis.CONSENT,
    why="绑定后就能看到会员的菜单，参加只对会员开放的活动。",
    kinds="工号、姓名、手机号后四位或出生日期，用来和单位的花名册核对；核对后记下这个微信对应哪个工号。",
    seen_by="工号、姓名和核对的那一项，只用来和单位的花名册核对，只有工会工作人员能看到绑定结果。",
    kept="解除绑定就不再对应。",
    refusing="不绑定也能看资讯、咨询、留言和报名对所有人开放的活动。",
    withdrawing="解除工号绑定，看不到会员菜单；您的报名、留言和咨询都还在。",
)
JOINING = Purpose(
    key="joining",
    title="入会申请和资料变更",
    version="2026-12",
    basis=Basis.SERVICE,
    why="审核您的入会申请，或者您要更改的手机号、微信号；每一步都告诉您。",
    kinds="姓名、性别、出生日期、手机号、单位和岗位，您确认过的入会声明，办理过程。",
    seen_by="只给所在组织审核的工会工作人员看。",
    kept="加密保存，办结 180 天后删除填写的资料；通过的，按花名册保存。",
    refusing="不填就没法审核。想先问问，可以找工作人员。",
)
SIGN_UP = Purpose(
    key="sign_up",
    title="活动报名",
    version="2026-12",
    basis=Basis.SERVICE,
    why="给您留名额，通知候补、提醒时间，活动时签到。",
    kinds="您报了哪个活动、带几位同伴、报名时回答的问题、签到时间；要核对地点的活动，签到那一刻的位置（只比对，不保存）；"
    "限年龄的活动，核对花名册里您的出生日期；要登记同伴的活动，同伴的姓名和年龄，"
    "不满 14 周岁的还有监护人的姓名和同意；组队的，在哪个队；同事替您报的，是哪位同事。",
    seen_by="只给这个活动的组织者看；现场签到的工作人员看得到姓名、组织、人数和票号。"
    "组队的，同队的人看得到您的姓名；替您报名的同事看得到报上没有，到您自己办过为止。",
    kept="回答、同伴的姓名和年龄、监护人的同意、谁替您报的，活动结束 180 天后删除；"
    "报名记录保留，用来统计参加人数。注销时和您脱离，回答和同伴删除。",
    refusing="不填报名表里的问题，就不能报那个活动。",
)
PHOTOS = Purpose(
    key="photos",
    title="活动照片",
    version="2026-12",
    basis=Basis.SERVICE,
    why="把参加的人和组织者给的照片放进活动的相册，留个纪念。",
    kinds="照片（拍摄地点、时间、机型自动去掉），谁给的，谁要求撤下过哪一张。",
    seen_by="审核以后，给组织者选的人看：所有人、会员或者参加的人；谁给的只有组织者看得到。",
    kept="没通过、撤下的 30 天后删除；您给的随时可以删除，注销时也删除。照片里有您，可以要求撤下。",
    refusing="不给照片，不影响参加活动和看相册。",
)
FEEDBACK = Purpose(
    key="feedback",
    title="留言和人工服务",
    version="2026-12",
    basis=Basis.SERVICE,
    why="把您的事交给工作人员办，把答复带回给您。可以匿名：那样没有人知道是谁写的。",
    kinds="您写的内容、图片、语音，愿意留的电话，办理过程。",
    seen_by="只给办这件事的工作人员看。",
    kept="办结 3 年后删除内容，只留编号和时间。",
    refusing="不想写下来，可以直接打服务电话。",
)
BOARD = Purpose(
    key="board",
    title="留言板",
    version="2026-12",
    basis=Basis.SERVICE,
    why="把您愿意公开说的话审核以后登出来，请有关单位答复。用什么名字由您选，不选真名就不显示真名。",
    kinds="您写的内容和图片、选的名字，点赞和举报；您是谁单独加密，不和帖子写在一起。机器检查时内容交给微信。",
    seen_by="帖子公开后谁都能看；您是谁只在追究违法内容时由工会管理员写明理由查看，留痕。",
    kept="公开的保留到您撤下，3 年后不再留您是谁；没公开的、隐藏的 180 天后删除。注销时撤下。",
    refusing="不想公开，可以用「我要留言」，只有办事的人看得到。",
)
RUMOURS = Purpose(
    key="rumours",
    title="反映传言",
    version="2026-12",
    basis=Basis.SERVICE,
    why="核实您听到的说法，有结果告诉您。",
    kinds="您听到的说法、从哪里听到的、图片；您是谁单独加密，不给工作人员看。",
    seen_by="说法和图片给核实的工作人员看，谁也看不到是您反映的。",
    kept="办完 180 天后，原话、图片和您是谁都删除。",
    refusing="可以不登录，在网站上反映；那样没法告诉您结果。",
)
LEGAL_AID = Purpose(
    key="legal_aid",
    title="法律咨询",
    version="2026-12",
    basis=Basis.CONSENT,
    why="您写的内容、材料和电话，用来请律师答复您。",
    kinds="事情的经过和日期、在职情况、对方，材料和它的原件（照片可能带着拍摄地点），可能有受伤和看病的情况，愿意留的电话；约的时间。",
    seen_by="只给承办律师和工会法律援助的工作人员看；要交给别的单位时，会再单独问您。",
    kept="加密保存，办结 3 年后删除。",
    refusing="不同意就不提交。可以直接打电话问，不用留资料。",
    withdrawing="还没有答复的咨询就此撤销，不再提醒您；已经答复的，3 年后删除，也可以现在就删。",
    sensitive="里面可能有受伤、看病这样的敏感信息，没有它律师判断不了；不想写的可以跳过。",
    confidential=True,
)
AID = Purpose(
    key="aid",
    title="法律援助申请",
    version="2026-12",
    basis=Basis.CONSENT,
    why="您填的内容、材料和电话，用来审查您的申请；同意以后，交给指派的律师替您办。",
    kinds="申请的事、经过和日期、对方、家庭经济情况或者您的诚信承诺、材料，愿意留的电话。",
    seen_by="只给审查的工会工作人员和承办的律师看；对方是本公司的，不给公司的法务部门。",
    kept="加密保存，结案 3 年后删除。",
    refusing="不同意就不提交。可以直接打 12348，或者打 12351 找上级工会。",
    withdrawing="还没有决定的申请就此撤回，不再提醒您；已经决定的，3 年后删除，也可以现在就删。",
    sensitive="里面可能有家庭困难、受伤、看病这样的敏感信息，没有它没法审查；不想写的可以跳过。",
    confidential=True,
)
COUNSELLING = Purpose(
    key="counselling",
    title="心理疏导",
    version="2026-12",
    basis=Basis.CONSENT,
    why="您说的话，用来请咨询师陪您聊、给您回话。这是疏导，不能代替去医院。",
    kinds="您说的心事、图片和语音，愿意用的称呼，愿意留的电话，约的时间。不问姓名。",
    seen_by="只有咨询师能看，看不到您是谁；单位、部门和其他工作人员都看不到。只有生命有危险时才查是谁，留痕。",
    kept="加密保存，办结 1 年后删除，不做部门统计。",
    refusing="不同意就不提交。可以直接打 12356，不用说姓名。",
    withdrawing="还没有回话的就此撤销，不再提醒您；已经回话的，1 年后删除，也可以现在就删。",
    sensitive="心事属于敏感信息，没有它咨询师帮不上忙；不想说的可以不说。",
    confidential=True,
)
HEALTH = Purpose(
    key="health",
    title="健康咨询",
    version="2026-12",
    basis=Basis.CONSENT,
    why="您写的情况和图片，用来请医生给您建议。健康咨询不能代替诊断和处方。",
    kinds="哪里不舒服、多久了、报告和药盒的图片、有没有在看的医生，愿意用的称呼，愿意留的电话，约的时间。不问姓名。",
    seen_by="只有医生能看，看不到您是谁；单位和其他工作人员都看不到。只有生命有危险时才查是谁，留痕。",
    kept="加密保存，办结 1 年后删除，不做部门统计。",
    refusing="不同意就不提交。急病请打 120，其他情况请去医院看。",
    withdrawing="还没有答复的就此撤销，不再提醒您；已经答复的，1 年后删除，也可以现在就删。",
    sensitive="健康情况属于敏感信息，没有它医生判断不了；不想写的可以跳过。",
    confidential=True,
)
EXPORTS = Purpose(
    key="rights",
    title="查阅、导出、更正、删除和注销",
    version="2026-12",
    basis=Basis.SERVICE,
    why="办您对自己资料提出的要求，给您回执。",
    kinds="您要求了什么、什么时候、办的结果。",
    seen_by="只给受理的工作人员看。",
    kept="回执保留 3 年，注销后不再对应到您。",
)

PURPOSES = (
    *(CHAT, MEMBERSHIP, JOINING, SIGN_UP, FEEDBACK, BOARD, RUMOURS, LEGAL_AID, AID),
    *(COUNSELLING, HEALTH, PHOTOS, ACCOUNTS, INTERESTS, DIGEST, CRISIS, EXPORTS),
)
ASKED = tuple(each for each in PURPOSES if each.asks)  # these need consent


def get(key: str) -> Purpose:
    """One that needs consent, by its key. Raises: NotFound."""
    for each in ASKED:
        if each.key == key:
            return each
    raise NotFound("没有这一项同意。")
