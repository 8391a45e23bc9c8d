"""The words of misbehaviour: every kind by name, what the page calls it, and the fields it has.

One table for the control endpoint, the driver and the page, which draws its controls from `described`.
Nothing acts here.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from sandbox.config import is_loopback
from sandbox.errors import NotPossible

CALLBACK = "callback"  # the "path" that means pushes to the service instead of API calls
EVERY = "*"
# How a mass message can end (section 7.4); what each means is `sandbox.mass.outcomes`'.
_MASS_CODES = (
    10001,
    20001,
    20002,
    20004,
    20006,
    20008,
    20013,
    21000,
    22000,
    30001,
    30002,
    30003,
    40001,
    40002,
)
MASS_STATUSES = ("send success", "send fail", *(f"err({code})" for code in _MASS_CODES))
LONGEST = 600  # seconds; a longer wait tells nothing more
FARTHEST = 10 * 365 * 86400  # seconds a clock may be wrong


@dataclass(frozen=True)
class Field:
    """One thing to say about a wish. `type`: path, whole, seconds, flag, choice or addresses."""

    name: str
    label: str
    type: str
    default: Any
    least: float = 0
    most: float = LONGEST
    choices: tuple[str, ...] = ()
    may_be_empty: bool = False  # null is allowed and means without end

    def described(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"name": self.name, "label": self.label, "type": self.type}
        if self.type in ("whole", "seconds"):
            shown |= {"least": self.least, "most": self.most}
        if self.choices:
            shown["choices"] = list(self.choices)
        return shown | {"default": self.default, "may_be_empty": self.may_be_empty}

    def read(self, value: Any) -> Any:
        """`value` if it is of our type.

        Raises:
            NotPossible: it is not; the text names the field and what it should be.
        """
        if value is None and self.may_be_empty:
            return None
        good = {
            "path": self._is_path,
            "whole": lambda one: type(one) is int and self.least <= one <= self.most,
            "seconds": lambda one: _is_number(one) and self.least <= one <= self.most,
            "flag": lambda one: isinstance(one, bool),
            "choice": lambda one: one in self.choices,
            "addresses": _are_addresses,
        }[self.type](value)
        if not good:
            raise NotPossible(f"{self.name} 应是{self._expected()}。", 400)
        return value

    def _is_path(self, value: Any) -> bool:
        return isinstance(value, str) and (value.startswith("/") or value in self.choices)

    def _expected(self) -> str:
        if self.type == "choice":
            return "、".join(self.choices) + " 之一"
        if self.type == "path":
            return "以 / 开头的接口路径，或 " + "、".join(self.choices)
        span = f" {self.least:.15g} 至 {self.most:.15g} "
        return {
            "whole": f"{span}的整数",
            "seconds": f"{span}的秒数",
            "flag": " true 或 false",
            "addresses": "本机网址的列表",
        }[self.type]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _are_addresses(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, str) and is_loopback(urlsplit(one).hostname) for one in value
    )


def _times(default: int | None = 1) -> Field:
    return Field("times", "次数（空为一直）", "whole", default, least=1, most=100_000, may_be_empty=True)


def _seconds(label: str, default: float) -> Field:
    return Field("seconds", label, "seconds", default)


ANY_PATH = Field("path", "接口路径（* 任一接口，callback 推送）", "path", EVERY, choices=(EVERY, CALLBACK))
API_PATH = Field("path", "接口路径（* 任一接口）", "path", EVERY, choices=(EVERY,))


@dataclass(frozen=True)
class Kind:
    """One way to misbehave. `main` is the field that a bare value stands for."""

    name: str
    label: str
    on: tuple[str, ...]  # "callback": pushes to the service; "api": calls by the service
    main: str
    fields: tuple[Field, ...]

    def described(self) -> dict[str, Any]:
        fields = [field.described() for field in self.fields]
        return {"name": self.name, "label": self.label, "on": list(self.on), "fields": fields}

    def read(self, wanted: Any) -> dict[str, Any]:
        """Every field's value: `wanted` is an object, a bare value of `main`, or true for the defaults.

        Raises:
            NotPossible: an unknown field, or a value of another type.
        """
        if wanted is True:
            wanted = {}
        given = wanted if isinstance(wanted, dict) else {self.main: wanted}
        known = {field.name: field for field in self.fields}
        for name in given:
            if name not in known:
                raise NotPossible(f"{self.name} 没有「{name}」这一项，有：{'、'.join(known)}。", 400)
        try:
            values = {
                name: field.read(given[name]) if name in given else field.default
                for name, field in known.items()
            }
        except NotPossible as error:
            raise NotPossible(f"{self.name} 的 {error.message}", 400) from None
        # Kinds without a path concern pushes only, or know themselves which calls.
        return values if "path" in known else values | {"path": CALLBACK if self.on == (CALLBACK,) else EVERY}


BOTH, PUSHES, CALLS = (CALLBACK, "api"), (CALLBACK,), ("api",)
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "fail_next",
            "返回错误码",
            CALLS,
            "path",
            (API_PATH, Field("errcode", "错误码", "whole", -1, least=-10_000_000, most=10_000_000), _times()),
        ),
        Kind("delay_next", "应答迟到", BOTH, "path", (ANY_PATH, _seconds("迟到几秒", 6), _times())),
        Kind(
            "drop_next",
            "应答丢失",
            BOTH,
            "path",
            (
                ANY_PATH,
                Field("after", "先执行再断开", "flag", True),
                Field("at", "断在", "choice", "body", choices=("headers", "body")),
                _times(),
            ),
        ),
        Kind("slow", "一直很慢", BOTH, "seconds", (ANY_PATH, _seconds("每次慢几秒", 2), _times(None))),
        Kind("revoke_token", "作废所有令牌", CALLS, "path", (API_PATH, _times())),
        Kind("use_up_quota", "用完当天的次数", CALLS, "path", (API_PATH, _times())),
        Kind(
            "mass_result",
            "群发的结果",
            CALLS,
            "status",
            (
                Field("status", "结果", "choice", "send fail", choices=MASS_STATUSES),
                Field("failed", "没送到的人数（成功时）", "whole", 0, most=10_000_000),
                _times(),
            ),
        ),
        Kind(
            "mass_reprint",
            "群发的文章是转载",
            CALLS,
            "allowed",
            (Field("allowed", "原文允许转载", "flag", True), _times()),
        ),
        Kind("refuse_ip", "IP 不在白名单", CALLS, "times", (_times(None),)),
        Kind(
            "fail_publishing",
            "发布不成功",
            CALLS,
            "result",
            (
                Field("result", "结果", "choice", "review", choices=("originality", "failed", "review")),
                Field("article", "第几篇没过", "whole", 1, least=1, most=8),
                _times(),
            ),
        ),
        Kind(
            "duplicate",
            "并行推送多份",
            PUSHES,
            "count",
            (
                Field("count", "份数", "whole", 2, least=2, most=20),
                Field("urls", "推到哪些网址（空为回调地址）", "addresses", []),
                _times(),
            ),
        ),
        Kind("hold_next", "推送晚到", PUSHES, "seconds", (_seconds("晚几秒", 5), _times())),
        Kind(
            "reverse_next",
            "推送倒序到达",
            PUSHES,
            "times",
            (
                Field("times", "几条为一组", "whole", 2, least=2, most=100),
                _seconds("凑不齐时最多等几秒", 10),
            ),
        ),
        Kind(
            "skew_clock",
            "推送的时间不准",
            PUSHES,
            "seconds",
            (
                Field("seconds", "快几秒，负数为慢", "seconds", -3600, least=-FARTHEST, most=FARTHEST),
                _times(None),
            ),
        ),
        Kind("wrong_signature", "推送签名错误", PUSHES, "times", (_times(),)),
    )
}


def read(name: str, wanted: Any) -> dict[str, Any]:
    """One wish as the control endpoint receives it.

    Raises:
        NotPossible: an unknown kind or field, or a value of another type.
    """
    if name not in KINDS:
        raise NotPossible(f"没有「{name}」这种捣乱，有：{'、'.join(KINDS)}。", 400)
    return KINDS[name].read(wanted)


def described() -> list[dict[str, Any]]:
    """The whole table, for the page."""
    return [kind.described() for kind in KINDS.values()]
