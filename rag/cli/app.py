"""The command line: `yinju`."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.cli import evaluation
from rag.cli.output import PlainFormatter, json_lines, say, to_json, write
from rag.errors import SettingsError, YinjuError
from rag.settings import Settings
from rag.text.lines import for_terminal
from rag.types import Done, Language, TextDelta

if TYPE_CHECKING:
    from rag.library.ingestion import AddResult, OnProgress, Progress
    from rag.library.library import Library
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
app.add_typer(evaluation.app, name="eval")

_MOST_REPORTED = 100

GeneratorOption = Annotated[
    str | None,
    typer.Option("--generator", help="A language model: a hub name, a folder, or a server's http address.", show_default=False),
]
LibraryOption = Annotated[Path | None, typer.Option("--library", help="The folder of the library.", show_default=False)]
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
    typer.Option("--source", metavar="TEXT", help="Only documents of this publisher, or from a file or address with this in it."),
]
EncoderOption = Annotated[
    str | None, typer.Option("--encoder", help="A model of the catalogue, a folder or a hub name.", show_default=False)
]


@app.command(
    epilog="Examples: yinju add report.pdf notes/  --  a file, and all files of known kinds below a folder; "
    "yinju add https://example.org/report  --  fetches that one page; "
    "yinju add --watch notes/  --  and keeps in step with the folder until it is stopped."
)
def add(
    places: Annotated[list[str], typer.Argument(metavar="PATHS...", help="Files, folders, and addresses of pages.")],
    *,
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    collection: Annotated[
        str, typer.Option("--collection", help="The collection to put them in, which is made when it is not there.")
    ] = "",
    report: Annotated[
        Path | None, typer.Option("--json", help="Write what became of each document to this file.", show_default=False)
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on as files come, change and go; what is gone from a folder is removed.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch pages of this computer and of private networks too.")
    ] = False,
) -> None:
    """Add documents. What is in already is left as it is; what has changed is replaced.

    A run that was stopped goes on where it was when the same is added again. Ends well only when all went in.
    """
    from dataclasses import asdict

    from rag.documents.fetching import is_url

    found = _pipeline(library=library, encoder=encoder).library
    paths = [Path(place) for place in places if not is_url(place)]
    results: list[AddResult] = []
    if watch:
        if len(paths) < len(places):
            raise SettingsError("--watch keeps in step with folders; add pages by themselves")
        results += _watch(found, paths, collection)
    else:
        with _progress("adding") as on_progress:
            results += found.add(paths, on_progress, collection) if paths else []
            for url in filter(is_url, places):
                results += found.add_page(url, on_progress, collection, allow_private)
        _report(results)
    if report:
        write(report, to_json([asdict(result) for result in results], indent=1))
    if any(result.status == "failed" for result in results):
        raise typer.Exit(1)


@app.command("list")
def list_documents(
    *,
    library: LibraryOption = None,
    collections: CollectionsOption = None,
    language: LanguageOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    source: SourceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the documents. Those that are mostly the same text as another are marked with ≈."""
    from dataclasses import asdict

    found = _pipeline(library=library).library
    chosen = set(found.select(collections or (), language or "", since, until, source))
    documents = [document for document in found.documents() if document.id in chosen]
    if as_json:
        say(to_json([asdict(document) for document in documents], indent=2))
        return
    for document in documents:
        say(
            f"{document.id}  {document.language}  {document.published or '-':10}  {document.chunks:5} passages  "
            f"{'≈ ' if document.cluster else ''}{document.title}"
            + (f"  [{', '.join(document.collections)}]" if document.collections else "")
        )
    say(f"{len(documents)} documents")


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
        say(document.text)
        return
    for edit in document.edits:
        if edit.reason != "layout":
            say(f"{edit.reason:20} {edit.start:8}  {edit.removed!r}")


@app.command(epilog="Examples: yinju remove old-report.txt  --  yinju remove --collection drafts")
def remove(
    names: Annotated[
        list[str] | None, typer.Argument(help="Ids, file names or titles, as yinju list shows them.", show_default=False)
    ] = None,
    collections: Annotated[
        list[str] | None, typer.Option("--collection", metavar="NAME", help="All documents of this collection; repeatable.")
    ] = None,
    library: LibraryOption = None,
) -> None:
    """Remove documents, from the library and from every answer; the files stay where they are."""
    if not names and not collections:
        raise SettingsError("say what to remove: a name that yinju list shows, or --collection NAME")
    found = _pipeline(library=library).library
    for name in names or ():
        say(f"removed {found.remove(name).title}")
    if collections:
        say(f"removed {found.remove_all(found.select(collections))} documents")


