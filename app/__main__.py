"""`python -m app …` is the `gonghui` command."""

from app.cli.root import run

run()
