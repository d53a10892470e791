"""The evaluation commands: `yinju eval`."""

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
    help="Evaluate with a question set, compare runs, and draft questions.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

_WIDTH = 160
_MAX_CHANGES = 60


@app.callback(
    epilog="Examples: yinju eval --json figures.json --html report.html  --  the seed questions; "
    "yinju eval --questions cmrc2018_dev.json  --  a set that brings its passages."
)
def evaluate(
    context: typer.Context,
    questions: Annotated[
        Path | None,
        typer.Option(
            help="A question set: lines of Yinju's own format, a file in SQuAD's format, a BEIR folder, or lines of query, "
            "answer, positive, negative. By default, the seed questions.",
            show_default=False,
        ),
    ] = None,
    *,
    passages: Annotated[
        Path | None,
        typer.Option(help="The same set in another language, whose passages are searched instead.", show_default=False),
    ] = None,
    noise: Annotated[
        float | None, typer.Option(help="For lines with negatives: the share of passages that do not answer.", show_default=False)
    ] = None,
    reject: Annotated[
        bool, typer.Option("--reject", help="For lines with negatives: use only passages that do not answer.")
    ] = False,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help="Ask only this many questions, evenly chosen.", show_default=False)
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write figures and outcomes to this file.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write a report to this file: one HTML page that loads nothing else.", show_default=False),
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

    Without --questions, the seed questions are asked of a new library of the seed documents. A set with passages is asked of a
    library of its passages, any other set of your library.
    """
    if context.invoked_subcommand:
        return
    from rag.evaluation.questions import formats, question_set
    from rag.evaluation.run import about, run, to_dict

    _require_folders(as_json, html, run_file, qrels)
    name = str(questions or question_set.SEED_QUESTIONS.name)
    mix = formats.Mix(noise or 0.0, reject) if reject or noise is not None else None
    chosen = formats.load(questions or question_set.SEED_QUESTIONS, passages, mix)
    if chosen.drafts:
        say(f"{chosen.drafts} drafts are left out until they are corrected", file=sys.stderr)
    if most:
        chosen = formats.some(chosen, most)
    seeds = questions is None and library is None
    with _pipeline_for(chosen, seeds, library=library, encoder=encoder, generator=generator) as pipeline:
        outcomes = _ask_all(pipeline, chosen, run)
        made_with = about(pipeline, chosen, name)
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
    a: Annotated[Path, typer.Argument(help="A file that yinju eval --json wrote.")],
    b: Annotated[Path, typer.Argument(help="The file of another run over the same questions.")],
) -> None:
    """Show which figures of two runs differ significantly, and which questions changed."""
    from rich.console import Console

    from rag.evaluation import comparison
    from rag.evaluation.reports.tables import comparison as table

    one, other = comparison.paired(comparison.load(a), comparison.load(b))
    console: Console = _console()
    console.print(table(comparison.compare(one, other)))
    changed = comparison.changes(one, other)
    for change in changed[:_MAX_CHANGES]:
        line = f"{change.id}  {change.before or 'right'} -> {change.after or 'right'}  {change.question}"
        console.print(for_terminal(line), markup=False, highlight=False)
    say(f"{len(changed)} of {len(one)} questions changed")


@app.command(epilog="Examples: yinju eval draft reports/ --output mine.jsonl  --  yinju eval draft to-check.jsonl")
def draft(
    path: Annotated[Path, typer.Argument(help="A file or folder of documents, or a file that yinju feedback export wrote.")],
    *,
    output: Annotated[
        Path | None, typer.Option(help="Write the drafts to this new file; they are printed otherwise.", show_default=False)
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="The maximum number of questions for each document.")] = 10,
    generator: Annotated[
        str | None,
        typer.Option(help="A language model to word the questions: a hub name, a folder, or a server's http address."),
    ] = None,
) -> None:
    """Propose questions with evidence on your documents, for you to correct.

    Each line is marked "draft": true. yinju eval leaves it out until you have corrected it and removed the mark. Exits with
    status 1 if a file cannot be read, and names the file.
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
    drafts: list[dict[str, Any] | Failure]
    if drafting.is_feedback(path):
        drafts = list(drafting.from_feedback(path))
    else:
        drafts = list(drafting.from_files(path, most, settings.max_file_megabytes * 1_000_000, model))
    rows = [row for row in drafts if not isinstance(row, Failure)]
    lines = json_lines(rows)
    if output:
        write(output, lines, new=True)
    else:
        say(lines, end="")
    failures = [failure for failure in drafts if isinstance(failure, Failure)]
    for failure in failures:
        say(f"failed     {failure.reason}", file=sys.stderr)
    say(f"{len(rows)} drafts to correct", file=sys.stderr)
    if failures:
        raise typer.Exit(1)


@contextmanager
def _pipeline_for(chosen: QuestionSet, seeds: bool, **flags: Any) -> Iterator[RagPipeline]:
    """Gives the pipeline over the library to search: the seed documents, the passages of the set, or the user's library."""
    from rag.evaluation.run import add_passages, fresh
    from rag.pipeline import RagPipeline

    pipeline = RagPipeline.from_settings(Settings.load(flags))
    if not (seeds or chosen.passages):
        yield pipeline
        pipeline.library.close()
        return
    with fresh(pipeline) as empty:
        say("making a library for these questions …", file=sys.stderr)
        if chosen.passages:
            add_passages(empty.library, chosen.passages)
        else:
            empty.add_seeds()
        yield empty


def _ask_all(pipeline: RagPipeline, chosen: QuestionSet, run: Any) -> list[Outcome]:
    from tqdm import tqdm

    with tqdm(total=len(chosen.questions), desc="asking", unit="question", disable=None) as bar:
        outcomes: list[Outcome] = run(pipeline, chosen.questions, lambda _: bar.update())
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
    """Fails before the questions are asked if a file could not be written afterwards."""
    for file in files:
        if file and not file.absolute().parent.is_dir():
            raise YinjuError(f"cannot write {file}: the folder {file.absolute().parent} does not exist")
