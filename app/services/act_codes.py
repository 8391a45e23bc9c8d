"""What a value that is kept as a code says: states, kinds, ways, topics.

Where a page has words for it already, they are those. Not here: values of other types (`act_words`).
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa

from app.knowledge.laws import LawTopic
from app.knowledge.signposts import Place
from app.knowledge.tips import Topic
from app.services import (
    activity_forms,
    acts,
    board_wording,
    canned_replies,
    case_callers,
    case_threads,
    content_forms,
    delivery_log,
    macro_steps,
    message_log,
    messages,
    notices,
    people_lists,
    purposes,
    staff_skills,
    statutory_deadlines,
    workings,
)
from models import (
    AccountKind,
    AlertState,
    AppointmentStep,
    Base,
    Basis,
    CaseKind,
    CaseState,
    CheckInAnswer,
    ContentKind,
    DeliveryState,
    DialogueState,
    EntryKind,
    FileState,
    MemberEvent,
    MergeState,
    MessageState,
    PushTrouble,
    UploadKind,
    Urgency,
    WalkKind,
    WalkStep,
    Way,
)

CHANNELS: Final[Mapping[str, str]] = {
    "console": "工作台",
    "cli": "命令行",
    "chat": "公众号",
    "portal": "网页",
    "api": "小程序",
    "wechat": "微信",
    "system": "系统",
    "department": "部门办理",
    "scan": "扫票",
    "hand": "手工签到",
    "venue": "扫现场码",
}
STEPS: Final[Mapping[str, str]] = {  # of publishing a menu
    "default": "默认菜单",
    "ensure_tag": "分组用的标签",
    "conditional": "分组菜单",
    "tidy": "清理旧的分组菜单",
    "done": "完成",
}
# Kinds of enum that have no label of their own.
_ENUMS: Final[Mapping[type[Enum], Mapping[Any, str]]] = {
    AccountKind: people_lists.KINDS,
    AlertState: {AlertState.WAITING: "等人接手", AlertState.TAKEN: "已接手"},
    AppointmentStep: {
        AppointmentStep.DAY_BEFORE: "前一天提醒",
        AppointmentStep.SHORTLY: "开始前提醒",
        AppointmentStep.END: "时间过了",
    },
    Basis: {**statutory_deadlines.WHAT, Basis.TOLD: "本人说的期限"},
    DeliveryState: delivery_log.STATES,
    DialogueState: {
        DialogueState.OPEN: "正在问",
        DialogueState.SUSPENDED: "先放着",
        DialogueState.DRAFT: "草稿",
        DialogueState.ENDED: "已结束",
    },
    EntryKind: case_threads.WHO,
    FileState: {
        FileState.EXPECTED: "还没有取来",
        FileState.READY: "可以看",
        FileState.LOST: "没有取到",
        FileState.INFECTED: "查出病毒，已经隔离",
        FileState.DELETED: "已经删除",
    },
    MergeState: {MergeState.DONE: "已合并", MergeState.REFUSED: "没有合并"},
    MessageState: messages.STATES,
    PushTrouble: workings.PUSHES,
    UploadKind: {UploadKind.ROSTER: "花名册", UploadKind.REGISTER: "户号登记"},
    Urgency: {Urgency.NORMAL: "一般", Urgency.URGENT: "紧急"},
    WalkKind: {WalkKind.ADOPTION: "接管公众号", WalkKind.DAILY: "每天核对"},
    WalkStep: {
        WalkStep.LIST: "取关注者名单",
        WalkStep.MEET: "登记新的关注者",
        WalkStep.MISS: "核对取消关注的",
        WalkStep.TAGS: "核对标签",
        WalkStep.ARTICLES: "取文章",
        WalkStep.TIDY: "收尾",
        WalkStep.DONE: "完成",
    },
    Way: delivery_log.WAYS,
}
_JOBS: Final = {
    "audit.export": acts.label("audit.export"),
    "activities.people": "导出报名名单",
    "activities.attendance": "导出签到表",
    "activities.points": "导出活动积分",
    "activities.certificates": "做参加证明",
    "activities.figures": "导出参加情况",
    "content.figures": "导出内容数据",
    "cases.export": "导出事项",
    "cases.print": "打印卷宗",
    "messages.retry": "重新处理消息",
    "keys.rotate": "更换钥匙",
    "members.look": "查看花名册",
    "members.import": "导入花名册",
    "customers.look": "查看户号登记",
    "customers.import": "导入户号登记",
    "notices.fetch": "从微信取通知模板",
    "panoramas.cut": "切全景图",
}
_BY: Final = {"member": "本人", "system": "系统"}


def _labels(*kinds: Iterable[Any]) -> dict[str, str]:
    return {each.value: each.label for kind in kinds for each in kind}


# Columns of text, as `table.column`, or one name wherever it stands.
_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "activity.questions": activity_forms.KINDS,
    "by": _BY,
    "channel": CHANNELS,
    "board_post.marks": board_wording.MARKS,
    "canned_reply.rooms": {key: room.label for key, room in canned_replies.ROOMS.items()},
    "canned_reply.steps": {macro_steps.BACK: "退回待接"},
    "consent.given_by": CHANNELS,
    "consent.purpose": {each.key: each.title for each in purposes.PURPOSES},
    "content_draft.filled": {"yes": "是"}
    | {code: said for kind in ContentKind for code, said in content_forms.categories(kind).items()},
    "guess.purpose": {"member": "工号", "account": "户号"},
    "law_answer.topic": _labels(LawTopic),
    "member_move.what": _labels(MemberEvent),
    "menu_push_step.action": STEPS,
    "message.kind": message_log.KINDS,
    "notice_template.kind": notices.KINDS,
    "signpost.topic": _labels(Place),
    "staff_job.kind": _JOBS,
    "staff_link.purpose": {"password": "设置密码", "wechat": "关联微信", "sign_in": "登录"},
    "stored_file.kind": {
        "image": "图片",
        "voice": "语音",
        "video": "视频",
        "document": "文件",
        "original": "加密的原件",
    },
    "tip.topic": _labels(Topic),
}
# What an empty column means, where it means something.
NOTHING: Final[Mapping[str, str]] = {
    "activity.audience": "大家",
    "activity.branch_id": "整个工会",
    "activity.capacity": "不限",
    "canned_reply.branch_id": "都出现",
    "canned_reply.staff_id": "大家",
    "staff_grant.branch_id": "整个工会",
    "staff_skill.topic": "全部",
}
# Details of acts: of one act, or of all that begin so.
_OF_ACTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "activity.check_in": {"answer": _labels(CheckInAnswer)},
    "case.caller": {"came": _labels(case_callers.Came), "kind": _labels(CaseKind)},
    "case.transfer": {"before": _labels(CaseKind), "desk": _labels(CaseKind)},
    "case.knowledge": {"kind": _labels(ContentKind)},
    "content": {"kind": _labels(ContentKind)},
    "deliveries.retry": {"before": {each.value: said for each, said in delivery_log.STATES.items()}},
    "job.start": {"kind": _JOBS},
}


def of_enum(kind: type[Enum], value: str, *, act: str = "") -> str | None:
    """None: no member of it has that value (any more), or it has no words.

    States of cases have names of their own where the act is one on legal aid.
    """
    try:
        member: Any = kind(value)
    except ValueError:
        return None
    if isinstance(member, CaseState) and act.startswith("aid."):
        return member.label_in(CaseKind.LEGAL_AID)
    label: str | None = getattr(member, "label", None) or _ENUMS.get(kind, {}).get(member)
    return label


def of_text(table: str, column: str, code: str, *, kind: object = None) -> str | None:
    """`kind` is what the row's own column of that name says, where the act has it."""
    if table in ("case", "staff_skill") and column == "topic":
        return _topic(code, kind)
    return (_TEXTS.get(f"{table}.{column}") or _TEXTS.get(column, {})).get(code)


def of_detail(act: str, name: str, code: str) -> str | None:
    known = _OF_ACTS.get(act) or _OF_ACTS.get(act.partition(".")[0], {})
    return known.get(name, {}).get(code)


def _topic(code: str, kind: object) -> str | None:
    """Without the kind of the case all that it may mean."""
    known = [
        topics[code]
        for each, topics in staff_skills.TOPICS.items()
        if code in topics and kind in (None, each.value)
    ]
    return "或".join(dict.fromkeys(known)) or None


def enum_of(column: sa.Column[Any]) -> type[Enum] | None:
    return column.type.enum_class if isinstance(column.type, sa.Enum) else None


def enums() -> set[type[Enum]]:
    """All that a column of ours has."""
    tables = Base.metadata.tables.values()
    return {kind for table in tables for column in table.columns if (kind := enum_of(column)) is not None}
