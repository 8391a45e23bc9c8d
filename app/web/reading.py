"""Templates of what is read on the portal and previewed in the console: the same text, from one file.

`reading_tip.html`, `reading_law.html` and `reading_article.html`, to be included by a page.
"""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).with_name("templates")
