"""The page at `/`: what the account is for and whom to call. No script, no sign-in."""

from app.portal.templating import render
from app.services.hotlines import HOTLINES, Subject

URGENT = ("110", "119", "120", "95598", "12356")


def page(*, well: bool, phone: str | None = None) -> str:
    """The whole page. `well`: messages are answered; `phone`: the sandbox's address, in development."""
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
    return render("home.html", urgent=urgent, phone=phone, well=well)
