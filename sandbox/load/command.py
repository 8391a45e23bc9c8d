"""`python -m sandbox load`: what may be asked of a load, the run, and the exit code."""

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from sandbox.config import Config, Environment, Refused, config_from, is_loopback
from sandbox.load.report import Report
from sandbox.load.run import Load, Plan

# A slip of the finger must not keep a machine busy for a day: beyond these we refuse.
LIMITS: dict[str, tuple[float, float]] = {
    "people": (1, 20_000),
    "rate": (0.1, 20_000),
    "seconds": (1, 600),
    "parallel": (1, 512),
}
PUSHES_MOST = 1_000_000  # every one's time is kept until the end
TEXT_BYTES = 2048  # a longer one cannot be typed into the phone
TEXTS_MOST = 10_000
TEXTS = ("你好", "帮助", "插座冒火花怎么办", "今天几号")
MODES = {"safe": "安全模式", "compatible": "兼容模式", "plain": "明文模式"}


class Options(argparse.ArgumentParser):
    """Refuses like the rest of the sandbox, by one line and exit code 2."""

    def error(self, message: str) -> NoReturn:
        for english, chinese in (
            ("argument ", ""),
            ("unrecognized arguments: ", "没有选项 "),
            ("expected one argument", "后面要写内容"),
        ):
            message = message.replace(english, chinese, 1)
        raise Refused(f"{message}。用法见 gonghui sandbox load --help")


def _within(name: str, kind: Callable[[str], float]) -> Callable[[str], Any]:
    least, most = LIMITS[name]

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"应在 {least:g} 与 {most:g} 之间")
        return value

    return read


def _parser() -> Options:
    parser = Options("python -m sandbox load", description="Put followers on a service and measure.")
    for name, kind, otherwise, told in (
        ("people", int, 100, "followers"),
        ("rate", float, 100, "pushes per second"),
        ("seconds", float, 10, "how long they write, after all have followed"),
        ("parallel", int, 64, "most pushes at a time"),
    ):
        span = f"{LIMITS[name][0]:g} to {LIMITS[name][1]:g}"
        parser.add_argument(
            f"--{name}", type=_within(name, kind), default=otherwise, help=f"{told}, {span} ({otherwise})"
        )
    parser.add_argument(
        "--say", action="append", default=[], metavar="TEXT", help="what they write; repeatable"
    )
    parser.add_argument("--texts", type=Path, metavar="FILE", help="the same from a file, a text a line")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--service", help="its address (GONGHUI_PUBLIC_URL, else http://127.0.0.1:8000)")
    return parser


def _texts(options: argparse.Namespace) -> tuple[str, ...]:
    texts = list(options.say)
    if options.texts:
        try:
            lines = options.texts.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"读不了 {options.texts}：应是一行一句的 UTF-8 文本") from error
        texts += [line.strip() for line in lines if line.strip()]
        if not texts:
            raise Refused(f"{options.texts} 里没有一句话")
    if any(not text.strip() or len(text.encode()) > TEXT_BYTES for text in texts):
        raise Refused(f"要说的话不能为空，也不能超过 {TEXT_BYTES} 字节")
    if len(texts) > TEXTS_MOST:
        raise Refused(f"要说的话最多 {TEXTS_MOST} 句")
    return tuple(texts) or TEXTS


def _plan(options: argparse.Namespace) -> Plan:
    longest = LIMITS["seconds"][1]
    following = options.people / options.rate
    if following > longest:
        raise Refused(
            f"{options.people} 人按每秒 {options.rate:g} 次关注要 {following:.0f} 秒，"
            f"超过 {longest:g} 秒：减少人数或提高速率"
        )
    if options.rate * options.seconds > PUSHES_MOST:
        raise Refused(
            f"每秒 {options.rate:g} 次、{options.seconds:g} 秒，超过一次 {PUSHES_MOST} 条：减少其中之一"
        )
    return Plan(options.people, options.rate, options.seconds, _texts(options), options.parallel)


def _checked(config: Config) -> Config:
    """Only what is on this machine may be put under load.

    Raises:
        Refused: another host, or not plain HTTP.
    """
    try:
        address = urlsplit(config.callback_url)
        local = address.scheme == "http" and is_loopback(address.hostname) and address.port != 0
    except ValueError:
        local = False
    if not local:
        raise Refused(f"只能压本机的服务，{config.callback_url} 不是 http 的本机地址")
    return config


def _writable(path: Path | None) -> None:
    """Known before the load rather than after it.

    Raises:
        Refused: the file cannot be written.
    """
    try:
        if path:
            path.touch()
    except OSError as error:
        raise Refused(f"写不了 {path}") from error


def play(config: Config, plan: Plan) -> Report:
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with suppress(ImportError):  # not there on Windows
        import uvloop  # noqa: PLC0415

        new_loop = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(Load(config, plan).run())


def main(arguments: Sequence[str]) -> int:
    """0 when every push was answered as WeChat takes it, 1 when not, 2 when refused."""
    try:
        options = _parser().parse_args(arguments)
        plan = _plan(options)
        config = _checked(config_from(Environment(), service_url=options.service))
        _writable(options.json)
    except Refused as refusal:
        print(f"没有开始：{refusal}", file=sys.stderr)
        return 2
    print(
        f"{plan.people} 人先关注，再说 {plan.seconds:g} 秒的话，每秒 {plan.rate:g} 次："
        f"{config.callback_url}（{MODES[config.mode]}）",
        flush=True,
    )
    try:
        report = play(config, plan)
    except KeyboardInterrupt:
        print("中断了，没有结果。", file=sys.stderr)
        return 130
    print(report.table())
    if options.json:
        options.json.write_text(
            json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    return 0 if report.is_good else 1
