"""The command line: `yinju`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import SettingsError, YinjuError
from rag.settings import Settings
from rag.types import Done, TextDelta

if TYPE_CHECKING:
    from rag.library import AddResult, Progress
    from rag.pipeline import RagPipeline
    from rag.types import Answer

app = typer.Typer(
    name="yinju",
    help="Answers questions from your own Chinese and English documents, and cites the exact place of every sentence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

feedback = typer.Typer(
    help="What readers of the chat window thought of the answers.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(feedback, name="feedback")

GeneratorOption = Annotated[
    str | None,
    typer.Option("--generator", help="A language model: a hub name, a folder, or a server's http address.", show_default=False),
]
LibraryOption = Annotated[Path | None, typer.Option("--library", help="The folder of the library.", show_default=False)]
EncoderOption = Annotated[
    str | None, typer.Option("--encoder", help="A model of the catalogue, a folder or a hub name.", show_default=False)
]


@app.command(
    epilog="Examples: yinju add report.pdf notes/  --  a file, and all files of known kinds below a folder; "
    "yinju add https://example.org/report  --  fetches that one page."
)
def add(
    places: Annotated[list[str], typer.Argument(metavar="PATHS...", help="Files, folders, and addresses of pages.")],
    library: LibraryOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Add documents. What is in already is left as it is; what has changed is replaced."""
    from rag.fetching import is_url

    pipeline = _pipeline(library=library, encoder=encoder)
    paths = [place for place in places if not is_url(place)]
    with _progress("adding") as progress:
        results = pipeline.library.add(paths, progress) if paths else []
        for url in filter(is_url, places):
            results += pipeline.library.add_page(url, progress)
    _report(results)
    if any(result.status == "failed" for result in results):
        raise typer.Exit(1)


