"""Drawing a QR code, as SVG or pixels: byte mode, error correction M, versions 1 to 10.

Enough for the links a scene code carries; scanners on real phones read it.
"""

import io
from itertools import product

from PIL import Image

# Per version: correction bytes per block, and the data bytes of each block (level M).
BLOCKS: dict[int, tuple[int, list[int]]] = {
    1: (10, [16]),
    2: (16, [28]),
    3: (26, [44]),
    4: (18, [32] * 2),
    5: (24, [43] * 2),
    6: (16, [27] * 4),
    7: (18, [31] * 4),
    8: (22, [38, 38, 39, 39]),
    9: (22, [36, 36, 36, 37, 37]),
    10: (26, [43, 43, 43, 43, 44]),
}
ALIGNMENT: dict[int, list[int]] = {
    1: [],
    2: [6, 18],
    3: [6, 22],
    4: [6, 26],
    5: [6, 30],
    6: [6, 34],
    7: [6, 22, 38],
    8: [6, 24, 42],
    9: [6, 26, 46],
    10: [6, 28, 50],
}
QUIET = 4  # modules of white around
Grid = list[list[bool | None]]


def _tables() -> tuple[list[int], list[int]]:
    powers, logs, value = [0] * 512, [0] * 256, 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logs[value] = exponent
        value = (value << 1) ^ (0x11D if value & 0x80 else 0)
    return powers, logs


POWERS, LOGS = _tables()


def _times(one: int, other: int) -> int:
    return POWERS[LOGS[one] + LOGS[other]] if one and other else 0


def _correction(data: list[int], count: int) -> list[int]:
    """Reed-Solomon remainder of `data`."""
    divisor = [0] * (count - 1) + [1]
    for root in range(count):
        for at in range(count):
            divisor[at] = _times(divisor[at], POWERS[root])
            if at + 1 < count:
                divisor[at] ^= divisor[at + 1]
    rest = [0] * count
    for byte in data:
        factor = byte ^ rest.pop(0)
        rest.append(0)
        for at, term in enumerate(divisor):
            rest[at] ^= _times(term, factor)
    return rest


def _version_for(size: int) -> int:
    for version, (_, blocks) in BLOCKS.items():
        if 4 + (16 if version == 10 else 8) + 8 * size <= 8 * sum(blocks):
            return version
    raise ValueError("the text is too long for a code of version 10")


def _codewords(text: bytes, version: int) -> list[int]:
    """Data and correction bytes, interleaved as they are drawn."""
    count, blocks = BLOCKS[version]
    capacity = 8 * sum(blocks)
    bits = f"0100{len(text):0{16 if version == 10 else 8}b}"
    bits += "".join(f"{byte:08b}" for byte in text)
    bits += "0" * min(4, capacity - len(bits))
    bits += "0" * (-len(bits) % 8)
    data = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    data += [0xEC if n % 2 == 0 else 0x11 for n in range(sum(blocks) - len(data))]
    parts: list[list[int]] = []
    for size in blocks:
        parts.append(data[:size])
        data = data[size:]
    checks = [_correction(part, count) for part in parts]
    drawn = [part[at] for at in range(max(blocks)) for part in parts if at < len(part)]
    return drawn + [check[at] for at in range(count) for check in checks]


def _finder(grid: Grid, row: int, column: int) -> None:
    for down, right in product(range(-1, 8), repeat=2):
        if 0 <= row + down < len(grid) and 0 <= column + right < len(grid):
            ring = max(abs(down - 3), abs(right - 3))
            grid[row + down][column + right] = ring not in (2, 4)


