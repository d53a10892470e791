"""Names and messages without the folders of this machine, for those who reach it over a network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.types import Answer

_FOLDERS = re.compile(r"(?<![^\s(“‘\"'=])(?:[A-Za-z]:)?[\\/](?:[^\\/:;,<>()“”\"\n]+[\\/])+(?=[^\s\\/])")


def file_name(source: str) -> str:
    """Returns the last part of a path or address of any system. Visitors must not see the folders before it."""
    return re.split(r"[\\/]", source.rstrip("\\/"))[-1] or source


def is_address(source: str) -> bool:
    """Tells whether a source is a web address."""
    return re.match(r"https?://", source, re.IGNORECASE) is not None


def public_source(source: str) -> str:
    """Returns a web address as it is, and the file name of a path."""
    return source if is_address(source) else file_name(source)


def without_folders(message: str) -> str:
    """Reduces each path in a message to its last part."""
    return _FOLDERS.sub("…/", message)


def public_answer(answer: Answer) -> dict[str, Any]:
    """Returns the plain values of an answer, with the names of files in place of their paths."""
    values = answer.to_dict()
    for place in (*values["citations"], *values["results"]):
        place["source"] = public_source(place["source"])
    for citation in values["citations"]:
        citation["copies"] = [public_source(source) for source in citation["copies"]]
    return values
