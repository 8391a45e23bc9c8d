"""QR codes as drawings in a page: dark on light whatever the page's colours, or a telephone reads none."""

from collections.abc import Iterable
from typing import Final

import segno
from markupsafe import Markup

_QUIET = 4  # modules around it; scanners want no less


_OPEN: Final = "二维码：用微信扫一扫打开这一页"


def drawn(address: str, label: str = _OPEN) -> Markup:
    """The code of a web address; `label` is what it is for those who cannot see it."""
    code = segno.make(address, error="m", micro=False)
    path = "".join(
        f"M{start} {y}h{length}v1h-{length}z"
        for y, row in enumerate(code.matrix_iter(border=_QUIET))
        for start, length in _runs(row)
    )
    size = code.symbol_size(border=_QUIET)[0]
    return Markup(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{2}">'
        '<path fill="#fff" d="M0 0h{0}v{0}H0z"/><path fill="#000" d="{1}"/></svg>'
    ).format(size, path, label)


def _runs(row: Iterable[int]) -> list[tuple[int, int]]:
    """Where dark modules stand side by side: start and length."""
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((x, 1))
    return found
