"""structlog and httpx, loaded as if `rich` and `pygments` were not installed; `app` loads this first.

Both take these, which typer brings along, as a wish for coloured traces and for httpx's own command line. We
use neither: traces are made by `app.logs`. It is 8 MB in every process, and a twentieth of its start.
"""

import sys

_COLOURS = [name for name in ("rich", "pygments") if name not in sys.modules]
for _name in _COLOURS:
    sys.modules[_name] = None  # type: ignore[assignment]  # to who imports it: not installed
try:
    import httpx  # noqa: F401
    import structlog  # noqa: F401
finally:
    for _name in _COLOURS:
        del sys.modules[_name]
