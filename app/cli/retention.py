"""`gonghui retention …`: what is kept how long, how much is due, and deleting it now."""

import asyncio

import typer

from app.assembly import assemble
from app.cli.words import Commands
from app.jobs import retention as job
from app.services import retention
from app.services.forgetting import Rule

app = Commands(help="保存期限：到期要删什么、现在有多少，立即删除。")

# By rule: what becomes of it, and when.
WORDS: dict[str, str] = {
    "open_to_draft": "没答完的对话到时间后搁为草稿",
    "suspended_to_draft": "被打断的对话到时间后搁为草稿",
    "confidential_just_over": "保密对话结束 10 分钟后清空",
    "confidential_told": "保密事项的答复送达 10 分钟后清空",
    "confidential": "保密对话结束 10 分钟后清空（补漏）",
    "drafts_deleted": "草稿 7 天后删除",
    "old_messages": "消息和回复的文字 180 天后清空",
    "old_effects": "通知的内容 180 天后清空",
    "old_dialogues": "结束的对话 180 天后清空",
    "old_alerts": "危险提醒的原话 180 天后清空",
    "old_questions": "没答上的问题 180 天后删除",
    "guesses": "核对不上的记录 24 小时后删除",
    "kept_answers": "接口记下的答复 24 小时后删除",
    "api_sessions": "小程序登录结束 30 天后删除",
    "portal_sessions": "网页登录一天后删除",
    "staff_jobs": "工作台的任务和它的文件，完成七天后删除",
    "staff_links": "邀请工作人员的链接过期后删除",
    "staff_sessions": "工作台的登录十二小时后删除",
    "staff_uploads": "在工作台上传的名册和户号表，一天后删除",
    "article_media": "文章和澄清里没有用上的图片、附件和音视频，7 天后删除",
    "staff_tries": "工作台没有成功的登录一刻钟后删除",
    "case_drafts": "工作人员没有发出去的答复草稿，七天后删除",
    "poster_scans": "谁扫过活动海报，14 天后不再记名，只留人数",
    "campaign_deliveries": "群发给了谁，180 天后不再记名，只留人数",
    "content_revisions": "没有发布过的历史版本 366 天后删除（正在写的那一条除外）",
    "live_visits": "谁看过直播、谁要提醒，180 天后不再记名，只留人数",
    "feedback_writers": "活动反馈一周后不再能查到是谁答的",
    "album_photos_over": "活动相册里没通过的、撤下的照片 30 天后删除",
    "photo_objections": "谁要求撤下过照片，处理 180 天后删除",
    "clarification_reports": "传言办完 180 天后，谁反映的、原话和图片清空",
    "board_posts_over": "留言板上没公开的、隐藏的、撤回的帖子 180 天后清空",
    "board_writers": "留言板上公开的帖子 3 年后不再留是谁写的",
    "article_comments_over": "文章下面没通过的、隐藏的、撤回的评论 180 天后清空",
    "comment_writers": "文章下面公开的评论 3 年后不再留是谁写的",
    "appointments_old": "预约到期以后删除（心理疏导、健康咨询 1 年，法律咨询 3 年）",
    "advice_slots_old": "没有人约、过了很久的时段删除",
    "check_in_scans": "现场扫票的记录 180 天后删除（签到和它的经过保留）",
    "sign_up_words": "报名时的回答、同伴的姓名年龄、监护人的同意和谁替他报的，活动结束 180 天后清空",
    "duty_shifts": "过去的值班，366 天后删除",
    "closed_cases": "办结的事项 3 年后清空内容和身份，心理疏导和健康咨询 1 年",
    "privacy_requests": "个人信息要求的回执 3 年后删除",
    "application_facts": "入会申请办结 180 天后清空填写的资料",
    "member_change_facts": "资料变更办结 180 天后清空内容",
    "past_members": "离开的人：出生日期和手机号到期后清空",
    "past_member_changes": "离开的人：资料更改的内容到期后清空",
    "closed_accounts": "销户的户号登记 180 天后删除",
    "digest_copies": "每周精选半年后不再留是谁收的、里面有什么",
    "old_interests": "半年没有再看的兴趣删除",
    "old_article_visits": "「看过的」半年后删除",
    "leavers": "取消关注的人：标签、位置、跨账号编号删除",
    "acts": "不再需要的互动时间删除",
    "media_fetches": "取回附件的记录 4 天后删除",
}


@app.command()
def show() -> None:
    """看看现在到期的有多少，什么也不删（演练）。"""
    for rule, count in asyncio.run(_due()):
        typer.echo(f"{count:>8}  {WORDS[rule.name]}")
    typer.echo("平时每小时自动删除；现在就删：gonghui retention apply")


@app.command()
def apply() -> None:
    """现在就删除到期的。"""
    told = asyncio.run(_apply())
    for rule, count in told:
        if count:
            typer.echo(f"{count:>8}  {WORDS[rule.name]}")
    typer.echo(f"完成，处理了 {sum(count for _, count in told)} 条。")


async def _due() -> list[tuple[Rule, int]]:
    async with assemble() as house, house.database.reading() as session:
        now = house.clock.now()
        return [(rule, await rule.count(session, now)) for rule in _rules()]


async def _apply() -> list[tuple[Rule, int]]:
    async with assemble() as house:
        now = house.clock.now()
        return [(rule, await job.apply(house.database, rule, now)) for rule in _rules()]


def _rules() -> list[Rule]:
    return [*retention.SOON, *retention.DEEP]
