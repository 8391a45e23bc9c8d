"""Libraries without what they take along only because it is installed; `app` loads this first.

structlog and httpx take `rich` and `pygments`, which typer brings, as a wish for coloured traces and for a
command line of httpx's own. We use neither: traces are made by `app.logs`. It is 8 MB in every process.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Iterator[None]:
    """To who imports these inside, they are not installed; what has them already keeps them."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # as the import system has it for this
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with without("rich", "pygments"):
    import httpx  # noqa: F401
    import structlog  # noqa: F401

# FastAPI looks for models of pydantic's first edition at every route, and does without where there is none.
sys.modules["pydantic.v1"] = None  # type: ignore[assignment]
