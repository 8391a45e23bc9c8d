"""The menu file: what operators write, its checks, its revisions, and which rule a text hits.

Handlers are handed in as `Known`; nothing here imports one. Pushing buttons to WeChat is `app.jobs.menus`.
"""

from app.menus.known import Known
from app.menus.live import LiveMenus
from app.menus.matching import Book, Match, compile_book
from app.menus.mistakes import MenuMistakes, Mistake
from app.menus.targets import Do, Say, Target, key_of, parse_key

__all__ = [
    "Book",
    "Do",
    "Known",
    "LiveMenus",
    "Match",
    "MenuMistakes",
    "Mistake",
    "Say",
    "Target",
    "compile_book",
    "key_of",
    "parse_key",
]
