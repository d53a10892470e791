"""Finds documents that are mostly the same text, such as one article on two sites.

The resemblance of two texts is the share of their runs of words that both contain (Broder, 1997, "On the resemblance and
containment of documents"). Bands of MinHash signatures give candidates without comparing all documents (Leskovec, Rajaraman and
Ullman, "Mining of Massive Datasets", chapter 3), whose texts are then compared exactly.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
import zlib
from functools import lru_cache
from typing import Any

import numpy as np

Shingles = np.ndarray[Any, np.dtype[np.uint64]]

SAME = 0.7
"""The least resemblance at which two documents count as the same text."""

# Runs of four: four English words, four Chinese characters.
_RUN = 4
_MIN_SHINGLES = 40
# Two texts of resemblance 0.7 share at least one of ten bands of five with probability 0.84, of 0.8 with 0.98, of 0.3 with 0.02.
_BANDS, _ROWS = 10, 5
# There may be thousands of letters from one form; comparing the few that share most bands is enough.
_MAX_COMPARED = 8
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def shingles(text: str) -> Shingles:
    """Returns the distinct hashes of all runs of words in a text, ascending; ignores punctuation, width and case.

    A Chinese character counts as a word. Empty for a text of fewer words than a run has.
    """
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
    hashes = np.fromiter(map(_hash, tokens), np.uint64, len(tokens))
    if len(hashes) < _RUN:
        return np.empty(0, np.uint64)
    run = np.zeros(len(hashes) - _RUN + 1, np.uint64)
    for place in range(_RUN):
        run = run * np.uint64(0x9E3779B97F4A7C15) + hashes[place : len(hashes) - _RUN + 1 + place]
    return np.unique(_mixed(run))


def resemblance(one: Shingles, other: Shingles) -> float:
    """Returns the share of the shingles of either text that are in both: 0 to 1."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    total = len(one) + len(other) - shared
    return shared / total if total else 0.0


def bands(of_text: Shingles) -> list[int]:
    """Returns numbers of which similar texts are likely to share at least one; empty if the text is too short to tell."""
    if len(of_text) < _MIN_SHINGLES:
        return []
    signature = np.array([_mixed(of_text ^ seed).min() for seed in _seeds()], np.uint64).reshape(_BANDS, _ROWS)
    value = np.arange(_BANDS, dtype=np.uint64)
    for column in signature.T:
        value = _mixed(value * np.uint64(0x9E3779B97F4A7C15) + column)
    return [int(number) for number in value.view(np.int64)]


def link(connection: sqlite3.Connection, document_id: str, text: str) -> None:
    """Puts a document that has just been stored into the cluster of the document that it resembles most, if there is one."""
    own = shingles(text)
    values = bands(own)
    marks = ",".join("?" * len(values))
    near = connection.execute(
        f"SELECT id, cluster, text FROM (SELECT document_id, count(*) AS shared FROM bands WHERE value IN ({marks}) "
        "GROUP BY document_id ORDER BY shared DESC LIMIT ?) JOIN documents ON id = document_id WHERE id <> ?",
        (*values, _MAX_COMPARED, document_id),
    ).fetchall()
    alike = [(resemblance(own, shingles(other)), cluster or other_id, other_id) for other_id, cluster, other in near]
    best, cluster, other_id = max(alike, default=(0.0, "", ""))
    if best >= SAME:
        connection.execute("UPDATE documents SET cluster = ? WHERE id IN (?, ?)", (cluster, document_id, other_id))
    connection.executemany("INSERT INTO bands VALUES (?, ?)", ((value, document_id) for value in dict.fromkeys(values)))


def link_all(connection: sqlite3.Connection) -> None:
    """Links all documents of a library of a version that did not."""
    for (document_id,) in connection.execute("SELECT id FROM documents ORDER BY rowid").fetchall():
        (text,) = connection.execute("SELECT text FROM documents WHERE id = ?", (document_id,)).fetchone()
        link(connection, document_id, text)


@lru_cache(maxsize=200_000)
def _hash(token: str) -> int:
    data = token.encode("utf-8", "surrogatepass")
    return zlib.crc32(data) << 32 | zlib.adler32(data)


@lru_cache(maxsize=1)
def _seeds() -> Shingles:
    return _mixed(np.arange(1, _BANDS * _ROWS + 1, dtype=np.uint64))


def _mixed(values: Shingles) -> Shingles:
    """Spreads numbers over all 64 bits, by the finisher of SplitMix64 (Steele, Lea and Flood, 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
