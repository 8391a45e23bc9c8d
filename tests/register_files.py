"""Registers of electricity accounts for tests, as text with commas."""

from collections.abc import Sequence
from pathlib import Path

HEAD = ("户号", "户名", "手机号", "片区", "用电地址", "销户日期")
LI = ("6101234567", "李建国", "13812345678", "黄陵 北区", "桥山街道轩辕路12号楼3单元", "")
WANG = ("6107654321", "王秀兰", "13800000002", "黄陵 南区", "河滨路4号", "")


def written(path: Path, *lines: Sequence[str], head: Sequence[str] = HEAD) -> Path:
    path.write_text("\n".join(",".join(line) for line in (head, *lines)) + "\n", encoding="utf-8")
    return path


def changed(line: Sequence[str], **said: str) -> tuple[str, ...]:
    """The line with other words in the columns of these fields."""
    fields = ("number", "name", "phone", "area", "address", "closed_on")
    return tuple(said.get(field, word) for field, word in zip(fields, line, strict=True))


def many(number: int) -> list[tuple[str, ...]]:
    """Accounts of one area."""
    return [(f"61{n:08d}", f"客户{n}甲", "", "黄陵 北区", "", "") for n in range(number)]
