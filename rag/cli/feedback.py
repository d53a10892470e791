"""The feedback command: exports what readers of the chat window thought of the answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rag.cli.options import LibraryOption, settings_from
from rag.cli.output import json_lines, say, write

app = typer.Typer(help="Work with readers' feedback from the chat window.", no_args_is_help=True, rich_markup_mode=None)


@app.command("export", epilog="Example: yinju feedback export --output liked.jsonl --disliked to-check.jsonl")
def export_feedback(
    output: Annotated[
        Path | None, typer.Option(help="Write the questions to this file; they are printed otherwise.", show_default=False)
    ] = None,
    disliked: Annotated[
        Path | None, typer.Option(help="Write the questions whose answers were disliked to this new file.", show_default=False)
    ] = None,
    library: LibraryOption = None,
) -> None:
    """Write feedback as evaluation questions, one JSON object a line, for yinju eval --questions.

    A liked answer becomes a question whose evidence is its citations; a liked refusal becomes a question that the documents do not
    answer. If a question has been rated several times, the latest rating counts. For a disliked answer, the right one is not known:
    the question goes to the file of --disliked with the answer and its citations. Fill in "evidence" and "answers" in each line of
    that file, or set "answerable" to false, before you evaluate it.
    """
    from rag.conversations import History
    from rag.conversations.rated_questions import questions

    liked, to_check = questions(History(settings_from(library=library).library).rated())
    if output:
        write(output, json_lines(liked))
    else:
        say(json_lines(liked), end="")
    say(f"{len(liked)} questions", file=sys.stderr)
    if to_check and disliked:
        write(disliked, json_lines(to_check), new=True)
        say(f"{len(to_check)} to be checked", file=sys.stderr)
    elif to_check:
        say(f"{len(to_check)} disliked answers are left out; export them with --disliked FILE", file=sys.stderr)
