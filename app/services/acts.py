"""What staff do, as the record of it names it: every act has its name here, and its words."""

from typing import Final

ACTS: Final[dict[str, str]] = {
    "staff.invite": "邀请工作人员",
    "staff.roles": "更改角色",
    "staff.rename": "更改姓名",
    "staff.disable": "停用账号",
    "staff.enable": "恢复账号",
    "staff.reset": "重置登录",
    "staff.password": "设置密码",
    "staff.totp": "开启两步验证",
    "staff.totp_off": "关闭两步验证",
    "staff.codes": "换一批恢复码",
    "staff.sign_in": "登录",
    "staff.sign_out": "退出",
    "staff.revoke": "让别处的登录失效",
    "staff.wechat": "关联微信",
    "staff.wechat_off": "解除关联微信",
    "audit.export": "导出操作记录",
    "job.start": "开始任务",
    "job.fetch": "下载文件",
    "messages.reveal": "查看消息原文",
    "messages.retry": "重新处理消息",
    "deliveries.retry": "重新发送",
    "status.check": "检查部署",
}


def label(act: str) -> str:
    return ACTS.get(act, act)
