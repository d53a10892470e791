"""The library by the Model Context Protocol, through the SDK's own client: in memory, as a process, and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from serving_client import SharedWords, filled_library, ids, serving

from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.serving.access.keys import Keys
from rag.serving.app import Options
from rag.serving.mcp.server import build
from rag.serving.mcp.tools import MAX_READ
from rag.serving.work import Work
from rag.text.analysis import Analyzer
from rag.types import Document

QUESTION = "How many visitors did the station receive in June 2025?"
QUOTE = "The station received 4,200 visitors in June 2025."
READING = {"ask", "search", "read_document", "list_documents"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, analyzer: Analyzer) -> Iterator[Library]:
    with filled_library(tmp_path_factory.mktemp("mcp"), analyzer) as library:
        yield library


@pytest.fixture
def changing(quick_path: Path, analyzer: Analyzer) -> Iterator[Library]:
    """A library that a test may change."""
    with filled_library(quick_path, analyzer) as library:
        yield library


def with_client(library: Library, use: Callable[[Client], Awaitable[Any]], *, may_write: bool = False, mode: str = "auto") -> Any:
    """Returns the result of `use`, which is given a client of a server in this process."""

    async def run() -> Any:
        work = Work()
        try:
            server = build(RagPipeline(library, SharedWords()), work, may_write=may_write)
            async with Client(server, mode=mode) as client:
                return await use(client)
        finally:
            await work.close()

    return asyncio.run(run())


def called(library: Library, tool: str, *, may_write: bool = False, **arguments: Any) -> dict[str, Any]:
    """The structured result of a tool; its text says the same."""

    async def use(client: Client) -> dict[str, Any]:
        result = await client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        assert result.structured_content is not None
        assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
        return result.structured_content

    found: dict[str, Any] = with_client(library, use, may_write=may_write)
    return found


def refused(library: Library, tool: str, *, may_write: bool = False, **arguments: Any) -> str:
    """The text of a tool's error."""

    async def use(client: Client) -> str:
        result = await client.call_tool(tool, arguments)
        assert result.is_error
        return str(result.content[0].text)  # type: ignore[union-attr]

    text: str = with_client(library, use, may_write=may_write)
    return text


# -- what a model is told ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_every_tool_says_what_it_does_and_takes(library: Library, mode: str) -> None:
    async def use(client: Client) -> Any:
        assert client.instructions
        assert "cites the exact words" in client.instructions
        return (await client.list_tools()).tools

    for may_write, names in ((False, READING), (True, READING | {"add_document"})):
        tools = with_client(library, use, may_write=may_write, mode=mode)
        assert {tool.name for tool in tools} == names
        for tool in tools:
            assert tool.title
            assert len(tool.description) > 50
            assert tool.annotations.read_only_hint is (tool.name != "add_document")
            assert tool.annotations.open_world_hint is False
            assert all(value.get("description") for value in tool.input_schema["properties"].values()), tool.name
            assert tool.output_schema["properties"]
    by_name = {tool.name: tool for tool in tools}
    assert by_name["ask"].input_schema["required"] == ["question"]
    assert by_name["search"].input_schema["properties"]["top_k"]["maximum"] == 50
    assert by_name["add_document"].annotations.destructive_hint is True


# -- tools ------------------------------------------------------------------------------------------------------------


def test_a_question_is_answered_with_quotes(library: Library) -> None:
    answer = called(library, "ask", question=QUESTION)
    assert answer["kind"] == "answer"
    assert f"{QUOTE}[1]" in answer["answer"]
    (quote,) = answer["citations"]
    assert (quote["number"], quote["quote"], quote["title"], quote["source"]) == (1, QUOTE, "Bird station", "station.md")
    assert library.document(quote["document_id"]).text[quote["start"] : quote["end"]] == QUOTE
    elsewhere = called(library, "ask", question=QUESTION, documents=[ids(library)["Weir report"]])
    assert (elsewhere["kind"], elsewhere["citations"]) == ("refusal", [])
    assert called(library, "ask", question=QUESTION, collection="birds")["kind"] == "answer"


