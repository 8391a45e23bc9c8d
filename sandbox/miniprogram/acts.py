"""What a person can do in the mini-program: log in, give the phone number, and write to its chat."""

from typing import Any

from sandbox import media
from sandbox.actions import Result, Shown, perform
from sandbox.config import MINIPROGRAM
from sandbox.errors import NotPossible
from sandbox.miniprogram import program, pushes, visitors
from sandbox.miniprogram.visitors import LOGIN, PHONE
from sandbox.world import World


async def log_in(world: World, who: str) -> Result:
    """`wx.login`: the code that the mini-program sends to the service."""
    person = visitors.arrive(world, who)
    return {"code": visitors.issue_code(world, person["openid"], LOGIN), "openid": person["openid"]}


async def give_phone(world: World, who: str, number: str = "") -> Result:
    """The button that tells the phone number: a code again; `number` becomes the person's from now on."""
    person = visitors.arrive(world, who)
    if number:
        if not (number.isascii() and number.isdigit() and len(number) == 11):
            raise NotPossible("手机号应是 11 位数字。", 400)
        world.db.run("update visitor set phone = ? where openid = ?", number, person["openid"])
    code = visitors.issue_code(world, person["openid"], PHONE)
    return {"code": code, "phone": number or person["phone"]}


async def enter_session(world: World, who: str, session_from: str, *, wait: bool) -> Result:
    """The contact button: the chat opens, and a short reply window with it."""
    person = visitors.arrive(world, who)
    push = pushes.session_entered(person["openid"], session_from)
    return await perform(world, push, wait=wait, action="session")


async def say(world: World, who: str, text: str, *, wait: bool) -> Result:
    person = visitors.arrive(world, who)
    if not text.strip():
        raise NotPossible("不能发送空白消息。", 400)
    push = pushes.text(person["openid"], text)
    return await perform(world, push, wait=wait, shown=Shown("text", {"text": text}), action="message")


async def send_picture(
    world: World, who: str, data: bytes | None, *, wait: bool, content_type: str = "image/jpeg"
) -> Result:
    person = visitors.arrive(world, who)
    media_id = media.keep_picture(world, data, content_type, MINIPROGRAM)
    push = pushes.image(person["openid"], media.picture_url(world, media_id), media_id)
    shown = Shown("image", {"media_id": media_id})
    return await perform(world, push, wait=wait, shown=shown, action="message")


async def send_page(world: World, who: str, *, wait: bool, title: str = "", path: str = "") -> Result:
    """The card of the page from which the chat was opened."""
    person = visitors.arrive(world, who)
    app_id = world.app(MINIPROGRAM).app_id
    title, path = title or "小程序", path or program.first_page(world)
    thumb = media.put(
        world, "thumb", "t.jpg", "image/jpeg", media.sample_thumb(), permanent=False, app=MINIPROGRAM
    )
    push = pushes.page(person["openid"], title, app_id, path, media.picture_url(world, thumb), thumb)
    content: dict[str, Any] = {"title": title, "appid": app_id, "path": path, "thumb_media_id": thumb}
    shown = Shown("miniprogrampage", content)
    return await perform(world, push, wait=wait, shown=shown, action="message")
