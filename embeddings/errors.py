"""What can go wrong, at the root: every error a user may see is a `YinjuError` and says in one line what to do."""

from __future__ import annotations


class YinjuError(Exception):
    """The base of every error that is meant for the user; its text is one line, in the user's terms."""


class ModelError(YinjuError):
    """A model cannot be found, loaded or used."""


class DimensionMismatchError(YinjuError):
    """Vectors do not have the number of dimensions of the index they are given to."""


class IndexDamagedError(YinjuError):
    """An index file cannot be read; it can be rebuilt from the stored vectors."""


class Stopped(Exception):  # noqa: N818
    """Nothing went wrong: whoever asked for the work no longer wants it."""
