"""Files that are made to break readers, or that break by themselves: each is its name and its bytes."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib

SENTENCE = "The lake council voted on Tuesday to close the old quarry by 2031."
HAN = "湖区议会周二表决，决定在二〇三一年之前关闭旧采石场。"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def packed(members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP file of members by their names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def files() -> dict[str, bytes]:
    """Every file by its name."""
    return {**_pdfs(), **_archives(), **_office(), **_markup(), **_tables(), **_texts(), **_wrong_names()}


# -- PDF --------------------------------------------------------------------------------------------------------------


def pdf(pages: int = 1) -> bytes:
    """An honest PDF file."""
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, invariant=True)
    for page in range(pages):
        canvas.drawString(72, 720, f"{SENTENCE} Page {page + 1}.")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def raw_pdf(objects: dict[int, str | tuple[str, bytes]]) -> bytes:
    """A PDF file of objects by their numbers, the first the catalogue: dictionaries, or dictionaries with a stream."""
    body, places = bytearray(b"%PDF-1.7\n"), {}
    for number, value in objects.items():
        places[number] = len(body)
        text, stream = value if isinstance(value, tuple) else (value, None)
        body += f"{number} 0 obj\n{text}\n".encode()
        if stream is not None:
            body += b"stream\n" + stream + b"\nendstream\n"
        body += b"endobj\n"
    start = len(body)
    body += f"xref\n0 {max(objects) + 1}\n0000000000 65535 f \n".encode()
    for number in range(1, max(objects) + 1):
        body += f"{places.get(number, 0):010d} 00000 {'n' if number in places else 'f'} \n".encode()
    return bytes(body + f"trailer << /Size {max(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())


def _page_of(stream: bytes, filters: str = "/FlateDecode") -> bytes:
    return raw_pdf(
        {
            1: "<< /Type /Catalog /Pages 2 0 R >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
            4: (f"<< /Length {len(stream)} /Filter {filters} >>", stream),
        }
    )


def _pdfs() -> dict[str, bytes]:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    honest = pdf(3)
    encrypted = io.BytesIO()
    canvas = Canvas(encrypted, encrypt=StandardEncryption("secret"))
    canvas.drawString(72, 720, SENTENCE)
    canvas.save()
    scan = io.BytesIO()
    canvas = Canvas(scan)
    pixel = b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel += _png_chunk(b"IDAT", zlib.compress(b"\0\0")) + _png_chunk(b"IEND", b"")
    canvas.drawImage(ImageReader(io.BytesIO(pixel)), 0, 0, 595, 842)
    canvas.save()
    looped = {1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 9 >>"}
    looped[3] = "<< /Type /Pages /Kids [2 0 R] /Parent 2 0 R /Count 9 >>"
    blanks = zlib.compress(b"BT /F1 9 Tf (" + b" " * 300_000_000 + b") Tj ET", 9)
    drawn = zlib.compress(b"BT /F1 9 Tf 9 9 Td " + b"(lake) Tj " * 3_000_000 + b"ET", 9)
    return {
        "first-tenth.pdf": honest[: len(honest) // 10],
        "first-half.pdf": honest[: len(honest) // 2],
        "without-end.pdf": honest[:-200],
        "only-head.pdf": b"%PDF-1.7\n",
        "encrypted.pdf": encrypted.getvalue(),
        "scan.pdf": scan.getvalue(),
        "page-tree-loop.pdf": raw_pdf(looped),
        "no-pages.pdf": raw_pdf({1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [] /Count 0 >>"}),
        "million-pages-said.pdf": raw_pdf(
            {1: "<< /Type /Catalog /Pages 2 0 R >>", 2: "<< /Type /Pages /Kids [] /Count 1000000000 >>"}
        ),
        "blanks.pdf": _page_of(blanks),
        "three-million-words.pdf": _page_of(drawn),
        "twice-packed.pdf": _page_of(zlib.compress(blanks, 9), "[/FlateDecode /FlateDecode]"),
        "bad-stream.pdf": _page_of(b"\0" * 1000),
        "ten-thousand-pages.pdf": pdf(10_000),
        "deep-arrays.pdf": raw_pdf({1: f"<< /Type /Catalog /Pages 2 0 R /X {'[' * 100_000} >>", 2: "<< /Kids [] >>"}),
    }


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# -- ZIP --------------------------------------------------------------------------------------------------------------


def _archives() -> dict[str, bytes]:
    bomb = packed({"zeros.txt": b"0" * 150_000_000})
    link = zipfile.ZipInfo("link.txt")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    linked = io.BytesIO()
    with zipfile.ZipFile(linked, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    encrypted = bytearray(packed({"a.txt": SENTENCE}, zipfile.ZIP_STORED))
    for at in (6, encrypted.index(b"PK\1\2") + 8):
        encrypted[at] |= 1
    lying = bytearray(packed({"a.txt": b"0" * 1_000_000}))
    struct.pack_into("<I", lying, lying.index(b"PK\1\2") + 24, 10)
    honest = packed({"a.txt": SENTENCE, "b.txt": HAN})
    nested = SENTENCE.encode()
    for depth in range(30):
        nested = packed({f"{depth}.zip" if depth else "0.txt": nested})
    overlapping = bytearray(packed({"a.txt": SENTENCE * 50, "b.txt": HAN * 50}))
    second = overlapping.index(b"PK\1\2", overlapping.index(b"PK\1\2") + 1)
    struct.pack_into("<I", overlapping, second + 42, 0)
    return {
        "bomb.zip": bomb,
        "bomb-in-zip.zip": packed({"inner.zip": bomb, "a.txt": SENTENCE}),
        "nested.zip": nested,
        "traversal.zip": packed({"../../../etc/lake.txt": SENTENCE, "/etc/other.txt": HAN, "C:\\windows\\x.txt": SENTENCE + "!"}),
        "link.zip": linked.getvalue(),
        "encrypted.zip": bytes(encrypted),
        "lying-size.zip": bytes(lying),
        "overlapping.zip": bytes(overlapping),
        "many.zip": packed({f"{number}.txt": "" for number in range(30_000)}, zipfile.ZIP_STORED),
        "cut.zip": honest[: len(honest) // 2],
        "only-end.zip": honest[-22:],
        "junk-before.zip": b"MZ" + b"\0" * 5000 + honest,
        "bad-checksum.zip": honest.replace(SENTENCE[:9].encode(), b"The mud c")
        if SENTENCE[:9].encode() in honest
        else honest[:40],
        "names.zip": packed({"\u202egnp.txt": SENTENCE, "line\nbreak.txt": HAN, "a" * 5000 + ".txt": SENTENCE + "?"}),
    }


# -- Office and EPUB --------------------------------------------------------------------------------------------------

_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_KINDS = {
    "docx": ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
    "xlsx": ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
    "pptx": ("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"),
}


def office(kind: str, main: str, more: dict[str, str] | None = None) -> bytes:
    """A package whose main part is the XML given."""
    part, content = _KINDS[kind]
    types = _TYPES.format(
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/{part}" ContentType="{content}"/>'
    )
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_RELATION}" Target="{part}"/></Relationships>'
    )
    return packed({"[Content_Types].xml": types, "_rels/.rels": relations, part: main, **(more or {})})


def _word(body: str, head: str = "") -> str:
    return f'{head}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'


def workbook(rows: list[tuple[int, int, object]], merged: str = "") -> bytes:
    """An honest workbook of cells by row and column."""
    from openpyxl import Workbook

    book = Workbook()
    for row, column, value in rows:
        book.active.cell(row, column, value)
    if merged:
        book.active.merge_cells("A1:B2")
    file = io.BytesIO()
    book.save(file)
    if not merged:
        return file.getvalue()
    with zipfile.ZipFile(file) as archive:
        return packed({name: archive.read(name).replace(b"A1:B2", merged.encode()) for name in archive.namelist()})


def _office() -> dict[str, bytes]:
    paragraph = f"<w:p><w:r><w:t>{SENTENCE} &a;</w:t></w:r></w:p>"
    deep = "<w:sdt><w:sdtContent>" * 20_000 + "</w:sdtContent></w:sdt>" * 20_000
    tables = "<w:tbl><w:tr><w:tc>" * 3_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 3_000
    container = '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>'
    book = '<package><manifest><item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/></spine></package>'
    huge = office("docx", _word("<w:p><w:r><w:t>" + "lake " * 40_000_000 + "</w:t></w:r></w:p>"))

    def epub(members: dict[str, str]) -> bytes:
        return packed({"mimetype": "application/epub+zip", "META-INF/container.xml": container, "book.opf": book, **members})

    return {
        "laughs.docx": office("docx", _word(paragraph.replace("&a;", "&j;"), LAUGHS)),
        "outside.docx": office("docx", _word(paragraph, OUTSIDE)),
        "deep.docx": office("docx", _word(deep)),
        "deep-tables.docx": office("docx", _word(tables)),
        "huge.docx": huge,
        "no-main-part.docx": packed({"[Content_Types].xml": _TYPES.format(""), "word/x.xml": "<x/>"}),
        "cut.docx": office("docx", _word(paragraph.replace("&a;", "")))[:400],
        "laughs.xlsx": office("xlsx", LAUGHS + "<workbook>&j;</workbook>"),
        "outside.pptx": office("pptx", OUTSIDE + "<presentation>&a;</presentation>"),
        "last-row.xlsx": workbook([(1, 1, "lake"), (1_048_576, 16_384, "quarry")]),
        "merged.xlsx": workbook([(1, 1, SENTENCE), (2, 1, "quarry")], "A1:XFD1048576"),
        "huge-cell.xlsx": workbook([(1, 1, "lake " * 6_000)]),
        "laughs.epub": epub({"a.xhtml": LAUGHS + "<html><body><p>&j;</p></body></html>"}),
        "outside.epub": epub({"book.opf": OUTSIDE + book, "a.xhtml": f"<html><body><p>{SENTENCE}</p></body></html>"}),
        "no-chapters.epub": epub({}),
    }


# -- markup, tables, text ---------------------------------------------------------------------------------------------


def _markup() -> dict[str, bytes]:
    return {
        "deep.html": (b"<div>" * 200_000) + SENTENCE.encode(),
        "laughs.html": (LAUGHS + f"<html><body><p>{SENTENCE} &j;</p></body></html>").encode(),
        "unclosed.html": b"<p>" + SENTENCE.encode() + b"<a href='" * 50_000,
        "script.html": f"<body><script>{'while(1);' * 10_000}</script><p>{SENTENCE}</p></body>".encode(),
        "comment-without-end.html": f"<p>{SENTENCE}</p><!-- ".encode() + b"-" * 1_000_000,
        "wide-table.html": b"<table><tr>" + b"<td colspan=1000000>lake</td>" * 1000 + b"</tr></table>",
        "deep.jsonl": b"[" * 1_000_000,
        "deep-object.jsonl": b'{"text": ' * 100_000,
        "numbers.jsonl": ('{"text": ' + "9" * 5000 + "}\n" + json.dumps({"text": SENTENCE})).encode(),
        "half-characters.jsonl": b'{"text": "lake \\ud800 quarry"}',
        "brackets.md": b"[" * 500_000 + SENTENCE.encode(),
        "headings.md": b"#" * 500_000 + b" lake\n" + SENTENCE.encode(),
    }


def _tables() -> dict[str, bytes]:
    return {
        "cell-without-end.csv": b'a,b\n1,"' + b"lake\n" * 500_000,
        "many-columns.csv": b",".join(b"c" for _ in range(100_000)) + b"\n" + b",".join(b"1" for _ in range(100_000)),
        "huge-cell.csv": b"a,b\n" + b"x" * 5_000_000 + b",1\n",
        "quotes.csv": b'"' * 1_000_001,
        "nul.csv": b"a,b\n\0,\0\n",
    }


def _texts() -> dict[str, bytes]:
    return {
        "empty.txt": b"",
        "mark-only.txt": b"\xef\xbb\xbf",
        "blanks.txt": b" \n\t" * 100_000,
        "nul.txt": b"\0" * 100_000,
        "cut-utf8.txt": (HAN * 20).encode()[:-1],
        "cut-utf16.txt": b"\xff\xfe" + (HAN * 20).encode("utf-16-le")[:-1],
        "damaged-gb18030.txt": (HAN * 40).encode("gb18030")[:301] + b"\xff\xff" + (HAN * 40).encode("gb18030")[301:],
        "mixed.txt": (HAN * 5).encode() + (HAN * 5).encode("gb18030"),
        "one-line.txt": (SENTENCE[:-1] + ", ").encode() * 20_000,
        "spaces-in-line.txt": ("lake" + " " * 1_000_000 + "quarry. " + SENTENCE).encode(),
        "hyphens.txt": ("lake-\n" * 100_000 + SENTENCE).encode(),
        "dots.txt": ("." * 1_000_000 + SENTENCE).encode(),
        "brackets.txt": ("（" * 300_000 + HAN).encode(),
        "bidi.txt": ("\u202e\u2066" * 10_000 + SENTENCE).encode(),
        "combining.txt": ("e" + "\u0301" * 300_000 + SENTENCE).encode(),
        "controls.txt": bytes(range(1, 32)) * 3_000 + SENTENCE.encode(),
    }


def _wrong_names() -> dict[str, bytes]:
    return {
        "pdf.txt": pdf(),
        "text.pdf": SENTENCE.encode(),
        "zip.docx": packed({"a.txt": SENTENCE}),
        "program.pdf": b"MZ" + b"\0" * 500,
        "picture.txt": b"\x89PNG\r\n\x1a\n" + b"\0" * 500,
        "workbook.csv": workbook([(1, 1, "place"), (1, 2, "year"), (2, 1, "lake"), (2, 2, 2031)]),
        "old-word.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        "elf.md": b"\x7fELF" + b"\0" * 600,
    }
