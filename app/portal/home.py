"""The page at `/`: what the account is for and whom to call. No script, no sign-in."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from app.portal import assets
from app.services.hotlines import HOTLINES, Subject

URGENT = ("110", "119", "120", "95598", "12356")

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True, trim_blocks=True
)
_templates.globals["asset"] = assets.address


def page(phone: str | None = None) -> str:
    """The whole page. `phone` is the sandbox's address, in development only."""
    urgent = [
        {
            "number": line.number,
            "name": line.name,
            "note": line.note,
            "danger": line.subject is Subject.DANGER,
        }
        for line in HOTLINES
        if line.number in URGENT
    ]
    return _templates.get_template("home.html").render(urgent=urgent, phone=phone)
