"""Knowledge we ship: power-safety tips, labour-law answers, signposts; their files, and one search over all.

Knows no database and no dialogue. Rows are made from an `Entry`, an `Index` from any sequence of them.
"""

from app.content_files import ContentMistakes, Mistake
from app.knowledge.entries import Entry, EntryTopic
from app.knowledge.files import Shipped, load, load_folder
from app.knowledge.laws import LawAnswer, LawTopic, law_text
from app.knowledge.search import Choices, Hit, Index, Miss, Result
from app.knowledge.signposts import Place, Signpost
from app.knowledge.tips import Tip, Topic, answer_text

__all__ = [
    "Choices",
    "ContentMistakes",
    "Entry",
    "EntryTopic",
    "Hit",
    "Index",
    "LawAnswer",
    "LawTopic",
    "Miss",
    "Mistake",
    "Place",
    "Result",
    "Shipped",
    "Signpost",
    "Tip",
    "Topic",
    "answer_text",
    "law_text",
    "load",
    "load_folder",
]
