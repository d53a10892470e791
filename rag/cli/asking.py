"""Commands that ask questions: ask on the terminal, chat in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag import texts
from rag.cli.options import (
    CollectionsOption,
    EncoderOption,
    GeneratorOption,
    LanguageOption,
    LibraryOption,
    SinceOption,
    SourceOption,
    UntilOption,
    add_seeds_if_new,
    pipeline_from,
    settings_from,
    users_from,
)
from rag.cli.output import say, to_json
from rag.types import Done, TextDelta

if TYPE_CHECKING:
    from rag.types import Answer, Citation

_NEAREST_SHOWN = 3
_SNIPPET = 100

app = typer.Typer()


@app.command(epilog='Example: yinju ask "长江十年禁渔从哪天开始？"')
def ask(
    question: Annotated[str, typer.Argument(help="A question in Chinese or English.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the answer and its sources as Markdown.")] = False,
    generator: GeneratorOption = None,
    top_k: Annotated[int | None, typer.Option(help="The number of passages to return.", show_default=False)] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--document", metavar="NAME", help="Search only this document: an id, file name or title; repeatable."),
    ] = None,
    collections: CollectionsOption = None,
    language: LanguageOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    source: SourceOption = "",
) -> None:
    """Ask a question. The answer is printed as it comes."""
    pipeline = pipeline_from(library=library, encoder=encoder, generator=generator, top_k=top_k)
    add_seeds_if_new(pipeline, library)
    documents = [pipeline.library.find(name).id for name in names] if names else None
    if collections or language or since or until or source:
        selected = pipeline.library.select(collections or (), language or "", since, until, source)
        documents = [name for name in selected if documents is None or name in documents]
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
            help="Who may sign in: NAME:PASSWORD, several separated by commas, or @FILE with one in each line.",
            show_default=False,
        ),
    ] = None,
    root_path: Annotated[
        str | None,
        typer.Option(
            help="The path under which a proxy serves the window, such as /yinju, or its whole public address.",
            show_default=False,
        ),
    ] = None,
    allow_host: Annotated[
        str | None,
        typer.Option(help="The host names under which a proxy serves the window, separated by commas.", show_default=False),
    ] = None,
    share: Annotated[bool, typer.Option("--share", help="Open it to the internet through Gradio's servers.")] = False,
) -> None:
    """Open the chat window in a browser."""
    settings = settings_from(
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
    add_seeds_if_new(pipeline, library)
    from rag.conversations import History
    from ui.serving import Address, serve

    hosts = [name.strip() for name in settings.allow_host.split(",") if name.strip()]
    address = Address(settings.host, settings.port, users_from(settings.auth), settings.root_path, share, hosts)
    serve(pipeline, History(settings.library), address, settings.max_file_megabytes * 1_000_000)


def _sources(answer: Answer) -> str:
    """Formats an answer's notes, and its citations or else the nearest passages, one in each line."""
    lines = ["", *answer.notes, ""]
    for citation in answer.citations:
        lines += _source(citation, answer.language)
    if not answer.citations:
        nearest = answer.results[:_NEAREST_SHOWN]
        lines += [f"  · {result.title}: {' '.join(result.chunk.text.split())[:_SNIPPET]}…" for result in nearest]
    return "\n".join(lines).rstrip()


def _source(citation: Citation, language: str) -> list[str]:
    page = texts.PAGE.in_language(language, citation.page) if citation.page else ""
    place = f"{Path(citation.source).name}:{citation.start}-{citation.end}, {citation.support:.2f}"
    lines = [f"[{citation.number}] {citation.title}{page} ({place})"]
    if citation.copies:
        lines.append(f"    {texts.ALSO_IN.in_language(language)} {', '.join(citation.copies)}")
    return lines
