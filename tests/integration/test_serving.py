"""The HTTP server, as programs use it: OpenAI's own client, plain requests, and made-up ones."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from serving_client import SharedWords, filled_library, ids, serving

from rag.errors import GeneratorError
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.serving.access.keys import Keys
from rag.serving.app import Options
from rag.text.analysis import Analyzer

QUESTION = "How many visitors did the station receive in June 2025?"
QUOTE = "The station received 4,200 visitors in June 2025."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, analyzer: Analyzer) -> Iterator[Library]:
    with filled_library(tmp_path_factory.mktemp("served"), analyzer) as library:
        yield library


@pytest.fixture(scope="module")
def pipeline(library: Library) -> RagPipeline:
    return RagPipeline(library, SharedWords())


@pytest.fixture(scope="module")
def address(pipeline: RagPipeline) -> Iterator[str]:
    with serving(pipeline) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def openai_client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def changing(quick_path: Path, analyzer: Analyzer) -> Iterator[tuple[httpx.Client, Library]]:
    """A server with a library that a test may change."""
    with filled_library(quick_path, analyzer) as library:
        pipeline = RagPipeline(library, SharedWords())
        with (
            serving(pipeline, Options(may_write=True)) as address,
            httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
        ):
            yield client, library


def error(response: httpx.Response, status: int) -> dict[str, Any]:
    """The error of a response, which has OpenAI's form."""
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"}
    found: dict[str, Any] = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert "\n" not in found["message"]
    return found


