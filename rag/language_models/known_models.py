"""Open language models that are known: their licences, and whether they write both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.types import Language


@dataclass(frozen=True, slots=True)
class Family:
    """Models of one maker that share a licence, as their model cards state it. `names` finds them by their names."""

    names: str
    licence: str
    languages: tuple[Language, ...]


# The first that finds a name counts.
FAMILIES = (
    Family(r"qwen[-_ ]?2\.5.*\b(?:3b|72b)", "Qwen licence", ("zh", "en")),
    Family(r"qwen[-_ ]?(?:2\.5|3)", "Apache-2.0", ("zh", "en")),
    Family(r"minicpm[-_ ]?[45]", "Apache-2.0", ("zh", "en")),
    Family(r"glm[-_ ]?4.*0414", "MIT", ("zh", "en")),
    Family(r"phi[-_ ]?4[-_ ]?mini", "MIT", ("zh", "en")),
    Family(r"granite[-_ ]?(?:3|4)", "Apache-2.0", ("zh", "en")),
    Family(r"gemma[-_ ]?3.*\b(?:270m|1b)", "Gemma terms", ("en",)),
    Family(r"gemma[-_ ]?3", "Gemma terms", ("zh", "en")),
    Family(r"llama[-_ ]?3", "Llama community licence", ("en",)),
    Family(r"smollm[-_ ]?2", "Apache-2.0", ("en",)),
)
_PARAMETERS = re.compile(r"(?<![\w.])(?:[ae](?=\d))?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)
_NO_WRITER = re.compile(r"embed|rerank|whisper|mmproj|\bclip\b|\bbge\b|minilm|\be5\b", re.IGNORECASE)


def family(name: str) -> Family | None:
    """Returns the family of a model's name; None if it is unknown."""
    return next((each for each in FAMILIES if re.search(each.names, name, re.IGNORECASE)), None)


def parameters(name: str) -> float:
    """Returns the number of parameters that a name such as `Qwen3-4B` or `gemma-3-270m` states; 0 if it states none."""
    sizes = [float(match[1]) * (1e9 if match[2] in "bB" else 1e6) for match in _PARAMETERS.finditer(name.replace("_", "-"))]
    return max(sizes, default=0)


def writes(name: str) -> bool:
    """Returns whether a name may be that of a model that writes, and not of one that encodes, ranks or hears."""
    return not _NO_WRITER.search(name)