def test_passages_are_found(library: Library) -> None:
    found = called(library, "search", query="weir river office", top_k=1)["passages"]
    assert [passage["title"] for passage in found] == ["Weir report"]
    text = library.document(found[0]["document_id"]).text
    assert text[found[0]["start"] : found[0]["end"]] == found[0]["text"]
    assert found[0]["source"] == "weir.pdf"


def test_a_document_is_read_by_page_section_and_offset(library: Library) -> None:
    whole = called(library, "read_document", document="Bird station")
    text = library.document(whole["document_id"]).text
    assert (whole["text"], whole["next_start"], whole["pages"]) == (text, None, 0)
    assert whole["sections"][1:] == ["Visitors", "Budget"]
    section = called(library, "read_document", document="station.md", section="Visitors")["text"]
    assert QUOTE in section
    assert "Budget" not in section
    page = called(library, "read_document", document=ids(library)["Weir report"], page=2)
    assert (page["page"], page["pages"]) == (2, 3)
    assert page["text"].startswith("The weir was built in 1987")
    assert "Last" not in page["text"]


def test_a_long_document_is_read_in_parts(changing: Library) -> None:
    text = "".join(f"Line {number} of a long text.\n" for number in range(2000)).rstrip()
    changing.add_document(Document("ffffffffffff", "Long text", "/long.txt", text))
    stored = changing.document("ffffffffffff").text
    parts, start = [], 0
    while start is not None:
        part = called(changing, "read_document", document="Long text", start=start)
        parts.append(part["text"])
        start = part["next_start"]
    assert "".join(parts) == stored
    assert [len(part) for part in parts[:-1]] == [MAX_READ] * (len(stored) // MAX_READ)


def test_documents_are_listed(library: Library) -> None:
    listed = called(library, "list_documents")
    assert [each["title"] for each in listed["documents"]] == ["Bird station", "委员会决定", "Weir report"]
    assert listed["documents"][0]["collections"] == ["birds"]
    assert called(library, "list_documents", containing="WEIR")["total"] == 1
    assert called(library, "list_documents", collection="birds")["documents"][0]["source"] == "station.md"
    page = called(library, "list_documents", limit=1, offset=1)
    assert ([each["title"] for each in page["documents"]], page["total"]) == (["委员会决定"], 3)


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("ask", {"question": "?!"}, "the question is empty"),
        ("ask", {"question": "When?", "collection": "none"}, 'no collection is called "none"'),
        ("ask", {}, "question"),
        ("search", {"query": "a", "top_k": 51}, "less than or equal to 50"),
        ("read_document", {"document": "nothing"}, 'no document goes by "nothing"; list_documents shows them'),
        ("read_document", {"document": "Weir report", "page": 4}, "the document has 3 pages"),
        ("read_document", {"document": "Bird station", "section": "Towers"}, "no section “Towers”; it has “Bird station”"),
        ("add_document", {"name": "a", "text": "b"}, "Unknown tool"),
    ],
)
def test_a_model_reads_what_it_did_wrong(library: Library, tool: str, arguments: dict[str, Any], message: str) -> None:
    assert message in refused(library, tool, **arguments)


def test_a_text_is_added_only_where_that_is_allowed(changing: Library) -> None:
    text = "# Lake\n\nThe lake froze in January 1963.\n"
    added = called(changing, "add_document", may_write=True, name="../notes/lake", text=text, collection="water")
    assert (added["source"], added["status"]) == ("lake.md", "added")
    assert changing.collections()["water"] == 1
    assert called(changing, "search", query="lake froze", collection="water")["passages"][0]["title"] == "Lake"
    assert called(changing, "add_document", may_write=True, name="lake.md", text=text)["status"] == "unchanged"
    for wrong in ({"name": "a.md", "text": " \n"}, {"name": "a.md", "text": text, "collection": "\x1b"}):
        assert refused(changing, "add_document", may_write=True, **wrong)
    assert len(changing) == 4


# -- resources --------------------------------------------------------------------------------------------------------


