"""Knowledge we ship: power-safety tips, the files they come from, and the search over them.

Knows no database and no dialogue. Rows are made from `TipFile`, an `Index` from any sequence of `Tip`.
"""

from app.content_files import ContentMistakes, Mistake
from app.knowledge.files import TipFile, load
from app.knowledge.search import Choices, Hit, Index, Miss, Result
from app.knowledge.tips import Tip, Topic, answer_text

__all__ = [
    "Choices",
    "ContentMistakes",
    "Hit",
    "Index",
    "Miss",
    "Mistake",
    "Result",
    "Tip",
    "TipFile",
    "Topic",
    "answer_text",
    "load",
]
