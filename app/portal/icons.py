"""The portal's one family of icons: outlines on a 24 × 24 grid, drawn for it, and the tabs that use them."""

from typing import Final

from markupsafe import Markup

ICONS: Final = {
    "home": '<path d="m4 11 8-7 8 7v8a1 1 0 0 1-1 1h-5v-6h-4v6H5a1 1 0 0 1-1-1z"/>',
    "grid": '<path d="M4.5 4.5h6v6h-6zm9 0h6v6h-6zm-9 9h6v6h-6zm9 0h6v6h-6z"/>',
    "calendar": '<rect x="4" y="5" width="16" height="15" rx="2"/><path d="M4 10h16M8.5 3v4m7-4v4M8 14h3"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M5 20c.5-4 3.3-6 7-6s6.5 2 7 6"/>',
    "bolt": '<path d="M13 3 5 14h6l-1 7 8-11h-6z"/>',
    "scales": '<path d="M12 4v16m-5 0h10M5 7h14M5 7l-3 7a3 3 0 0 0 6 0zm14 0-3 7a3 3 0 0 0 6 0z"/>',
    "paper": '<path d="M5 4h11v14a2 2 0 0 0 2 2H7a2 2 0 0 1-2-2zM16 9h3v9a2 2 0 0 1-2 2M8 8h5m-5 4h5"/>',
    "ticket": '<path d="M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zm10 0v2m0 2v2m0 2v2"/>',
    "talk": '<path d="M4 5h16v11h-8l-4 4v-4H4zm4 4h8m-8 3h5"/>',
    "phone": '<path d="M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a1 1 0 0 1-1 1A15 15 0 0 1 4 5z"/>',
}


def icon(name: str) -> Markup:
    drawn = f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{ICONS[name]}</svg>'
    return Markup(drawn)  # noqa: S704 - drawn here, nobody else's words


TABS: Final = (  # name, address, label, icon
    ("home", "/", "首页", icon("home")),
    ("services", "/services", "服务", icon("grid")),
    ("activities", "/activities", "活动", icon("calendar")),
    ("me", "/me", "我的", icon("person")),
)
