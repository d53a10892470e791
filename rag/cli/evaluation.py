"""The command line of the evaluation: `yinju eval`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.cli.output import json_lines, say, write
from rag.errors import YinjuError
from rag.settings import Settings
from rag.text.lines import for_terminal

if TYPE_CHECKING:
    from rag.evaluation.outcome import Outcome
    from rag.evaluation.questions.question_set import QuestionSet
    from rag.pipeline import RagPipeline

app = typer.Typer(
    help="Ask a question set, print the figures, and see what went wrong where.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

_WIDTH = 160
_MOST_CHANGES = 60


@app.callback(
    epilog="Examples: yinju eval --json figures.json --html report.html  --  the seed questions; "
    "yinju eval --questions cmrc2018_dev.json  --  a set that brings its passages."
)
def evaluate(
    context: typer.Context,
    questions: Annotated[
        Path | None,
        typer.Option(
            help="A question set; the seed questions by default. Our own lines, a file of SQuAD's format, a folder of BEIR, or "
            "lines of query, answer, positive, negative.",
            show_default=False,
        ),
    ] = None,
    *,
    passages: Annotated[
        Path | None,
        typer.Option(help="A parallel file in another language, whose passages are searched instead.", show_default=False),
    ] = None,
    noise: Annotated[
        float | None, typer.Option(help="The share of passages that do not answer, for lines with negatives.", show_default=False)
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Only passages that do not answer, for lines with negatives.")] = False,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help="Ask only this many questions, evenly chosen.", show_default=False)
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write figures and outcomes to this file.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write a report to this file: one page without anything from elsewhere.", show_default=False),
    ] = None,
    run_file: Annotated[
        Path | None, typer.Option("--run", help="Write the final rankings to this file in TREC's format.", show_default=False)
    ] = None,
    qrels: Annotated[
        Path | None,
        typer.Option("--qrels", help="Write the relevant passages to this file in TREC's format.", show_default=False),
    ] = None,
    library: Annotated[Path | None, typer.Option(help="The folder of the library.", show_default=False)] = None,
    encoder: Annotated[
        str | None, typer.Option(help="A model of the catalogue, a folder or a hub name.", show_default=False)
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(help="A language model: a hub name, a folder, or a server's http address.", show_default=False),
    ] = None,
) -> None:
    """Ask a question set and print the figures.

    Without --questions, the seed questions are asked of a fresh library of the seed documents. A set that brings its passages is
    asked of a library of these; one that does not, of yours.
    """
    if context.invoked_subcommand:
        return
    from rag.evaluation.questions import formats, question_set
    from rag.evaluation.run import about, run, to_dict

    _require_folders(as_json, html, run_file, qrels)
    name = str(questions or question_set.SEED_QUESTIONS.name)
    mix = formats.Mix(noise or 0.0, reject) if reject or noise is not None else None
    asked = formats.load(questions or question_set.SEED_QUESTIONS, passages, mix)
    if asked.drafts:
        say(f"{asked.drafts} drafts that nobody has corrected are left out", file=sys.stderr)
    if most:
        asked = formats.some(asked, most)
    seeds = questions is None and library is None
    with _asked_of(asked, seeds, library=library, encoder=encoder, generator=generator) as pipeline:
        outcomes = _ask_all(pipeline, asked, run)
        made_with = about(pipeline, asked, name)
    _print(outcomes)
    if memory := made_with["peak_memory_bytes"]:
        say(f"peak memory: {memory / 1e9:.2f} GB")
    if as_json:
        write(as_json, json.dumps(to_dict(outcomes, made_with), ensure_ascii=False, indent=1))
    if html:
        from rag.evaluation.reports.page import page

        write(html, page(outcomes, made_with))
    _write_rankings(outcomes, run_file, qrels)


@app.command(epilog="Example: yinju eval compare before.json after.json")
def compare(
    a: Annotated[Path, typer.Argument(help="What yinju eval --json wrote.")],
    b: Annotated[Path, typer.Argument(help="The same for another run over the same questions.")],
) -> None:
    """Say which figures of two runs differ more than chance would have it, and which questions changed."""
    from rich.console import Console

    from rag.evaluation import comparison
    from rag.evaluation.reports.tables import comparison as table

    one, other = comparison.paired(comparison.load(a), comparison.load(b))
    console: Console = _console()
    console.print(table(comparison.compare(one, other)))
    changed = comparison.changes(one, other)
    for change in changed[:_MOST_CHANGES]:
        line = f"{change.id}  {change.before or 'well'} -> {change.after or 'well'}  {change.question}"
        console.print(for_terminal(line), markup=False, highlight=False)
    say(f"{len(changed)} of {len(one)} questions changed")


@app.command(epilog="Examples: yinju eval draft reports/ --output mine.jsonl  --  yinju eval draft to-check.jsonl")
def draft(
    path: Annotated[Path, typer.Argument(help="A file or folder of documents, or what yinju feedback export wrote.")],
    *,
    output: Annotated[
        Path | None, typer.Option(help="A new file for the drafts; they are printed otherwise.", show_default=False)
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="The most questions for each document.")] = 10,
    generator: Annotated[
        str | None,
        typer.Option(help="A language model that words the questions: a hub name, a folder, or a server's http address."),
    ] = None,
) -> None:
    """Propose questions with evidence on your documents, for you to correct.

    Each line is marked "draft": true, and yinju eval leaves it out until you have corrected it and taken that mark out. A file
    that cannot be read is named, and the status is 1 then.
    """
    from rag.documents.loaders import Failure
    from rag.evaluation.questions import drafting
    from rag.language_models import generators

    settings = Settings.load({"generator": generator})
    model = (
        generators.generator(
            settings.generator,
            settings.generator_model,
            settings.generator_key,
            settings.generator_timeout,
            settings.generator_total_timeout,
        )
        if settings.generator
        else None
    )
    found: list[dict[str, Any] | Failure]
    if drafting.is_feedback(path):
        found = list(drafting.from_feedback(path))
    else:
        found = list(drafting.from_files(path, most, settings.max_file_megabytes * 1_000_000, model))
    rows = [row for row in found if not isinstance(row, Failure)]
    lines = json_lines(rows)
    if output:
        write(output, lines, new=True)
    else:
        say(lines, end="")
    failures = [failure for failure in found if isinstance(failure, Failure)]
    for failure in failures:
        say(f"failed     {failure.reason}", file=sys.stderr)
    say(f"{len(rows)} drafts to be corrected", file=sys.stderr)
    if failures:
        raise typer.Exit(1)


@contextmanager
def _asked_of(asked: QuestionSet, seeds: bool, **flags: Any) -> Iterator[RagPipeline]:
    """The pipeline over what the questions are asked of: the seeds, the set's own passages, or the user's library."""
    from rag.evaluation.run import add_passages, fresh
    from rag.pipeline import RagPipeline

    pipeline = RagPipeline.from_settings(Settings.load(flags))
    if not (seeds or asked.passages):
        yield pipeline
        pipeline.library.close()
        return
    with fresh(pipeline) as empty:
        say("making a library of its own …", file=sys.stderr)
        if asked.passages:
            add_passages(empty.library, asked.passages)
        else:
            empty.add_seeds()
        yield empty


def _ask_all(pipeline: RagPipeline, asked: QuestionSet, run: Any) -> list[Outcome]:
    from tqdm import tqdm

    with tqdm(total=len(asked.questions), desc="asking", unit="question", disable=None) as bar:
        outcomes: list[Outcome] = run(pipeline, asked.questions, lambda _: bar.update())
    return outcomes


def _print(outcomes: list[Outcome]) -> None:
    from rag.evaluation.reports.tables import tables

    for table in tables(outcomes):
        _console().print(table)


def _console() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _WIDTH)


def _write_rankings(outcomes: list[Outcome], run_file: Path | None, qrels: Path | None) -> None:
    from rag.evaluation.figures import FINAL
    from rag.evaluation.measures import ranking

    answerable = [outcome for outcome in outcomes if outcome.answerable]
    ids = [outcome.id for outcome in answerable]
    if run_file:
        write(run_file, ranking.run_lines(ids, [outcome.rankings.get(FINAL, ()) for outcome in answerable]))
    if qrels:
        write(qrels, ranking.qrels_lines(ids, [outcome.relevant for outcome in answerable]))


def _require_folders(*files: Path | None) -> None:
    """Says before all questions are asked what would only fail after that."""
    for file in files:
        if file and not file.absolute().parent.is_dir():
            raise YinjuError(f"cannot write {file}: there is no folder {file.absolute().parent}")
