"""Bytes of unknown encoding -> text."""

from __future__ import annotations

import codecs
import re
import unicodedata

import charset_normalizer

from rag.errors import LoadError

# The encodings that Chinese and English text is met in. Left to guess among all it knows, the detector takes short
# Western text for Baltic or Central European.
_CANDIDATES = ["utf_16_le", "utf_16_be", "utf_32", "gb18030", "big5", "big5hkscs", "shift_jis", "euc_kr", "cp1251", "cp1252"]
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNATURES = {
    b"%PDF-": "a PDF file",
    b"PK\x03\x04": "a ZIP or Office file",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"SQLite format 3": "a database",
}
_SAMPLE = 200_000
_MOST_ODD_CHARACTERS = 0.02


def decode(data: bytes, source: str) -> str:
    """The text of `data`: by its byte order mark, else as UTF-8, else in the encoding that fits best.

    A file whose lines are in different encodings is read line by line. Stray NULs are left for cleaning.

    Raises:
        LoadError: The bytes are not text.
    """
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise LoadError(f"{source}: this is {kind}, not text; convert it to text first")
    text = _decode(data)
    if text is None or _odd_share(text[:_SAMPLE]) > _MOST_ODD_CHARACTERS:
        raise LoadError(f"{source}: this does not look like text; if it is, save it as UTF-8")
    return text


def _decode(data: bytes) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
        # Western text in UTF-16 is valid UTF-8 too, with a NUL at every other byte.
        if text[:_SAMPLE].count("\0") < 0.1 * len(text[:_SAMPLE]):
            return text
    except UnicodeDecodeError:
        mixed = _decode_lines(data)
        if mixed is not None:
            return mixed
    best = charset_normalizer.from_bytes(data[: _even(_SAMPLE)], cp_isolation=_CANDIDATES).best()
    if best is not None:
        return data.decode(best.encoding, "replace")
    # The detector gives up on short Western text; it is text all the same when most of it is ASCII.
    printable = sum(byte >= 0xA0 or 32 <= byte < 127 or byte in b"\t\r\n" for byte in data[:_SAMPLE])
    ascii_share = sum(byte < 128 for byte in data[:_SAMPLE]) / len(data[:_SAMPLE])
    return data.decode("cp1252", "replace") if printable == len(data[:_SAMPLE]) and ascii_share > 0.7 else None


def _decode_lines(data: bytes) -> str | None:
    """The text of a file that is mostly UTF-8 with some lines in GB18030; None when it is not."""
    lines, valid, invalid = [], 0, 0
    for line in data.split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
            valid += not line.isascii()
        except UnicodeDecodeError:
            lines.append(line.decode("gb18030", "replace"))
            invalid += 1
    return "\n".join(lines) if valid > invalid else None


def _odd_share(text: str) -> float:
    """The share of characters that no text has: control characters, unassigned and private ones, replacements."""
    if not text:
        return 0.0
    ordinary = len(re.findall(r"[\t\n\r\f\x20-\x7e\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text))
    if ordinary == len(text):
        return 0.0
    odd = sum(c == "\ufffd" or (unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") and c not in "\t\n\r\f\x0b\x85") for c in text)
    return odd / len(text)


def _even(number: int) -> int:
    return number - number % 4
