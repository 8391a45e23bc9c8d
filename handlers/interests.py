"""我的兴趣 by chat: what is counted of somebody, deleting it, and the switch."""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import NotFound
from app.services import interests
from app.wechat.replies import Reply, Text, fit
from handlers import lines

router = Router("interests")

SHOWN = 8
WHY = "按您看过的类别记次数，只用来给网站首页的「您可能想看」排序、挑「为您推荐」「每周精选」的文章。"
OWN = lines.go("我的兴趣", "interests.show")
OFF = lines.go("关闭个性化推荐", "interests.off")
ON = lines.go("打开个性化推荐", "interests.on")
ALL = lines.go("全部删除", "interests.forget")


@router.on("interests.show", title="我的兴趣")
async def show(chat: Chat) -> Reply:
    if not await interests.is_on(chat.session, chat.person.person_id):
        return Text(f"个性化推荐是关闭的，什么都没有记。\n{ON}")
    found = await interests.list_own(chat.session, chat.person.person_id)
    if not found:
        return Text(f"还没有记下您的兴趣。{WHY}\n{OFF}")
    rows = [
        f"{interests.label_of(each.topic)} {each.count} 次　"
        + lines.go("删除", "interests.forget", topic=each.topic)
        for each in found[:SHOWN]
    ]
    return Text(fit("\n".join([f"您的兴趣：{WHY}", *rows, f"{ALL}　{OFF}"])))


@router.on("interests.forget", title="删除我的兴趣", args=("topic",))
async def forget(chat: Chat) -> Reply:
    """One, or all where none is named."""
    topic = chat.args.get("topic", "")
    if not topic:
        await interests.forget_all(chat.session, chat.person.person_id, chat.at)
        return Text(f"您的兴趣已全部删除。以后再看会重新记，不想记请点：{OFF}")
    try:
        await interests.forget_one(chat.session, chat.person.person_id, topic, chat.at)
    except NotFound as gone:
        return Text(f"{gone.message}\n{OWN}")
    return Text(f"已删除「{interests.label_of(topic)}」。\n{OWN}")


@router.on("interests.off", title="关闭个性化推荐")
async def off(chat: Chat) -> Reply:
    await interests.switch(chat.session, chat.person.person_id, chat.at, on=False)
    return Text(f"个性化推荐已经关闭：不再记，以前记的已全部删除，「您可能想看」按时间排序。\n{ON}")


@router.on("interests.on", title="打开个性化推荐")
async def on(chat: Chat) -> Reply:
    await interests.switch(chat.session, chat.person.person_id, chat.at, on=True)
    return Text(f"个性化推荐已经打开。{WHY}\n{OWN}　{OFF}")