def test_documents_are_resources(changing: Library) -> None:
    async def use(client: Client) -> Any:
        before = (await client.list_resources()).resources
        changing.add_document(Document("ffffffffffff", "Later", "/later.txt", "It came later."))
        after = (await client.list_resources(cache_mode="bypass")).resources
        (template,) = (await client.list_resource_templates()).resource_templates
        read = await client.read_resource("yinju://documents/ffffffffffff")
        with pytest.raises(MCPError, match="there is no document 000000000000"):
            await client.read_resource("yinju://documents/000000000000")
        return before, after, template, read

    before, after, template, read = with_client(changing, use)
    assert [resource.title for resource in before] == ["Weir report", "委员会决定", "Bird station"]
    assert after[0].title == "Later"
    assert str(after[0].uri) == "yinju://documents/ffffffffffff"
    assert after[0].name == "later.txt"
    assert template.uri_template == "yinju://documents/{document_id}"
    assert (read.contents[0].text, read.contents[0].mime_type) == ("It came later.", "text/plain")


# -- a process, and HTTP ----------------------------------------------------------------------------------------------


SCRIPT = """
import asyncio, sys
sys.path[:0] = ["tests"]
from pathlib import Path
from hashing_encoder import HashingEncoder
from serving_client import SharedWords
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.serving.mcp.server import run_on_standard_streams

asyncio.run(run_on_standard_streams(RagPipeline(Library(Path(sys.argv[1]), HashingEncoder()), SharedWords())))
"""


def test_a_client_starts_the_server_as_a_process(library: Library) -> None:
    root = Path(__file__).parents[2]
    environment = {"PYTHONPATH": str(root), **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}}
    parameters = StdioServerParameters(command=sys.executable, args=["-c", SCRIPT, str(library.path)], env=environment, cwd=root)

    async def run() -> tuple[set[str], Any]:
        async with Client(stdio_client(parameters)) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            return names, (await client.call_tool("ask", {"question": QUESTION})).structured_content

    names, answer = asyncio.run(run())
    assert names == READING
    assert answer["citations"][0]["quote"] == QUOTE


def test_the_command_starts_it_on_a_library(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """`yinju mcp`, which is the process above with the bundled models, puts the parts together."""
    import rag.cli.app
    import rag.serving.mcp.server

    started = []

    async def record(pipeline: RagPipeline, *, may_write: bool) -> None:
        started.append((pipeline.library.path, may_write))

    monkeypatch.setattr(rag.serving.mcp.server, "run_on_standard_streams", record)
    for arguments, may_write in (([], False), (["--allow-write"], True)):
        monkeypatch.setattr(sys, "argv", ["yinju", "mcp", "--library", str(library.path), *arguments])
        with pytest.raises(SystemExit) as ended:
            rag.cli.app.main()
        assert not ended.value.code
        assert started.pop() == (library.path, may_write)


def test_it_is_served_over_http_by_what_a_key_allows(library: Library, tmp_path: Path) -> None:
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    keys = Keys(tmp_path / "keys", f"reader:read:{'r' * 20},writer:write:{'w' * 20}")

    async def tools(address: str, secret: str) -> tuple[set[str], Any]:
        async with (
            create_mcp_http_client(headers={"Authorization": f"Bearer {secret}"}) as http,
            Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
        ):
            names = {tool.name for tool in (await client.list_tools()).tools}
            return names, (await client.call_tool("ask", {"question": QUESTION})).structured_content

    with serving(RagPipeline(library, SharedWords()), Options(keys=keys)) as address:
        for secret, names in (("r" * 20, READING), ("w" * 20, READING | {"add_document"})):
            found, answer = asyncio.run(tools(address, secret))
            assert found == names
            assert answer["citations"][0]["quote"] == QUOTE
        request = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        for headers in ({}, {"Authorization": f"Bearer {'x' * 20}"}):
            assert httpx.post(f"{address}/mcp", json=request, headers=headers, trust_env=False).status_code == 401
        # A stream for events that never come would only take the place of a request.
        listening = {"Authorization": f"Bearer {'r' * 20}", "Accept": "text/event-stream"}
        refused = httpx.get(f"{address}/mcp", headers=listening, trust_env=False)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        counters = httpx.get(f"{address}/metrics", headers={"Authorization": f"Bearer {'r' * 20}"}, trust_env=False).text
        assert 'yinju_requests_total{method="POST",route="/mcp",status="200"}' in counters
