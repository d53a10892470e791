"""Bytes of unknown encoding -> text."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from functools import lru_cache

from rag.errors import LoadError

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
    b"GIF87a": "a GIF picture",
    b"GIF89a": "a GIF picture",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"SQLite format 3": "a database",
    b"{\\rtf": "an RTF file",
}
# The encodings that Chinese and English text is met in, the likeliest first.
_ENCODINGS = ("utf-8", "gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
_BY_LINE = _ENCODINGS[:3]
_WESTERN = "cp1252"
_SAMPLE = 200_000
_LEAST_FAMILIARITY = 0.6
_MOST_ODD = 0.02
_PLAIN = re.compile(r"[\t\n\r\f\x20-\x7e]+")
_PUNCTUATION = "，。、；：？！“”‘’（）《》〈〉【】「」『』—…·～％\u3000０１２３４５６７８９"
_COMMONEST = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进"
    "着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重"
    "新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设"
    "及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七"
    "這為個國來時們會發動過說產種後學經進麼體機當點從業開還應關條間與長無見別問題總們將論幾東車樣話兩實現電線書氣對於"
)


def decode(data: bytes, source: str) -> str:
    """The text of `data`: by its byte order mark, else as UTF-8, else in the encoding that gives the most familiar text.

    A file whose lines are in different encodings is read line by line. Stray NULs are left for cleaning.

    Raises:
        LoadError: The bytes are not text.
    """
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise LoadError(f"{source}: this is {kind}, not text; convert it to text first")
    text = _decode(data)
    if text is None or _odd_characters(text[:_SAMPLE]) > max(2, _MOST_ODD * len(text[:_SAMPLE])):
        raise LoadError(f"{source}: this does not look like text; if it is, save it as UTF-8")
    return text


def _decode(data: bytes) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        # UTF-16 can be valid UTF-8 too, with many NULs and other control characters.
        if _odd_characters(text[:_SAMPLE]) <= _MOST_ODD * len(text[:_SAMPLE]):
            return text
    encoding = _likeliest(data[:_SAMPLE], _ENCODINGS)
    if encoding in _BY_LINE:
        return "\n".join(_decode_line(line, encoding) for line in data.split(b"\n"))
    return data.decode(encoding, "replace") if encoding else None


def _decode_line(line: bytes, encoding: str) -> str:
    """The text of a line of a file that is mostly in `encoding`, where some lines may be in another."""
    if line.isascii():
        return line.decode("ascii")
    # Short Chinese lines can be valid UTF-8 by chance.
    valid = tuple(name for name in dict.fromkeys((encoding, "utf-8")) if _is_valid(line, name))
    likeliest = encoding if valid == (encoding,) else _likeliest(line, valid or _BY_LINE)
    return line.decode(likeliest or encoding, "replace")


def _is_valid(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _likeliest(data: bytes, encodings: tuple[str, ...]) -> str:
    """The encoding that gives the most familiar text; empty when no text is familiar."""
    scores = {encoding: _familiarity(data.decode(encoding, "replace")) for encoding in encodings}
    best = max(scores, key=scores.__getitem__)
    if scores[best] >= _LEAST_FAMILIARITY:
        return best
    # Western text is mostly ASCII with a few letters between.
    return _WESTERN if sum(byte < 0x80 for byte in data) > 0.6 * len(data) else ""


def _familiarity(text: str) -> float:
    """How common the characters are that are not ASCII, from -1, where all are impossible, to 2."""
    counts = Counter(_PLAIN.sub("", text))
    if not counts:
        return 2.0
    return sum(times * _weight(character) for character, times in counts.items()) / counts.total()


def _weight(character: str) -> float:
    if character in _COMMONEST:
        return 2
    if character in _PUNCTUATION or "À" <= character < "ɐ" or character in _everyday("gb2312", 0xB0, 0xD7):
        return 1
    if character in _everyday("big5", 0xA4, 0xC6):
        return 0.5
    return -1 if _is_odd(character) or unicodedata.category(character) == "Co" else 0


@lru_cache(maxsize=2)
def _everyday(encoding: str, first: int, last: int) -> frozenset[str]:
    """The Chinese characters of everyday use, which stand in the first rows of an encoding."""
    cells = (bytes((row, cell)) for row in range(first, last + 1) for cell in range(0x40, 0xFF))
    return frozenset(cell.decode(encoding, "ignore") for cell in cells)


def _odd_characters(text: str) -> int:
    """How many characters are such as no text has: control characters, unassigned ones, replacements."""
    return sum(times for character, times in Counter(_PLAIN.sub("", text)).items() if _is_odd(character))


def _is_odd(character: str) -> bool:
    return character == "\ufffd" or (unicodedata.category(character) in ("Cc", "Cn", "Cs") and character not in "\x0b\x85")
