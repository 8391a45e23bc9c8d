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
    "members.reveal": "查看会员的手机号和生日",
    "members.unbind": "解除会员的微信绑定",
    "branches.rename": "组织改名",
    "branches.move": "移动组织",
    "members.upload": "上传花名册",
    "members.import": "导入花名册",
    "customers.upload": "上传户号登记",
    "customers.import": "导入户号登记",
    "customers.unbind": "解除户号的绑定",
    "sheets.discard": "放弃导入",
    "applications.reveal": "查看申请人的手机号和生日",
    "applications.file": "查看申请的附件",
    "applications.take": "接办入会申请",
    "applications.ask": "要求补正入会申请",
    "applications.approve": "通过入会申请",
    "applications.refuse": "不通过入会申请",
    "changes.reveal": "查看新手机号",
    "changes.approve": "通过资料变更",
    "changes.refuse": "不通过资料变更",
    "people.merge": "再试合并同一个人",
    "audit.export": "导出操作记录",
    "job.start": "开始任务",
    "job.fetch": "下载文件",
}


def label(act: str) -> str:
    return ACTS.get(act, act)
