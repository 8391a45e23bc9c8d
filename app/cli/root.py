"""The `gonghui` command: one module per group of commands, put together here."""

import sys

import typer

from app.cli import alerts, backups, cases, content, demo, doctor, keys, menus, messages, serving
from app.errors import DomainError, OperatorError

app = typer.Typer(
    help="工会公众号后台。先运行 gonghui doctor 看看哪里不对。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
serving.add_to(app)
demo.add_to(app)
doctor.add_to(app)
backups.add_to(app)
app.add_typer(menus.app, name="menus")
app.add_typer(messages.app, name="messages")
app.add_typer(cases.app, name="cases")
app.add_typer(alerts.app, name="alerts")
app.add_typer(content.app, name="content")
app.add_typer(keys.app, name="keys")


def run() -> None:
    """Run the command line; what an operator can put right is one message, not a traceback."""
    try:
        app(prog_name="gonghui")
    except (OperatorError, DomainError) as error:
        typer.echo(error.message, err=True)
        sys.exit(2)