@app.command("list")
def list_documents(
    library: LibraryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the documents."""
    from dataclasses import asdict

    documents = _pipeline(library=library).library.documents()
    if as_json:
        print(json.dumps([asdict(document) for document in documents], ensure_ascii=False, indent=2))
        return
    for document in documents:
        print(
            f"{document.id}  {document.language}  {document.published or '-':10}  {document.chunks:5} passages  {document.title}"
        )
    print(f"{len(documents)} documents")


@app.command(epilog="Example: yinju show white-paper.txt --removed")
def show(
    name: Annotated[str, typer.Argument(help="An id, a file name or a title.")],
    removed: Annotated[bool, typer.Option("--removed", help="What cleaning took out or joined, instead of the text.")] = False,
    library: LibraryOption = None,
) -> None:
    """Show a document as it is stored, or what cleaning removed from it."""
    found = _pipeline(library=library).library
    document = found.document(found.find(name).id)
    if not removed:
        print(document.text)
        return
    for edit in document.edits:
        if edit.reason != "layout":
            print(f"{edit.reason:20} {edit.start:8}  {edit.removed!r}")


@app.command(epilog="Example: yinju remove old-report.txt")
def remove(
    names: Annotated[list[str], typer.Argument(help="Ids, file names or titles, as yinju list shows them.")],
    library: LibraryOption = None,
) -> None:
    """Remove documents, from the library and from every answer; the files stay where they are."""
    found = _pipeline(library=library).library
    for name in names:
        print(f"removed {found.remove(name).title}")


@app.command()
def reindex(library: LibraryOption = None, encoder: EncoderOption = None) -> None:
    """Encode every document anew, after a change of encoder or chunk size."""
    pipeline = _pipeline(library=library, encoder=encoder)
    with _progress("re-indexing") as progress:
        count = pipeline.library.reindex(progress)
    print(f"{count} documents re-indexed")


@app.command(epilog='Example: yinju ask "长江十年禁渔从哪天开始？"')
def ask(
    question: Annotated[str, typer.Argument(help="A question in Chinese or English.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the answer as Markdown with its sources.")] = False,
    generator: GeneratorOption = None,
    top_k: Annotated[int | None, typer.Option(help="How many passages to return.", show_default=False)] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--document", metavar="NAME", help="Search only this document, by id, file name or title; repeatable."),
    ] = None,
) -> None:
    """Ask a question. The answer is printed as it comes."""
    pipeline = _pipeline(library=library, encoder=encoder, generator=generator, top_k=top_k)
    _fill(pipeline, chosen=library is not None)
    documents = [pipeline.library.find(name).id for name in names] if names else None
    if as_json:
        print(json.dumps(pipeline.answer(question, documents=documents).to_dict(), ensure_ascii=False, indent=2))
    elif as_markdown:
        print(pipeline.answer(question, documents=documents).to_markdown())
    else:
        for event in pipeline.stream(question, documents=documents):
            match event:
                case TextDelta(text):
                    print(text, end="", flush=True)
                case Done(answer):
                    print(_sources(answer))


@app.command(epilog="Example: yinju chat --port 8080")
def chat(
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.", show_default=False)] = None,
    generator: GeneratorOption = None,
    auth: Annotated[
        str | None, typer.Option(help="Who may come in: NAME:PASSWORD, several separated by commas.", show_default=False)
    ] = None,
    root_path: Annotated[
        str | None, typer.Option(help="The path that a proxy puts before every address.", show_default=False)
    ] = None,
    share: Annotated[bool, typer.Option("--share", help="Open it to the internet through Gradio's servers.")] = False,
) -> None:
    """Open the chat window in a browser."""
    settings = _settings(
        library=library, encoder=encoder, host=host, port=port, generator=generator, auth=auth, root_path=root_path
    )
    from rag.pipeline import RagPipeline

    pipeline = RagPipeline.from_settings(settings)
    _fill(pipeline, chosen=library is not None)
    from rag.history import History
    from ui.serving import Address, serve

    address = Address(settings.host, settings.port, _users(settings.auth), settings.root_path, share)
    serve(pipeline, History(settings.library), address, settings.max_file_megabytes * 1_000_000)


@app.command("eval", epilog="Example: yinju eval --json figures.json")
def evaluate(
    questions: Annotated[
        Path | None, typer.Option(help="A question set; the seed questions by default.", show_default=False)
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write figures and outcomes to this file.", show_default=False)
    ] = None,
    library: LibraryOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Ask a fixed question set and print the figures.

    Without --questions, the seed questions are asked of a fresh library of the seed documents.
    """
    import tempfile

    from rich.console import Console
    from tqdm import tqdm

    from rag.evaluation import question_set
    from rag.evaluation.report import table
    from rag.evaluation.run import run, to_dict

    asked = question_set.read(questions or question_set.SEED_QUESTIONS)
    with tempfile.TemporaryDirectory() as folder:
        fresh = questions is None and library is None
        pipeline = _pipeline(library=Path(folder) / "library" if fresh else library, encoder=encoder)
        if fresh:
            with _progress("adding the seed documents") as progress:
                pipeline.add_seeds(progress)
        with tqdm(total=len(asked), desc="asking", unit="question", disable=None) as bar:
            outcomes = run(pipeline, asked, lambda _: bar.update())
        pipeline.library.close()
    Console(width=None if sys.stdout.isatty() else 140).print(table(outcomes))
    if as_json:
        _write(as_json, json.dumps(to_dict(outcomes), ensure_ascii=False, indent=1))


@feedback.command("export", epilog="Example: yinju feedback export --output liked.jsonl --disliked to-check.jsonl")
def export_feedback(
    output: Annotated[
        Path | None, typer.Option(help="The file for the questions; they are printed otherwise.", show_default=False)
    ] = None,
    disliked: Annotated[
        Path | None, typer.Option(help="A new file for the questions whose answers were disliked.", show_default=False)
    ] = None,
    library: LibraryOption = None,
) -> None:
    """Write feedback as evaluation questions, one JSON object a line, for yinju eval --questions.

    A liked answer becomes a question whose evidence is what was cited, a liked refusal one that the documents do not answer. Of one
    question the latest feedback counts. What is right after a disliked answer is not known: it goes to the file of --disliked with
    what was said and cited, and the evaluation reads that file once a person has filled in "evidence" and "answers" of each line, or
    set "answerable" to false.
    """
    from rag.history import History, questions

    liked, to_check = questions(History(_settings(library=library).library).rated())
    if output:
        _write(output, _json_lines(liked))
    else:
        print(_json_lines(liked), end="")
    print(f"{len(liked)} questions", file=sys.stderr)
    if to_check and disliked:
        _write(disliked, _json_lines(to_check), new=True)
        print(f"{len(to_check)} to be checked", file=sys.stderr)
    elif to_check:
        print(f"{len(to_check)} disliked answers are left out; write them down with: --disliked FILE", file=sys.stderr)


@app.command()
def doctor(library: LibraryOption = None, encoder: EncoderOption = None) -> None:
    """Check what is installed, which models are here, and whether the library is sound."""
    from rag.doctor import examine

    sound = True
    for finding in examine(_settings(library=library, encoder=encoder)):
        print(f"{'ok  ' if finding.sound else 'FAIL'}  {finding.subject}: {finding.text}")
        sound = sound and finding.sound
    if not sound:
        raise typer.Exit(1)


def main() -> None:
    """Runs the command line; what goes wrong is said in one line."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except YinjuError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("stopped; what was added before is in the library", 130)
    except BrokenPipeError:
        sys.stderr.close()


def _json_lines(rows: list[dict[str, Any]]) -> str:
    """Each row as JSON in a line, also where a text holds what ends a line for some who read it."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return "".join(lines).translate({ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})


def _write(file: Path, text: str, new: bool = False) -> None:
    """Writes a file, over one that is there unless it must be new."""
    try:
        with file.open("x" if new else "w", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise YinjuError(f"{file} is there already, and may hold what someone filled in; name another file") from None
    except OSError as error:
        raise YinjuError(f"cannot write {file}: {error.strerror}") from error


def _fail(message: str, code: int = 1) -> None:
    print(f"yinju: {message}", file=sys.stderr)
    raise SystemExit(code)


def _settings(**flags: Any) -> Settings:
    return Settings.load(flags)


def _users(auth: str) -> list[tuple[str, str]]:
    """The names and passwords of `--auth`."""
    pairs = [pair.partition(":") for pair in auth.split(",") if pair.strip()]
    if not all(name.strip() and password for name, _, password in pairs):
        raise SettingsError("auth must be NAME:PASSWORD, several separated by commas")
    return [(name.strip(), password) for name, _, password in pairs]


def _pipeline(**flags: Any) -> RagPipeline:
    from rag.pipeline import RagPipeline

    return RagPipeline.from_settings(_settings(**flags))


def _fill(pipeline: RagPipeline, chosen: bool) -> None:
    """Fills a library that is not there yet from the seeds, unless the user chose its folder."""
    if chosen or pipeline.library.database.exists():
        return
    print("making a library of the seed documents …", file=sys.stderr)
    with _progress("adding") as progress:
        pipeline.add_seeds(progress)


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    """A bar over the passages of the document that is being added, on a terminal only."""
    from tqdm import tqdm

    with tqdm(desc=what, unit="passage", disable=None) as bar:

        def show(source: str, done: int, total: int) -> None:
            if bar.total != total or done < bar.n:
                bar.reset(total)
            bar.set_description(f"{what} {Path(source).name[-40:]}", refresh=False)
            bar.update(done - bar.n)

        yield show


def _report(results: list[AddResult]) -> None:
    for result in results:
        if result.status == "failed":
            print(f"failed     {result.reason}", file=sys.stderr)
        else:
            print(f"{result.status:10} {result.source}" + (f" ({result.reason})" if result.reason else ""))
    statuses = ("added", "replaced", "unchanged", "removed", "failed")
    counts = {status: sum(result.status == status for result in results) for status in statuses}
    print(", ".join(f"{count} {status}" for status, count in counts.items() if count))


def _sources(answer: Answer) -> str:
    """What is printed below an answer's text: notes, and where it is from."""
    lines = ["", *answer.notes, ""]
    if answer.citations:
        for citation in answer.citations:
            page = (
                f", {'第' if answer.language == 'zh' else 'page '}{citation.page}{'页' if answer.language == 'zh' else ''}"
                if citation.page
                else ""
            )
            lines.append(
                f"[{citation.number}] {citation.title}{page} ({Path(citation.source).name}:{citation.start}-{citation.end}, {citation.support:.2f})"
            )
    else:
        lines += [f"  · {result.title}: {' '.join(result.chunk.text.split())[:100]}…" for result in answer.results[:3]]
    return "\n".join(lines).rstrip()
