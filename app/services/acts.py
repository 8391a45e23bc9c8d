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
    "cli.command": "在服务器上运行命令",
    "case.answer": "答复",
    "case.ask": "追问",
    "case.refer": "转介",
    "case.close": "办结",
    "case.contact": "查看联系电话",
    "case.files": "查看附件",
    "case.reporter": "查看当事人是谁",
    "alert.take": "接手紧急提醒",
    "alert.reply": "给本人回话",
    "privacy.correct": "办理更正请求",
    "menus.apply": "应用菜单",
    "menus.rollback": "恢复旧版菜单",
    "menus.push": "重新发布菜单到微信",
    "notices.map": "对应通知模板",
    "notices.drop": "通知不再用模板",
    "notices.test": "试发通知给自己",
    "question.answered": "问题已写答案",
    "question.dismissed": "问题不用答",
    "question.open": "问题重新列出",
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
