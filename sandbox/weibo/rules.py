"""What a shared post may hold: its length, its link, its picture, and words that are refused."""

import re
from urllib.parse import urlsplit

from sandbox.notices.rules import SENSITIVE
from sandbox.weibo.refusals import Refused

MOST_HANZI = 140
PICTURE_BYTES = 5 * 1024 * 1024
# How a file of each kind begins.
PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"\x89PNG\r\n\x1a\n": "image/png"}
_ADDRESS = re.compile(r"https?://[^\s<>\"'，。；！？、）】」]+")
_IP = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)")


def length(text: str) -> int:
    """In 汉字: what is ASCII counts half, and a half that is left over counts whole."""
    halves = sum(1 if character.isascii() else 2 for character in text)
    return (halves + 1) // 2


def check_text(text: str, hosts: tuple[str, ...]) -> None:
    """
    Raises:
        Refused: 10016 no words, 20012 too long, 10017 no link to a bound domain, 20018 a link that is none,
            20021 words that are not allowed.
    """
    if not text.strip():
        raise Refused(10016, "miss required parameter (status)", "缺少 status")
    size = length(text)
    if size > MOST_HANZI:
        raise Refused(
            20012, "text too long, please input text less than 140 characters!", f"{size} 字，最多 140 字"
        )
    links = _ADDRESS.findall(text)
    named = [_host(one) for one in links]
    if not any(host in hosts for host in named):
        raise Refused(10017, "appkey not bind domain!", f"正文里要有 {'、'.join(hosts)} 的链接")
    if "" in named:
        raise Refused(20018, "contain illegal website", "有不成网址的链接")
    bad = next((word for word in SENSITIVE if word in text), "")
    if bad:
        raise Refused(20021, "content is illegal", f"不能写「{bad}」")


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def check_picture(data: bytes) -> str:
    """Its content type.

    Raises:
        Refused: 20005 no JPEG, GIF or PNG, 20006 too large.
    """
    kind = next((kind for head, kind in PICTURES.items() if data.startswith(head)), None)
    if kind is None:
        raise Refused(20005, "unsupport image type, only suport JPG, GIF, PNG!", "图片应为 JPEG、GIF 或 PNG")
    if len(data) >= PICTURE_BYTES:
        raise Refused(20006, "image size too large", "图片应小于 5 MB")
    return kind


def check_ip(ip: str) -> None:
    """
    Raises:
        Refused: 10008 it is no address.
    """
    if ip and not _IP.fullmatch(ip):
        raise Refused(10008, "param error, see doc for more info (rip)", "rip 应是真实的 IPv4 地址")


def plain(text: str) -> str:
    """A post without links, digits, signs and blanks: two that agree are similar."""
    return "".join(one for one in _ADDRESS.sub("", text) if one.isalpha())
