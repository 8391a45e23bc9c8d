"""A case on paper: a PDF with cover, facts, thread and what was sent, in order, and a number on every page.

Whatever was written is words and nothing else: no mark of it is obeyed. Not here: the letters
(`paper_letters`).
"""

import io
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from app.services.case_files import CaseFile
from app.services.dossiers import Dossier, Entry
from app.services.paper_letters import FONT, UNKNOWN, is_known, printable, register

WIDEST, HIGHEST = 440.0, 520.0  # points, of a picture
PIXELS: Final = 1600  # of the longer side; more is not seen on paper
_WORDS: Final = 20_000  # characters of one entry


class Pages:
    """Makes one dossier; `pictures` are bytes by the public id of what is shown."""

    def __init__(self, dossier: Dossier, pictures: dict[str, bytes]) -> None:
        self._dossier, self._pictures = dossier, pictures
        self._missing = 0

    def pdf(self) -> bytes:
        """Takes a while for many pictures: call it in a thread."""
        from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - who only serves messages does without it
        from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415

        self._styles = _styles()
        body = [*self._facts(), *self._thread(), *self._list()]
        story = [*self._cover(), *body]
        file = io.BytesIO()
        page = SimpleDocTemplate(
            file,
            pagesize=A4,
            leftMargin=72,
            rightMargin=72,
            topMargin=64,
            bottomMargin=64,
            title=f"{self._dossier.kind} {self._dossier.number}",
            author="",
            creator="",
        )
        page.build(story, canvasmaker=_numbered(f"{self._dossier.number}    打印：{self._dossier.printed}"))
        return file.getvalue()

    # --- parts ------------------------------------------------------------------------------------------

    def _cover(self) -> list[Any]:
        from reportlab.platypus import PageBreak, Spacer  # noqa: PLC0415

        parts = [
            Spacer(1, 120),
            self._p("卷 宗", "title"),
            self._p(self._dossier.number, "subtitle"),
            Spacer(1, 40),
            self._table(self._dossier.cover),
            Spacer(1, 30),
            self._p(f"打印人、时间：{self._dossier.printed}", "small"),
            self._p("含内部备注，不要交给当事人。" if self._dossier.has_notes else "不含内部备注。", "small"),
        ]
        if self._missing:
            told = f"全卷有 {self._missing} 个字（多为表情和生僻字）印不出来，以{UNKNOWN}代替，原文见系统。"
            parts.append(self._p(told, "small"))
        return [*parts, PageBreak()]

    def _facts(self) -> list[Any]:
        if not self._dossier.facts:
            return []
        lines = [f"{name}：{value}" for name, value in self._dossier.facts]
        return [self._p("一、情况", "heading"), *(self._p(each, "body") for each in lines)]

    def _thread(self) -> list[Any]:
        number = "二" if self._dossier.facts else "一"
        parts: list[Any] = [self._p(f"{number}、经过", "heading")]
        for entry in self._dossier.entries:
            parts += self._entry(entry)
        return parts

    def _entry(self, entry: Entry) -> list[Any]:
        parts: list[Any] = [self._p(f"{entry.when} {entry.who}", "head")]
        if entry.words:
            words = entry.words
            if len(words) > _WORDS:
                words = f"{words[:_WORDS]}……（太长，后面没有印）"
            parts += [self._p(line, "body") for line in words.split("\n")]
        for file in entry.files:
            parts += self._file(file)
        return parts

    def _file(self, file: CaseFile) -> list[Any]:
        from reportlab.platypus import Image as Placed  # noqa: PLC0415
        from reportlab.platypus import KeepTogether  # noqa: PLC0415

        name = f"附件 {file.position}（{file.label}）"
        if file.missing:
            return [self._p(f"{name}{file.missing}", "small")]
        if not file.content_type.startswith("image/"):
            return [self._p(f"{name}不能印在纸上，见后面的附件清单。", "small")]
        if (data := self._pictures.get(file.public_id)) is None:
            return [self._p(f"{name}和存下时的不一样或不见了，没有印。", "small")]
        drawn = _drawn(data)
        if drawn is None:
            return [self._p(f"{name}打不开，没有印。", "small")]
        data, width, height = drawn
        scale = min(1.0, WIDEST / width, HIGHEST / height)
        placed = Placed(io.BytesIO(data), width * scale, height * scale, hAlign="LEFT")
        return [KeepTogether([self._p(name, "small"), placed])]

    def _list(self) -> list[Any]:
        files = self._dossier.files
        if not files:
            return []
        number = "三" if self._dossier.facts else "二"
        told = "sha256：有原件的是收到时的原件的，没有的是系统里所存副本的。印出的图片是去掉拍摄信息的副本。"
        parts: list[Any] = [self._p(f"{number}、附件清单", "heading"), self._p(told, "small")]
        for file in files:
            head = f"附件 {file.position}（{file.label}）"
            if file.original is not None:
                head += f" 原件 {file.original.size:,} 字节，{file.original.when} {file.original.where}"
            elif file.missing:
                head += file.missing
            parts.append(self._p(head, "body"))
            if file.missing and file.original is not None:
                parts.append(self._p(file.missing, "small"))
            if sha256 := file.original.sha256 if file.original is not None else file.sha256:
                parts.append(self._p(f"sha256 {sha256}", "small"))
        return parts

    # --- words ------------------------------------------------------------------------------------------

    def _p(self, words: str, style: str) -> Any:
        from reportlab.platypus import Paragraph  # noqa: PLC0415

        return Paragraph(escape(self._printable(words)) or "&nbsp;", self._styles[style])

    def _table(self, rows: Sequence[tuple[str, str]]) -> Any:
        from reportlab.platypus import Table  # noqa: PLC0415

        cells = [[self._p(name, "name"), self._p(value, "body")] for name, value in rows]
        made = Table(cells, colWidths=[96, 344], hAlign="LEFT")
        made.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
        return made

    def _printable(self, words: str) -> str:
        """What the letters at hand can show; what they cannot is counted."""
        shown, missing = printable(words)
        self._missing += missing
        return shown