def events(text: str) -> list[tuple[str, Any]]:
    """The names and values of server-sent events."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        if "data" in lines:
            found.append((lines.get("event", ""), lines["data"] if lines["data"] == "[DONE]" else json.loads(lines["data"])))
    return found


# -- OpenAI's API -----------------------------------------------------------------------------------------------------


def test_a_chat_is_answered_with_citations(openai_client: openai.OpenAI, library: Library, address: str) -> None:
    completion = openai_client.chat.completions.create(model="yinju", messages=[{"role": "user", "content": QUESTION}])
    (choice,) = completion.choices
    assert choice.finish_reason == "stop"
    content = choice.message.content
    assert content
    assert f"{QUOTE}[1]" in content
    station = ids(library)["Bird station"]
    document = library.document(station)
    start = document.text.index(QUOTE)
    for annotation in choice.message.annotations or []:
        assert content[annotation.url_citation.start_index : annotation.url_citation.end_index] == "[1]"
        assert annotation.url_citation.title == "Bird station"
        place = f"/api/documents/{station}/text?start={start}&end={start + len(QUOTE)}"
        assert annotation.url_citation.url == f"{address}{place}"
        assert httpx.get(annotation.url_citation.url, trust_env=False).json()["text"] == QUOTE
    assert len(choice.message.annotations or []) == content.count("[1]")
    (citation,) = completion.model_extra["citations"]  # type: ignore[index]
    assert citation["quote"] == QUOTE
    assert citation["document"]["source"] == "station.md"
    assert citation["place"] == {"page": None, "start": start, "end": start + len(QUOTE)}
    assert completion.model_extra["yinju"]["kind"] == "answer"  # type: ignore[index]
    assert completion.usage
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens > 20


def test_a_streamed_chat_says_the_same(openai_client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
    whole = openai_client.chat.completions.create(model="yinju", messages=messages)
    chunks = list(
        openai_client.chat.completions.create(
            model="yinju", messages=messages, stream=True, stream_options={"include_usage": True}
        )
    )
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    assert len([delta for delta in deltas if delta.content]) > 3
    annotated = [delta.model_extra["annotations"] for delta in deltas if delta.model_extra]
    assert annotated == [[each.model_dump() for each in whole.choices[0].message.annotations or []]]
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.usage for chunk in chunks] == [*[None] * (len(chunks) - 1), whole.usage]
    assert all("usage" in chunk.model_fields_set for chunk in chunks)
    last = next(chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason)
    assert last.model_extra
    assert whole.model_extra
    assert last.model_extra["citations"] == whole.model_extra["citations"]


def test_a_follow_up_is_completed_from_the_messages(openai_client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    first = openai_client.chat.completions.create(model="yinju", messages=messages)
    messages += [
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": [{"type": "text", "text": "And in July 2024?"}]},
    ]
    for answer in (first.choices[0].message.content, "Some words that this server never said."):
        messages[1]["content"] = answer
        second = openai_client.chat.completions.create(model="yinju", messages=messages)
        query = second.model_extra["yinju"]["query"]  # type: ignore[index]
        assert "visitors" in query
        assert "July 2024" in query


def test_what_the_documents_do_not_say_is_not_answered(openai_client: openai.OpenAI) -> None:
    completion = openai_client.chat.completions.create(
        model="yinju", messages=[{"role": "user", "content": "Who painted the ceiling of the opera house?"}]
    )
    assert completion.model_extra["yinju"]["kind"] == "refusal"  # type: ignore[index]
    assert completion.model_extra["citations"] == []  # type: ignore[index]
    assert completion.choices[0].message.annotations == []


def test_the_quotes_are_part_of_the_text_for_clients_that_show_nothing_else(openai_client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    plain = openai_client.chat.completions.create(model="yinju", messages=messages)
    quoted = openai_client.chat.completions.create(model="yinju-sources", messages=messages)
    content = plain.choices[0].message.content
    assert content
    assert quoted.choices[0].message.content == f"{content}\n\n[1] Bird station: “{QUOTE}”"
    assert quoted.choices[0].message.annotations == plain.choices[0].message.annotations


def test_a_chat_can_be_limited_to_documents(openai_client: openai.OpenAI, library: Library) -> None:
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    for selection, kind in (
        ({"collections": ["birds"]}, "answer"),
        ({"documents": [ids(library)["Weir report"]]}, "refusal"),
        ({"language": "en", "source": "station.md"}, "answer"),
        ({"collections": ["birds"], "documents": []}, "refusal"),
    ):
        answer = openai_client.chat.completions.create(model="yinju", messages=messages, extra_body=selection)
        assert answer.model_extra["yinju"]["kind"] == kind, selection  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "status", "param", "message"),
    [
        ({"model": "gpt-7"}, 404, "model", "there is no chat model “gpt-7”"),
        ({"messages": []}, 400, "messages", "at least 1"),
        ({"messages": [{"role": "assistant", "content": "Hello"}]}, 400, "messages", "ask a question"),
        ({"messages": [{"role": "user", "content": " "}]}, 400, "messages", "ask a question"),
        ({"messages": [{"role": "user", "content": "?!"}]}, 400, None, "the question is empty"),
        ({"messages": [{"role": "user", "content": "a" * 2001}]}, 400, None, "2,001 characters"),
        ({"messages": [{"role": "robot", "content": "Hello"}]}, 400, "messages.0.role", "'user'"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "messages.0.content", "'text'"),
        ({"messages": "Hello"}, 400, "messages", "list"),
        ({"n": 2}, 400, "n", "less than or equal to 1"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format.type", "'text'"),
        ({"stream": "yes"}, 400, "stream", "boolean"),
        ({"collections": ["none"]}, 404, None, 'no collection is called "none"'),
        ({"since": "soon"}, 400, "since", "pattern"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_chat_gets_a_clear_error(
    client: httpx.Client, *, change: dict[str, Any], status: int, param: str | None, message: str, stream: bool
) -> None:
    body = {"model": "yinju", "messages": [{"role": "user", "content": QUESTION}], "stream": stream, **change}
    found = error(client.post("/v1/chat/completions", json=body), status)
    assert found["type"] == "invalid_request_error"
    assert (found["param"] or "").startswith(param or "")
    assert bool(found["param"]) == bool(param)
    assert message in found["message"]


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/v1/chat/completions", b"{", 400),
        ("POST", "/v1/chat/completions", b"\xff\xfe", 400),
        ("POST", "/v1/chat/completions", b"[" * 100_000, 400),
        ("POST", "/v1/chat/completions", b'{"model": "yinju", "messages": [{"role": "user", "content": "\\ud800a"}]}', 400),
        ("POST", "/v1/chat/completions", b"", 400),
        ("POST", "/v1/nothing", b"{}", 404),
        ("GET", "/v1/chat/completions", b"", 405),
        ("GET", "/docs", b"", 404),
        ("POST", "/v1/chat/completions", b" " * 2_000_001, 413),
    ],
)
def test_a_request_without_form_gets_a_clear_error(
    client: httpx.Client, method: str, path: str, content: bytes, status: int
) -> None:
    error(client.request(method, path, content=content, headers={"Content-Type": "application/json"}), status)


def test_a_body_that_is_not_json_is_told_why(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    cut = error(client.post("/v1/chat/completions", content=b'{"model": ', headers=headers), 400)
    assert (cut["message"], cut["param"], cut["code"]) == (
        "the body is not JSON: Expecting value at character 10",
        None,
        "invalid_json",
    )
    whole = {"model": "yinju", "messages": [{"role": "user", "content": QUESTION}]}
    for content, kind in ((json.dumps(whole), "text/plain"), ("[1]", "application/json")):
        found = error(client.post("/v1/chat/completions", content=content, headers={"Content-Type": kind}), 400)
        assert found["message"] == "the body must be a JSON object, sent with Content-Type: application/json"


def test_openai_s_client_knows_the_errors(openai_client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="there is no chat model") as caught:
        openai_client.chat.completions.create(model="gpt-7", messages=[{"role": "user", "content": "Hello"}])
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="the question is empty"):
        openai_client.chat.completions.create(model="yinju", messages=[{"role": "user", "content": "..."}])


def test_the_models_are_listed(openai_client: openai.OpenAI) -> None:
    names = ["yinju", "yinju-sources", "yinju-encoder", "yinju-reranker"]
    assert [model.id for model in openai_client.models.list()] == names
    assert openai_client.models.retrieve("yinju").owned_by == "yinju"
    with pytest.raises(openai.NotFoundError):
        openai_client.models.retrieve("gpt-7")


def test_texts_are_encoded(openai_client: openai.OpenAI, library: Library, client: httpx.Client) -> None:
    texts = ["The forest.", "森林", *(f"Text {number}." for number in range(40))]
    # OpenAI's client asks for Base64 and decodes it.
    found = openai_client.embeddings.create(model="yinju-encoder", input=texts)
    assert [each.index for each in found.data] == list(range(42))
    vectors = np.array([each.embedding for each in found.data], np.float32)
    np.testing.assert_allclose(vectors, library.encoder.encode_document(texts), atol=1e-6)
    assert found.usage.prompt_tokens == sum(library.encoder.count_tokens(texts))
    one = client.post("/v1/embeddings", json={"model": "yinju-encoder", "input": "The forest."}).json()
    np.testing.assert_allclose(one["data"][0]["embedding"], vectors[0], atol=1e-6)
    body = {"model": "yinju-encoder", "input": "The forest.", "encoding_format": "base64", "dimensions": 32.0}
    packed = client.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(packed), "<f4"), vectors[0])


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"model": "text-embedding-3-small"}, 404, "model"),
        ({"input": ""}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": ["a"] * 2049}, 400, "input"),
        ({"input": [[1, 2, 3]]}, 400, "input"),
        ({"dimensions": 7}, 400, "dimensions"),
        ({"encoding_format": "int8"}, 400, "encoding_format"),
    ],
)
def test_a_wrong_text_to_encode_gets_a_clear_error(client: httpx.Client, change: dict[str, Any], status: int, param: str) -> None:
    found = error(client.post("/v1/embeddings", json={"model": "yinju-encoder", "input": "a", **change}), status)
    assert found["param"].startswith(param)


def test_texts_are_ordered_by_how_well_they_answer(client: httpx.Client) -> None:
    # The third text is longer than a passage, and its answer is at the end.
    texts = ["Nothing of that.", {"text": "The weir was rebuilt."}, "Words of no use. " * 300 + "The weir was built in 1987."]
    body = {"model": "yinju-reranker", "query": "When was the weir built?", "documents": texts}
    answer = client.post("/v1/rerank", json=body).json()
    results = answer["results"]
    assert [result["index"] for result in results] == [2, 1, 0]
    scores = [result["relevance_score"] for result in results]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(0.99 * 4 / 5)
    assert "document" not in results[0]
    assert answer["usage"]["total_tokens"] > 1000
    best = client.post("/v1/rerank", json={**body, "top_n": 1, "return_documents": True}).json()["results"]
    assert best == [{"index": 2, "relevance_score": scores[0], "document": {"text": texts[2]}}]
    error(client.post("/v1/rerank", json={**body, "model": "other"}), 404)
    error(client.post("/v1/rerank", json={**body, "documents": []}), 400)


# -- Yinju's own API --------------------------------------------------------------------------------------------------


def test_an_answer_comes_as_events(client: httpx.Client) -> None:
    response = client.post("/api/ask", json={"question": QUESTION})
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    names = [name for name, _ in found]
    assert names[0] == "retrieved"
    assert names[-1] == "done"
    assert names.index("cited") < names.index("delta")
    answer = found[-1][1]["answer"]
    assert "".join(value["text"] for name, value in found if name == "delta") == answer["text"]
    assert [value["citation"] for name, value in found if name == "cited"] == answer["citations"]
    assert answer["citations"][0]["quote"] == QUOTE
    assert answer["citations"][0]["source"] == "station.md"
    whole = client.post("/api/ask", json={"question": QUESTION, "stream": False}).json()
    assert {**whole, "timings": {}} == {**answer, "timings": {}}


def test_an_answer_can_follow_others(client: httpx.Client) -> None:
    history = [{"question": QUESTION, "answer": f"{QUOTE}[1]"}]
    body = {"question": "And in July 2024?", "history": history, "stream": False}
    assert "visitors" in client.post("/api/ask", json=body).json()["query"]


def test_passages_are_found_with_and_without_the_reader(client: httpx.Client, library: Library) -> None:
    body = {"question": "weir river office", "top_k": 2}
    found = client.post("/api/search", json=body).json()["results"]
    assert [result["rank"] for result in found] == [1, 2]
    assert found[0]["title"] == "Weir report"
    assert found[0]["source"] == "weir.pdf"
    text = library.document(found[0]["chunk"]["document_id"]).text
    assert text[found[0]["chunk"]["start"] : found[0]["chunk"]["end"]] == found[0]["chunk"]["text"]
    assert "support" not in found[0]["scores"]
    read = client.post("/api/search", json={**body, "rerank": True}).json()["results"]
    assert read[0]["scores"]["support"] == read[0]["score"] == pytest.approx(0.99)
    narrowed = client.post("/api/search", json={"question": "weir", "collections": ["birds"]}).json()["results"]
    assert {result["title"] for result in narrowed} == {"Bird station"}


def test_documents_are_listed_and_shown(client: httpx.Client, library: Library) -> None:
    listed = client.get("/api/documents").json()
    assert listed["total"] == 3
    assert [each["title"] for each in listed["documents"]] == ["Bird station", "委员会决定", "Weir report"]
    assert {each["source"] for each in listed["documents"]} == {"station.md", "committee.txt", "weir.pdf"}
    assert [each["title"] for each in client.get("/api/documents?limit=1&offset=1").json()["documents"]] == ["委员会决定"]
    assert client.get("/api/documents", params={"language": "zh"}).json()["total"] == 1
    assert client.get("/api/documents", params={"collection": "birds"}).json()["documents"][0]["collections"] == ["birds"]
    shown = client.get(f"/api/documents/{ids(library)['Bird station']}").json()
    text = library.document(ids(library)["Bird station"]).text
    headings = [(entry["text"], text[entry["start"] :].splitlines()[0]) for entry in shown["outline"]]
    assert headings[1:] == [("Visitors", "Visitors"), ("Budget", "Budget")]
    for path in ("", "/text", "/summary"):
        assert error(client.get(f"/api/documents/000000000000{path}"), 404)["code"] == "document_not_found"
    error(client.get("/api/documents/..%2fx"), 404)
    error(client.get("/api/documents/X"), 400)
    error(client.get("/api/documents?limit=0"), 400)
    error(client.get("/api/documents?collection=none"), 404)


def test_a_page_a_section_or_a_range_is_read(client: httpx.Client, library: Library) -> None:
    station, weir = (f"/api/documents/{ids(library)[title]}/text" for title in ("Bird station", "Weir report"))
    document = library.document(ids(library)["Weir report"])
    page = client.get(weir, params={"page": 2}).json()
    assert "1987" in page["text"]
    assert "First" not in page["text"]
    assert "Last" not in page["text"]
    assert (page["page"], page["next_start"]) == (2, None)
    assert document.text[page["start"] : page["end"]] == page["text"]
    pages = [client.get(weir, params={"page": number}).json()["text"] for number in (1, 2, 3)]
    assert "".join(pages) == document.text
    section = client.get(station, params={"section": "visitors"}).json()["text"]
    assert QUOTE in section
    assert "Budget" not in section
    assert "380,000 yuan" in client.get(station, params={"section": "Budget"}).json()["text"]
    assert client.get(weir, params={"start": 3, "end": 8}).json()["text"] == document.text[3:8]
    assert client.get(weir, params={"start": 10_000}).json()["text"] == ""
    assert error(client.get(weir, params={"page": 4}), 404)["message"] == "the document has 3 pages"
    assert "no pages" in error(client.get(station, params={"page": 1}), 404)["message"]
    assert "“Budget”" in error(client.get(station, params={"section": "Towers"}), 404)["message"]


def test_a_document_is_summarised(client: httpx.Client, library: Library) -> None:
    document = library.document(ids(library)["Bird station"])
    answer = client.get(f"/api/documents/{document.id}/summary").json()
    assert answer["citations"]
    for citation in answer["citations"]:
        assert document.text[citation["start"] : citation["end"]] == citation["quote"]
    chinese = client.get(f"/api/documents/{document.id}/summary", params={"language": "zh"}).json()
    assert chinese["language"] == "zh"


def test_documents_come_and_go(changing: tuple[httpx.Client, Library]) -> None:
    client, library = changing
    files = {"file": ("../../notes/lake.md", b"# Lake\n\nThe lake froze in January 1963.\n")}
    (added,) = client.post("/api/documents", files=files, data={"collection": "water"}).json()["results"]
    assert (added["source"], added["status"], added["chunks"]) == ("lake.md", "added", 1)
    asked = {"question": "When did the lake freeze?", "collections": ["water"]}
    assert client.post("/api/search", json=asked).json()["results"][0]["title"] == "Lake"
    (again,) = client.post("/api/documents", files=files).json()["results"]
    assert again["status"] == "unchanged"
    removed = client.delete(f"/api/documents/{added['document_id']}").json()["removed"]
    assert removed["title"] == "Lake"
    assert "Lake" not in ids(library)
    assert error(client.delete(f"/api/documents/{added['document_id']}"), 404)["code"] == "document_not_found"


def test_a_file_that_cannot_be_read_is_refused(changing: tuple[httpx.Client, Library]) -> None:
    client, library = changing
    for name, content in (("a.exe", b"MZ"), ("a.pdf", b"no PDF"), ("a.md", b""), ("noending", b"text")):
        found = error(client.post("/api/documents", files={"file": (name, content)}), 400)
        assert found["code"] == "unreadable_file"
        assert name in found["message"] or "ending" in found["message"]
        assert "yinju-add-" not in found["message"]
    error(client.post("/api/documents", data={"collection": "x"}), 400)
    error(client.post("/api/documents", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=x"}), 400)
    files = {"file": ("a.md", b"Some text.")}
    assert error(client.post("/api/documents", files=files, data={"collection": "a\x1bb"}), 400)["param"] == "collection"
    assert len(library) == 3


def test_collections_are_changed(changing: tuple[httpx.Client, Library]) -> None:
    client, library = changing
    weir = ids(library)["Weir report"]
    assert client.put("/api/collections/水利 一", json={"documents": [weir]}).json() == {"name": "水利 一", "documents": 1}
    assert client.patch("/api/collections/水利 一", json={"name": "birds"}).json() == {"name": "birds"}
    assert client.get("/api/collections").json() == {"collections": [{"name": "birds", "documents": 2}]}
    assert client.delete("/api/collections/birds").json() == {"removed": "birds"}
    assert client.get("/api/collections").json() == {"collections": []}
    assert len(library) == 3
    error(client.delete("/api/collections/birds"), 404)
    error(client.patch("/api/collections/birds", json={"name": "x"}), 404)
    error(client.put("/api/collections/x", json={"documents": ["000000000000"]}), 404)
    assert library.collections() == {}


def test_health_and_counters(client: httpx.Client) -> None:
    assert client.get("/api/health").json() == {"status": "ok"}
    client.get("/nothing/here")
    client.post("/api/ask", json={"question": QUESTION, "stream": False})
    lines = client.get("/metrics").text.splitlines()
    counted = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}
    assert counted['yinju_requests_total{method="GET",route="/api/health",status="200"}'] >= 1
    assert counted['yinju_requests_total{method="GET",route="other",status="404"}'] >= 1
    assert counted['yinju_answers_total{kind="answer",language="en"}'] >= 1
    assert counted["yinju_documents"] == 3
    assert not [name for name in counted if "nothing/here" in name]


def test_a_dead_library_is_an_error_and_health_says_so(quick_path: Path, analyzer: Analyzer) -> None:
    library = filled_library(quick_path, analyzer)
    library.close()
    library.database.write_bytes(b"this is no database" * 100)
    with serving(RagPipeline(library, SharedWords())) as address, httpx.Client(base_url=address, trust_env=False) as client:
        assert client.get("/api/health").status_code == 503
        for stream in (False, True):
            body = {"model": "yinju", "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
            found = error(client.post("/v1/chat/completions", json=body), 503)
            assert (found["type"], found["code"]) == ("server_error", "library_unavailable")
            assert str(quick_path) not in found["message"]
        assert "yinju_documents NaN" in client.get("/metrics").text


# -- many at once, and the end ----------------------------------------------------------------------------------------


class SilentModel:
    """A language model that says nothing until it is told to stop."""

    name = "http://10.1.2.3:8000/v1"

    def __init__(self) -> None:
        self.asked, self.stopped = threading.Event(), threading.Event()

    def fits(self, messages: Any) -> bool:
        return True

    def stream(self, messages: Any, stop: threading.Event) -> Iterator[str]:
        self.asked.set()
        assert stop.wait(60)
        self.stopped.set()
        raise GeneratorError(f"cannot reach {self.name}")
        yield ""


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_takes_too_long_ends_with_an_error(library: Library, *, stream: bool) -> None:
    pipeline = RagPipeline(library, SharedWords(), SilentModel())
    body = {"model": "yinju", "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    with (
        serving(pipeline, Options(seconds=0.3)) as address,
        httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
    ):
        response = client.post("/v1/chat/completions", json=body)
        # A stream may have begun.
        failed = events(response.text)[-2][1]["error"] if response.status_code == 200 else error(response, 504)
        assert (failed["code"], failed["type"]) == ("timeout", "server_error")
        assert client.get("/api/health").status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_ends_when_the_client_goes(library: Library, *, stream: bool) -> None:
    model = SilentModel()
    body = json.dumps({"model": "yinju", "messages": [{"role": "user", "content": QUESTION}], "stream": stream})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(RagPipeline(library, SharedWords(), model)) as address:
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as connection:
            connection.sendall((head + body).encode())
            assert model.asked.wait(60)
        assert model.stopped.wait(60)
        # The server works on, for others too.
        assert httpx.post(f"{address}/api/search", json={"question": "weir"}, timeout=60, trust_env=False).status_code == 200


def test_questions_that_wait_for_a_model_do_not_block_searches(library: Library) -> None:
    model = SilentModel()
    pipeline = RagPipeline(library, SharedWords(), model)
    with serving(pipeline) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as client:

        def ask() -> None:
            with httpx.stream("POST", f"{address}/api/ask", json={"question": QUESTION}, timeout=60, trust_env=False) as answer:
                for line in answer.iter_lines():
                    if "retrieved" in line:
                        done.wait(60)
                        return

        done = threading.Event()
        waiting = [threading.Thread(target=ask) for _ in range(20)]
        for thread in waiting:
            thread.start()
        assert model.asked.wait(60)
        assert len(client.post("/api/search", json={"question": "weir"}).json()["results"]) > 0
        assert client.get("/api/health").status_code == 200
        done.set()
        for thread in waiting:
            thread.join(60)
        assert model.stopped.wait(60)


SCRIPT = """
import sys
sys.path[:0] = ["tests"]
from pathlib import Path
from hashing_encoder import HashingEncoder
from serving_client import SharedWords
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.serving.app import Options
from rag.serving.server import serve

