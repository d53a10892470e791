"""Bytes -> text, in every encoding that Chinese and English text is met in."""

from __future__ import annotations

import codecs
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.decoding import decode
from rag.errors import LoadError

SIMPLIFIED = "中方高度重视生物多样性工作，坚持生态文明思想，不断加速主流化。"
TRADITIONAL = "中方高度重視生物多樣性工作，堅持生態文明思想，不斷加速主流化。"
MIXED = "作为COP15主席国，中国于2021年10月在昆明办会（线上线下）。"
ENGLISH = "ASEAN is working to protect its natural treasures."
QUOTED = "“It’s the region’s treasure” – £5 a café naïve"
# Short texts, as a note or a headline may be.
SHORT = [
    "共建地球生命共同体：中国在行动——联合国生物多样性峰会中方立场文件",
    "生态保护红线划定面积占比达到25%左右。",
    "全国共完成造林面积7130.7万公顷，成为同期第一",
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk"])
@pytest.mark.parametrize("text", [SIMPLIFIED, MIXED, *SHORT, SIMPLIFIED * 50, f"{ENGLISH}\r\n{SIMPLIFIED}\r\n"])
def test_simplified_chinese(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "gb18030", "big5"])
@pytest.mark.parametrize("text", [TRADITIONAL, TRADITIONAL[:20], TRADITIONAL * 50, f"{ENGLISH}\n{TRADITIONAL}\n"])
def test_traditional_chinese(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("text", [ENGLISH, "Short note", QUOTED, f"{ENGLISH} {QUOTED}\n" * 100])
def test_english(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16-le", "utf-16-be", "utf-8"])
def test_a_dash_between_english_words(encoding: str) -> None:
    text = "The level of collection has improved —— an effective supplement."
    assert decode(text.encode(encoding), "a.txt") == text.encode(encoding).decode(encoding)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16-le", "utf-16-be"])
def test_any_passage_of_twenty_characters(encoding: str) -> None:
    text = (SIMPLIFIED + MIXED + "".join(SHORT)) * 2
    for start in range(len(text) // 2):
        passage = text[start : start + 20]
        assert decode(passage.encode(encoding), "a.txt") == passage


def test_a_large_file_is_judged_by_its_beginning_and_read_whole() -> None:
    text = SIMPLIFIED * 20_000
    assert decode(text.encode("gb18030"), "a.txt") == text


def test_lines_in_different_encodings() -> None:
    lines = [SIMPLIFIED, MIXED, ENGLISH, SIMPLIFIED]
    mostly_utf8 = "\n".join(lines).encode() + b"\n" + MIXED.encode("gb18030") + b"\n" + ENGLISH.encode()
    assert decode(mostly_utf8, "a.txt") == "\n".join([*lines, MIXED, ENGLISH])
    mostly_gb = "\n".join(lines).encode("gb18030") + b"\n" + MIXED.encode() + b"\n" + "联通".encode("gb18030")
    assert decode(mostly_gb, "a.txt") == "\n".join([*lines, MIXED, "联通"])
    with_western = "\n".join(lines).encode() + b"\n" + QUOTED.encode("cp1252")
    assert decode(with_western, "a.txt") == "\n".join([*lines, QUOTED])


def test_a_damaged_character_costs_only_itself() -> None:
    data = (SIMPLIFIED + MIXED).encode()
    assert decode(data[:32] + data[33:], "a.txt") == SIMPLIFIED[:10] + "\ufffd" + (SIMPLIFIED + MIXED)[11:]
    cut_off = (SIMPLIFIED * 10).encode()[:-1]
    assert decode(cut_off, "a.txt") == (SIMPLIFIED * 10)[:-1] + "\ufffd"


@pytest.mark.parametrize(("text", "encoding"), [(SIMPLIFIED, "gb18030"), (TRADITIONAL, "big5")])
def test_a_damaged_character_of_an_older_encoding_costs_little(text: str, encoding: str) -> None:
    whole = "\n".join([text] * 20)
    data = whole.encode(encoding)
    assert decode(data[:-1], "a.txt").startswith(whole[:-1])
    for damaged in (data[:300] + b"\xff" + data[300:], data[:301] + data[302:], data[:300] + b"\xff\xff" + data[302:]):
        found = decode(damaged, "a.txt").split("\n")
        assert len(found) == 20
        assert sum(line == text for line in found) == 19


def test_a_large_file_of_odd_length_is_read_whole() -> None:
    text = "a" + SIMPLIFIED * 20_000
    assert decode(text.encode("gb18030"), "a.txt") == text


def test_stray_nuls_stay_for_cleaning() -> None:
    text = SIMPLIFIED * 5 + "\0" + ENGLISH
    assert decode(text.encode(), "a.txt") == text


def binaries() -> dict[str, bytes]:
    noise = random.Random(1).randbytes(5000)
    return {
        "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\n",
        "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + noise,
        "ZIP": b"PK\x03\x04\x14\0\0\0\x08\0" + noise,
        "gzip": b"\x1f\x8b\x08\0" + noise,
        "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + noise,
        "ELF": b"\x7fELF\x02\x01\x01" + bytes(200) + noise,
        "Windows program": b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"
        + bytes(60)
        + b"This program cannot be run in DOS mode.\r\n$"
        + noise,
        "old Word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        "SQLite": b"SQLite format 3\0" + bytes(500),
        "RTF": b"{\\rtf1\\ansi text}",
        "random bytes": noise,
        "compressed bytes": zlib.compress(noise),
        "NULs": bytes(1000),
        "control characters": bytes(range(32)) * 20,
        "random bytes after a byte order mark": codecs.BOM_UTF16_LE + noise,
        "text and then NULs": b"some text" + bytes(4000),
    }


@pytest.mark.parametrize("kind", list(binaries()))
def test_binary_files_are_refused_in_one_line(kind: str) -> None:
    with pytest.raises(LoadError) as refusal:
        decode(binaries()[kind], "folder/data.txt")
    message = str(refusal.value)
    assert message.startswith("folder/data.txt: ")
    assert "\n" not in message
    assert "convert it to text" in message or "save it as UTF-8" in message


@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text = decode(data, "a.txt")
    except LoadError:
        return
    assert isinstance(text, str)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z"]), min_size=1))
def test_valid_utf8_is_never_taken_for_anything_else(text: str) -> None:
    data = text.encode()
    if not data.startswith((codecs.BOM_UTF8, b"GIF87a", b"GIF89a", b"PK", b"%PDF")):
        assert decode(data, "a.txt") == text
