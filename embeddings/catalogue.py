"""The catalogue of encoders: dimensions, prefixes for queries and passages, languages, and licences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One encoder.

    `source` is a folder or a hub name. `revision` pins a hub model to one version; if it is empty, the main branch is used.
    """

    name: str
    source: str
    dim: int
    languages: tuple[str, ...]
    licence: str
    query_prefix: str = ""
    document_prefix: str = ""
    revision: str = ""

    @property
    def bundled(self) -> bool:
        """True if the weights ship with the project and nothing is downloaded."""
        return Path(self.source).is_absolute()


_SPECS = (
    ModelSpec("bundled", str(BUNDLED / "encoder"), 384, ("zh", "en"), "Apache-2.0"),
    ModelSpec(
        "multilingual-e5-small",
        "intfloat/multilingual-e5-small",
        384,
        ("zh", "en", "and 90 more"),
        "MIT",
        query_prefix="query: ",
        document_prefix="passage: ",
    ),
    ModelSpec(
        "multilingual-e5-base",
        "intfloat/multilingual-e5-base",
        768,
        ("zh", "en", "and 90 more"),
        "MIT",
        query_prefix="query: ",
        document_prefix="passage: ",
    ),
    ModelSpec("bge-m3", "BAAI/bge-m3", 1024, ("zh", "en", "and 100 more"), "MIT"),
    ModelSpec(
        "bge-small-zh-v1.5",
        "BAAI/bge-small-zh-v1.5",
        512,
        ("zh",),
        "MIT",
        query_prefix="为这个句子生成表示以用于检索相关文章：",
    ),
    ModelSpec(
        "bge-small-en-v1.5",
        "BAAI/bge-small-en-v1.5",
        384,
        ("en",),
        "MIT",
        query_prefix="Represent this sentence for searching relevant passages: ",
    ),
    ModelSpec(
        "paraphrase-multilingual-minilm-l12-v2",
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        384,
        ("zh", "en", "and 48 more"),
        "Apache-2.0",
    ),
    ModelSpec(
        "qwen3-embedding-0.6b",
        "Qwen/Qwen3-Embedding-0.6B",
        1024,
        ("zh", "en", "and 100 more"),
        "Apache-2.0",
        query_prefix="Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
    ),
)
CATALOGUE: dict[str, ModelSpec] = {spec.name: spec for spec in _SPECS}


def find(name: str) -> ModelSpec | None:
    """Returns the entry with this short name or hub name, ignoring case; None if there is no such entry."""
    wanted = name.casefold()
    return next((spec for spec in _SPECS if wanted in (spec.name.casefold(), spec.source.casefold())), None)
