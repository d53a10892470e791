"""Loaders that other packages provide through the entry point group `yinju.loaders`.

An entry point names a `Loader` or a `Container`, or a class of one that takes no arguments:

    [project.entry-points."yinju.loaders"]
    icalendar = "yinju_icalendar:CalendarLoader"

The packages are imported when a file needs them or when the known endings are listed, in the parsing process as well as in the
process that started it. A loader that cannot be used is reported once and left out.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from rag.documents.loaders.base import Container, Failure, Loader, document_id, is_blank, printable
from rag.documents.source_id import belongs_to
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

GROUP = "yinju.loaders"
LOGGER = "yinju.plugins"

_log = logging.getLogger(LOGGER)
_SUFFIX = re.compile(r"\.[^.\s/\\]+")
_MAX_REPORTED = 1_000


@dataclass(frozen=True, slots=True)
class PluginLoader:
    """A loader of another package. It is a container, whether its files have one document or many.

    Attributes:
        name: The name of the entry point.
        package: The package that provides it, with its version.
        suffixes: The endings that it reads.
        loader: The object that the entry point names.
    """

    name: str
    package: str
    suffixes: tuple[str, ...]
    loader: Loader | Container

    def documents(self, data: bytes, source: str, max_bytes: int) -> Iterator[Document | Failure]:
        """Reads the documents of a file, and checks that they belong to it.

        Raises:
            LoadError: The loader refuses the file or fails at it.
        """
        try:
            if isinstance(self.loader, Container):
                for result in self.loader.documents(data, source, max_bytes):
                    yield _checked(result, source)
            else:
                document = _checked(self.loader(data, source), source)
                if isinstance(document, Document) and is_blank(document.text):
                    raise LoadError(f"{source}: the file is empty")
                yield document
        except (LoadError, MemoryError):
            raise
        except Exception as error:
            raise LoadError(
                f"{source}: the loader {self.name} of {self.package} fails at this file ({describe(error)}); "
                "tell the authors of the package"
            ) from error


@dataclass(frozen=True, slots=True)
class Plugins:
    """The installed plug-ins: those that work, and one line for each fault of another."""

    loaders: tuple[PluginLoader, ...]
    problems: tuple[str, ...]

    def find(self, *suffixes: str) -> PluginLoader | None:
        """Finds the loader of the first of these endings that has one."""
        return next((loader for suffix in suffixes for loader in self.loaders if suffix in loader.suffixes), None)


@lru_cache(maxsize=1)
def installed() -> Plugins:
    """Imports the plug-ins on the first call; each problem is logged as a warning then."""
    loaders: list[PluginLoader] = []
    problems: list[str] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_package(point), point.name)):
        title = f"the loader {point.name} of {_package(point)}"
        try:
            plugin = _load(point)
        except (Exception, SystemExit) as error:  # importing a package can fail in any way
            problems.append(f"{title} cannot be used ({describe(error)}); update the package or uninstall it")
            continue
        problems += (
            f"{title} is not used for {suffix}, which {other.name} of {other.package} reads; uninstall one of them"
            for other in loaders
            for suffix in plugin.suffixes
            if suffix in other.suffixes
        )
        loaders.append(plugin)
    for problem in problems:
        report(problem)
    return Plugins(tuple(loaders), tuple(problems))


@lru_cache(maxsize=_MAX_REPORTED)
def report(problem: str) -> None:
    """Logs a problem with a plug-in, once, although the parsing processes report it too."""
    _log.warning("%s", problem)


def describe(error: BaseException) -> str:
    """Returns the kind of an error and the first line of its text."""
    lines = str(error).strip().splitlines()
    return printable(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__)


def _load(point: EntryPoint) -> PluginLoader:
    named = point.load()
    loader = named() if isinstance(named, type) else named
    if not callable(loader) and not isinstance(loader, Container):
        raise TypeError("it is neither a Loader nor a Container")
    suffixes = loader.suffixes
    if not isinstance(suffixes, tuple) or not all(isinstance(each, str) and _SUFFIX.fullmatch(each) for each in suffixes):
        raise TypeError('its suffixes are not a tuple of endings such as (".ics",)')
    return PluginLoader(point.name, _package(point), tuple(suffix.lower() for suffix in suffixes), loader)


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"


def _checked(result: object, source: str) -> Document | Failure:
    if not isinstance(result, Document | Failure):
        raise TypeError(f"it returns a {type(result).__name__}, not a Document")
    if not belongs_to(result.source, source):
        raise ValueError(f"it returns a document with the source {result.source!r}")
    return replace(result, id=document_id(result.source)) if isinstance(result, Document) else result
