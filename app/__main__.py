"""`python -m app …` is the `gonghui` command."""

from app.cli import run

run()