class Waiting(SharedWords):
    def read(self, question, results, stop=None):
        if question != "?":
            print("reading", flush=True)
            sys.stdin.readline()
        return super().read(question, results, stop)

library = Library(Path(sys.argv[1]), HashingEncoder())
serve(RagPipeline(library, Waiting()), "127.0.0.1", int(sys.argv[2]), Options(), lambda address: print(address, flush=True))
print("ended", flush=True)
"""


def test_the_server_finishes_its_answer_when_it_is_told_to_end(library: Library) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SCRIPT, str(library.path), str(port)]
    root = Path(__file__).parents[2]
    with (
        subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process,
        ThreadPoolExecutor() as threads,
    ):
        try:
            assert process.stdin
            assert process.stdout
            address = process.stdout.readline().strip()
            assert address == f"http://127.0.0.1:{port}"
            body = {"question": QUESTION, "stream": False}
            asked = threads.submit(httpx.post, f"{address}/api/ask", json=body, timeout=60, trust_env=False)
            assert process.stdout.readline().strip() == "reading"
            process.send_signal(signal.SIGTERM)
            # From then on, it takes no other request.
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=60).close()
                except ConnectionError:
                    break
                time.sleep(0.05)
            process.stdin.write("\n" * 9)
            assert asked.result(60).json()["citations"][0]["quote"] == QUOTE
            assert process.stdout.read().split()[-1] == "ended"
            assert process.wait(60) == 0
        finally:
            process.kill()


# -- made-up requests -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def described(pipeline: RagPipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The server's own description of itself, with a key that every request needs."""
    keys = Keys(tmp_path_factory.mktemp("keys") / "keys", f"tester:write:{'k' * 32}")
    with serving(pipeline, Options(keys=keys, requests_a_minute=0)) as address:
        yield schemathesis.openapi.from_url(f"{address}/openapi.json", headers=AUTHORISED)


AUTHORISED = {"Authorization": f"Bearer {'k' * 32}"}
# The description cannot say which bytes are a file that can be read.
NOT_DESCRIBED = {"POST /api/documents": [positive_data_acceptance]}


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_made_up_requests_find_no_fault(described: Any, mode: schemathesis.GenerationMode) -> None:
    """Every operation gets requests that fit its description, or do not, and its answers are compared with the description."""
    tried = set()
    for result in described.get_all_operations():
        operation = result.ok()
        without_input = not (operation.body or list(operation.iter_parameters()))
        if mode == schemathesis.GenerationMode.NEGATIVE and (without_input or operation.label == "GET /v1/models/{name}"):
            continue  # every request fits

        @hypothesis_settings(
            max_examples=4, phases=[Phase.generate], derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            case.call_and_validate(headers=AUTHORISED, excluded_checks=NOT_DESCRIBED.get(case.operation.label, []))

        check()
        tried.add(operation.label)
    assert len(tried) >= (17 if mode == schemathesis.GenerationMode.POSITIVE else 12)
