"""Commands that change the library or list its documents: add, list, show, remove, collections, export, import, reindex."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.options import (
    CollectionsOption,
    EncoderOption,
    LanguageOption,
    LibraryOption,
    SinceOption,
    SourceOption,
    UntilOption,
    pipeline_from,
)
from rag.cli.output import say, to_json, write
from rag.cli.progress import print_results, progress
from rag.errors import SettingsError

if TYPE_CHECKING:
    from rag.library.ingestion import AddResult
    from rag.library.library import Library

app = typer.Typer()


@app.command(
    epilog="Examples: yinju add report.pdf notes/  --  a file, and every file of a known kind in a folder; "
    "yinju add https://example.org/report  --  fetches that one page; "
    "yinju add --sync notes/  --  also removes the documents whose files were deleted from the folder; "
    "yinju add --watch notes/  --  keeps the library in step with the folder until it is stopped."
)
def add(
    places: Annotated[list[str], typer.Argument(metavar="PATHS...", help="Files, folders, and addresses of pages.")],
    *,
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    collection: Annotated[
        str, typer.Option("--collection", help="Put the documents in this collection, which is created if needed.")
    ] = "",
    report: Annotated[
        Path | None, typer.Option("--json", help="Write the result for each document to this file.", show_default=False)
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep running, and add, replace and remove documents as their files change.")
    ] = False,
    sync: Annotated[
        bool,
        typer.Option(
            "--sync", help="Also remove the documents whose files were deleted from these folders. Other documents stay."
        ),
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also fetch pages of this computer and of private networks.")
    ] = False,
) -> None:
    """Add documents. Unchanged documents are skipped, changed ones replaced.

    A run that was stopped continues where it was when the same command is repeated. Exits with status 0 only if every file was
    added.
    """
    from dataclasses import asdict

    from rag.documents.fetching import is_url

    target = pipeline_from(library=library, encoder=encoder).library
    paths = [Path(place) for place in places if not is_url(place)]
    results: list[AddResult] = []
    if watch and sync:
        raise SettingsError("--watch removes documents of deleted files too; use one of --watch and --sync")
    if watch:
        if len(paths) < len(places):
            raise SettingsError("--watch follows folders; add pages with a command of their own")
        results += _watch(target, paths, collection)
    elif sync:
        if len(paths) < len(places):
            raise SettingsError("--sync compares folders; add pages with a command of their own")
        from rag.library import watching

        with progress("adding") as on_progress:
            results += watching.sync(target, paths, on_progress, collection)
        print_results(results)
    else:
        with progress("adding") as on_progress:
            results += target.add(paths, on_progress, collection) if paths else []
            for url in filter(is_url, places):
                results += target.add_page(url, on_progress, collection, allow_private)
        print_results(results)
    if report:
        write(report, to_json([asdict(result) for result in results], indent=1))
    _exit_if_failed(results)


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
    """List the documents. A document that is mostly the same text as another is marked with ≈."""
    from dataclasses import asdict

    source_library = pipeline_from(library=library).library
    selected = set(source_library.select(collections or (), language or "", since, until, source))
    documents = [document for document in source_library.documents() if document.id in selected]
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
    removed: Annotated[bool, typer.Option("--removed", help="Show the changes that cleaning made, not the text.")] = False,
    library: LibraryOption = None,
) -> None:
    """Show the stored text of a document, or the changes that cleaning made to it."""
    source_library = pipeline_from(library=library).library
    document = source_library.document(source_library.find(name).id)
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
    """Remove documents from the library. The files themselves are not touched."""
    if not names and not collections:
        raise SettingsError("name what to remove: a document that yinju list shows, or --collection NAME")
    target = pipeline_from(library=library).library
    for name in names or ():
        say(f"removed {target.remove(name).title}")
    if collections:
        say(f"removed {target.remove_all(target.select(collections))} documents")


@app.command(epilog='Example: yinju edit report.pdf --title "Annual report" --date 2023-05 --author "Ada Lim"')
def edit(
    name: Annotated[str, typer.Argument(help="An id, a file name or a title.")],
    *,
    title: Annotated[str | None, typer.Option("--title", help="The title.", show_default=False)] = None,
    date: Annotated[
        str | None, typer.Option("--date", help='When it was published: 2021, 2021-10 or 2021-10-09; "" for unknown.')
    ] = None,
    author: Annotated[str | None, typer.Option("--author", help='Who wrote it; "" for unknown.', show_default=False)] = None,
    library: LibraryOption = None,
) -> None:
    """Change the title, the date or the author of a document."""
    if title is None and date is None and author is None:
        raise SettingsError("name what to change: --title, --date or --author")
    target = pipeline_from(library=library).library
    document = target.edit(target.find(name).id, title=title, published=date, author=author)
    say(f"{document.title}  {document.published or '-'}  {document.author or '-'}")


@app.command(epilog="Examples: yinju originals  --  yinju originals --keep  --  yinju originals --drop")
def originals(
    keep: Annotated[bool, typer.Option("--keep", help="Keep a copy of every file that is added from now on.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Keep no files, and remove the copies.")] = False,
    library: LibraryOption = None,
) -> None:
    """Show whether the original files of documents are kept, or change that.

    The window draws the pages of kept PDF files with the quotes marked, and offers kept files for download.
    """
    if keep and drop:
        raise SettingsError("use one of --keep and --drop")
    kept = pipeline_from(library=library).library.originals
    if keep or drop:
        kept.keep(keep)
    count, size = kept.size()
    say(f"{'files are kept' if kept.kept else 'files are not kept'}: {count} files, {size / 1e6:.1f} MB")


@app.command("collections", epilog="Examples: yinju collections  --  yinju collections --rename drafts reports")
def list_collections(
    library: LibraryOption = None,
    rename: Annotated[
        tuple[str, str] | None,
        typer.Option("--rename", metavar="NAME NEW", help="Rename a collection.", show_default=False),
    ] = None,
    drop: Annotated[
        str | None, typer.Option("--drop", metavar="NAME", help="Delete a collection; its documents stay.", show_default=False)
    ] = None,
) -> None:
    """List the collections. Create one with yinju add --collection NAME; search one with yinju ask --collection NAME."""
    target = pipeline_from(library=library).library
    if rename:
        target.rename_collection(*rename)
    if drop:
        target.uncollect(drop)
    for name, count in target.collections().items():
        say(f"{count:8} documents  {name}")


@app.command("export", epilog="Example: yinju export library.yinju")
def export_library(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    library: LibraryOption = None,
) -> None:
    """Write the documents, collections and vectors of the library to one file. Conversations are not included."""
    from rag.library import transfer

    documents = transfer.export(pipeline_from(library=library).library, file)
    say(f"{documents} documents in {file}")


@app.command("import", epilog="Example: yinju import library.yinju --collection from-the-north")
def import_library(
    file: Annotated[Path, typer.Argument(help="A file that yinju export wrote.")],
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    collection: Annotated[str, typer.Option("--collection", help="Also put the documents in this collection.")] = "",
) -> None:
    """Add the documents of an exported library. They are encoded again only if they were exported with another encoder."""
    from rag.library import transfer

    target = pipeline_from(library=library, encoder=encoder).library
    with progress("importing") as on_progress:
        results = transfer.import_from(target, file, on_progress, collection)
    print_results(results)
    _exit_if_failed(results)


@app.command()
def reindex(library: LibraryOption = None, encoder: EncoderOption = None) -> None:
    """Encode every document again, after a change of encoder or chunk size."""
    target = pipeline_from(library=library, encoder=encoder).library
    with progress("re-indexing") as on_progress:
        count = target.reindex(on_progress)
    say(f"{count} documents re-indexed")


def _exit_if_failed(results: list[AddResult]) -> None:
    if any(result.status == "failed" for result in results):
        raise typer.Exit(1)


def _watch(library: Library, folders: list[Path], collection: str) -> list[AddResult]:
    """Keeps the library in step with folders until Ctrl-C; returns the result for each document."""
    from rag.library import watching

    results: list[AddResult] = []
    stop = threading.Event()

    def interrupt(*_: object) -> None:
        # Python loses an exception that is raised while it frees an object. The event is not lost.
        stop.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        for changed in watching.changes(folders, stop):
            with progress("adding") as on_progress:
                latest = watching.bring_in_step(library, folders, changed, on_progress, collection)
            # An interrupt may come as soon as the results are printed.
            results += latest
            print_results(latest)
            sys.stdout.flush()
            say("watching; stop with Ctrl-C", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, before)
    say("stopped", file=sys.stderr)
    return results
