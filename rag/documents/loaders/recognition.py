"""Recognises the kind of a file by its content, as names are often wrong."""

from __future__ import annotations

import re

from rag.documents.loaders.zipped import ZipReader
from rag.errors import LoadError

# The first bytes of a kind of file, the ending of its loader, and its name in errors.
_SIGNATURES = (
    (rb"PK\x03\x04|PK\x05\x06", ".zip", "a ZIP archive or an Office file"),
    (rb"\s{0,16}%PDF-", ".pdf", "a PDF file"),
    (rb"\x89PNG", ".png", "a PNG picture"),
    (rb"\xff\xd8\xff", ".jpg", "a JPEG picture"),
    (rb"GIF8[79]a", ".gif", "a GIF picture"),
    (rb"II\*\0|MM\0\*", ".tiff", "a TIFF picture"),
    (rb"RIFF....WEBP", ".webp", "a WebP picture"),
    (rb"\0\0\0.ftyp", ".mp4", "a film or a sound"),
    (rb"ID3[\x02-\x04]|OggS\0|RIFF....WAVE|fLaC\0", ".mp3", "a sound"),
    (rb"\x1f\x8b", ".gz", "a gzip archive"),
    (rb"BZh\d1AY&SY", ".bz2", "a bzip2 archive"),
    (rb"\xfd7zXZ\0", ".xz", "an xz archive"),
    (rb"7z\xbc\xaf\x27\x1c", ".7z", "a 7z archive"),
    (rb"Rar!\x1a\x07", ".rar", "a RAR archive"),
    (rb"\x7fELF|MZ[^\n]{0,58}\0", ".exe", "a program"),
    (rb"\xd0\xcf\x11\xe0", ".doc", "an old or encrypted Office file"),
    (rb"SQLite format 3\0", ".sqlite", "a database"),
    (rb"\{\\rtf", ".rtf", "an RTF file"),
)
# The content type of the main part of an Office file, macros and templates included.
_OFFICE = (
    (rb"wordprocessingml\.(?:document|template)\.main|ms-word\.\w+\.macroEnabled(?:Template)?\.main", ".docx", "a Word file"),
    (rb"spreadsheetml\.(?:sheet|template)\.main|ms-excel\.\w+\.macroEnabled\.main", ".xlsx", "an Excel file"),
    (
        rb"presentationml\.(?:presentation|template|slideshow)\.main|ms-powerpoint\.\w+\.macroEnabled\.main",
        ".pptx",
        "a PowerPoint file",
    ),
)
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+|<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL
)
_HEAD = 4096
_BYTE_ORDER_MARKS = b"\xef\xbb\xbf\xff\xfe"
_MAX_LIST_BYTES = 1_000_000


def recognise(data: bytes, source: str) -> tuple[str, str]:
    """Recognises the kind of a file, whatever its name.

    Returns:
        The usual ending of such files, and a name for errors. Both are empty for text whose kind only the name of the file tells,
        such as plain text, Markdown and tables.

    Raises:
        LoadError: It is a damaged ZIP or Office file.
    """
    suffix, name = signature(data)
    if suffix == ".zip":
        return _kind_of_zip(data, source)
    # Without the NULs, ASCII characters in UTF-16 are ASCII.
    head = data[:_HEAD].replace(b"\0", b"").lstrip(_BYTE_ORDER_MARKS).decode("latin-1")
    return (".html", "a web page") if not suffix and _HTML.match(head) else (suffix, name)


def signature(data: bytes) -> tuple[str, str]:
    """Recognises a kind of file that is not text by its first bytes, as `recognise` does."""
    return next(((suffix, name) for begins, suffix, name in _SIGNATURES if re.match(begins, data, re.DOTALL)), ("", ""))


def _kind_of_zip(data: bytes, source: str) -> tuple[str, str]:
    archive = ZipReader(data, source)
    if "mimetype" in archive:
        kind = _start_of(archive, "mimetype").strip()
        if kind == b"application/epub+zip":
            return ".epub", "an EPUB book"
        if kind.startswith(b"application/vnd.oasis.opendocument"):
            return ".odt", "an OpenDocument file"
    if "[Content_Types].xml" not in archive:
        return (".epub", "an EPUB book") if "META-INF/container.xml" in archive else (".zip", "a ZIP archive")
    types = _start_of(archive, "[Content_Types].xml").replace(b"\0", b"")
    return next(((suffix, name) for pattern, suffix, name in _OFFICE if re.search(pattern, types)), (".vsdx", "an Office file"))


def _start_of(archive: ZipReader, name: str) -> bytes:
    try:
        return archive.read(name, _MAX_LIST_BYTES)
    except LoadError:
        return b""
