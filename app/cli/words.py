"""The command line's own words in Chinese: section titles, usage, the help option, and what it refuses.

Through the classes typer lets a program hand in and the attributes they document. Where a later typer words
a refusal anew, that sentence is English again and nothing else changes.
"""

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

Function = TypeVar("Function", bound=Callable[..., Any])
OPTIONS, ARGUMENTS, COMMANDS = "选项", "参数", "命令"

# What typer says → what we say; the first that fits.
SAID: Final = (
    (r"No such command '(.*?)'\.(?: Did you mean '(.*)'\?)?", "没有命令「{0}」。"),
    (r"No such option: (\S+).*", "没有选项 {0}。"),
    (r"Missing command\.", "请写上要用哪条命令。"),
    (r"Missing (?:argument|option|parameter) '?(.*?)'?\.(?: .*)?", "缺少 {0}。"),
    (r"Option '(.*?)' requires an argument\.", "选项 {0} 后面要写内容。"),
    (r"Option '(.*?)' does not take a value\.", "选项 {0} 后面不写内容。"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", "多写了：{0}。"),
    (r"Invalid value for '?(.*?)'?: .*integer.*", "{0} 要写整数。"),
    (r"Invalid value for '?(.*?)'?: .*is not one of (.*?)\.?", "{0} 只能是 {1} 之一。"),
    (r"Invalid value for '?(.*?)'?: .*greater than or equal to (.*?)", "{0} 最小是 {1}。"),
    (r"Invalid value for '?(.*?)'?: .*less than or equal to (.*?)", "{0} 最大是 {1}。"),
    (r"Invalid value for '?(.*?)'?: (.*)", "{0} 写得不对：{1}"),
)


def refusal(error: typer.TyperException) -> str:
    """What was wrong with the command line, and where to read how it goes."""
    english = said = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":  # the help itself, printed or to be printed
        return english
    for pattern, chinese in SAID:
        if found := re.fullmatch(pattern, english, re.DOTALL):
            said = chinese.format(*found.groups())
            break
    context = getattr(error, "ctx", None)
    return said if context is None else f"{said}\n用法见 {context.command_path} --help"


def _dressed(params: list[Any]) -> list[Any]:
    for param in params:
        if "--help" in param.opts:
            param.help = "显示这份说明"
        if getattr(param, "rich_help_panel", "") is None:
            param.rich_help_panel = ARGUMENTS if param.param_type_name == "argument" else OPTIONS
    return params


def _usage(text: str) -> str:
    for english, chinese in (
        ("Usage: ", "用法："),
        ("[OPTIONS]", f"[{OPTIONS}]"),
        ("COMMAND [ARGS]...", f"{COMMANDS} …"),
    ):
        text = text.replace(english, chinese, 1)
    return text


class Command(TyperCommand):
    def get_usage(self, ctx: Any) -> str:
        return _usage(super().get_usage(ctx))

    def get_params(self, ctx: Any) -> list[Any]:
        return _dressed(list(super().get_params(ctx)))


class Group(TyperGroup):
    def get_usage(self, ctx: Any) -> str:
        return _usage(super().get_usage(ctx))

    def get_params(self, ctx: Any) -> list[Any]:
        return _dressed(list(super().get_params(ctx)))


class Commands(typer.Typer):
    """A group of commands that speaks Chinese throughout."""

    def __init__(self, **more: Any) -> None:
        super().__init__(cls=Group, add_completion=False, **({"no_args_is_help": True} | more))

    def command(self, name: str | None = None, **more: Any) -> Callable[[Function], Function]:
        ours: dict[str, Any] = {"cls": Command, "rich_help_panel": COMMANDS}
        return super().command(name, **(ours | more))

    def add_typer(self, typer_instance: typer.Typer, **more: Any) -> None:
        super().add_typer(typer_instance, **({"rich_help_panel": COMMANDS} | more))