@app.command("collections", epilog="Examples: yinju collections  --  yinju collections --rename drafts reports")
def list_collections(
    library: LibraryOption = None,
    rename: Annotated[
        tuple[str, str] | None,
        typer.Option("--rename", metavar="NAME NEW", help="Give a collection another name.", show_default=False),
    ] = None,
    drop: Annotated[
        str | None, typer.Option("--drop", metavar="NAME", help="Drop a collection; its documents stay.", show_default=False)
    ] = None,
) -> None:
    """List the collections. yinju add --collection NAME makes one, and yinju ask --collection NAME asks within it."""
    found = _pipeline(library=library).library
    if rename:
        found.rename_collection(*rename)
    if drop:
        found.uncollect(drop)
    for name, count in found.collections().items():
        say(f"{count:8} documents  {name}")


@app.command("export", epilog="Example: yinju export library.yinju")
def export_library(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    library: LibraryOption = None,
) -> None:
    """Write the whole library, its vectors included, to one file. Conversations are not in it."""
    from rag.library import transfer

    documents = transfer.export(_pipeline(library=library).library, file)
    say(f"{documents} documents in {file}")


@app.command("import", epilog="Example: yinju import library.yinju --collection from-the-north")
def import_library(
    file: Annotated[Path, typer.Argument(help="A file that yinju export wrote.")],
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    collection: Annotated[str, typer.Option("--collection", help="Put the documents in this collection too.")] = "",
) -> None:
    """Add the documents of an exported library. Vectors of the same encoder are taken over; else they are made anew."""
    from rag.library import transfer

    found = _pipeline(library=library, encoder=encoder).library
    with _progress("importing") as on_progress:
        results = transfer.import_from(found, file, on_progress, collection)
    _report(results)
    if any(result.status == "failed" for result in results):
        raise typer.Exit(1)


@app.command()
def reindex(library: LibraryOption = None, encoder: EncoderOption = None) -> None:
    """Encode every document anew, after a change of encoder or chunk size."""
    pipeline = _pipeline(library=library, encoder=encoder)
    with _progress("re-indexing") as on_progress:
        count = pipeline.library.reindex(on_progress)
    say(f"{count} documents re-indexed")


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
    collections: CollectionsOption = None,
    language: LanguageOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    source: SourceOption = "",
) -> None:
    """Ask a question. The answer is printed as it comes."""
    pipeline = _pipeline(library=library, encoder=encoder, generator=generator, top_k=top_k)
    _fill(pipeline, chosen=library is not None)
    documents = [pipeline.library.find(name).id for name in names] if names else None
    if collections or language or since or until or source:
        fitting = pipeline.library.select(collections or (), language or "", since, until, source)
        documents = [name for name in fitting if documents is None or name in documents]
    if as_json:
        say(to_json(pipeline.answer(question, documents=documents).to_dict(), indent=2))
    elif as_markdown:
        say(pipeline.answer(question, documents=documents).to_markdown())
    else:
        for event in pipeline.stream(question, documents=documents):
            match event:
                case TextDelta(text):
                    say(text, end="", flush=True)
                case Done(answer):
                    say(_sources(answer))


@app.command(epilog="Example: yinju chat --port 8080")
def chat(
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.", show_default=False)] = None,
    generator: GeneratorOption = None,
    auth: Annotated[
        str | None,
        typer.Option(
            help="Who may come in: NAME:PASSWORD, several separated by commas, or @FILE with one in each line.",
            show_default=False,
        ),
    ] = None,
    root_path: Annotated[
        str | None,
        typer.Option(help="The path that a proxy puts before every address, or the whole address outside.", show_default=False),
    ] = None,
    allow_host: Annotated[
        str | None,
        typer.Option(help="The names by which a proxy makes the window known, separated by commas.", show_default=False),
    ] = None,
    share: Annotated[bool, typer.Option("--share", help="Open it to the internet through Gradio's servers.")] = False,
) -> None:
    """Open the chat window in a browser."""
    settings = _settings(
        library=library,
        encoder=encoder,
        host=host,
        port=port,
        generator=generator,
        auth=auth,
        root_path=root_path,
        allow_host=allow_host,
    )
    from rag.pipeline import RagPipeline

    pipeline = RagPipeline.from_settings(settings)
    _fill(pipeline, chosen=library is not None)
    from rag.conversations import History
    from ui.serving import Address, serve

    hosts = [name.strip() for name in settings.allow_host.split(",") if name.strip()]
    address = Address(settings.host, settings.port, _users(settings.auth), settings.root_path, share, hosts)
    serve(pipeline, History(settings.library), address, settings.max_file_megabytes * 1_000_000)


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
    from rag.conversations import History, questions

    liked, to_check = questions(History(_settings(library=library).library).rated())
    if output:
        write(output, json_lines(liked))
    else:
        say(json_lines(liked), end="")
    say(f"{len(liked)} questions", file=sys.stderr)
    if to_check and disliked:
        write(disliked, json_lines(to_check), new=True)
        say(f"{len(to_check)} to be checked", file=sys.stderr)
    elif to_check:
        say(f"{len(to_check)} disliked answers are left out; write them down with: --disliked FILE", file=sys.stderr)


