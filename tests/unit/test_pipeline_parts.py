"""The pipeline put together from parts of one's own, its options, and the public names."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest
from hashing_encoder import HashingEncoder

import rag
from rag import errors
from rag.answering.citations import cite
from rag.answering.composing import Composition, GetDocument, Statement
from rag.answering.reading import Reading, Sentence
from rag.errors import QuestionError
from rag.language_models.generators import Message
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.types import Answer, Document, Language, SearchResult

QUESTION = "Who swims?"


class AllPassages:
    """A retriever that finds every passage and keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Library, Collection[str] | None]] = []

    def retrieve(self, query: str, library: Library, documents: Collection[str] | None = None) -> list[SearchResult]:
        self.calls.append((query, library, documents))
        hits = library.search_vectors(library.encoder.encode_query(["?"])[0], 10, documents=documents)
        return list(library.results([row for row, _ in hits]).values())


class EvenReader:
    """A reader to which every passage is one sentence with a support of 0.5."""

    def read(self, question: str, results: Sequence[SearchResult], stop: threading.Event | None = None) -> list[Reading]:
        chunks = [result.chunk for result in results]
        return [
            Reading(result, (Sentence(chunk.start, chunk.end, chunk.text, 0.5, (chunk.start, chunk.start), 0.0),), 0.5)
            for result, chunk in zip(results, chunks, strict=True)
        ]


class Counted:
    """A composer that cites the first passage and says how many sentences it may quote."""

    def compose(
        self, question: str, readings: Sequence[Reading], language: Language, document: GetDocument, max_sentences: int
    ) -> Composition:
        chunk = readings[0].result.chunk
        citation = cite(document(chunk.document_id), 1, chunk.start, chunk.end, readings[0].support)
        return Composition((Statement(f"{question} {language} {max_sentences}[1]", (citation,)),), ("a note",))


class Silent:
    """A language model that says nothing."""

    name = "silent"

    def fits(self, messages: Sequence[Message]) -> bool:
        return True

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Iterator[str]:
        return iter(())


def filled(folder: Path, *names: str) -> Library:
    library = Library(folder, HashingEncoder())
    for name in names:
        library.add_document(Document(name, f"On {name}", f"/{name}.txt", f"{name} fish swim."))
    return library


@pytest.fixture
def library(quick_path: Path) -> Iterator[Library]:
    with filled(quick_path / "library", "one", "two", "three") as library:
        yield library


@pytest.fixture
def pipeline(library: Library) -> RagPipeline:
    return RagPipeline(
        library, EvenReader(), retriever=AllPassages(), composer=Counted(), top_k=2, max_sentences=3, threshold=0.4
    )


def test_every_part_can_be_replaced(pipeline: RagPipeline, library: Library) -> None:
    answer = pipeline.answer(QUESTION)
    assert (answer.kind, answer.text, answer.notes, answer.confidence) == ("answer", f"{QUESTION} en 3[1]", ("a note",), 0.5)
    (citation,) = answer.citations
    assert library.document(citation.document_id).text[citation.start : citation.end] == citation.quote
    assert citation.quote == f"{citation.document_id} fish swim."
    assert pipeline.retriever.calls == [(QUESTION, library, None)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["library", "retriever", "reader", "composer", "generator", "top_k", "max_sentences", "threshold"]
)
def test_an_option_is_not_set_in_place(pipeline: RagPipeline, name: str) -> None:
    before = getattr(pipeline, name)
    with pytest.raises(AttributeError):
        setattr(pipeline, name, before)


def test_options_of_a_copy_are_honoured_and_the_original_keeps_its_own(pipeline: RagPipeline) -> None:
    other = pipeline.with_options(top_k=1, max_sentences=7)
    assert (other.top_k, other.max_sentences, other.threshold) == (1, 7, 0.4)
    assert (pipeline.top_k, pipeline.max_sentences, pipeline.threshold) == (2, 3, 0.4)
    assert [len(one.answer(QUESTION).results) for one in (other, pipeline)] == [1, 2]
    assert [one.answer(QUESTION).text[-4] for one in (other, pipeline)] == ["7", "3"]
    strict = other.with_options(threshold=0.6)
    assert [one.answer(QUESTION).kind for one in (strict, other)] == ["refusal", "answer"]
    assert strict.top_k == 1


def test_a_copy_searches_another_library(pipeline: RagPipeline, library: Library, quick_path: Path) -> None:
    with filled(quick_path / "other", "four") as other:
        copy = pipeline.with_options(library=other)
        assert (copy.library, pipeline.library) == (other, library)
        assert [citation.document_id for citation in copy.answer(QUESTION).citations] == ["four"]
        assert pipeline.answer(QUESTION).citations[0].document_id != "four"


def test_a_generator_is_given_and_taken_away(pipeline: RagPipeline, library: Library) -> None:
    model = Silent()
    with_model = pipeline.with_options(generator=model)
    assert with_model.generator is model
    assert with_model.with_options(top_k=1).generator is model
    assert with_model.with_options(library=library).generator is model
    assert with_model.with_options(generator="none").generator is None
    assert pipeline.generator is None
    # Its silence is made up for by the composer.
    answer = with_model.answer(QUESTION)
    assert answer.text == f"{QUESTION} en 3[1]"
    assert answer.notes[0].startswith("The language model gave no answer")


def test_retrieve_gives_the_best_passages(pipeline: RagPipeline, library: Library) -> None:
    found = pipeline.retrieve(f" {QUESTION} ", ["one", "three"])
    assert {result.chunk.document_id for result in found} == {"one", "three"}
    assert len(pipeline.retrieve(QUESTION)) == 2
    assert len(pipeline.with_options(top_k=1).retrieve(QUESTION)) == 1
    assert pipeline.retriever.calls[0] == (QUESTION, library, ["one", "three"])  # type: ignore[attr-defined]
    with pytest.raises(QuestionError):
        pipeline.retrieve("?!")


def test_an_empty_library_is_not_searched(quick_path: Path) -> None:
    retriever = AllPassages()
    with filled(quick_path / "empty") as empty:
        pipeline = RagPipeline(empty, EvenReader(), retriever=retriever)
        assert pipeline.retrieve(QUESTION) == []
        assert pipeline.answer(QUESTION).kind == "refusal"
    assert retriever.calls == []


def test_the_answer_function_takes_the_turns_before_and_the_documents(
    pipeline: RagPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rag, "_default_pipeline", lambda: pipeline)
    first = rag.answer("When was the Green Fund of Berlin set up?", documents=["two"])
    assert {result.chunk.document_id for result in first.results} == {"two"}
    second = rag.answer("How large is it?", history=[first])
    assert second.query == "How large is the Green Fund of Berlin?"
    assert len(second.results) == 2


def test_every_public_name_can_be_imported() -> None:
    assert len(set(rag.__all__)) == len(rag.__all__)
    values = {name: getattr(rag, name) for name in rag.__all__}
    assert values["Answer"] is Answer
    assert set(errors.__all__) <= set(rag.__all__)
    assert {"Encoder", "Reader", "Retriever", "Composer", "Generator", "Loader"} <= set(rag.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Ansver'"):
        getattr(rag, "Ansver")  # noqa: B009
