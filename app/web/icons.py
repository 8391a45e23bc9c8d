"""Our one family of icons: outlines on a 24 × 24 grid, drawn for our pages."""

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
    "search": '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>',
    "pen": '<path d="M4 20v-4L15.5 4.5a2 2 0 0 1 3 0l1 1a2 2 0 0 1 0 3L8 20zM13.5 6.5l4 4"/>',
    "book": '<path d="M12 6C10 4 7 4 4 4.5v13c3-.5 6 0 8 1.5 2-1.5 5-2 8-1.5v-13C17 4 14 4 12 6zm0 0v13"/>',
    "headset": '<path d="M4 14v-2a8 8 0 0 1 16 0v2M4 13h3v6H5a1 1 0 0 1-1-1zm16 0h-3v6h2a1 1 0 0 0 1-1zm-1 6'
    'c0 1.5-2 2-5 2"/>',
    "badge": '<rect x="3.5" y="5" width="17" height="14" rx="2"/><circle cx="9" cy="11" r="2"/>'
    '<path d="M5.5 16c.5-1.5 1.7-2 3.5-2s3 .5 3.5 2M15 10h3m-3 4h3"/>',
    "users": '<circle cx="9" cy="8" r="3.5"/>'
    '<path d="M3 20c.4-3.6 2.6-5.5 6-5.5s5.6 1.9 6 5.5M18 9v6m-3-3h6"/>',
    "meter": '<rect x="5" y="3.5" width="14" height="17" rx="2"/><circle cx="12" cy="10" r="3.5"/>'
    '<path d="m12 10 2-2M9 17h6"/>',
    "gavel": '<path d="m13.5 3.5 7 7-3 3-7-7zm.5 7-9.5 9.5M4 21h9"/>',
    "shield": '<path d="M12 3.5 19 6v5.5c0 4.3-2.8 7.4-7 9-4.2-1.6-7-4.7-7-9V6zm-3 8.5 2.2 2.2L15.5 10"/>',
    "heart": '<path d="M12 20C6 15.5 3.5 12.5 3.5 9A4.3 4.3 0 0 1 12 7a4.3 4.3 0 0 1 8.5 2'
    'c0 3.5-2.5 6.5-8.5 11z"/>',
    "device": '<rect x="7" y="3" width="10" height="18" rx="2"/><path d="M11 18h2"/>',
    "list": '<path d="M4 6h16M4 12h16M4 18h16"/>',
    "inbox": '<path d="M4 13h4l1.5 3h5l1.5-3h4M5 5h14l2 8v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-5z"/>',
    "key": '<circle cx="8" cy="15" r="4"/><path d="m11 12 9-9m-4 4 3 3m-6 0 2 2"/>',
    "gear": '<circle cx="12" cy="12" r="3"/><path d="M12 3v3m0 12v3M3 12h3m12 0h3M5.6 5.6l2.2 2.2m8.4 8.4 2.2'
    ' 2.2m0-12.8-2.2 2.2m-8.4 8.4-2.2 2.2"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>',
    "send": '<path d="M4 12 20 4l-5 16-3.5-6.5zm7.5 1.5L20 4"/>',
    "share": '<circle cx="6" cy="12" r="2.5"/><circle cx="17.5" cy="5.5" r="2.5"/>'
    '<circle cx="17.5" cy="18.5" r="2.5"/><path d="m8.3 10.8 7-4m-7 6.4 7 4"/>',
    "bell": '<path d="M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zm4 2a2 2 0 0 0 4 0"/>',
    "menu": '<rect x="4" y="4" width="16" height="16" rx="2"/><path d="M4 15h16M9.3 15v5m5.4-5v5"/>',
    "tree": '<path d="M9 4h6v4H9zM4 16h6v4H4zm10 0h6v4h-6zM12 8v4M7 16v-4h10v4"/>',
    "lock": '<rect x="5" y="10" width="14" height="10" rx="2"/><path d="M8 10V7a4 4 0 0 1 8 0v3M12 14v2"/>',
    "pulse": '<path d="M3 12h4l2.5-7 4.5 14 2.5-7H21"/>',
    "sprout": '<path d="M12 20v-7m0 0c0-4-3-6.5-8-6.5C4 11 7 13 12 13zm0-2c0-4 3-6 8-6 0 4-3 6-8 6"/>',
    "cross": '<path d="M9.5 4h5v5.5H20v5h-5.5V20h-5v-5.5H4v-5h5.5z"/>',
    "record": '<path d="M6 3h9l4 4v14H6zM15 3v4h4M9 12h7m-7 4h5"/>',
    "board": '<path d="M4 4h16v12H4zm4 4h8m-8 4h5M9 16l-2 5m8-5 2 5"/>',
    "thumb": '<path d="M7 11v9H4v-9zm0 0 4-7c2 0 2.5 1.5 2 3.5L12.5 10H19l-1.5 8.5a2 2 0 0 1-2 1.5H7"/>',
    "quote": '<path d="M4 5h16v11h-8l-4 4v-4H4zm4.5 3.5v3m3-3v3"/>',
    "shout": '<path d="M4 10v4h3l8 4.5v-13L7 10zm14.5-1.5a5 5 0 0 1 0 7M7.5 14.5V19H10v-3"/>',
    "building": '<path d="M6 20V4h9v16m0-11h4v11M3.5 20h17M9 8h3m-3 4h3m-3 4h3"/>',
    "globe": '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c3 2.5 4 5.5 4 8.5s-1 6-4 8.5c-3-2.5'
    '-4-5.5-4-8.5s1-6 4-8.5"/>',
    "broadcast": '<circle cx="12" cy="12" r="2.5"/><path d="M7.5 16.5a6.4 6.4 0 0 1 0-9m9 0a6.4 6.4 0 0 1 0 9'
    'M4.5 19.5a10.6 10.6 0 0 1 0-15m15 0a10.6 10.6 0 0 1 0 15"/>',
    "ask": '<circle cx="12" cy="12" r="8.5"/><path d="M9.5 9.5c0-3.3 5-3.3 5 0 0 2-2.5 2-2.5 4m0 3v.1"/>',
}


def icon(name: str) -> Markup:
    drawn = f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{ICONS[name]}</svg>'
    return Markup(drawn)  # noqa: S704 - drawn here, nobody else's words
