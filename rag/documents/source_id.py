"""The name of a document's place: a file or an address, and the part of it that the document is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PART = re.compile(r"(?:/.*|#\d+)?", re.DOTALL)
_LINE = re.compile(r"#\d+$")


@dataclass(frozen=True, slots=True)
class SourceId:
    """A source as it is stored and shown: `file`, `file/member`, `file#line` or `file/member#line`.

    Only the text before the part tells where the file ends, as the path of a file has the same characters as a member's. So
    `parse` needs to know the file; `possible_files` lists the candidates where it is not known.

    Attributes:
        file: The path or the address of the file.
        part: Empty for the whole file; otherwise it begins with `/` or `#`.
    """

    file: str
    part: str = ""

    def __str__(self) -> str:
        return self.file + self.part

    @classmethod
    def parse(cls, source: str, file: str) -> SourceId:
        """Parses the source of a file, or of a member or a line of it.

        Raises:
            ValueError: The source does not belong to `file`.
        """
        if not belongs_to(source, file):
            raise ValueError(f"{source} does not belong to {file}")
        return cls(file, source[len(file) :])

    def member(self, name: str) -> SourceId:
        """Returns the source of a file within this archive; `name` has `/` between folders."""
        return SourceId(self.file, f"{self.part}/{name}")

    def line(self, number: int) -> SourceId:
        """Returns the source of a line of this file, counted from 1."""
        return SourceId(self.file, f"{self.part}#{number}")

    def ranges(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Returns the two ranges of strings, first included and last excluded, that contain all members and lines of this file."""
        whole = str(self)
        return (f"{whole}/", f"{whole}0"), (f"{whole}#", f"{whole}$")


def belongs_to(source: str, file: str) -> bool:
    """Returns whether a source is that of `file`, or of a member or a line of it."""
    return source.startswith(file) and bool(_PART.fullmatch(source, len(file)))


def possible_files(source: str) -> Iterator[Path]:
    """Yields the paths of the files that a document with this source can be from, the longest first."""
    path = Path(_LINE.sub("", source))
    yield from dict.fromkeys((Path(source), path, *path.parents))
