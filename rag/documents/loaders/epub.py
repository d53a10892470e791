"""Reads EPUB books, the chapters in reading order."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rag.documents.loaders import html
from rag.documents.loaders.base import document_id
from rag.documents.loaders.html_inline import prepare
from rag.documents.loaders.office import bounded
from rag.documents.loaders.zipped import ZipReader
from rag.documents.metadata import date_in
from rag.documents.removals import record
from rag.documents.source_id import SourceId
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTAINER = "META-INF/container.xml"
_PROTECTION = "META-INF/encryption.xml"
_MAX_PART_BYTES = 50_000_000
_PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")


class EpubLoader:
    """Reads EPUB 2 and 3 without copy protection. Headings of chapters become sections."""

    suffixes = (".epub",)

    def __call__(self, data: bytes, source: str) -> Document:
        archive = ZipReader(data, source)
        package_name = _package_name(archive, source)
        package = _xml(archive, package_name, source)
        protected = _protected(archive, source)
        names = dict.fromkeys(_chapters(package, posixpath.dirname(package_name)))  # each once, though it may be listed again
        if not protected.isdisjoint(names):
            raise LoadError(f"{source}: the book is copy-protected; get it without protection")
        texts = (_chapter(archive, name, source) for name in names if name in archive)
        chapters = list(filter(None, bounded(texts, source)))
        if not chapters:
            raise LoadError(f"{source}: the book contains no text")
        return record(
            Document(
                document_id(source),
                _metadata(package, "title") or Path(source).stem,
                source,
                "\n\n".join(chapters),
                published=date_in(_metadata(package, "date")),
                publisher=_metadata(package, "publisher"),
                author=_metadata(package, "creator"),
            )
        )


def _package_name(archive: ZipReader, source: str) -> str:
    for element in _xml(archive, _CONTAINER, source).iter():
        if _tag(element) == "rootfile" and element.get("full-path"):
            return str(element.get("full-path"))
    raise LoadError(f"{source}: this is not an EPUB book: it does not say where its contents are")


def _protected(archive: ZipReader, source: str) -> frozenset[str]:
    """Returns the names of encrypted parts. Encrypted fonts are common and do not protect the book."""
    if _PROTECTION not in archive:
        return frozenset()
    references = (element for element in _xml(archive, _PROTECTION, source).iter() if _tag(element) == "CipherReference")
    return frozenset(unquote(element.get("URI", "")) for element in references)


def _chapters(package: Any, folder: str) -> Iterator[str]:
    """Yields the names of the files of the chapters in reading order, without the table of contents."""
    items = {element.get("id"): element for element in package.iter() if _tag(element) == "item"}
    for reference in package.iter():
        item = items.get(reference.get("idref")) if _tag(reference) == "itemref" else None
        if item is not None and item.get("media-type") in _PAGES and "nav" not in item.get("properties", "").split():
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))


def _chapter(archive: ZipReader, name: str, source: str) -> str:
    """Returns the text of a chapter; empty if it has none, like a cover."""
    data = archive.read(name, _MAX_PART_BYTES)
    if not data.strip():
        return ""
    tree = html.parse(data, str(SourceId(source).member(name)))
    prepare(tree)
    return html.text_of(tree)


def _metadata(package: Any, name: str) -> str:
    """Returns the first value of an element of Dublin Core; empty without one."""
    texts = (" ".join((element.text or "").split()) for element in package.iter() if _tag(element) == name)
    return next(filter(None, texts), "")


def _xml(archive: ZipReader, name: str, source: str) -> Any:
    """Parses a part of the archive; entities are not expanded."""
    from defusedxml import DefusedXmlException, ElementTree

    try:
        return ElementTree.fromstring(archive.read(name, _MAX_PART_BYTES))
    except DefusedXmlException as error:
        raise LoadError(f"{source}: {name} defines entities, which only harmful files do") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise LoadError(f"{source}: this is not an EPUB book, or it is damaged: {name} is not XML") from error


def _tag(element: Any) -> str:
    """Returns the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
