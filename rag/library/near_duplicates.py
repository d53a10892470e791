"""Documents that are mostly the same text, such as one article on two sites.

The resemblance of two texts is the share of runs of words that both hold (Broder, 1997, "On the resemblance and containment of
documents"). Which documents may resemble each other is known from bands of their MinHash signatures, without comparing all
(Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3); then their texts are compared exactly.
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
"""The resemblance from which on two documents count as one text."""

# Runs of four: four English words, four Chinese characters.
_RUN = 4
_FEWEST_SHINGLES = 40
# Two texts of resemblance 0.7 share at least one of ten bands of five with probability 0.84, of 0.8 with 0.98, of 0.3 with 0.02.
_BANDS, _ROWS = 10, 5
# Of letters from one form there may be thousands; the few that share most bands tell as much.
_MOST_COMPARED = 8
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def shingles(text: str) -> Shingles:
    """The hashes of all runs of words in a text, each once, in order of size; punctuation, width and case aside.

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
    """The share of the shingles of either text that both hold: 0 to 1."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    total = len(one) + len(other) - shared
    return shared / total if total else 0.0


def bands(of_text: Shingles) -> list[int]:
    """Numbers of which texts that resemble each other have at least one in common; none for a text too short to tell."""
    if len(of_text) < _FEWEST_SHINGLES:
        return []
    signature = np.array([_mixed(of_text ^ seed).min() for seed in _seeds()], np.uint64).reshape(_BANDS, _ROWS)
    value = np.arange(_BANDS, dtype=np.uint64)
    for column in signature.T:
        value = _mixed(value * np.uint64(0x9E3779B97F4A7C15) + column)
    return [int(number) for number in value.view(np.int64)]


def link(connection: sqlite3.Connection, document_id: str, text: str) -> None:
    """Puts a document that has just been stored into the cluster of the one that it resembles most, if there is one."""
    own = shingles(text)
    values = bands(own)
    marks = ",".join("?" * len(values))
    near = connection.execute(
        f"SELECT id, cluster, text FROM (SELECT document_id, count(*) AS shared FROM bands WHERE value IN ({marks}) "
        "GROUP BY document_id ORDER BY shared DESC LIMIT ?) JOIN documents ON id = document_id WHERE id <> ?",
        (*values, _MOST_COMPARED, document_id),
    ).fetchall()
    alike = [(resemblance(own, shingles(other)), cluster or other_id, other_id) for other_id, cluster, other in near]
    best, cluster, other_id = max(alike, default=(0.0, "", ""))
    if best >= SAME:
        connection.execute("UPDATE documents SET cluster = ? WHERE id IN (?, ?)", (cluster, document_id, other_id))
    connection.executemany("INSERT INTO bands VALUES (?, ?)", ((value, document_id) for value in dict.fromkeys(values)))


def link_all(connection: sqlite3.Connection) -> None:
    """Links the documents of a library that knew nothing of resemblance."""
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
    """Spreads numbers over all 64 bits: the finisher of SplitMix64 (Steele, Lea and Flood, 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
