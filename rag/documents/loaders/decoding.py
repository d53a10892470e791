"""Decodes bytes of unknown encoding."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

import charset_normalizer

from rag.documents.loaders.recognition import signature
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The encodings of Chinese text, the likeliest first. With a free choice, the detector takes short texts for other encodings.
_ENCODINGS = ["gb18030", "big5hkscs", "utf_16_le", "utf_16_be"]
_CHINESE = ["gb18030", "big5hkscs"]
_WESTERN = "cp1252"
_SAMPLE = 200_000
_MAX_ODD = 0.02
_PLAIN = re.compile(r"[\t\n\r\f\x20-\x7e]+")


def decode(data: bytes, source: str) -> str:
    """Decodes a file by its byte order mark, else as UTF-8, else in the encoding that the detector finds.

    A file with lines in different encodings is decoded line by line. Stray NULs are left for cleaning.

    Raises:
        LoadError: The bytes are not text.
    """
    _, kind = signature(data)
    if kind:
        raise LoadError(f"{source}: this is {kind}, not text; convert it to text first")
    text = _decode(data)
    if text is None or _odd_characters(text[:_SAMPLE]) > max(2, _MAX_ODD * len(text[:_SAMPLE])):
        raise LoadError(f"{source}: this does not look like text; if it is, save it as UTF-8")
    return text


def _decode(data: bytes) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    text = data.decode("utf-8", "replace")
    # UTF-16 can be valid UTF-8 too, with many NULs and other control characters.
    if "\ufffd" not in text and _odd_characters(text[:_SAMPLE]) <= _MAX_ODD * len(text[:_SAMPLE]):
        return text
    lines = data.split(b"\n")
    foreign = [line for line in lines if not _is_utf8(line)]
    if any(_is_utf8(line) and not line.isascii() for line in lines):
        encoding = (_detected(b"\n".join(foreign)) if foreign else "") or "utf-8"
        return "\n".join(line.decode("utf-8" if _is_utf8(line) else encoding, "replace") for line in lines)
    encoding = _detected(data)
    return data.decode(encoding, "replace") if encoding else None


def _is_utf8(line: bytes) -> bool:
    """Returns whether a line is UTF-8, apart from a damaged character or two.

    Chinese bytes in another encoding are valid UTF-8 by chance only as two-byte letters, which Chinese text does not have.
    """
    if line.isascii():
        return b"\0" not in line
    text = line.decode("utf-8", "replace")
    foreign = _PLAIN.sub("", text)
    return 10 * foreign.count("\ufffd") <= len(foreign) and max(foreign.replace("\ufffd", " ")) >= "\u0800"


def _detected(data: bytes) -> str:
    """Detects the encoding of data that is not UTF-8; empty if it does not look like text."""
    sample = data[:_SAMPLE]
    for first, encoding in ((1, "utf_16_le"), (0, "utf_16_be")):
        # In UTF-16, one byte of each ASCII character is NUL.
        if sample[first::2].count(0) > 0.1 * len(sample) / 2 > 10 * sample[1 - first :: 2].count(0):
            return encoding
    found = _fitting(dict.fromkeys(_ENCODINGS, sample))
    if found:
        return found
    # Western text is mostly ASCII with a few letters between.
    if sum(byte < 0x80 for byte in sample) > 0.6 * len(sample):
        return _WESTERN
    # A character that is damaged, or cut in two by the end, does not count.
    sound = {encoding: sample.decode(encoding, "ignore").encode(encoding) for encoding in _CHINESE}
    return _fitting({encoding: rest for encoding, rest in sound.items() if len(rest) >= (1 - _MAX_ODD) * len(sample) - 2})


def _fitting(samples: Mapping[str, bytes]) -> str:
    """Returns the encoding whose sample the detector finds least odd; empty if it accepts none."""
    matches = [
        (match.chaos, _ENCODINGS.index(encoding), encoding)
        for encoding, sample in samples.items()
        for match in charset_normalizer.from_bytes(sample, cp_isolation=[encoding])
        if match.encoding == encoding
    ]
    return min(matches)[2] if matches else ""


def _odd_characters(text: str) -> int:
    """Counts the characters that text does not have: control characters, unassigned ones, replacements."""
    return sum(times for character, times in Counter(_PLAIN.sub("", text)).items() if _is_odd(character))


def _is_odd(character: str) -> bool:
    return character == "\ufffd" or (unicodedata.category(character) in ("Cc", "Cn", "Cs") and character not in "\x0b\x85")
