"""Files made to do harm, or come to it, and what is to come of each: its text, or why it is refused.

`FILES` contains them by a name of their own; `tests/unit/test_hostile_files.py` reads them, `tests/benchmarks/fuzz_loaders.py` alters them.
"""

from __future__ import annotations

import io
import json
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAKE = "The lake is deep. Nobody has seen its ground."
MAX_BYTES = 20_000_000


@dataclass(frozen=True)
class Text:
    """It is read. The text is this, or begins with this when its `length` is given."""

    text: str
    length: int | None = None


@dataclass(frozen=True)
class Refusal:
    """It is refused. The reason contains these words."""

    words: str


@dataclass(frozen=True)
class HostileFile:
    """The name it goes by, what makes its bytes, and what comes of it: of an archive or the like, by what is behind its name."""

    name: str
    make: Callable[[], bytes]
    outcome: Text | Refusal | Mapping[str, Text | Refusal]


# -- building ---------------------------------------------------------------------------------------------------------


def pdf(objects: Mapping[int, bytes], root: int = 1) -> bytes:
    """A PDF file of numbered objects."""
    data = b"%PDF-1.7\n"
    places = {}
    for number, content in objects.items():
        places[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(data)
    rows = b"".join(
        b"%010d %05d %c \n" % (places.get(i, 0), 0, b"n"[0] if i in places else b"f"[0]) for i in range(max(objects) + 1)
    )
    size = max(objects) + 1
    return data + b"xref\n0 %d\n%strailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, rows, size, root, start)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), entries, content)


def page_of(content: bytes, resources: bytes = b"", **more: Any) -> dict[int, bytes]:
    """The objects of a PDF file with one page; `resources` may refer to objects from 10 on."""
    return {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>%s>>>>" % resources,
        4: content,
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }


def shown(text: str) -> bytes:
    """The content of a page that shows a line."""
    return stream(b"BT /F 12 Tf 70 780 Td (%s) Tj ET" % text.encode())


def packed_blanks(size: int) -> bytes:
    """`size` blanks in the format of zlib, in a thousandth of the room: one packed block, again and again."""
    block = 1_000_000
    packer = zlib.compressobj(9, wbits=-15)
    once = packer.compress(b" " * block) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + once * (size // block) + b"\x03\x00"


def zipped(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def with_size(data: bytes, size: int) -> bytes:
    """An archive whose first member is said to be of this size when unpacked."""
    changed = bytearray(data)
    struct.pack_into("<L", changed, changed.index(b"PK\x01\x02") + 24, size)
    struct.pack_into("<L", changed, changed.index(b"PK\x03\x04") + 22, size)
    return bytes(changed)


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """An archive with the content of one member changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {part: archive.read(part) for part in archive.namelist()}
    content = parts[name]
    assert isinstance(content, bytes)
    return zipped({**parts, name: change(content)})


def with_raw(data: bytes, name: str, packed: bytes, size: int) -> bytes:
    """An archive in which the packed bytes of a member, in the format of zlib, are these, and its size is said to be this."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {part: archive.read(part) for part in archive.namelist()}
    changed = bytearray(zipped({**parts, name: packed[2:]}, zipfile.ZIP_STORED))
    for signature, place, length in ((b"PK\x03\x04", 30, 22), (b"PK\x01\x02", 46, 24)):
        start = changed.index(signature)
        while changed[start + place : start + place + len(name)] != name.encode():
            start = changed.index(signature, start + 4)
        struct.pack_into("<H", changed, start + length - 14, zipfile.ZIP_DEFLATED)
        struct.pack_into("<L", changed, start + length, size)
    return bytes(changed)


def document(text: str = LAKE) -> bytes:
    import docx

    file, made = io.BytesIO(), docx.Document()
    made.add_paragraph(text)
    made.save(file)
    return file.getvalue()


def body(content: str) -> bytes:
    """A Word file with this XML as its body."""
    return with_part(document(), "word/document.xml", lambda part: part.replace(b"<w:body>", b"<w:body>" + content.encode()))


def workbook(rows: list[list[object]] | None = None) -> bytes:
    import openpyxl

    file, made = io.BytesIO(), openpyxl.Workbook()
    for row in rows or [["Lake", "Depth"], ["Blue", "12 m"]]:
        made.active.append(row)
    made.save(file)
    return file.getvalue()


def sheet(content: str, strings: str = "") -> bytes:
    """A workbook whose only sheet has this XML as its data."""
    data = with_part(
        workbook(),
        "xl/worksheets/sheet1.xml",
        lambda part: part[: part.index(b"<sheetData>")] + content.encode() + part[part.index(b"</sheetData>") + 12 :],
    )
    if not strings:
        return data
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    entry = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    data = with_part(data, "[Content_Types].xml", lambda part: part.replace(b"</Types>", entry.encode()))
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", strings)
    return file.getvalue()


def slides() -> bytes:
    import pptx

    file, made = io.BytesIO(), pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = "Lake"
    slide.placeholders[1].text = LAKE
    made.save(file)
    return file.getvalue()


def book(package: str = "", chapter: str = f"<p>{LAKE}</p>", spine: str = '<itemref idref="a"/>', more: str = "") -> bytes:
    container = '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>'
    package = package or (
        '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Lake</dc:title></metadata><manifest>'
        f'<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>{more}</manifest><spine>{spine}</spine></package>'
    )
    parts = {"META-INF/container.xml": container, "b.opf": package, "a.xhtml": f"<html><body>{chapter}</body></html>"}
    return zipped({"mimetype": "application/epub+zip", **parts})


LAUGHS = '<!DOCTYPE x [<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10)) + "]>"
OUTSIDE = '<!DOCTYPE x [<!ENTITY e9 SYSTEM "file:///etc/passwd">]>'


def with_entity(data: bytes, name: str, declaration: str, text: bytes) -> bytes:
    """An Office file with a declaration before the root of a part, and a reference to its entity in place of a text."""

    def change(part: bytes) -> bytes:
        start = part.index(b"<", part.index(b"?>")) if part.startswith(b"<?xml") else 0
        return part[:start] + declaration.encode() + part[start:].replace(text, b"&e9;", 1)

    return with_part(data, name, change)


# -- PDF --------------------------------------------------------------------------------------------------------------


def _honest_pdf() -> bytes:
    return pdf(page_of(shown(LAKE)))


def _encrypted_pdf() -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, encrypt=StandardEncryption("password"), invariant=True)
    canvas.drawString(70, 780, LAKE)
    canvas.save()
    return file.getvalue()


def _scan(others: int) -> bytes:
    image = b"q 400 0 0 400 100 100 cm BI /W 2 /H 2 /CS /G /BPC 8 ID \x00\xff\x00\xff EI Q"
    objects = page_of(stream(image))
    kids = b"3 0 R"
    for i in range(others):
        objects[10 + 2 * i] = objects[3].replace(b"4 0 R", b"%d 0 R" % (11 + 2 * i))
        objects[11 + 2 * i] = shown(LAKE)
        kids += b" %d 0 R" % (10 + 2 * i)
    objects[2] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, others + 1)
    return pdf(objects)


def _many_pages(number: int) -> bytes:
    objects = page_of(shown(LAKE))
    page = objects[3]
    for i in range(number):
        objects[10 + 2 * i] = page.replace(b"4 0 R", b"%d 0 R" % (11 + 2 * i))
        objects[11 + 2 * i] = shown(f"Page {i + 1}.")
    kids = b" ".join(b"%d 0 R" % (10 + 2 * i) for i in range(number))
    objects[2] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, number)
    parts, places, length = [b"%PDF-1.7\n"], {}, 9
    for key, content in objects.items():
        places[key] = length
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (key, content))
        length += len(parts[-1])
    size = max(objects) + 1
    rows = (b"%010d 00000 n \n" % places[i] if i in places else b"0000000000 65535 f \n" for i in range(size))
    return b"".join(
        [*parts, b"xref\n0 %d\n" % size, *rows, b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, length)]
    )


