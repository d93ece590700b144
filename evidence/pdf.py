"""Pages in Chinese and English, made with reportlab.

The Chinese is set in STSong-Light, a font that every reader of PDF brings or substitutes (Adobe's
GB1 collection; on Linux the package poppler-data): nothing of 10 MB has to be shipped and embedded.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors, pagesizes
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(FONT))

_MARGIN = 16 * mm
_TEXT = ParagraphStyle("text", fontName=FONT, fontSize=9, leading=13, wordWrap="CJK")
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=7.5, leading=10.5)
_HEADING = ParagraphStyle("heading", parent=_TEXT, fontSize=16, leading=22, spaceAfter=4)
_SECTION = ParagraphStyle(
    "section", parent=_TEXT, fontSize=11.5, leading=16, spaceBefore=9, spaceAfter=3,
    textColor=colors.HexColor("#1d4f91"), keepWithNext=1,
)  # fmt: skip
_LINE = colors.HexColor("#c9d1dc")
_HEAD = colors.HexColor("#eef2f7")


def heading(text: str) -> Paragraph:
    """The document's title."""
    return Paragraph(_markup(text), _HEADING)


def section(text: str) -> Paragraph:
    """A part's title."""
    return Paragraph(_markup(text), _SECTION)


def paragraph(text: str) -> Paragraph:
    """A piece of text; line feeds are kept."""
    return Paragraph(_markup(text), _TEXT)


def facts(pairs: Sequence[tuple[str, str]]) -> Table:
    """Names and values, two columns."""
    cells = [[Paragraph(_markup(name), _SMALL), Paragraph(_markup(value), _SMALL)]
             for name, value in pairs]  # fmt: skip
    made = Table(cells, colWidths=[42 * mm, None], hAlign="LEFT", spaceAfter=3 * mm)
    made.setStyle(TableStyle([*_GRID, ("BACKGROUND", (0, 0), (0, -1), _HEAD)]))
    return made


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    """Rows under headings, which every page repeats; a line that says so when there are none."""
    if not rows:
        return paragraph("—")
    cells = [[Paragraph(_markup(cell), _SMALL) for cell in row] for row in [headings, *rows]]
    made = Table(
        cells, repeatRows=1, hAlign="LEFT", colWidths=_widths(headings, rows), spaceAfter=3 * mm
    )
    made.setStyle(TableStyle([*_GRID, ("BACKGROUND", (0, 0), (-1, 0), _HEAD)]))
    return made


_GRID = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
]


def document(title: str, parts: Sequence[Any], *, landscape: bool = False) -> bytes:
    """A4 with a page number at the foot. The same parts give the same bytes."""
    size = pagesizes.landscape(pagesizes.A4) if landscape else pagesizes.A4
    out = io.BytesIO()
    made = SimpleDocTemplate(
        out, pagesize=size, title=title, author="Sanshi 三适", invariant=1,
        leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
    )  # fmt: skip

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont(FONT, 7.5)
        canvas.setFillColor(colors.HexColor("#66707d"))
        canvas.drawString(_MARGIN, 9 * mm, _drawable(title))
        canvas.drawRightString(size[0] - _MARGIN, 9 * mm, str(page.page))

    made.build([*parts, Spacer(1, 1)], onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _markup(text: str) -> str:
    """Text as reportlab's paragraphs take it."""
    return escape(_drawable(text)).replace("\n", "<br/>")


def _drawable(text: str) -> str:
    """The font has one of the two middle dots only."""
    return text.replace("\u00b7", "\u30fb")


def _widths(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Shares of the page by the longest cell, bounded, so that no column starves."""
    longest = [
        max(len(heading) * 1.6, *(min(_width(row[place]), 48) for row in rows[:200]))
        for place, heading in enumerate(headings)
    ]
    bounded = [min(max(each, 11), 48) for each in longest]
    return [f"{100 * each / sum(bounded):.2f}%" for each in bounded]


def _width(text: str) -> float:
    """In letters; a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
