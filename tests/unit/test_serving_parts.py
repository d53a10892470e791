"""Parts of the server that need neither a library nor a network: parts of documents, Markdown, turns, threads, errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from rag.errors import DocumentNotFoundError, LibraryError, ModelError, QuestionError, SettingsError
from rag.serving import passages
from rag.serving.errors import ApiError, api_error
from rag.serving.history import Turns
from rag.serving.markdown import Inert, with_sources
from rag.serving.unnamed import UnnamedGenerator
from rag.serving.work import Work
from rag.text.analysis import Analyzer
from rag.types import Answer, Citation, Document

# -- parts of documents -----------------------------------------------------------------------------------------------

TEXT = "# A\n\nOne.\n\n## B\n\nTwo.\n\n### C\n\nThree.\n\n## D\n\nFour.\n\n## B\n\nFive."
DOCUMENT = Document("0" * 12, "A", "a.md", TEXT)


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("C", "### C\n\nThree.\n\n"),
        ("d", "## D\n\nFour.\n\n"),
        # The first of two of the same name, with the sections below it.
        ("B", "## B\n\nTwo.\n\n### C\n\nThree.\n\n"),
        ("A", TEXT),
    ],
)
def test_a_section_ends_before_the_next_of_its_level(section: str, text: str) -> None:
    part = passages.part(DOCUMENT, section=section)
    assert part.text == text
    assert DOCUMENT.text[part.start : part.end] == text


def test_a_section_is_named_by_words_that_only_it_contains() -> None:
    document = Document("0" * 12, "A", "a.md", "# A\n\n## The north coast\n\nOne.\n\n## The south coast\n\nTwo.")
    assert passages.part(document, section="SOUTH").text == "## The south coast\n\nTwo."
    with pytest.raises(ApiError, match="several sections contain “coast”; it has “The north coast”, “The south coast”"):
        passages.part(document, section="coast")


def test_a_long_part_is_cut_and_says_where_to_go_on() -> None:
    document = Document("0" * 12, "A", "a.txt", "0123456789", pages=(0, 4))
    first = passages.part(document, page=2, most=4)
    assert (first.text, first.start, first.end, first.page, first.next_start) == ("4567", 4, 8, 2, 8)
    rest = passages.part(document, page=2, start=8, most=4)
    assert (rest.text, rest.next_start) == ("89", None)
    # A range never leaves the page.
    assert passages.part(document, page=1, start=2, end=9).text == "23"


# -- Markdown ---------------------------------------------------------------------------------------------------------

ACTIVE = "See ![x](http://e/x.png), [y](http://e), <img src=http://e>, <script> and\n[z]: http://e [1]: one. 3 < 5, a <= b.[2]"
INERT = "See ![x]\\(http://e/x.png), [y]\\(http://e), \\<img src=http://e>, \\<script> and\n[z]\\: http://e [1]\\: one. 3 < 5, a <= b.[2]"


def test_what_a_document_says_becomes_no_markup() -> None:
    assert Inert().escape(ACTIVE) == INERT


def test_pieces_are_escaped_as_the_whole() -> None:
    for size in (1, 2, 3, 7):
        inert = Inert()
        pieces = "".join(inert.escape(ACTIVE[start : start + size]) for start in range(0, len(ACTIVE), size))
        # A lone `<` at the end of a piece is escaped too, since what follows is not known; the rest is the same.
        assert pieces.replace("\\<", "<") == INERT.replace("\\<", "<")
        assert "![x](" not in pieces
        assert "<script" not in pieces.replace("\\<", "")


def answer(question: str, text: str, *quotes: str) -> Answer:
    citations = tuple(
        Citation(number, "0" * 12, "A *title*", "/a.md", 3, 0, len(quote), quote, 0.9) for number, quote in enumerate(quotes, 1)
    )
    return Answer(question, question, text, "answer", citations, (), 0.9, "en")


def test_quotes_are_listed_without_markup() -> None:
    shown = with_sources(answer("Q?", "It is.[1]", "It *is* <b>.", "And so."))
    assert shown == "\n\n[1] A \\*title\\*, page 3: “It \\*is\\* \\<b\\>.”\n\n[2] A \\*title\\*, page 3: “And so.”"
    assert with_sources(answer("Q?", "No.")) == ""


# -- turns ------------------------------------------------------------------------------------------------------------


def test_an_answer_that_was_given_is_known_again(analyzer: Analyzer) -> None:
    turns = Turns()
    given = answer("When did the station open?", "In May.[1]", "It opened in May.")
    turns.remember(given, "In May.[1]\n\nA note.")
    assert turns.history([("When did the station open?", " In May.[1]\n\nA note.\n")], analyzer) == [given]
    (changed,) = turns.history([("When did the station open?", "In June.")], analyzer)
    assert (changed.text, changed.citations, changed.query) == ("In June.", (), "When did the station open?")


def test_turns_that_are_not_known_complete_each_other(analyzer: Analyzer) -> None:
    history = Turns().history(
        [
            ("How many visitors did the station receive in 2024?", "4,200"),
            ("And in 2025?", "5,000"),
            ("Thank you!", "You are welcome."),
        ],
        analyzer,
    )
    assert "visitors" in history[1].query
    assert "2025" in history[1].query
    assert [turn.kind for turn in history] == ["answer", "answer", "reply"]


def test_only_the_latest_answers_are_remembered(analyzer: Analyzer) -> None:
    turns = Turns()
    for number in range(600):
        turns.remember(answer(f"Question {number}?", "Text.", "Quote."), "Text.")
    kept = [bool(turns.history([(f"Question {number}?", "Text.")], analyzer)[0].citations) for number in (0, 599)]
    assert kept == [False, True]
    assert len(turns.history([("Q?", "A.")] * 50, analyzer)) == 8


# -- threads ----------------------------------------------------------------------------------------------------------


def test_a_stream_gives_what_comes_and_the_error_after_it() -> None:
    def begin(_: threading.Event) -> Iterator[int]:
        yield 1
        yield 2
        raise QuestionError("the question is empty")

    async def run() -> tuple[int, int]:
        work = Work()
        events = work.stream(begin)
        found = await anext(events), await anext(events)
        with pytest.raises(QuestionError):
            await anext(events)
        await work.close()
        return found

    assert asyncio.run(run()) == (1, 2)


def test_who_stops_reading_stops_the_work() -> None:
    stopped = threading.Event()

    def begin(stop: threading.Event) -> Iterator[int]:
        yield 1
        assert stop.wait(60)
        stopped.set()

    async def run() -> None:
        work = Work()
        async with aclosing(work.stream(begin)) as events:
            assert await anext(events) == 1
        assert await asyncio.to_thread(stopped.wait, 60)
        await work.close()

    asyncio.run(run())


def test_closing_stops_what_is_going_on_and_says_so() -> None:
    begun = threading.Event()

    def begin(stop: threading.Event) -> Iterator[int]:
        begun.set()
        assert stop.wait(60)
        return iter(())
        yield 1

    async def run() -> str | None:
        work = Work()
        reading = asyncio.ensure_future(anext(work.stream(begin)))
        assert await asyncio.to_thread(begun.wait, 60)
        await work.close()
        with pytest.raises(ApiError) as error:
            await reading
        return error.value.code

    assert asyncio.run(run()) == "ending"


def test_a_function_that_takes_too_long_is_given_up() -> None:
    go_on = threading.Event()

    async def run() -> tuple[int, str]:
        work = Work(0.05)
        with pytest.raises(ApiError) as error:
            await work.run(lambda: go_on.wait(60), "write")
        go_on.set()
        await work.close()
        return error.value.status, error.value.message

    assert asyncio.run(run()) == (504, "this took longer than 0.05 s; what has begun goes on")


def test_work_that_nobody_waits_for_any_more_is_not_begun() -> None:
    go_on, called = threading.Event(), []

    async def run() -> None:
        work = Work()
        busy = [asyncio.ensure_future(work.run(lambda: go_on.wait(60), "write")) for _ in range(2)]
        await asyncio.sleep(0)
        given_up = asyncio.ensure_future(work.run(lambda: called.append(1), "write"))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        go_on.set()
        await asyncio.gather(*busy)
        await work.close()

    asyncio.run(run())
    assert called == []


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "kind", "message"),
    [
        (QuestionError("the question is empty"), 400, "invalid_request_error", "the question is empty"),
        (DocumentNotFoundError("there is no document x"), 404, "invalid_request_error", "there is no document x"),
        (LibraryError("cannot open /home/ada/library/a.sqlite3"), 503, "server_error", "cannot open …/a.sqlite3"),
        (ModelError("cannot load the encoder"), 503, "server_error", "cannot load the encoder"),
        (SettingsError("a setting"), 400, "invalid_request_error", "a setting"),
        (RuntimeError("a secret"), 500, "server_error", "the server failed at this request; its log says why"),
    ],
)
def test_an_error_has_openai_s_form(error: Exception, status: int, kind: str, message: str) -> None:
    found = api_error(error)
    assert (found.status, found.body["error"]["type"], found.body["error"]["message"]) == (status, kind, message)


def test_a_server_of_a_language_model_stays_unnamed() -> None:
    class Named:
        name = "http://10.1.2.3:8000/v1"

    assert UnnamedGenerator(Named()).name == "language model"  # type: ignore[arg-type]
