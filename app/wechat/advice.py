"""What WeChat refused, in Chinese, and what an operator does about it."""

from app.wechat import errors
from app.wechat.job_results import MassEnd

ADVICE: tuple[tuple[int, str], ...] = (
    (40164, "把本机的出口 IP 加进微信公众平台「设置与开发 → 基本配置」的 IP 白名单"),
    (89503, "请管理员在微信上确认这台服务器的 IP"),
    (40013, "AppID 不对，请与微信公众平台核对"),
    (40125, "AppSecret 不对，请与微信公众平台核对；重置过的要换成新的"),
    (40001, "AppSecret 不对，请与微信公众平台核对；重置过的要换成新的"),
    (40243, "AppSecret 被冻结，请在微信公众平台解冻"),
    (48001, "账号没有这个接口权限，请核对 GONGHUI_WECHAT_ACCOUNT 和账号的认证情况"),
    (50002, "账号被限制，请登录微信公众平台查看通知"),
)


MASS_ENDS = {
    MassEnd.SENT: "发完了",
    MassEnd.FAILED: "微信没有发出去，没说原因，可以改天再发",
    MassEnd.ADVERTISING: "微信认为像广告，没有发出去，请改内容",
    MassEnd.POLITICS: "微信认为涉及政治，没有发出去，请改内容",
    MassEnd.PORNOGRAPHY: "微信认为涉及色情，没有发出去，请改内容",
    MassEnd.SOCIAL: "微信认为涉及社会敏感内容，没有发出去，请改内容",
    MassEnd.ILLEGAL: "微信认为涉及违法犯罪，没有发出去，请改内容",
    MassEnd.FRAUD: "微信认为像诈骗，没有发出去，请改内容",
    MassEnd.COPYRIGHT: "微信认为侵犯版权，没有发出去，请换掉不是自己的图文",
    MassEnd.OTHER_REVIEW: "没有通过微信审核，没有发出去，请改内容",
    MassEnd.MUTUAL_PROMOTION: "微信认为是互推，没有发出去，请去掉别的公众号",
    MassEnd.ORIGINALITY_BROKEN: "微信没能判断是不是原创，没有发出去，可以改天再发",
    MassEnd.REPRINT_FORBIDDEN: "原文不许转载，没有发出去",
    MassEnd.REPRINT_STOPPED: "微信判断是转载，没有发出去",
    MassEnd.ADMIN_REFUSED: "管理员在微信上拒绝了，没有发出去",
    MassEnd.ADMIN_SILENT: "管理员半小时没有在微信上确认，没有发出去",
    MassEnd.UNKNOWN: "微信说了一个没见过的结果，请在公众平台里看",
}


def mass_end(end: MassEnd, status: str) -> str:
    """How a mass message ended, for staff, with WeChat's own word for it."""
    return f"{MASS_ENDS[end]}（{status}）" if status else MASS_ENDS[end]


def advice(error: errors.WeChatError) -> str:
    """What WeChat refused, and what an operator does about it."""
    told = "" if error.errcode is None else f" {error.errcode} {error.errmsg}"
    match error:
        case errors.QuotaUsedUp():
            todo = "今天的调用次数用完了，零点以后恢复"
        case errors.TryLater() | errors.OutcomeUnknown():
            todo = "没有得到微信的答复，请检查本机能不能访问微信接口（网络、代理、防火墙），稍后再试"
        case _:
            todo = dict(ADVICE).get(error.errcode or 0, "请按错误码在微信开放文档里查原因")
    return f"{type(error).__name__}{told}：{todo}"
