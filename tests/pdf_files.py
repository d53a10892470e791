"""PDF files for tests, drawn page by page."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reportlab.pdfgen.canvas import Canvas

SONG = "STSong-Light"


def made(*pages: Callable[[Canvas], None], encrypted: str = "") -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(SONG))
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(595, 842), encrypt=StandardEncryption(encrypted) if encrypted else None, invariant=True)
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def wrapped(text: str, characters: int) -> list[str]:
    import textwrap

    return (
        textwrap.wrap(text, characters) if text.isascii() else [text[i : i + characters] for i in range(0, len(text), characters)]
    )


def write(canvas: Canvas, x: float, y: float, lines: Sequence[str], size: float = 10) -> float:
    """Writes lines below each other and gives the height of the next."""
    for line in lines:
        canvas.setFont("Helvetica" if line.isascii() else SONG, size)
        canvas.drawString(x, y, line)
        y -= 1.3 * size
    return y


def page(*lines: str) -> Callable[[Canvas], None]:
    return lambda canvas: write(canvas, 70, 780, lines) and None


def blank(canvas: Canvas) -> None:
    canvas.setFillGray(0.5)


def scan(canvas: Canvas) -> None:
    from PIL import Image

    canvas.drawInlineImage(Image.new("RGB", (20, 20)), 100, 100, 400, 400)