def _forms(depth: int, times: int, last: bytes) -> bytes:
    """A page of forms, each of which shows the next one several times; the last one's content and resources are `last`."""
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>/XObject<</X %d 0 R>>>>"
    objects = page_of(stream(b"/X Do"), b"/XObject<</X 10 0 R>>")
    for i in range(depth):
        objects[10 + i] = stream(b"/X Do " * times, entries % (11 + i))
    objects[10 + depth] = stream(last, entries % 10)
    return pdf(objects)


def _scattered(number: int) -> bytes:
    """A page with letters all over it, in no order."""
    dice = random.Random(1)
    shows = (b"1 0 0 1 %d %d Tm (%c) Tj" % (dice.randrange(595), dice.randrange(842), 97 + i % 26) for i in range(number))
    return pdf(page_of(stream(b"BT /F 1 Tf " + b"\n".join(shows) + b" ET")))


def _columns(number: int) -> bytes:
    """A page of lines that are each broken at another place, so that every row has gutters of its own."""
    shows = (
        b"1 0 0 1 %d %.3f Tm (a) Tj" % ((i * 37 + k * 29) % 590, 840 - i * 840 / number) for i in range(number) for k in range(12)
    )
    return pdf(page_of(stream(b"BT /F 0.1 Tf " + b"\n".join(shows) + b" ET")))


# -- ZIP --------------------------------------------------------------------------------------------------------------


def _nested(depth: int) -> bytes:
    data = zipped({"a.txt": LAKE})
    for _ in range(depth):
        data = zipped({"a.zip": data})
    return data


def _overlapping(number: int) -> bytes:
    """Many members, all of which are the same bytes of the file."""
    data = zipped({"a.txt": b"The lake is deep. " * 1000})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"a.txt", b"%05d.txt" % i).replace(b"\x05\0", b"\x09\0", 1) for i in range(number))
    foot = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, number, number, len(entries), start, 0)
    return data[:start] + entries + foot


def _linked() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.txt", LAKE)
    return data.getvalue()


