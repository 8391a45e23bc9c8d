"""Pictures of activities by chat: albums as cards, and pictures of one's own sent to one of them."""

from dataclasses import dataclass, replace

from app.dialogue import answers
from app.dialogue.answers import Accept, More, Refuse, Said, Story, StoryParser
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import DomainError
from app.services import activities, album_photos, albums
from app.services.addresses import page
from app.services.albums import Shown, Viewer
from app.services.audiences import Facts
from app.wechat.replies import Article, News, Reply, Text
from handlers import lines
from models import Activity, AlbumSeen

router = Router("albums")

LISTED = 8
MOST = 20  # pictures of one talk


@dataclass(frozen=True)
class Pictures(StoryParser):
    """Pictures in several messages until 「完成」."""

    at_most: int = MOST

    def parse(self, said: Said, partial: object) -> Accept[Story] | More | Refuse:
        word = answers.folded(said.text)
        if said.kind != "image" and word not in answers.DONE | answers.LEAVING:
            return Refuse("这里只收照片，发完请回复「完成」；不传了回复「取消」。")
        if word in answers.DONE and not (isinstance(partial, dict) and partial.get("parts")):
            return Refuse("还没有收到照片，请先发照片，发完再回复「完成」。")
        found = super().parse(said, partial)
        if isinstance(found, More) and found.say:
            count = len(found.partial["parts"])
            return replace(found, say=f"收到，共 {count} 张。可以接着发，发完回复「完成」。")
        return found


@router.on("albums.list", title="活动照片")
async def list_albums(chat: Chat) -> Reply:
    """Those that this person may see, the newest first: eight for a button, to a text WeChat shows one."""
    found = await albums.list_seen_by(chat.session, viewer_of(chat), LISTED)
    if not found:
        return Text(f"还没有您能看的活动照片。\n{lines.ACTIVITIES}")
    if not page("/activities"):
        rows = [f"「{each.activity.title}」{each.count} 张" for each in found]
        return Text("\n".join(["活动照片，请在网页上看：", *rows]))
    return News(tuple(_card(each) for each in found))


@router.on("albums.show", title="看一个活动的照片", args=("activity",))
async def show(chat: Chat) -> Reply:
    activity = await activities.get(chat.session, chat.args.get("activity", ""))
    album = await albums.get(chat.session, activity)
    await albums.check_may_see(chat.session, album, viewer_of(chat))
    shown = await albums.shown(chat.session, activity, album)
    if not shown.count or not page("/activities"):
        return Text(f"「{activity.title}」有 {shown.count} 张照片，请在网页上看。\n{lines.ACTIVITIES}")
    return News((_card(shown),))


@router.flow("albums.add", title="传活动照片", version=1, args=("activity",))
async def add(chat: Chat) -> Reply:
    """Which album, the pictures, whether those on them agree; the only write comes last."""
    person_id = chat.person.person_id
    if not chat.args.get("activity"):
        open_now = await albums.list_open_to(chat.session, person_id, chat.at, LISTED)
        if not open_now:
            return Text(f"您参加过的活动现在没有收照片的相册。\n{lines.ACTIVITIES}")
        titles = {each.id: each.title for each in open_now}
        chosen = await chat.choose("activity", "照片放进哪个活动的相册？", titles)
        activity = next(each for each in open_now if each.id == chosen)
    else:
        activity = await activities.get(chat.session, chat.args["activity"])
    album = await albums.get(chat.session, activity)
    await albums.check_may_add(chat.session, activity, album, person_id, chat.at)
    pictures = await chat.ask(
        "pictures",
        f"请发「{activity.title}」的照片，可以连发，最多 {MOST} 张，发完回复「完成」。",
        Pictures(),
    )
    await chat.confirm(
        "ok",
        f"把{pictures.summary.replace('图片', '照片')}放进「{activity.title}」的相册，"
        f"审核后{album.seen_by.label}看得到。\n"
        f"请确认：{albums.AGREED}确认吗？",
    )
    files = [str(part["file"]) for part in pictures.parts if part.get("file")]
    count = await album_photos.expect(chat.session, album, files, person_id, chat.at)
    own = page(f"/activities/{activity.public_id}/photos")
    look = f'\n<a href="{own}">看相册、删自己给的</a>' if own else ""
    return Text(f"收到 {count} 张，工作人员看过以后放进相册，谢谢您。{look}")


async def lines_of(chat: Chat, activity: Activity) -> list[str]:
    """What an activity's text says of its pictures, where there is something to see or to do."""
    album = await albums.find(chat.session, activity)
    if album is None:
        return []
    found = []
    if await albums.may_see(chat.session, album, viewer_of(chat)):
        shown = await albums.shown(chat.session, activity, album)
        if shown.count:
            label = f"看照片（{shown.count} 张）"
            found.append(lines.go(label, "albums.show", activity=activity.public_id))
    try:
        await albums.check_may_add(chat.session, activity, album, chat.person.person_id, chat.at)
    except DomainError:
        return found
    return [*found, lines.go("传照片", "albums.add", activity=activity.public_id)]


def viewer_of(chat: Chat) -> Viewer:
    who = chat.person
    return Viewer.of(who.person_id, Facts(who.tags, who.membership, who.areas))


def _card(each: Shown) -> Article:
    """Its picture is fetched by WeChat, which is nobody that we know."""
    at = f"/activities/{each.activity.public_id}"
    picture = ""
    if each.album.seen_by is AlbumSeen.EVERYBODY and each.cover:
        picture = page(f"{at}/photos/{each.cover}/small")
    elif each.activity.cover:
        picture = page(f"{at}/cover?of={each.activity.cover}")
    return Article(
        title=f"{each.activity.title}：活动照片",
        description=f"{each.count} 张照片，点开看。照片里有您、不想公开的，点开那张就能要求撤下。",
        picture=picture,
        url=page(f"{at}/photos"),
    )
