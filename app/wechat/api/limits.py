"""Checks that can be made before WeChat is asked; what fails them is `OurMistake`."""

from collections.abc import Collection

from app.wechat.errors import OurMistake


def refuse_unless(fine: bool, what: str) -> None:
    """`what` goes into the log: English, and without anything personal."""
    if not fine:
        raise OurMistake(None, what)


def bytes_between(text: str, least: int, most: int, what: str) -> None:
    """WeChat counts menu names, keys, addresses and remarks in UTF-8 bytes."""
    size = len(text.encode("utf-8", "replace"))
    refuse_unless(least <= size <= most, f"{what} has {size} bytes, not {least} to {most}")


def characters_between(text: str, least: int, most: int, what: str) -> None:
    refuse_unless(least <= len(text) <= most, f"{what} has {len(text)} characters, not {least} to {most}")


def not_blank(text: str, what: str) -> None:
    refuse_unless(bool(text.strip()), f"{what} is empty")


def count_between(items: Collection[object], least: int, most: int, what: str) -> None:
    refuse_unless(least <= len(items) <= most, f"{len(items)} {what}, not {least} to {most}")


def openids_between(openids: Collection[str], least: int, most: int) -> None:
    count_between(openids, least, most, "openids")
    refuse_unless(not isinstance(openids, str), "one openid where several are expected")
    for openid in openids:
        not_blank(openid, "an openid")
