"""Certificates on paper: a PDF with one lying page of A4 for each, with the code that verifies it."""

import io
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from app.services.certificates import Certificate
from app.services.paper_letters import FONT, printable, register

WIDE, HIGH = 842.0, 595.0  # points
GREEN, INK, GREY = "#00695C", "#1F2725", "#5A6663"
CODE: Final = 92.0  # points of its side, with the quiet zone
_QUIET: Final = 4  # modules


def pdf(certificates: Sequence[Certificate]) -> bytes:
    """Takes a moment for many: call it in a thread."""
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - who only serves messages does without it

    register()
    file = io.BytesIO()
    pen = Canvas(file, pagesize=(WIDE, HIGH), pageCompression=1)
    pen.setTitle("参加证明")
    pen.setAuthor("")
    pen.setCreator("")
    for each in certificates:
        _page(pen, each)
        pen.showPage()
    pen.save()
    return file.getvalue()


def _page(pen: Any, each: Certificate) -> None:
    pen.setStrokeColor(GREEN)
    for inset, width in ((28, 3), (36, 0.8)):
        pen.setLineWidth(width)
        pen.rect(inset, inset, WIDE - 2 * inset, HIGH - 2 * inset)
    _middle(pen, "参加证明", HIGH - 128, 44, GREEN)
    _middle(pen, each.name, HIGH - 208, 30, INK)
    share = f"，参加 {each.share} 次" if each.share else ""
    hours = f"{share}，共 {each.hours}" if each.hours else share
    place = f"在{each.place}" if each.place else ""
    below = _paragraph(pen, f"于{each.when}{place}参加了「{each.title}」{hours}，特此证明。", HIGH - 244)
    if each.organiser:
        _words(pen, each.organiser, WIDE - 92, min(below - 60, 190), 17, INK, right=True)
    _words(pen, f"编号 {each.number}", 84, 84, 12, GREY)
    if each.address:
        _words(pen, "扫二维码核对真伪", WIDE - 84 - CODE, 68, 10, GREY)
        _code(pen, each.address, WIDE - 84 - CODE, 80)


def _middle(pen: Any, words: str, y: float, size: float, colour: str) -> None:
    shown, _ = printable(words)
    pen.setFont(FONT, size)
    pen.setFillColor(colour)
    pen.drawCentredString(WIDE / 2, y, shown)


def _words(
    pen: Any, words: str, x: float, y: float, size: float, colour: str, *, right: bool = False
) -> None:
    shown, _ = printable(words)
    pen.setFont(FONT, size)
    pen.setFillColor(colour)
    (pen.drawRightString if right else pen.drawString)(x, y, shown)


def _paragraph(pen: Any, words: str, top: float) -> float:
    """In the middle of the page, as many lines as it takes; where it ends."""
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415
    from reportlab.platypus import Paragraph  # noqa: PLC0415

    style = ParagraphStyle(
        "body", fontName=FONT, fontSize=19, leading=34, wordWrap="CJK", alignment=1, textColor=INK
    )
    made = Paragraph(escape(printable(words)[0]), style)
    _, height = made.wrap(WIDE - 220, HIGH)
    made.drawOn(pen, 110, top - height)
    return top - float(height)


def _code(pen: Any, address: str, x: float, y: float) -> None:
    """Dark on light, with its quiet zone."""
    import segno  # noqa: PLC0415

    made = segno.make(address, error="m", micro=False)
    rows = [list(row) for row in made.matrix_iter(border=_QUIET)]
    side = CODE / len(rows)
    pen.setFillColor("#FFFFFF")
    pen.rect(x, y, CODE, CODE, stroke=0, fill=1)
    pen.setFillColor("#000000")
    for number, row in enumerate(rows):
        for place, dark in enumerate(row):
            if dark:
                pen.rect(x + place * side, y + CODE - (number + 1) * side, side, side, stroke=0, fill=1)
