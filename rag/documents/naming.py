"""Tells documents of the same name apart by their folders."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEPARATOR = re.compile(r"[\\/]")


def folders_apart(names: Sequence[str], sources: Sequence[str]) -> list[str]:
    """Returns for each document the one folder that tells it apart from others of the same name; empty if none does.

    Only that folder is named, as a whole path would reveal where files are.

    Args:
        names: What the documents are called, such as their titles.
        sources: Their paths or addresses.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        groups[name].append(place)
    folders = [""] * len(names)
    for places in groups.values():
        paths = [_SEPARATOR.split(sources[place])[:-1] for place in places]
        for place, path in zip(places, paths, strict=True):
            others = [other for other in paths if other != path]
            # From the file upwards, the first folder that the others do not have at that height.
            folders[place] = next(
                (
                    folder
                    for height, folder in enumerate(reversed(path), 1)
                    if folder and others and all(other[-height : len(other) - height + 1] != [folder] for other in others)
                ),
                "",
            )
    return folders


def shortened(name: str, characters: int) -> str:
    """Returns a name of at most so many characters and an ellipsis. Its ending stays, which often tells files apart."""
    if len(name) <= characters:
        return name
    end = characters // 3
    return f"{name[: characters - end].rstrip()}…{name[-end:].lstrip()}"
