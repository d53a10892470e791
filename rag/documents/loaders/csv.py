"""Reads tables in plain text, with commas, semicolons, tabs or bars between the values."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.loaders.base import document_id
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.office import bounded
from rag.documents.loaders.table_rows import rows_as_lines
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

_DELIMITERS = ",\t;|"
_SAMPLE_ROWS = 50
_SAMPLE = 200_000


class CsvLoader:
    """Reads CSV and similar files in any encoding, with any delimiter. Each row is a line that keeps its headings."""

    suffixes = (".csv", ".tsv")

    def __call__(self, data: bytes, source: str) -> Document:
        # Cells contain NULs and form feeds only by mistake; as line ends they would cut rows apart.
        text = decode(data, source).replace("\0", "").replace("\f", " ")
        lines = rows_as_lines(_rows(text, _delimiter(text), source))
        rows = "".join(bounded((f"{line}\n" for line in lines), source))
        return Document(document_id(source), Path(source).stem, source, rows)


def _rows(text: str, delimiter: str, source: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise LoadError(f"{source}: line {reader.line_num} cannot be read as a table: {error}") from error


def _delimiter(text: str) -> str:
    """Returns the delimiter that cuts most of the first rows into the same number of cells; more cells are better."""
    return max(_DELIMITERS, key=lambda mark: _agreement(text[:_SAMPLE], mark))


def _agreement(sample: str, delimiter: str) -> float:
    """Scores a delimiter: rows with the commonest number of cells, times the root of that number less one; 0 if it cuts nothing."""
    try:
        sizes = Counter(len(row) for row in islice(_rows(sample, delimiter, ""), _SAMPLE_ROWS) if row)
    except LoadError:
        return 0
    size, rows = max(sizes.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
    return rows * math.sqrt(size - 1)
