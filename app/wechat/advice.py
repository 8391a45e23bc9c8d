"""What WeChat refused, in Chinese, and what an operator does about it."""

from app.wechat import errors

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
