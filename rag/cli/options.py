"""Options that several commands share, and the settings and the pipeline that they describe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.cli.output import say
from rag.cli.progress import progress
from rag.errors import SettingsError
from rag.settings import Settings
from rag.types import Language

if TYPE_CHECKING:
    from rag.pipeline import RagPipeline

LibraryOption = Annotated[Path | None, typer.Option("--library", help="The folder of the library.", show_default=False)]
EncoderOption = Annotated[
    str | None, typer.Option("--encoder", help="A model of the catalogue, a folder or a hub name.", show_default=False)
]
GeneratorOption = Annotated[
    str | None,
    typer.Option(
        "--generator",
        help="A language model: auto, a hub name, a folder, a GGUF file, or the http address of a server, or of several.",
        show_default=False,
    ),
]
CollectionsOption = Annotated[
    list[str] | None, typer.Option("--collection", metavar="NAME", help="Only documents of this collection; repeatable.")
]
LanguageOption = Annotated[
    Language | None, typer.Option("--language", help="Only documents in this language.", show_default=False)
]
SinceOption = Annotated[
    str,
    typer.Option("--since", metavar="DATE", help="Only documents published on this date or later: 2021, 2021-10 or 2021-10-09."),
]
UntilOption = Annotated[str, typer.Option("--until", metavar="DATE", help="Only documents published on this date or earlier.")]
SourceOption = Annotated[
    str,
    typer.Option(
        "--source", metavar="TEXT", help="Only documents of this publisher, or whose file name or address contains this text."
    ),
]


def settings_from(**flags: Any) -> Settings:
    """Returns the settings, with the flags that are not None before those of the environment and the settings file."""
    return Settings.load(flags)


def pipeline_from(**flags: Any) -> RagPipeline:
    """Returns the pipeline that the settings and flags describe."""
    from rag.pipeline import RagPipeline

    return RagPipeline.from_settings(settings_from(**flags))


def add_seeds_if_new(pipeline: RagPipeline, library: Path | None) -> None:
    """Adds the seed documents to the default library if it does not exist yet; does nothing if the user named a `library`."""
    if library is not None or pipeline.library.database.exists():
        return
    say("making a library of the seed documents …", file=sys.stderr)
    with progress("adding") as on_progress:
        pipeline.add_seeds(on_progress)


def users_from(auth: str) -> list[tuple[str, str]]:
    """Parses the names and passwords of `--auth`.

    Args:
        auth: NAME:PASSWORD pairs separated by commas, or @FILE with one pair in each line. Empty lines of the file and lines that
            begin with # are ignored.

    Raises:
        SettingsError: The file is empty or cannot be read, or a pair lacks a name or a password.
    """
    given = auth.strip()
    pairs = _pairs_of_file(given[1:]) if given.startswith("@") else [pair for pair in given.split(",") if pair.strip()]
    users = [pair.partition(":") for pair in pairs]
    if not all(name.strip() and password for name, _, password in users):
        raise SettingsError("auth must be NAME:PASSWORD, several separated by commas or in the lines of @FILE")
    return [(name.strip(), password) for name, _, password in users]


def _pairs_of_file(name: str) -> list[str]:
    file = Path(name).expanduser()
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read the file {file} of --auth: {getattr(error, 'strerror', None) or error}") from error
    pairs = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not pairs:
        raise SettingsError(f"the file {file} of --auth is empty; write NAME:PASSWORD, one in each line")
    return pairs
