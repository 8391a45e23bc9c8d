"""The one table from WeChat's error codes to what the caller can do.

Source: wechat-platform.md section 15, then the code lists of sections 1, 4 to 9, 11 and 12. The
codes of section 15 are tested one by one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.wechat.errors import (
    AllowanceUsed,
    AlreadyDone,
    AwaitsAdmin,
    ContentRefused,
    MediaGone,
    NoMenu,
    NotAllowed,
    NotSubscribed,
    OurMistake,
    PartlyDone,
    PersonGone,
    QuotaUsedUp,
    SignInAgain,
    TokenRejected,
    TryLater,
    WeChatError,
    WindowClosed,
)

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_RID = re.compile(r"\s*\brid:\s*([0-9A-Za-z-]+)\s*$")

BUSY_SECONDS = 10.0  # WeChat names no time; long enough for a hiccup to pass
ONE_AT_A_TIME_SECONDS = 2.0  # another call about the same person is running
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """A class of errors, and the wait in seconds where there is one to tell."""

    kind: type[WeChatError]
    wait: float | None = None
    monthly: bool = False  # a quota that comes back with the month, not with the day


_ROWS: tuple[tuple[Meaning, tuple[int, ...]], ...] = (
    # -- later ------------------------------------------------------------------------------
    (Meaning(TryLater, BUSY_SECONDS), (-1, 268487001, 268487002, 268488001, 886001)),
    (Meaning(TryLater, ONE_AT_A_TIME_SECONDS), (45169, 43108)),
    (Meaning(TryLater, 1.0), (44990,)),
    (Meaning(TryLater, MINUTE), (45011, 44991, 45066, 42010)),
    (Meaning(TryLater, HOUR), (61503,)),  # yesterday's figures are not ready yet
    (Meaning(TryLater, BUSY_SECONDS), (40028,)),  # menu switched off moments ago
    (Meaning(TryLater, MINUTE), (87020,)),  # the same content is being looked at
    # 45028 comes back by day or by month, as the account is; asking at midnight costs nothing.
    (Meaning(QuotaUsedUp), (45009, 44993, 45028, 85406)),
    (Meaning(QuotaUsedUp, monthly=True), (48006, 43100)),  # clearing quotas; changing the industry
    (Meaning(TokenRejected), (40001, 40014, 42001)),
    # -- the person -------------------------------------------------------------------------
    (
        Meaning(PersonGone),
        (40003, 49003, 43004, 50005, 46004, 65302, 65315, 43019, 48002, 40226),
    ),
    (Meaning(WindowClosed), (45015, 61010, 45080)),
    (Meaning(AllowanceUsed), (45047,)),
    (Meaning(NotSubscribed), (43101,)),
    # -- done, or partly --------------------------------------------------------------------
    (Meaning(AlreadyDone), (45065, 45081, 200022, 88005)),
    (Meaning(AwaitsAdmin), (89504, 89505)),
    (Meaning(PartlyDone), (45171,)),
    (Meaning(NoMenu), (46003, 46002)),
    (Meaning(MediaGone), (40007, 46001)),
    (Meaning(SignInAgain), (40029, 40163, 42003, 41008, 42002, 40030, 42007, 50001, 87009)),
    # -- an operator must act ---------------------------------------------------------------
    (Meaning(NotAllowed), (40013, 40125, 40243, 41002, 41004)),  # credentials
    (Meaning(NotAllowed), (40164, 89503)),  # our address
    (Meaning(NotAllowed, DAY), (89506,)),
    (Meaning(NotAllowed, HOUR), (89507,)),
    (Meaning(NotAllowed), (43107, 43116, 45087, 48004, 50002, 200011, 200013)),  # banned or limited
    (
        Meaning(NotAllowed),
        (48001, 48003, 48008, 50004, 50007, 40200, 65306, 65309, 65319, 45064, 40247, 88000),
    ),
    (Meaning(NotAllowed), (48021, 53504, 53505)),  # articles that want a hand in WeChat's console
    (Meaning(NotAllowed), (200100, 85079, 85407, 85408, 1400001)),  # notices, links, phone numbers
    # -- our mistake ------------------------------------------------------------------------
    (Meaning(ContentRefused), (45168, 87014, 40249, 70000, 53503, 88002)),
    (Meaning(OurMistake), (40002, 41001, 41003, 43001, 43002, 44002, 44004)),
    (Meaning(OurMistake), (40033, 47001, 47002, 47003)),  # body encoding, template data
    (Meaning(OurMistake), tuple(range(45001, 45009))),  # sizes
    (Meaning(OurMistake), (45056, 45057, 45058, 45059, 45157, 45158, 45159)),  # tags
    (Meaning(OurMistake), tuple(range(40015, 40028))),  # menu buttons
    (Meaning(OurMistake), (40039, 40054, 40055, 40119, 40120, 40165, 40166, 45010, 53600)),
    (Meaning(OurMistake), (65301, 65303, 65304, 65305, 65307, 65308, *range(65310, 65315))),
    (Meaning(OurMistake), (65316, 65317, 65318, 65320)),
    (Meaning(OurMistake), (45048, 45072, 45098, 45099)),  # customer messages, typing
    (Meaning(OurMistake), (40031, 40032, 40130, 40092, 63178, 63182, 63183)),  # users
    (Meaning(OurMistake), (40036, 40037, 40062, 40102, 40246, 41030, 45026)),  # templates, industry
    (Meaning(OurMistake), (40004, 40005, 40006, 40008, 40009, 41005, 48005)),  # media
    (Meaning(OurMistake), (200012, 200014, *range(200016, 200022))),  # templates of notices
    (Meaning(OurMistake), (40052, 40053, 45029, 9410010, 9410011, 9410012)),  # QR codes, short keys
    (Meaning(OurMistake), (40097, 40129, 40159, 40169, 85096)),  # mini-program codes
    (Meaning(OurMistake), (40212, 85401, 85402)),  # links
    (Meaning(OurMistake), (43104,)),  # content checks: another app's openid
    (Meaning(OurMistake), (40201, 40202, 40203)),  # checking the callback
    (Meaning(OurMistake), (40059, 40060, 40065, 40152, 40204, 40215, 41040, 45062)),  # mass messages
    (Meaning(OurMistake), (45067, 45083, 45084, 45113, 45162, 48022)),
    (Meaning(OurMistake), (40114, 41039, 45110, 45166, *range(53404, 53407))),  # drafts
    (Meaning(OurMistake), (61500, 61501)),  # statistics
    (Meaning(OurMistake), (88001, 88003, 88004, 88007, 88008, 88010)),  # comments
    (Meaning(OurMistake), (76001, 76002, 76003, 76004, 76021, 76022)),  # quota, rid
)

CODES: Final[Mapping[int, Meaning]] = {code: row for row, codes in _ROWS for code in codes}
_UNKNOWN = Meaning(WeChatError)


def error_for(
    answer: Mapping[str, Any],
    path: str,
    *,
    now: float,
    at_token_call: bool = False,
) -> WeChatError:
    """The error that `answer` (its `errcode` is an int other than 0) stands for.

    `now` is unix seconds; the day a quota lasts is reckoned from it.
    """
    errcode: int = answer["errcode"]
    errmsg, rid = _split_rid(str(answer.get("errmsg", "")))
    meaning = CODES.get(errcode, _UNKNOWN)
    if at_token_call and meaning.kind is TokenRejected:
        meaning = Meaning(NotAllowed)  # there it means a wrong secret (section 5)
    return meaning.kind(errcode, errmsg, rid, path, **_more(meaning, answer, now))


def _more(meaning: Meaning, answer: Mapping[str, Any], now: float) -> dict[str, Any]:
    if meaning.wait is not None:
        return {"retry_after_seconds": meaning.wait}
    if meaning.kind is QuotaUsedUp:
        return {"until": _next_month(now) if meaning.monthly else next_midnight(now)}
    if meaning.kind in (AlreadyDone, AwaitsAdmin):
        return {"answer": answer}
    if meaning.kind is PartlyDone:
        failed = answer.get("fail_openid_list") or ()
        return {"fail_openids": tuple(str(openid) for openid in failed)}
    return {}


def next_midnight(now: float) -> datetime:
    """When daily quotas come back: the next midnight in Asia/Shanghai."""
    today = datetime.fromtimestamp(now, _SHANGHAI).replace(hour=0, minute=0, second=0)
    return today.replace(microsecond=0) + timedelta(days=1)


def _next_month(now: float) -> datetime:
    # Four days after the 28th is always in the next month.
    day = next_midnight(now) - timedelta(days=1)
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _split_rid(errmsg: str) -> tuple[str, str]:
    found = _RID.search(errmsg)
    return (errmsg[: found.start()], found[1]) if found else (errmsg, "")
