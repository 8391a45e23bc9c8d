"""What an article of a draft may hold, field by field (section 11.3)."""

import re
from typing import Any
from urllib.parse import urlsplit

from sandbox import media, rights
from sandbox.articles import markup
from sandbox.errors import ApiError
from sandbox.world import World

Article = dict[str, Any]
NEWS, PICTURES = "news", "newspic"
TITLE, AUTHOR, DIGEST = 32, 16, 128  # characters
DIGEST_OF_BODY = 54  # so many of the body stand in for a digest
CONTENT_CHARACTERS, CONTENT_BYTES = 20_000, 1024 * 1024  # less than
SOURCE_BYTES = 1024
MOST_PICTURES = 20
CROPS = {"pic_crop_235_1", "pic_crop_1_1"}
RATIOS = ("1_1", "16_9", "2.35_1")
_SHARE = re.compile(r"(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)")


def checked(world: World, given: Any, *, alone: bool) -> Article:
    """One article as it is kept and told again. `alone`: the only one of its draft, so its digest counts.

    Raises:
        ApiError: a field breaks its rule; each rule names its code.
    """
    if not isinstance(given, dict):
        raise ApiError(47001, "data format error", "每篇文章应是 JSON 对象")
    kind = given.get("article_type", NEWS)
    if kind not in (NEWS, PICTURES):
        raise ApiError(40097, "invalid args", f"article_type 应为 {NEWS} 或 {PICTURES}")
    _refuse_goods(given)
    title = _words(given, "title", TITLE, 45003, "title size out of limit")
    if not title.strip():
        raise ApiError(45003, "title size out of limit", "title 为空")
    author = _words(given, "author", AUTHOR, 45110, "author size out of limit")
    digest = _words(given, "digest", DIGEST, 45004, "description size out of limit")
    content, cover, more = _pictures(world, given) if kind == PICTURES else _news(world, given)
    if not (alone and digest):
        digest = " ".join(words(kind, content).split())[:DIGEST_OF_BODY]
    return {
        "article_type": kind,
        "title": title,
        "author": author,
        "digest": digest,
        "content": content,
        "content_source_url": _source(given),
        "thumb_media_id": cover,
        "thumb_url": media.picture_url(world, cover),
        "show_cover_pic": 0,
        "need_open_comment": _comments(world, given),
        "only_fans_can_comment": _flag(given, "only_fans_can_comment"),
        **more,
    }


def missing(world: World, article: Article) -> str:
    """What of it is not there any more, in words; empty when all is."""
    listed = article.get("image_info", {}).get("image_list", [])
    needed = {article["thumb_media_id"], *(one["image_media_id"] for one in listed)}
    if any(media.find(world, one) is None for one in needed):
        return "封面或图片的素材已删除"
    inside = markup.pictures(article["content"]) if article["article_type"] == NEWS else []
    return "正文里的图片已删除" if any(markup.picture_in(world, one) is None for one in inside) else ""


def words(kind: str, content: str) -> str:
    """What one reads in a body: that of a 图片消息 is plain already, and `<` in it is a word."""
    return content if kind == PICTURES else markup.words(content)


def _words(given: Article, name: str, most: int, errcode: int, errmsg: str) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str) or len(value) > most:
        raise ApiError(errcode, errmsg, f"{name} 最多 {most} 字，现有 {len(str(value))} 字")
    return value


def _content(given: Article) -> str:
    content = given.get("content")
    if not isinstance(content, str) or not content.strip():
        raise ApiError(45166, "invalid content", "content 为空")
    if len(content) >= CONTENT_CHARACTERS or len(content.encode()) >= CONTENT_BYTES:
        limits = f"应少于 {CONTENT_CHARACTERS} 字、1 MB"
        raise ApiError(45166, "invalid content", f"content 有 {len(content)} 字，{limits}")
    return content


def _news(world: World, given: Article) -> tuple[str, str, Article]:
    cover = _picture(world, given.get("thumb_media_id"))
    crops = {name: str(given[name]) for name in CROPS if given.get(name)}
    for name, value in crops.items():
        _check_box(name, value.split("_"))
    return markup.cleaned(world, _content(given)), cover, crops


def _pictures(world: World, given: Article) -> tuple[str, str, Article]:
    """A 图片消息: its words are plain, and its first picture is the cover."""
    info = given.get("image_info")
    listed = info.get("image_list") if isinstance(info, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_PICTURES:
        raise ApiError(40215, "invalid image count", f"image_list 应有 1 至 {MOST_PICTURES} 张图片")
    ids = [_picture(world, one.get("image_media_id") if isinstance(one, dict) else None) for one in listed]
    more: Article = {"image_info": {"image_list": [{"image_media_id": one} for one in ids]}}
    if given.get("cover_info"):
        more["cover_info"] = {"crop_percent_list": _crops(given["cover_info"])}
    return markup.words(_content(given)), ids[0], more


def _picture(world: World, media_id: object) -> str:
    row = media.require_permanent(world, media_id)
    if row["kind"] not in ("image", "thumb"):
        raise ApiError(40007, "invalid media_id", f"素材类型是 {row['kind']}，这里要永久图片素材")
    return str(row["id"])


def _crops(given: Any) -> list[Article]:
    listed = given.get("crop_percent_list") if isinstance(given, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ApiError(40097, "invalid args", "crop_percent_list 应是列表")
    for one in listed:
        if one.get("ratio") not in RATIOS:
            raise ApiError(40097, "invalid args", f"ratio 应为 {'、'.join(RATIOS)}")
        _check_box("crop_percent_list", [str(one.get(name)) for name in ("x1", "y1", "x2", "y2")])
    return listed


def _check_box(name: str, corners: list[str]) -> None:
    """X1, Y1, X2, Y2 as shares of width and height, six decimals at most."""
    good = len(corners) == 4 and all(_SHARE.fullmatch(one) for one in corners)
    if not good or not (float(corners[0]) < float(corners[2]) and float(corners[1]) < float(corners[3])):
        raise ApiError(40097, "invalid args", f"{name} 应是左上角和右下角，0 至 1，最多 6 位小数")


def _source(given: Article) -> str:
    url = given.get("content_source_url") or ""
    try:
        good = isinstance(url, str) and (not url or urlsplit(url).scheme in ("http", "https"))
    except ValueError:
        good = False
    if not good or len(url.encode()) > SOURCE_BYTES:
        rule = f"content_source_url 应是完整的网址，最多 {SOURCE_BYTES} 字节"
        raise ApiError(41039, "invalid content_source_url", rule)
    return str(url)


def _flag(given: Article, name: str) -> int:
    value = given.get(name, 0)
    if value not in (0, 1):
        raise ApiError(40097, "invalid args", f"{name} 应为 0 或 1")
    return int(value)


def _comments(world: World, given: Article) -> int:
    wanted = _flag(given, "need_open_comment")
    if wanted:
        rights.require(world, rights.COMMENTS)
    return wanted


def _refuse_goods(given: Article) -> None:
    """The account here sells nothing."""
    info = given.get("product_info")
    if not info:
        return
    footer = info.get("footer_product_info") if isinstance(info, dict) else None
    if not isinstance(footer, dict) or not isinstance(footer.get("product_key"), str):
        raise ApiError(53405, "product info error", "product_info 的形状不对")
    raise ApiError(53406, "no right to sell goods", "账号没有开通带货")
