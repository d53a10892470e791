"""Checks the installation, the models and the library."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from embeddings import catalogue, number_format
from embeddings.encoder import SentenceTransformerEncoder
from embeddings.reader import MAX_TOKENS, CrossEncoderReader
from rag.documents.loaders import ocr, plugins
from rag.errors import YinjuError
from rag.language_models import finding
from rag.library.library import Library
from rag.library.search.indexes import VectorReport
from rag.settings import Settings

_PACKAGES = ("yinju", "torch", "transformers", "sentence-transformers", "faiss-cpu", "tantivy", "jieba", "opencc", "gradio")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `sound` is False if the user must do something."""

    subject: str
    text: str
    sound: bool = True


def examine(settings: Settings, contents: bool = False) -> Iterator[Finding]:
    """Checks the installed packages, the models and the library, in that order.

    Args:
        settings: The settings.
        contents: Reads every document of the library and compares it with its checksum.
    """
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in _PACKAGES:
        try:
            yield Finding(package, metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding(package, "is not installed; repeat the installation", sound=False)
    scans = "read by OCR" if ocr.is_installed() else f"named but not read; OCR is installed with: {ocr.HOW_TO_INSTALL}"
    yield Finding("scanned pages", scans)
    yield from _loaders()
    yield Finding("number format", _number_format(number_format.speeds()))
    yield from _models(settings)
    yield from _language_models()
    yield from _library(settings, contents)


def _loaders() -> Iterator[Finding]:
    """Lists the loaders of other packages, and the faults of those that cannot be used."""
    for loader in plugins.installed().loaders:
        yield Finding("loader", f"{loader.name} of {loader.package}, for {' '.join(loader.suffixes)}")
    for problem in plugins.installed().problems:
        yield Finding("loader", problem, sound=False)


def _models(settings: Settings) -> Iterator[Finding]:
    try:
        encoder = SentenceTransformerEncoder(settings.encoder, settings.query_prefix, settings.document_prefix)
        vector = encoder.encode_query(["引据 cites its evidence"])[0]
        yield Finding(
            "encoder",
            f"{encoder.fingerprint}, {len(vector)} dimensions, up to {encoder.max_tokens} tokens",
        )
    except YinjuError as error:
        yield Finding("encoder", str(error), sound=False)
    try:
        CrossEncoderReader().read("Who cites its evidence?", ["Yinju cites its evidence."])
        yield Finding("reader", f"bundled, up to {MAX_TOKENS} tokens of question and passage")
    except YinjuError as error:
        yield Finding("reader", str(error), sound=False)
    others = [spec.name for spec in catalogue.CATALOGUE.values() if not spec.bundled]
    yield Finding("catalogue", f"also available, downloaded on first use: {', '.join(others)}")


def _language_models() -> Iterator[Finding]:
    """Lists the language models of this machine; asks only the loopback interface for servers."""
    found = finding.models()
    for model in found:
        yield Finding("language model", f"{model.described()}, {model.name}")
    if not found:
        yield Finding("language model", "none on this machine; answers quote the documents")


def _number_format(speeds: number_format.Speeds) -> str:
    """Tells in which number format models compute on this processor, with the figures behind the choice."""
    chosen = "bfloat16" if speeds.favour_bfloat16 else "float32"
    return (
        f"{chosen}, as a core multiplies matrices at {speeds.float32:,.0f} GFLOP/s in float32 and "
        f"{speeds.bfloat16:,.0f} in bfloat16"
    )


def _library(settings: Settings, contents: bool) -> Iterator[Finding]:
    try:
        encoder = SentenceTransformerEncoder(settings.encoder, settings.query_prefix, settings.document_prefix)
        with Library(settings.library, encoder, settings.chunk_tokens) as library:
            if not library.database.exists():
                yield Finding("library", f"none in {library.path}; it is created when the first document is added")
                return
            documents = library.documents()
            passages = sum(document.chunks for document in documents)
            yield Finding("library", f"{len(documents)} documents, {passages} passages in {library.path}")
            problems = library.check(contents)
            for problem in problems:
                yield Finding("library", problem, sound=False)
            if contents and not problems:
                yield Finding("documents", "agree with their checksums")
            if not problems:
                yield Finding("indexes", "agree with the library")
                yield Finding("search", _kind_of_search(library.vector_report()))
    except YinjuError as error:
        yield Finding("library", str(error), sound=False)


def _kind_of_search(report: VectorReport) -> str:
    """Tells which vector index is used, and why."""
    size, limit = f"{report.vectors:,} vectors of {report.dim} dimensions", f"{report.limit:,}"
    if not report.lists:
        return (
            f"exact: a question is compared with all {size} in {report.milliseconds:.1f} ms, as in any library of up to {limit}"
        )
    return (
        f"inverted file, as comparing a question with all {size} takes too long above {limit}: the nearest {report.probes:,} of "
        f"{report.lists:,} lists are searched in {report.milliseconds:.1f} ms and contain {report.recall:.1%} of the 10 nearest "
        "vectors (of a sample of queries)"
    )
