"""Workbooks (.xlsx) that somebody hands us: what kind of file it really is, and one sheet of it, by lines.

Nothing in the file is trusted. Sizes are looked at before anything is unpacked, a document type (and with it
every entity) ends the reading, and nothing but the sheet, its texts and its formats is opened. The sheet is
read by expat itself: openpyxl took 14 s for 20,000 lines with their texts in the cells, this takes 1 s, and
a formula without a value can be told from an empty cell. What cells mean is in `app.services.workbook_cells`.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from posixpath import join, normpath
from typing import IO, Any
from xml.parsers import expat

from app.errors import OperatorError
from app.services.workbook_cells import ElementParser, Formats, LineParser, TextParser, Value

MAX_FILE = 20 * 1024 * 1024
MAX_UNPACKED = 200 * 1024 * 1024
MAX_SMALL_PART = 20 * 1024 * 1024  # what only describes the workbook
MAX_RATIO = 200  # Excel's own files stay below 50, mostly empty ones below 150
RATIO_COUNTS_FROM = 10 * 1024 * 1024
MAX_PARTS = 2000
CHUNK = 64 * 1024
# A tag or comment. Older expat reads an unfinished one from its start with every piece: 200 MB took minutes.
MAX_TOKEN = 1024 * 1024
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and the wrapping of files with a password
ZIP = b"PK\x03\x04"

BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError),
    *(expat.ExpatError, LookupError, ValueError, OverflowError),
)
SAVE_AS = "请用 Excel 或 WPS 打开，另存为「Excel 工作簿（.xlsx）」再试。"
DAMAGED = f"文件坏了，或者不是完整的 .xlsx。{SAVE_AS}"


class BadWorkbook(OperatorError):
    """The file as a whole cannot be read."""


@dataclass(slots=True)
class Sheet:
    """One sheet; `lines` is gone through once, while the file is open."""

    name: str
    others: list[str]  # visible sheets that are not read
    lines: Iterator[tuple[int, dict[int, Value]]]  # number of the line, column from 0 → value


@contextmanager
def opened(file: IO[bytes], prefer: str) -> Iterator[Sheet]:
    """The sheet called `prefer`, or else the first one that can be seen.

    Raises:
        BadWorkbook: also while the lines are gone through.
    """
    _look(file)
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
            _weigh(archive)
            sheet = _Book(archive).sheet(prefer)
        except BROKEN as error:
            raise BadWorkbook(DAMAGED) from error
        yield sheet


def _or_refused(lines: Iterator[tuple[int, dict[int, Value]]]) -> Iterator[tuple[int, dict[int, Value]]]:
    try:
        yield from lines
    except BROKEN as error:
        raise BadWorkbook(DAMAGED) from error


def _look(file: IO[bytes]) -> None:
    """Refuse by the first bytes what is no workbook, in words for what it is."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    if size > MAX_FILE:
        raise BadWorkbook(f"文件有 {size // 1024 // 1024} MB，最多 20 MB。请删去图片和多余的工作表。")
    head = file.read(512)
    if head.startswith(ZIP):
        return
    if not head:
        raise BadWorkbook("文件是空的。")
    if head.startswith(OLD_OFFICE):
        file.seek(0)
        if "EncryptedPackage".encode("utf-16-le") in file.read():
            raise BadWorkbook("文件设了打开密码，读不了。请去掉密码另存一份再试。")
        raise BadWorkbook(f"这是旧格式的表格（.xls 或 .et）。{SAVE_AS}")
    if b"\x00" not in head:
        kind = (
            "网页" if head.lstrip().lower().startswith((b"<html", b"<!doctype", b"<table")) else "文本（CSV）"
        )
        raise BadWorkbook(f"这是{kind}文件，只是名字像表格。{SAVE_AS}")
    raise BadWorkbook(f"这不是 .xlsx 文件。{SAVE_AS}")


