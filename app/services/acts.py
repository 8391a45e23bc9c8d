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
    "content.save": "保存内容草稿",
    "content.submit": "提交内容审核",
    "content.approve": "审核通过并发布内容",
    "content.send_back": "退回内容修改",
    "content.discard": "作废内容草稿",
    "content.withdraw": "撤下内容",
    "activity.create": "新建活动",
    "activity.change": "修改活动",
    "activity.publish": "发布活动",
    "activity.cancel": "取消活动",
    "activity.approve": "通过报名",
    "activity.reject": "不通过报名",
    "activity.reveal": "查看报名人的电话",
    "audit.export": "导出操作记录",
    "job.start": "开始任务",
    "job.fetch": "下载文件",
}


def label(act: str) -> str:
    return ACTS.get(act, act)