def _encrypted_zip() -> bytes:
    data = bytearray(zipped({"a.txt": LAKE, "b.txt": LAKE}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    return bytes(data)


# -- all of them ------------------------------------------------------------------------------------------------------

DAMAGED_PDF = Refusal("this is not a PDF file, or it is damaged")
DAMAGED_WORD = Refusal("this is not a Word file (.docx), or it is damaged")
DAMAGED_EXCEL = Refusal("this is not an Excel file (.xlsx), or it is damaged")
DAMAGED_SLIDES = Refusal("this is not a PowerPoint file (.pptx), or it is damaged")
# PDFium ends the process when there is no more memory.
TOO_LARGE = Refusal("reading takes more memory than the 400 MB allowed, or crashes the reader (SIG")
NO_TEXT = Refusal("the page contains no text")
UNKNOWN_PACKING = Refusal("this is packed in a way that cannot be unpacked here; pack it as a ZIP file again")

FILES: dict[str, HostileFile] = {
    # PDF
    "pdf cut in its first line": HostileFile("a.pdf", lambda: _honest_pdf()[:8], DAMAGED_PDF),
    "pdf cut in a page": HostileFile("a.pdf", lambda: _honest_pdf()[:300], DAMAGED_PDF),
    "pdf cut before its list of objects": HostileFile("a.pdf", lambda: _honest_pdf().partition(b"xref")[0], DAMAGED_PDF),
    "pdf cut in its list of objects": HostileFile("a.pdf", lambda: _honest_pdf().partition(b"trailer")[0], DAMAGED_PDF),
    "pdf cut behind its trailer": HostileFile("a.pdf", lambda: _honest_pdf().partition(b"startxref")[0], Text(LAKE)),
    "encrypted pdf": HostileFile("a.pdf", _encrypted_pdf, Refusal("the file is encrypted; save it without a password")),
    "pdf whose pages hold themselves": HostileFile(
        "a.pdf",
        lambda: pdf({**page_of(shown(LAKE)), 2: b"<</Type/Pages/Kids[2 0 R 3 0 R 2 0 R]/Count 3/Parent 2 0 R>>"}),
        DAMAGED_PDF,
    ),
    "pdf whose pages hold each other": HostileFile(
        "a.pdf",
        lambda: pdf(
            {
                **page_of(shown(LAKE)),
                2: b"<</Type/Pages/Kids[10 0 R]/Count 1/Parent 10 0 R>>",
                10: b"<</Type/Pages/Kids[2 0 R]/Count 1/Parent 2 0 R>>",
            }
        ),
        DAMAGED_PDF,
    ),
    "pdf whose list of objects goes on with itself": HostileFile(
        "a.pdf", lambda: _honest_pdf().replace(b"/Root", b"/Prev %d/Root" % _honest_pdf().index(b"xref\n0")), Text(LAKE)
    ),
    "pdf that says it has two thousand million pages": HostileFile(
        "a.pdf", lambda: _honest_pdf().replace(b"/Count 1", b"/Count 2000000000"), Text(LAKE)
    ),
    "pdf whose page is 1.5 GB of blanks": HostileFile(
        "a.pdf", lambda: pdf(page_of(stream(packed_blanks(1_500_000_000), b"/Filter/FlateDecode"))), TOO_LARGE
    ),
    "pdf whose page is 100 MB of blanks": HostileFile(
        "a.pdf", lambda: pdf(page_of(stream(packed_blanks(100_000_000), b"/Filter/FlateDecode"))), Refusal("the file is empty")
    ),
    "pdf packed twice": HostileFile(
        "a.pdf",
        lambda: pdf(page_of(stream(zlib.compress(packed_blanks(3_000_000_000)), b"/Filter[/FlateDecode/FlateDecode]"))),
        TOO_LARGE,
    ),
    "pdf of ten thousand pages": HostileFile(
        "a.pdf", lambda: _many_pages(10_000), Text("Page 1.\fPage 2.\f", sum(len(f"Page {i}.\f") for i in range(1, 10_001)) - 1)
    ),
    "pdf of thirty thousand pages": HostileFile("a.pdf", lambda: _many_pages(30_000), Refusal("at most 20000 are read")),
    "pdf that is a scan": HostileFile("a.pdf", lambda: _scan(0), Refusal("page 1 is a scan in which OCR finds no text")),
    "pdf with a scan": HostileFile("a.pdf", lambda: _scan(1), Text(f"\f{LAKE}")),
    "pdf whose form shows itself": HostileFile("a.pdf", lambda: _forms(0, 1, b"/X Do BT /F 12 Tf (Lake) Tj ET"), Text("Lake")),
    "pdf whose forms show each other a thousand million times": HostileFile(
        "a.pdf", lambda: _forms(9, 10, b"BT /F 12 Tf (Lake) Tj ET"), TOO_LARGE
    ),
    "pdf with too many letters on a page": HostileFile(
        "a.pdf",
        lambda: pdf(page_of(stream(b"BT /F 1 Tf 70 780 Td " + b"(%s) Tj " % (b"lake " * 1000) * 200 + b"ET"))),
        Refusal("page 1 has 1000000 characters, more than any page can show"),
    ),
    "pdf with letters all over its page": HostileFile(
        "a.pdf", lambda: _scattered(20_000), Text("            e k\ty\ti\tm", 48_139)
    ),
    "pdf of very many broken lines": HostileFile("a.pdf", lambda: _columns(1000), Text("a a\ta\ta\ta\ta", 35_737)),
    "pdf with deep arrays": HostileFile(
        "a.pdf", lambda: pdf({**page_of(shown(LAKE)), 10: b"[" * 100_000 + b"]" * 100_000}), Text(LAKE)
    ),
    "pdf with a deep page": HostileFile(
        "a.pdf", lambda: pdf(page_of(stream(b"q " * 1_000_000 + b"[" * 100_000))), Refusal("the file is empty")
    ),
    "pdf of numbers out of range": HostileFile(
        "a.pdf",
        lambda: pdf(page_of(stream(b"BT /F 1e38 Tf 1e38 -1e38 1e38 1e38 1e38 1e38 Tm (Lake) Tj ET"))),
        Refusal("the file is empty"),
    ),
    # ZIP
    "zip of blanks": HostileFile(
        "a.zip",
        lambda: zipped({"b.txt": bytes(15_000_000), "a.txt": LAKE}),
        {"/b.txt": Refusal("packed closer than 200 to 1"), "/a.txt": Text(LAKE)},
    ),
    "zip that unpacks to 2 GB": HostileFile(
        "a.zip",
        lambda: _overlapping(19_000).replace(struct.pack("<L", 18_000), struct.pack("<L", 150_000)),
        Refusal("is more than the limit of 400 MB"),
    ),
    "zip whose members overlap": HostileFile(
        "a.zip", lambda: _overlapping(2_000), {f"/{i:05}.txt": Refusal("this is damaged in the archive") for i in range(2_000)}
    ),
    "zip in zip in zip in zip": HostileFile(
        "a.zip", lambda: _nested(40), {"/a.zip/a.zip": Refusal("this is an archive in an archive in an archive; unpack it first")}
    ),
    "zip that says its member is small": HostileFile(
        "a.zip",
        lambda: with_size(zipped({"a.txt": bytes(50_000_000)}), 100),
        {"/a.txt": Refusal("this is damaged in the archive")},
    ),
    "zip that says its member is large": HostileFile(
        "a.zip", lambda: with_size(zipped({"a.txt": LAKE}), 900_000), {"/a.txt": Text(LAKE)}
    ),
    "zip of bzip2 that says its member is small": HostileFile(
        "a.zip",
        lambda: with_size(zipped({"a.txt": bytes(50_000_000)}, zipfile.ZIP_BZIP2), 900_000),
        {"/a.txt": UNKNOWN_PACKING},
    ),
    "zip of lzma that says its member is small": HostileFile(
        "a.zip",
        lambda: with_size(zipped({"a.txt": bytes(5_000_000)}, zipfile.ZIP_LZMA), 900_000),
        {"/a.txt": UNKNOWN_PACKING},
    ),
    "zip whose names lead out of it": HostileFile(
        "a.zip",
        lambda: zipped({"../../b.txt": LAKE, "/etc/c.txt": LAKE, "..\\d.txt": LAKE, "C:\\e.txt": LAKE}),
        {"/b.txt": Text(LAKE), "/etc/c.txt": Text(LAKE), "/d.txt": Text(LAKE), "/C:/e.txt": Text(LAKE)},
    ),
    "zip whose names turn the writing around": HostileFile(
        "a.zip",
        lambda: zipped({"a\u202etxt.exe.txt": LAKE, "b\x1b[2J\n.txt": LAKE, "\u2066c\u2069.txt": LAKE}),
        {"/a?txt.exe.txt": Text(LAKE), "/b?[2J?.txt": Text(LAKE), "/?c?.txt": Text(LAKE)},
    ),
    "zip with a link": HostileFile("a.zip", _linked, {"/a.txt": Text(LAKE)}),
    "zip with two members of one name": HostileFile(
        "a.zip", lambda: zipped({"a.txt": "Another.", "b.txt": LAKE}).replace(b"b.txt", b"a.txt"), {"/a.txt": Text(LAKE)}
    ),
    "zip with a locked member": HostileFile(
        "a.zip", _encrypted_zip, {"/a.txt": Refusal("this is encrypted; unpack it with its password first"), "/b.txt": Text(LAKE)}
    ),
    "zip of thirty thousand members": HostileFile(
        "a.zip",
        lambda: zipped({f"{i}.txt": "x" for i in range(30_000)}),
        Refusal("the archive contains more than 20000 files; split it"),
    ),
    "zip behind a program": HostileFile(
        "a.zip", lambda: b"MZ" + bytes(5000) + zipped({"a.txt": LAKE}), Refusal("this is a program, which cannot be read")
    ),
    "zip that is only its end": HostileFile(
        "a.zip", lambda: zipped({"a.txt": LAKE})[-22:], Refusal("the ZIP file is damaged or cut short")
    ),
    "zip with a very long name": HostileFile(
        "a.zip", lambda: zipped({"a" * 5000 + ".txt": LAKE}), {f"/{'a' * 5000}.txt": Text(LAKE)}
    ),
    "zip cut short": HostileFile("a.zip", lambda: zipped({"a.txt": LAKE})[:-30], Refusal("the ZIP file is damaged or cut short")),
    "zip of zips": HostileFile(
        "a.zip",
        lambda: zipped({f"{i}.zip": zipped({"b.txt": bytes(900_000) + b"x"}) for i in range(50)}),
        {f"/{i}.zip/b.txt": Refusal("this does not look like text") for i in range(50)},
    ),
    # Entities
    "docx with a thousand million laughs": HostileFile(
        "a.docx", lambda: with_entity(document(), "word/document.xml", LAUGHS, LAKE.encode()), DAMAGED_WORD
    ),
    "docx with a file from outside": HostileFile(
        "a.docx", lambda: with_entity(document(), "word/document.xml", OUTSIDE, LAKE.encode()), Refusal("the file is empty")
    ),
    "xlsx with a thousand million laughs": HostileFile(
        "a.xlsx", lambda: with_entity(workbook(), "xl/worksheets/sheet1.xml", LAUGHS, b"Lake"), DAMAGED_EXCEL
    ),
    "xlsx with a file from outside": HostileFile(
        "a.xlsx", lambda: with_entity(workbook(), "xl/worksheets/sheet1.xml", OUTSIDE, b"Lake"), DAMAGED_EXCEL
    ),
    "pptx with a thousand million laughs": HostileFile(
        "a.pptx", lambda: with_entity(slides(), "ppt/slides/slide1.xml", LAUGHS, LAKE.encode()), DAMAGED_SLIDES
    ),
    "pptx with a file from outside": HostileFile(
        "a.pptx", lambda: with_entity(slides(), "ppt/slides/slide1.xml", OUTSIDE, LAKE.encode()), Text("# Lake\n\n")
    ),
    "epub with a thousand million laughs": HostileFile(
        "a.epub",
        lambda: book(package=f"{LAUGHS}<package>&e9;</package>"),
        Refusal("b.opf defines entities, which only harmful files do"),
    ),
    "epub with a file from outside": HostileFile(
        "a.epub",
        lambda: book(package=f"{OUTSIDE}<package>&e9;</package>"),
        Refusal("b.opf defines entities, which only harmful files do"),
    ),
    "html with a thousand million laughs": HostileFile(
        "a.html", f"{LAUGHS}<html><body><p>&e9;</p><p>{LAKE}</p>".encode, Text(f"]>\n\n&e9;\n\n{LAKE}")
    ),
    "html with a file from outside": HostileFile(
        "a.html", f"{OUTSIDE}<html><body><p>&e9;</p><p>{LAKE}</p>".encode, Text(f"]>\n\n&e9;\n\n{LAKE}")
    ),
    # Office and books
    "docx of deep tables": HostileFile(
        "a.docx", lambda: body("<w:tbl><w:tr><w:tc>" * 2000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 2000), DAMAGED_WORD
    ),
    "docx that says its text is small": HostileFile(
        "a.docx",
        lambda: with_raw(document(), "word/document.xml", packed_blanks(800_000_000), 2000),
        Refusal("reading takes more memory than it may; split the file"),
    ),
    "docx of one very large paragraph": HostileFile(
        "a.docx", lambda: body("<w:p><w:r><w:t>" + "lake " * 6_000_000 + "</w:t></w:r></w:p>"), DAMAGED_WORD
    ),
    "docx that is a zip": HostileFile("a.docx", lambda: zipped({"a.txt": LAKE}), {"/a.txt": Text(LAKE)}),
    "docx without a text": HostileFile(
        "a.docx", lambda: zipped({"[Content_Types].xml": "wordprocessingml.document.main"}), DAMAGED_WORD
    ),
    "docx whose styles rest on each other": HostileFile(
        "a.docx",
        lambda: with_part(
            with_part(
                document(),
                "word/document.xml",
                lambda part: part.replace(b"<w:p>", b'<w:p><w:pPr><w:pStyle w:val="s1"/></w:pPr>', 1),
            ),
            "word/styles.xml",
            lambda part: part.replace(
                b"</w:styles>",
                b'<w:style w:styleId="s1"><w:basedOn w:val="s2"/></w:style><w:style w:styleId="s2"><w:basedOn w:val="s1"/></w:style></w:styles>',
            ),
        ),
        Text(f"{LAKE}\n\n"),
    ),
    "docx of a locked old kind": HostileFile(
        "a.docx", lambda: b"\xd0\xcf\x11\xe0" + bytes(4000), Refusal("this is an old or encrypted Office file")
    ),
    "xlsx with a cell in the last row": HostileFile(
        "a.xlsx",
        lambda: sheet('<sheetData><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>far</t></is></c></row></sheetData>'),
        Text("# Sheet\n\nfar\n\n"),
    ),
    "xlsx of very many far cells": HostileFile(
        "a.xlsx",
        lambda: sheet(
            "<sheetData>" + "".join(f'<row r="{i}"><c r="XFD{i}"><v>1</v></c></row>' for i in range(1, 20_000)) + "</sheetData>"
        ),
        Refusal("a sheet has more than 20 million cells; split the file"),
    ),
    "xlsx with merged cells over all": HostileFile(
        "a.xlsx",
        lambda: sheet(
            '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>far</t></is></c></row></sheetData><mergeCells>'
            + '<mergeCell ref="A1:XFD1048576"/>' * 10_000
            + "</mergeCells>"
        ),
        Text("# Sheet\n\nfar\n\n"),
    ),
    "xlsx of one text very many times": HostileFile(
        "a.xlsx",
        lambda: sheet(
            "<sheetData>"
            + "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 100_000))
            + "</sheetData>",
            '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
            + "lake " * 20_000
            + "</t></si></sst>",
        ),
        Refusal("the text has more than 20 million characters; split the file"),
    ),
    "xlsx whose sheet is blanks": HostileFile(
        "a.xlsx", lambda: with_raw(workbook(), "xl/worksheets/sheet1.xml", packed_blanks(390_000_000), 390_000_000), DAMAGED_EXCEL
    ),
    "xlsx of a number without end": HostileFile(
        "a.xlsx", lambda: sheet(f'<sheetData><row r="1"><c r="A1"><v>{"9" * 5000}</v></c></row></sheetData>'), DAMAGED_EXCEL
    ),
    "xlsx with a date before all time": HostileFile(
        "a.xlsx", lambda: sheet('<sheetData><row r="1"><c r="A1" t="d"><v>0000-99-99</v></c></row></sheetData>'), DAMAGED_EXCEL
    ),
    "pptx of deep groups": HostileFile(
        "a.pptx",
        lambda: with_part(
            slides(),
            "ppt/slides/slide1.xml",
            lambda part: part.replace(b"</p:spTree>", b"<p:grpSp>" * 3000 + b"</p:grpSp>" * 3000 + b"</p:spTree>"),
        ),
        DAMAGED_SLIDES,
    ),
    "epub that reads a chapter very many times": HostileFile(
        "a.epub",
        lambda: book(chapter=f"<p>{LAKE}</p>" * 2000, spine='<itemref idref="a"/>' * 40_000),
        Text(LAKE, 2000 * (len(LAKE) + 2) - 2),
    ),
    "epub whose chapter lies outside": HostileFile(
        "a.epub",
        lambda: book(
            chapter="", spine='<itemref idref="b"/>', more='<item id="b" href="../../etc/passwd" media-type="text/html"/>'
        ),
        Refusal("the book contains no text"),
    ),
    # Web pages
    "html of deep elements": HostileFile("a.html", lambda: b"<div>" * 200_000 + LAKE.encode(), NO_TEXT),
    "html of deep inline elements": HostileFile("a.html", lambda: b"<b>" * 100_000 + LAKE.encode(), NO_TEXT),
    "html of deep tables": HostileFile("a.html", lambda: b"<table><tr><td>" * 20_000 + LAKE.encode(), NO_TEXT),
    "html of deep lists": HostileFile("a.html", lambda: b"<ul><li>" * 20_000 + LAKE.encode(), NO_TEXT),
    "html of open tags": HostileFile("a.html", lambda: b"<html>" + b"<a " * 300_000, NO_TEXT),
    "html of open comments": HostileFile("a.html", lambda: b"<html>" + b"<!--" * 300_000, NO_TEXT),
    "html of open quotes": HostileFile("a.html", lambda: b"<html>" + b"<a b='" * 300_000, NO_TEXT),
    "html with much script": HostileFile(
        "a.html", f"<body><script>{'while(1);' * 10_000}</script><p>{LAKE}</p></body>".encode, Text(LAKE)
    ),
    "html whose comment never ends": HostileFile("a.html", lambda: f"<p>{LAKE}</p><!-- ".encode() + b"-" * 1_000_000, Text(LAKE)),
    "html that closes what is not open": HostileFile(
        "a.html", lambda: b"<html>" + b"</p></table>" * 100_000 + LAKE.encode(), Text(LAKE)
    ),
    "html of very many rows": HostileFile(
        "a.html", lambda: b"<html><table>" + b"<tr><td>Lake<td>deep" * 5_000, Text("Lake: Lake; deep: deep\n", 114_953)
    ),
    "xhtml of blanks in tags": HostileFile(
        "a.xhtml", lambda: b'<?xml version="1.0"?><html xmlns="x"><body>' + (b"<p" + b" " * 2000) * 2000 + LAKE.encode(), NO_TEXT
    ),
    "html of NULs": HostileFile(
        "a.html", lambda: b"<\0html><\0p>" + LAKE.replace("e", "e\0").encode(), Refusal("this does not look like text")
    ),
    "html declared in an encoding that it is not in": HostileFile(
        "a.html", f'<html><meta charset="utf-7"><p>{LAKE} +ADw-script+AD4-'.encode, Text(f"{LAKE} +ADw-script+AD4-")
    ),
    # JSON Lines
    "jsonl of deep lists": HostileFile(
        "a.jsonl", lambda: b"[" * 200_000 + b'\n{"text": "Lake"}', {"#1": Refusal("this line is not JSON"), "#2": Text("Lake")}
    ),
    "jsonl of deep objects": HostileFile("a.jsonl", lambda: b'{"text":' * 100_000, {"#1": Refusal("this line is not JSON")}),
    "jsonl with a number without end": HostileFile(
        "a.jsonl", lambda: b'{"text": ' + b"9" * 1_000_000 + b"}", {"#1": Refusal("this line is not JSON")}
    ),
    "jsonl of halves of characters": HostileFile(
        "a.jsonl", lambda: b'{"text": "\\ud83d lake \\udc00"}', {"#1": Text("\ud83d lake \udc00")}
    ),
    "jsonl whose text is no text": HostileFile(
        "a.jsonl",
        lambda: b'{"text": {"text": "x"}}\n"text"\nnull',
        {"#1": Refusal('"text" is not a text'), "#2": Refusal("is not an object"), "#3": Refusal("is not an object")},
    ),
    "jsonl of very long addresses": HostileFile(
        "a.jsonl",
        lambda: json.dumps(
            {"text": LAKE, "url": "http://[" + ":" * 1_000_000, "date": "1" * 1_000_000, "title": " " * 1_000_000}
        ).encode(),
        {"#1": Text(LAKE)},
    ),
    # Tables in text
    "csv of very many cells": HostileFile("a.csv", lambda: b"," * 5_000_000 + b"lake", Text("lake\n")),
    "csv of very many empty rows": HostileFile("a.csv", lambda: b"\n" * 1_048_575 + b"lake,deep", Text("lake; deep\n")),
    "csv with one very large cell": HostileFile(
        "a.csv", lambda: b"lake," + b"x" * 1_000_000, Refusal("cannot be read as a table: field larger than field limit")
    ),
    "csv whose quote never ends": HostileFile(
        "a.csv", lambda: b'a,"' + b"lake,\n" * 100_000, Refusal("cannot be read as a table")
    ),
    "csv of quotes": HostileFile("a.csv", lambda: b'"' * 100_001, Text('"""', 50_001)),
    "csv of wide headings": HostileFile(
        "a.csv",
        lambda: b",".join([b"h%d" % i for i in range(20_000)]) + b"\n" + b"\n".join([b",".join([b"v"] * 20_000)] * 100),
        Refusal("the text has more than 20 million characters; split the file"),
    ),
    # Text in all encodings and none
    "text in two encodings": HostileFile(
        "a.txt",
        lambda: "湖很深，河很宽。\n".encode() + "湖很深，河很宽。".encode("gb18030"),
        Text("湖很深，河很宽。\n湖很深，河很宽。"),
    ),
    "text in two encodings in one line": HostileFile(
        "a.txt",
        lambda: "湖很深，河很宽。".encode() * 9 + ("湖很深，河很宽。" * 9).encode("gb18030"),
        Refusal("this does not look like text"),
    ),
    "text cut in a character": HostileFile(
        "a.txt", lambda: ("湖很深，河很宽，没有人见过湖底。" * 3).encode()[:-2], Text("湖很深，河很宽，没有人见过湖底。", 48)
    ),
    "text of UTF-16 cut in a character": HostileFile(
        "a.txt", lambda: "\ufeff湖很深".encode("utf-16-le")[:-1], Text("湖很\ufffd")
    ),
    "text of NULs": HostileFile("a.txt", lambda: bytes(1_000_000), Refusal("this does not look like text")),
    "text with NULs": HostileFile("a.txt", lambda: LAKE.encode().replace(b" is", b"\0 is"), Text(LAKE.replace(" is", "\0 is"))),
    "text that is only a mark": HostileFile("a.txt", lambda: b"\xef\xbb\xbf", Refusal("the file is empty")),
    "text that is only a mark of UTF-16": HostileFile("a.txt", lambda: b"\xff\xfe", Refusal("the file is empty")),
    "text that is only a mark of UTF-32": HostileFile("a.txt", lambda: b"\xff\xfe\0\0", Refusal("the file is empty")),
    "damaged text of GB18030": HostileFile(
        "a.txt",
        lambda: (
            ("湖很深，没有人见过湖底。" * 50).encode("gb18030") + b"\xff\xff" + ("河很宽，有桥。" * 50).encode("gb18030")[:-1]
        ),
        Text("湖很深，没有人见过湖底。", 952),
    ),
    "text of noise": HostileFile(
        "a.txt", lambda: random.Random(7).randbytes(100_000), Refusal("this does not look like text; if it is, save it as UTF-8")
    ),
    "empty text": HostileFile("a.txt", lambda: b"", Refusal("the file is empty")),
    "text of blanks": HostileFile("a.txt", lambda: b" \n" * 2_000_000, Refusal("the file is empty")),
    # Text that is hard to search
    "text of one very long line": HostileFile("a.txt", lambda: b"lake " * 1_000_000, Text("lake lake", 5_000_000)),
    "text of one very long Chinese line": HostileFile(
        "a.txt", lambda: "湖很深。".encode() * 400_000, Text("湖很深。", 1_600_000)
    ),
    "text of spaces": HostileFile("a.txt", lambda: b"lake" + b" " * 1_000_000 + b"deep", Text("lake ", 1_000_008)),
    "text of tabs and spaces in lines": HostileFile(
        "a.txt", lambda: (b"x" + b" \t" * 500 + b"\n") * 1000, Text("x \t", 1_002_000)
    ),
    "text of line ends": HostileFile("a.txt", lambda: b"lake" + b"\n" * 1_000_000 + b"deep", Text("lake\n", 1_000_008)),
    "text of hyphens": HostileFile("a.txt", lambda: b"-" * 1_000_000, Text("---", 1_000_000)),
    "text of lines that end in hyphens": HostileFile("a.txt", lambda: b"lake-\n" * 50_000, Text("lake-\n", 300_000)),
    "text of full stops": HostileFile("a.txt", lambda: b"." * 1_000_000, Text("...", 1_000_000)),
    "text of digits": HostileFile("a.txt", lambda: b"1" * 500_000, Text("111", 500_000)),
    "text of years": HostileFile("a.txt", lambda: b"2021-1-" * 100_000, Text("2021", 700_000)),
    "text of form feeds": HostileFile("a.txt", lambda: b"lake" + b"\f" * 300_000, Text("lake\f", 300_004)),
    "text of control characters": HostileFile(
        "a.txt", lambda: LAKE.encode() * 100 + bytes(range(1, 32)), Text("The lake", 100 * len(LAKE) + 31)
    ),
    "text that turns the writing around": HostileFile(
        "a.txt", f"\u202e{LAKE}\u202c\u2066{LAKE}\u2069".encode, Text(f"\u202e{LAKE}\u202c\u2066{LAKE}\u2069")
    ),
    "text of stacked accents": HostileFile("a.txt", ("e" + "\u0301" * 500_000).encode, Text("e\u0301", 500_001)),
    "markdown of open brackets": HostileFile("a.md", lambda: b"[" * 300_000, Text("[[[", 300_000)),
    "markdown of open pictures": HostileFile("a.md", lambda: b"![" * 100_000, Text("![", 200_000)),
    "markdown of open links": HostileFile("a.md", lambda: b"[a](http:(" * 50_000, Text("[a]", 500_000)),
    "markdown of open comments": HostileFile("a.md", lambda: b"<!--" * 100_000, Text("<!--", 400_000)),
    "markdown of stars": HostileFile("a.md", lambda: b"*" * 300_000, Text("***", 300_000)),
    "markdown of open stars": HostileFile("a.md", lambda: b"**a " * 100_000, Text("**a", 400_000)),
    "markdown of open underscores": HostileFile("a.md", lambda: b" __a" * 100_000, Text(" __a", 400_000)),
    "markdown of backquotes": HostileFile("a.md", lambda: b"`" * 300_000, Text("```", 300_000)),
    "markdown of hashes": HostileFile("a.md", lambda: b"#" * 300_000 + b"\n# " + b" #" * 100_000, Text("###", 500_003)),
    "markdown of bars": HostileFile("a.md", lambda: b"|" * 300_000 + b"\n" + b"|-" * 100_000, Text("|||", 500_001)),
    "markdown of open front matter": HostileFile("a.md", lambda: b"---\n" + b"title: a\n" * 30_000, Text("---\n", 270_004)),
    "markdown of quotes": HostileFile("a.md", lambda: b"> " * 200_000, Text("> > ", 400_000)),
    # Names that are not true
    "pdf called txt": HostileFile("a.txt", _honest_pdf, Text(LAKE)),
    "docx called pdf": HostileFile("a.pdf", document, Text(f"{LAKE}\n\n")),
    "program called pdf": HostileFile(
        "a.pdf", lambda: b"MZ\x90\0" + bytes(500), Refusal("this is a program, which cannot be read")
    ),
    "picture called txt": HostileFile(
        "a.txt", lambda: b"GIF89a" + bytes(100), Refusal("this is a GIF picture, which cannot be read")
    ),
    "text called pdf": HostileFile("a.pdf", LAKE.encode, DAMAGED_PDF),
    "gzip called csv": HostileFile(
        "a.csv", lambda: b"\x1f\x8b\x08" + bytes(100), Refusal("this is a gzip archive, which cannot be read")
    ),
    "web page called jsonl": HostileFile("a.jsonl", f"<!doctype html><p>{LAKE}".encode, Text(LAKE)),
    "text called nothing": HostileFile("a", LAKE.encode, Refusal("cannot read files without an ending")),
}


# -- what lies in folders and is no file ------------------------------------------------------------------------------


def _unreadable(path: Path) -> None:
    path.write_text(LAKE)
    path.chmod(0)


# The work of libxml2 grows with the square of the number of attributes. This one takes a minute.
SLOW = b"<html><p " + b" ".join(b"a%d=1" % i for i in range(150_000)) + b">" + LAKE.encode()

PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: None, "No such file or directory"),
    "folder": (lambda path: path.mkdir(), "this is a folder, not a file"),
    "pipe": (os.mkfifo, "this is a device or a pipe, not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "this is a device or a pipe, not a file"),
    "link to itself": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "link to nothing": (lambda path: path.symlink_to(path.parent / "nowhere.txt"), "No such file or directory"),
    "unreadable file": (_unreadable, "Permission denied"),
    "large file": (
        lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 10**12),
        "1000000.0 MB is more than the limit of 20.0 MB",
    ),
}
