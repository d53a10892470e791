"""Commands that serve programs: serve over HTTP, mcp over standard input and output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.options import EncoderOption, GeneratorOption, LibraryOption, add_seeds_if_new, settings_from
from rag.cli.output import say
from rag.errors import SettingsError

if TYPE_CHECKING:
    from rag.serving.access.keys import Keys
    from rag.settings import Settings

app = typer.Typer()
_KEYS_FILE = "keys"


@app.command(
    epilog="Examples: yinju serve  --  for the programs of this machine; "
    "yinju serve --new-key open-webui --read-only  --  prints a new key, which is then needed; "
    "yinju serve --host 0.0.0.0  --  for others too, who need a key"
)
def serve(
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.", show_default=False)] = None,
    generator: GeneratorOption = None,
    allow_host: Annotated[
        str | None,
        typer.Option(help="The host names under which a proxy serves this, separated by commas.", show_default=False),
    ] = None,
    allow_write: Annotated[
        bool, typer.Option("--allow-write", help="Without keys, let the programs of this machine add and remove documents.")
    ] = False,
    new_key: Annotated[
        str | None, typer.Option("--new-key", metavar="NAME", help="Make a key, print it, and end.", show_default=False)
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="The new key may not add or remove documents.")] = False,
    remove_key: Annotated[
        str | None, typer.Option("--remove-key", metavar="NAME", help="Remove a key, and end.", show_default=False)
    ] = None,
) -> None:
    """Serve answers to programs over HTTP: with OpenAI's API, one of its own, and the Model Context Protocol at /mcp.

    Without keys, only programs of this machine are served. With keys, every request needs one.
    """
    settings = settings_from(
        library=library, encoder=encoder, host=host, server_port=port, generator=generator, allow_host=allow_host
    )
    keys = _keys(settings)
    if new_key is not None:
        say(keys.add(new_key, "read" if read_only else "write"))
        say("keep this key: it is not stored and cannot be shown again", file=sys.stderr)
        return
    if remove_key is not None:
        keys.remove(remove_key)
        say(f"removed the key {remove_key}")
        return
    if read_only:
        raise SettingsError("--read-only belongs to --new-key NAME")
    from rag.serving.access.gate import Limits
    from rag.serving.access.hosts import AllowedHosts
    from rag.serving.app import Options
    from rag.serving.server import serve as run

    if not keys and settings.allow_host:
        raise SettingsError(
            "others can reach a server behind a proxy, so it needs keys; make one with: yinju serve --new-key NAME"
        )
    if keys and allow_write:
        raise SettingsError("--allow-write is for a server without keys; make a key that may write with --new-key NAME")
    options = Options(
        keys=keys or None,
        may_write=allow_write,
        requests_a_minute=settings.requests_per_minute,
        seconds=settings.request_timeout,
        hosts=AllowedHosts(settings.host, [name for name in settings.allow_host.split(",") if name.strip()]),
        limits=Limits(file_bytes=settings.max_file_megabytes * 1_000_000),
    )
    from rag.pipeline import RagPipeline

    pipeline = RagPipeline.from_settings(settings)
    add_seeds_if_new(pipeline, library)
    run(pipeline, settings.host, settings.server_port, options, lambda address: say(f"Yinju: {address}/v1", flush=True))


@app.command(epilog="Example of a client's configuration: {'mcpServers': {'yinju': {'command': 'yinju', 'args': ['mcp']}}}")
def mcp(
    library: LibraryOption = None,
    encoder: EncoderOption = None,
    *,
    generator: GeneratorOption = None,
    allow_write: Annotated[bool, typer.Option("--allow-write", help="Offer a tool that adds documents.")] = False,
) -> None:
    """Serve one program by the Model Context Protocol over standard input and output, as Claude Desktop and Cursor start it."""
    import asyncio

    from rag.pipeline import RagPipeline
    from rag.serving.mcp.server import run_on_standard_streams

    pipeline = RagPipeline.from_settings(settings_from(library=library, encoder=encoder, generator=generator))
    add_seeds_if_new(pipeline, library)
    asyncio.run(run_on_standard_streams(pipeline, may_write=allow_write))


def _keys(settings: Settings) -> Keys:
    from rag.serving.access.keys import Keys

    return Keys(Path(settings.library) / _KEYS_FILE, settings.api_keys)