def _drawn(data: bytes) -> tuple[bytes, int, int] | None:
    """A picture as paper needs it, and its size; None: it is none."""
    from PIL import Image  # noqa: PLC0415

    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.draft(None, (PIXELS, PIXELS))
            picture.thumbnail((PIXELS, PIXELS))
            flat = Image.new("RGB", picture.size, "white")
            with_holes = picture.convert("RGBA")
            flat.paste(with_holes, mask=with_holes.getchannel("A"))
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError):
        return None
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=85)
    return out.getvalue(), flat.width, flat.height


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415

    register()
    body = ParagraphStyle("body", fontName=FONT, fontSize=11, leading=18, wordWrap="CJK")
    given: dict[str, dict[str, Any]] = {
        "title": {"fontSize": 34, "leading": 48, "alignment": 1},
        "subtitle": {"fontSize": 16, "leading": 28, "alignment": 1},
        "heading": {"fontSize": 14, "leading": 22, "spaceBefore": 16, "spaceAfter": 8, "keepWithNext": 1},
        "head": {
            "fontSize": 9.5,
            "leading": 15,
            "spaceBefore": 12,
            "textColor": "#5f6368",
            "keepWithNext": 1,
        },
        "name": {"textColor": "#5f6368"},
        "small": {"fontSize": 9, "leading": 14, "textColor": "#5f6368"},
    }
    return {"body": body} | {
        name: ParagraphStyle(name, parent=body, **changed) for name, changed in given.items()
    }


def _numbered(foot: str) -> Any:
    """Pages that know how many there are."""
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    words = "".join(char if is_known(char) else UNKNOWN for char in foot if char.isprintable())

    class Numbered(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            self._seen: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - theirs
            self._seen.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._seen, 1):
                self.__dict__.update(page)
                self.setFont(FONT, 8.5)
                self.setFillGray(0.4)
                self.drawString(72, 36, words)
                self.drawRightString(523, 36, f"第 {number} 页，共 {len(self._seen)} 页")
                super().showPage()
            super().save()

    return Numbered
