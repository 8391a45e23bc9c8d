"""Runs a command line: what is loaded for it, and how what goes wrong is told."""

import io
import logging
import sys
from collections.abc import Sequence

import typer

from app import logs
from app.cli import serving, words
from app.errors import DomainError, OperatorError


def run() -> None:
    """Run the command line; what an operator can put right is one message, not a traceback."""
    _speak_utf8()
    logs.configure("text", logging.WARNING)  # to stderr: what a command prints is the command's own
    try:
        sys.exit(_commands(sys.argv[1:])(prog_name="gonghui", standalone_mode=False) or 0)
    except typer.Abort:
        sys.exit(1)
    except typer.TyperException as error:
        if said := words.refusal(error):
            typer.echo(said, err=True)
        sys.exit(error.exit_code)
    except (OperatorError, DomainError) as error:
        typer.echo(error.message, err=True)
        sys.exit(2)


def _commands(arguments: Sequence[str]) -> typer.Typer:
    """Those that keep running carry no other along: 3 MB in each of their processes, as long as they run."""
    long = words.Commands(pretty_exceptions_enable=False)
    serving.add_to(long)
    if arguments and arguments[0] in {
        each.callback.__name__ for each in long.registered_commands if each.callback
    }:
        return long
    from app.cli.root import app  # noqa: PLC0415 - see above

    return app


def _speak_utf8() -> None:
    """Into a file or a pipe we write UTF-8, whatever the locale: our sentences need it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
