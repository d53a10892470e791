"""Errors of the core. The text of each is one line that says what failed and what to do."""

from __future__ import annotations

from embeddings.errors import DimensionMismatchError, IndexDamagedError, ModelError, YinjuError


class SettingsError(YinjuError):
    """A setting is unknown or has a value that cannot be used."""


class LoadError(YinjuError):
    """A file cannot be turned into a document."""


class QuestionError(YinjuError):
    """A question is empty or too long."""


class QuestionSetError(YinjuError):
    """A file of evaluation questions cannot be read; the text names the line."""


class LibraryError(YinjuError):
    """The library cannot be opened, read or written."""


class LibraryMismatchError(LibraryError):
    """The library was built with another encoder, chunker or schema; it must be re-indexed before it answers."""


class DocumentNotFoundError(LibraryError):
    """No document of the library, or more than one, has that id, title or source."""


class CollectionNotFoundError(LibraryError):
    """No collection of the library has that name."""


class ConversationNotFoundError(LibraryError):
    """No conversation of this visitor has that id."""


class GeneratorError(YinjuError):
    """A language model cannot be loaded or reached, or breaks off in the middle of an answer."""


class ServerDownError(GeneratorError):
    """The server of a language model cannot be reached, stays silent or fails. Another server may answer."""


__all__ = [
    "CollectionNotFoundError",
    "ConversationNotFoundError",
    "DimensionMismatchError",
    "DocumentNotFoundError",
    "GeneratorError",
    "IndexDamagedError",
    "LibraryError",
    "LibraryMismatchError",
    "LoadError",
    "ModelError",
    "QuestionError",
    "QuestionSetError",
    "SettingsError",
    "YinjuError",
]
