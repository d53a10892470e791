"""The base class of all errors that users see, and the errors of models and vector indexes."""

from __future__ import annotations


class YinjuError(Exception):
    """The base class of all errors that are meant for users. The text is one line that says what failed and what to do."""


class ModelError(YinjuError):
    """A model cannot be found, loaded or used."""


class DimensionMismatchError(YinjuError):
    """The number of dimensions of some vectors is not that of the index."""


class IndexDamagedError(YinjuError):
    """An index file cannot be read; it can be rebuilt from the stored vectors."""


class Stopped(Exception):  # noqa: N818
    """The caller stopped the work. This is not an error."""
