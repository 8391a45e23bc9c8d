"""What commands share that bring in a sheet: a roster, a register of accounts."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import typer

from app.cli.opening import with_house
from app.errors import DomainError, OperatorError
from app.services.importing import CHUNK
from app.services.sheets import Findings

if TYPE_CHECKING:
    from app.assembly import House

Result = TypeVar("Result")

MISTAKES = 50  # lines; who has more of them has one mistake many times


@contextmanager
def refusals() -> Iterator[None]:
    """A refusal is one sentence, and exit code 1."""
    try:
        yield
    except (DomainError, OperatorError) as refused:
        typer.echo(refused.message, err=True)
        raise typer.Exit(1) from None


def run(work: Callable[["House"], Awaitable[Result]]) -> Result:
    with refusals():
        return with_house(work)


def show_lines(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def write_template(file: Path, write: Callable[[IO[bytes]], None], command: str) -> None:
    """An empty sheet to fill in; `command` is the one that looks at it afterwards."""
    with refusals():
        if file.exists():
            raise OperatorError(f"{file} 已经存在，没有覆盖；请换一个文件名。")
        try:
            with file.open("wb") as opened:
                write(opened)
        except OSError as error:
            raise OperatorError(f"写不了 {file}：{type(error).__name__}") from None
    typer.echo(f"已写好 {file}。填好以后先看会怎样：{command} {file} --preview")


def refuse_wrong(findings: Findings, *, skip_wrong: bool) -> None:
    """Raises: OperatorError: lines are wrong and nobody said that they may be passed over."""
    if findings.wrong_lines and not skip_wrong:
        raise OperatorError("没有导入。请改好再试；或者加 --skip-wrong，跳过这些行，导入其余的。")


def progress(done: int, total: int) -> None:
    if total > CHUNK:
        typer.echo(f"已处理 {done}/{total} 行", err=True)


def of_file(findings: Findings, usable: str) -> Iterator[str]:
    """What was found; `usable` says how much of it can be brought in: 12 人."""
    yield f"工作表「{findings.sheet}」：可以导入 {usable}。"
    if findings.other_sheets:
        yield f"另有工作表没有读：{'、'.join(findings.other_sheets)}。"
    if findings.ignored:
        yield f"不认识、没有用到的列：{'、'.join(findings.ignored)}。"
    if findings.missing:
        yield f"文件里没有这些列，原来的资料不变：{'、'.join(findings.missing)}。"
    if findings.wrong_lines:
        yield f"有 {findings.wrong_lines} 行要改："
        yield from (str(each) for each in findings.mistakes[:MISTAKES])
        if len(findings.mistakes) > MISTAKES:
            yield "……其余的改好上面这些再看。"