def _weigh(archive: zipfile.ZipFile) -> None:
    """Before anything is unpacked. A part that lies about its size ends in a wrong checksum."""
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise BadWorkbook(f"文件里有 {len(parts)} 个部件，不像要填的表格。{SAVE_AS}")
    if any(part.flag_bits & 1 for part in parts):
        raise BadWorkbook("文件设了密码，读不了。请去掉密码另存一份再试。")
    unpacked = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    if unpacked > MAX_UNPACKED or (unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * packed):
        size = unpacked // 1024 // 1024
        raise BadWorkbook(f"文件解开后有 {size} MB，不像要填的表格。请把内容复制到新的表格里再试。")
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or "xl/workbook.bin" in names:
        raise BadWorkbook(f"这是压缩文件或别的格式，不是 .xlsx。{SAVE_AS}")


class _Book:
    """Where the parts of a workbook are."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._path = next(
            (target for kind, target in self._related("").values() if kind == "officeDocument"), ""
        )
        if not self._path.startswith("xl/"):
            raise BadWorkbook(f"这是别的 Office 文件（例如 Word），不是表格。{SAVE_AS}")
        self._relations = self._related(self._path)

    def sheet(self, prefer: str) -> Sheet:
        found: dict[str, str] = {}
        epoch_1904 = False
        for name, attributes in self._elements(self._path):
            if name == "workbookPr":
                epoch_1904 = attributes.get("date1904") in {"1", "true"}
            if name == "sheet" and attributes.get("state", "visible") == "visible":
                kind, target = self._relations[_plain(attributes)["id"]]
                if kind == "worksheet":
                    found[attributes["name"]] = target
        if not found:
            raise BadWorkbook("文件里没有看得见的工作表。")
        chosen = prefer if prefer in found else next(iter(found))
        others = [name for name in found if name != chosen]
        return Sheet(chosen, others, _or_refused(self._lines(found[chosen], Formats(epoch_1904))))

    def _lines(self, path: str, formats: Formats) -> Iterator[tuple[int, dict[int, Value]]]:
        parts = dict(self._relations.values())
        if parts.get("styles") in self._archive.NameToInfo:
            formats.learn(self._elements(parts["styles"]))
        texts = TextParser()
        if parts.get("sharedStrings") in self._archive.NameToInfo:
            for _ in self._parsed(parts["sharedStrings"], texts.dress):
                pass  # it gathers
        lines = LineParser(texts.found, formats)
        for _ in self._parsed(path, lines.dress):
            yield from lines.take()

    def _related(self, path: str) -> dict[str, tuple[str, str]]:
        """Id → (kind, path) of what the part at `path` names; "" is the whole file."""
        folder, _, name = path.rpartition("/")
        found = {}
        for element, attributes in self._elements(join(folder, "_rels", f"{name}.rels")):
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                target = normpath(join("/", folder, attributes["Target"])).lstrip("/")
                found[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], target)
        return found

    def _elements(self, path: str) -> list[tuple[str, dict[str, str]]]:
        """Every element of a small part: name without prefix, attributes."""
        if self._archive.getinfo(path).file_size > MAX_SMALL_PART:
            raise BadWorkbook(DAMAGED)
        elements = ElementParser()
        for _ in self._parsed(path, elements.dress):
            pass  # it gathers
        return elements.found

    def _parsed(self, path: str, dress: Callable[[Any], None]) -> Iterator[None]:
        """Run the part at `path` through expat; stops after every piece."""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        dress(parser)
        with self._archive.open(path) as part:
            fed = 0
            while piece := part.read(CHUNK):
                parser.Parse(piece, False)
                fed += len(piece)
                if fed - parser.CurrentByteIndex > MAX_TOKEN:
                    raise BadWorkbook(DAMAGED)
                yield
            parser.Parse(b"", True)
            yield


def _plain(attributes: dict[str, str]) -> dict[str, str]:
    return {name.rpartition(":")[2]: value for name, value in attributes.items()}


def _refuse_doctype(*_: object) -> None:
    raise BadWorkbook("文件里有不安全的内容（DOCTYPE），没有打开。请把内容复制到新的表格里再试。")
