"""The main pages of the portal, at the bottom of each page."""

from typing import Final

from app.web.icons import icon

TABS: Final = (  # name, address, label, icon
    ("home", "/", "首页", icon("home")),
    ("services", "/services", "服务", icon("grid")),
    ("activities", "/activities", "活动", icon("calendar")),
    ("me", "/me", "我的", icon("person")),
)
