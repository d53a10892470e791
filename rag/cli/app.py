"""The command line: `yinju`. Puts the commands together, and turns errors into one line and an exit status."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from rag.cli import asking, evaluation, feedback, library, serving
from rag.cli.options import EncoderOption, LibraryOption, settings_from
from rag.cli.output import PlainFormatter, say
from rag.errors import YinjuError

checks = typer.Typer()


@checks.command()
def doctor(
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    check: Annotated[bool, typer.Option("--check", help="Read every document and compare it with its stored checksum.")] = False,
) -> None:
    """Check the installation, the models and the library."""
    from rag.cli.doctor import examine

    sound = True
    for finding in examine(settings_from(library=library, encoder=encoder), check):
        say(f"{'ok  ' if finding.sound else 'FAIL'}  {finding.subject}: {finding.text}")
        sound = sound and finding.sound
    if not sound:
        raise typer.Exit(1)


@checks.command()
def models() -> None:
    """List the language models on this machine, on running servers too, with their sizes and licences."""
    from rag.language_models import finding

    found = finding.models()
    best = finding.best(found)
    for model in found:
        chosen = "*" if model is best else " "
        say(f"{chosen} {model.place:6}  {model.described()}")
        say(f"          --generator {model.name}" + (f" (generator_model: {model.model})" if model.model else ""))
    if not found:
        say("no language model on this machine; answers quote the documents")
    elif best:
        say("* is what --generator auto takes")
    else:
        say("none of them is known to be good at both languages, so --generator auto quotes the documents")


app = typer.Typer(
    name="yinju",
    help="Answers questions from your own Chinese and English documents, and cites the exact place of every sentence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(library.app)
app.add_typer(asking.app)
app.add_typer(serving.app)
app.add_typer(checks)
app.add_typer(feedback.app, name="feedback")
app.add_typer(evaluation.app, name="eval")


def main() -> None:
    """Runs the command line. Prints an error as one line."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except YinjuError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("stopped; everything added until now is in the library", 130)
    except BrokenPipeError:
        sys.stderr.close()


def _fail(message: str, code: int = 1) -> None:
    say(f"yinju: {message}", file=sys.stderr)
    raise SystemExit(code)