def _functions(version: int) -> Grid:
    """The fixed patterns; None where data may go."""
    size = 17 + 4 * version
    grid: Grid = [[None] * size for _ in range(size)]
    for at in range(size):
        grid[6][at] = grid[at][6] = at % 2 == 0
    for row, column in ((0, 0), (0, size - 7), (size - 7, 0)):
        _finder(grid, row, column)
    ends = {6, size - 7}
    for row, column in product(ALIGNMENT[version], repeat=2):
        if row in ends and column in ends and not (row == column == size - 7):
            continue
        for down, right in product(range(-2, 3), repeat=2):
            grid[row + down][column + right] = max(abs(down), abs(right)) != 1
    _reserve_format(grid, mask=0)
    if version >= 7:
        _draw_version(grid, version)
    return grid


def _reserve_format(grid: Grid, mask: int) -> None:
    """Level M and the mask number, twice."""
    size, data = len(grid), mask  # level M is 00
    rest = data
    for _ in range(10):
        rest = (rest << 1) ^ ((rest >> 9) * 0x537)
    bits = ((data << 10) | rest) ^ 0x5412
    dark = [bool(bits >> at & 1) for at in range(15)]
    for at in range(6):
        grid[at][8] = dark[at]
    grid[7][8], grid[8][8], grid[8][7] = dark[6], dark[7], dark[8]
    for at in range(9, 15):
        grid[8][14 - at] = dark[at]
    for at in range(8):
        grid[8][size - 1 - at] = dark[at]
    for at in range(8, 15):
        grid[size - 15 + at][8] = dark[at]
    grid[size - 8][8] = True


def _draw_version(grid: Grid, version: int) -> None:
    rest = version
    for _ in range(12):
        rest = (rest << 1) ^ ((rest >> 11) * 0x1F25)
    bits = version << 12 | rest
    for at in range(18):
        row, column = at // 3, len(grid) - 11 + at % 3
        grid[row][column] = grid[column][row] = bool(bits >> at & 1)


def modules(text: str) -> list[list[bool]]:
    """The code as rows of dark and light, without the quiet zone. Mask 0 is always used:
    scanners read every mask, and a link has no long runs."""
    raw = text.encode()
    version = _version_for(len(raw))
    grid = _functions(version)
    bits = [byte >> at & 1 for byte in _codewords(raw, version) for at in range(7, -1, -1)]
    size = len(grid)
    free = [[cell is None for cell in row] for row in grid]
    stream = iter(bits)
    upwards = True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        rows = range(size - 1, -1, -1) if upwards else range(size)
        for row, column in product(rows, (right, right - 1)):
            if free[row][column]:
                bit = next(stream, 0)
                grid[row][column] = bool(bit) != ((row + column) % 2 == 0)
        upwards = not upwards
    return [[bool(cell) for cell in row] for row in grid]


def svg(text: str) -> str:
    """A picture of the code with its quiet zone."""
    rows = modules(text)
    size = len(rows) + 2 * QUIET
    path = "".join(
        f"M{column + QUIET} {row + QUIET}h1v1h-1z"
        for row, cells in enumerate(rows)
        for column, dark in enumerate(cells)
        if dark
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="430" height="430" '
        f'shape-rendering="crispEdges"><rect width="{size}" height="{size}" fill="#fff"/>'
        f'<path d="{path}" fill="#000"/></svg>'
    )


def image(text: str, width: int, colour: tuple[int, int, int], *, transparent: bool) -> bytes:
    """The code as a JPEG `width` pixels wide, or as a PNG without ground."""
    rows = modules(text)
    size = len(rows) + 2 * QUIET
    mask = Image.new("L", (size, size), 0)
    for row, cells in enumerate(rows):
        for column, dark in enumerate(cells):
            if dark:
                mask.putpixel((column + QUIET, row + QUIET), 255)
    mask = mask.resize((width, width), Image.Resampling.NEAREST)
    drawn = Image.new("RGBA", (width, width), (255, 255, 255, 0 if transparent else 255))
    drawn.paste((*colour, 255), mask=mask)
    out = io.BytesIO()
    if transparent:
        drawn.save(out, "PNG")
    else:
        drawn.convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()