@app.command()
def doctor(
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read every document and compare it with the checksum that was stored with it.")
    ] = False,
) -> None:
    """Check what is installed, which models are here, and whether the library is sound."""
    from rag.cli.doctor import examine

    sound = True
    for finding in examine(_settings(library=library, encoder=encoder), check):
        say(f"{'ok  ' if finding.sound else 'FAIL'}  {finding.subject}: {finding.text}")
        sound = sound and finding.sound
    if not sound:
        raise typer.Exit(1)


def main() -> None:
    """Runs the command line; what goes wrong is said in one line."""
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
        _fail("stopped; what was added before is in the library", 130)
    except BrokenPipeError:
        sys.stderr.close()


def _fail(message: str, code: int = 1) -> None:
    say(f"yinju: {message}", file=sys.stderr)
    raise SystemExit(code)


def _settings(**flags: Any) -> Settings:
    return Settings.load(flags)


def _users(auth: str) -> list[tuple[str, str]]:
    """The names and passwords of `--auth`: those that are given, or those of a file, in which a line that begins with # is none.

    Raises:
        SettingsError: The file cannot be read or is empty, or a pair is none.
    """
    given = auth.strip()
    if given.startswith("@"):
        file = Path(given[1:]).expanduser()
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"cannot read the file {file} of --auth: {getattr(error, 'strerror', None) or error}") from error
        listed = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if not listed:
            raise SettingsError(f"the file {file} of --auth is empty; write NAME:PASSWORD, one in each line")
    else:
        listed = [pair for pair in given.split(",") if pair.strip()]
    pairs = [pair.partition(":") for pair in listed]
    if not all(name.strip() and password for name, _, password in pairs):
        raise SettingsError("auth must be NAME:PASSWORD, several separated by commas or in the lines of @FILE")
    return [(name.strip(), password) for name, _, password in pairs]


def _pipeline(**flags: Any) -> RagPipeline:
    from rag.pipeline import RagPipeline

    return RagPipeline.from_settings(_settings(**flags))


def _fill(pipeline: RagPipeline, chosen: bool) -> None:
    """Fills a library that is not there yet from the seeds, unless the user chose its folder."""
    if chosen or pipeline.library.database.exists():
        return
    say("making a library of the seed documents …", file=sys.stderr)
    with _progress("adding") as on_progress:
        pipeline.add_seeds(on_progress)


def _watch(library: Library, folders: list[Path], collection: str) -> list[AddResult]:
    """Keeps in step with folders until it is stopped; returns what became of each document."""
    from rag.library import watching

    results: list[AddResult] = []
    stop = threading.Event()

    def interrupt(*_: object) -> None:
        # An exception is lost where Python is just letting go of an object; the event is not.
        stop.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        for changed in watching.changes(folders, stop):
            with _progress("adding") as on_progress:
                now = watching.bring_in_step(library, folders, changed, on_progress, collection)
            _report(now)
            results += now
            sys.stdout.flush()
            say("watching; stop with Ctrl-C", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, before)
    say("stopped", file=sys.stderr)
    return results


@contextmanager
def _progress(what: str) -> Iterator[OnProgress]:
    """A bar with rate and time left, and with the page of a scan, on a terminal only."""
    from tqdm import tqdm

    from rag.documents.loaders import steps

    with tqdm(desc=what, unit="B", unit_scale=True, disable=None) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.total
            bar.set_description(f"{what} {for_terminal(Path(progress.source).name[-30:])}", refresh=False)
            bar.set_postfix_str(f"{progress.passages:,} passages", refresh=False)
            bar.update(progress.done - bar.n)

        with steps.told(lambda page, pages: bar.set_postfix_str(f"page {page} of {pages}")):
            yield show


def _report(results: list[AddResult]) -> None:
    """What became of the documents: each where they are few, and always those that failed, and the sums."""
    for result in results:
        if result.status != "failed" and len(results) <= _MOST_REPORTED:
            say(f"{result.status:10} {result.source}" + (f" ({result.reason})" if result.reason else ""))
    for result in results:
        if result.status == "failed":
            say(f"failed     {result.reason}", file=sys.stderr)
    statuses = ("added", "replaced", "unchanged", "removed", "failed")
    counts = {status: sum(result.status == status for result in results) for status in statuses}
    say(", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to do")


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
            if citation.copies:
                lines.append(f"    {'另见' if answer.language == 'zh' else 'also in'} {', '.join(citation.copies)}")
    else:
        lines += [f"  · {result.title}: {' '.join(result.chunk.text.split())[:100]}…" for result in answer.results[:3]]
    return "\n".join(lines).rstrip()
