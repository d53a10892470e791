from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hashing_encoder import HashingEncoder
from hypothesis import given
from hypothesis import strategies as st

import rag.library.database
import rag.library.ingestion.encoding
import rag.library.ingestion.pending
import rag.library.library
import rag.library.write_lock
from rag.answering.retrieval import HybridRetriever
from rag.documents.chunking import context
from rag.documents.cleaning import restore
from rag.documents.loaders import document_id
from rag.errors import DocumentNotFoundError, LibraryError, LibraryMismatchError, LoadError
from rag.library.ingestion import Progress
from rag.library.library import Library
from rag.text.analysis import Analyzer
from rag.types import Document

NOUNS = "forest river council court treaty panda mangrove carbon harbour glacier orchard village".split()
VERBS = "protects measures follows restores reports crosses shelters records".split()
HAN = "森林 河流 法院 条约 熊猫 红树林 海港 冰川 果园 村庄 湿地 候鸟".split()


def english(number: int, sentences: int = 9) -> str:
    """A different text for each number, with the word `marker<number>`."""
    chance = random.Random(number)
    lines = [f"The marker{number} {chance.choice(NOUNS)} {chance.choice(VERBS)} the {chance.choice(NOUNS)} of {number}."]
    lines += [
        f"In {1900 + i + number % 50} a {chance.choice(NOUNS)} {chance.choice(VERBS)} the {chance.choice(NOUNS)} and the "
        f"{chance.choice(NOUNS)}."
        for i in range(sentences - 1)
    ]
    return "\n\n".join(lines) + "\n"


def chinese(number: int, sentences: int = 9) -> str:
    chance = random.Random(number)
    lines = [f"编号marker{number}的{chance.choice(HAN)}保护{chance.choice(HAN)}。"]
    lines += [
        f"{1900 + i}年，{chance.choice(HAN)}记录了{chance.choice(HAN)}与{chance.choice(HAN)}的变化。"
        for i in range(sentences - 1)
    ]
    return "\n\n".join(lines) + "\n"


def text_of(number: int) -> str:
    return chinese(number) if number % 2 else english(number)


def document_of(source: str, number: int) -> Document:
    return Document(document_id(source), Path(source).stem, source, text_of(number))


@pytest.fixture
def tmp_path(quick_path) -> Path:
    return quick_path


@pytest.fixture
def opened(tmp_path, analyzer) -> Iterator:
    """Opens libraries, in one folder if not told otherwise, and closes them at the end."""
    libraries = []

    def open_library(encoder: HashingEncoder | None = None, path: Path | None = None, chunk_tokens: int = 32) -> Library:
        libraries.append(Library(path or tmp_path / "library", encoder or HashingEncoder(), chunk_tokens, analyzer=analyzer))
        return libraries[-1]

    yield open_library
    for library in libraries:
        library.close()


@pytest.fixture
def library(opened) -> Library:
    return opened()


@pytest.fixture
def write(tmp_path):
    (tmp_path / "documents").mkdir()

    def write(name: str, text: str) -> Path:
        path = tmp_path / "documents" / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def revision(library: Library) -> int:
    with closing(sqlite3.connect(library.database)) as connection:
        return int(connection.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone()[0])


def assert_holds(library: Library, expected: dict[str, str]) -> None:
    """Asserts that the library is sound and contains exactly these texts by source, and that both indexes find exactly their chunks."""
    assert library.check() == []
    documents = {summary.source: library.document(summary.id) for summary in library.documents()}
    assert {source: restore(document) for source, document in documents.items()} == expected
    assert len(library) == len(expected)
    if not library.database.exists():
        return

    with closing(sqlite3.connect(library.database)) as connection:
        query = "SELECT row, document_id, start, end, section, vector FROM chunks"
        stored = {
            row: (document, start, end, section, vector)
            for row, document, start, end, section, vector in connection.execute(query)
        }
    found = library.results(list(stored))
    assert found.keys() == stored.keys()
    by_id = {document.id: document for document in documents.values()}
    for row, (owner, start, end, section, _) in stored.items():
        document, chunk = by_id[owner], found[row].chunk
        assert (chunk.document_id, chunk.text, chunk.section) == (owner, document.text[start:end], section)
        assert (found[row].title, found[row].source, found[row].language) == (document.title, document.source, document.language)
    for document in documents.values():
        covered = {i for owner, start, end, *_ in stored.values() if owner == document.id for i in range(start, end)}
        assert all(document.text[i].isspace() for i in range(len(document.text)) if i not in covered)
    if not documents:
        assert not stored
        return

    vectors = {row: np.frombuffer(vector, np.float32) for row, (*_, vector) in stored.items()}
    texts = {row: context(result.title, result.chunk.section, result.chunk.text) for row, result in found.items()}
    terms = {row: set(library.analyzer.terms(text) + library.analyzer.name_terms(text)) for row, text in texts.items()}
    for row, text in texts.items():
        np.testing.assert_allclose(vectors[row], HashingEncoder(*salt_and_dim(library)).encode_query([text])[0], atol=1e-6)
    for language in (None, "zh", "en"):
        rows = {row for row in stored if language in (None, found[row].language)}
        for query in library.encoder.encode_query(["the river of the forest", "森林与河流", *list(texts.values())[:3]]):
            hits = library.search_vectors(query, 100_000, language)
            assert {row for row, _ in hits} == rows
            assert len(hits) == len(rows)
            best = sorted((float(vectors[row] @ query) for row in rows), reverse=True)
            np.testing.assert_allclose([score for _, score in hits], best, atol=1e-5)
        for term in [*sorted(set().union(*terms.values()))[::7], "森林", "forest", "absent"]:
            holding = {row for row in rows if term in terms[row]}
            assert {row for row, _ in library.search_terms([term], 100_000, language)} == holding
            assert {row for row, share in library.coverage([term], list(rows)).items() if share > 0} == holding


def salt_and_dim(library: Library) -> tuple[str, int]:
    return library.encoder.name.removeprefix("hashing"), library.encoder.dim


def sources_with(library: Library, term: str) -> set[str]:
    rows = [row for row, _ in library.search_terms([term], 1000)]
    return {result.source for result in library.results(rows).values()}


# -- adding, replacing, removing --------------------------------------------------------------------------------------


def test_an_empty_library_holds_nothing_and_makes_nothing(library) -> None:
    assert (len(library), library.documents(), library.check()) == (0, [], [])
    with pytest.raises(LibraryError, match="yinju add"):
        library.search_terms(["forest"], 5)
    with pytest.raises(LibraryError, match="yinju add"):
        library.remove("anything")
    for look in (library.document, library.find):
        with pytest.raises(DocumentNotFoundError):
            look("anything")
    assert not library.path.exists()


def test_what_is_added_is_found(library, write) -> None:
    paths = [write("a.txt", text_of(1)), write("b.txt", text_of(2)), write("c.md", text_of(4))]
    results = library.add(paths)
    assert [(result.source, result.status) for result in results] == [(str(path), "added") for path in paths]
    assert [summary.source for summary in library.documents()] == [str(path) for path in paths]
    assert [summary.id for summary in library.documents()] == [result.document_id for result in results]
    assert [summary.chunks for summary in library.documents()] == [result.chunks for result in results]
    assert all(result.chunks > 1 for result in results)
    assert library.languages() == ["en", "zh"]
    assert sources_with(library, "marker2") == {str(paths[1])}
    assert_holds(library, {str(path): path.read_text() for path in paths})


def test_folders_are_searched_for_files(library, write, tmp_path) -> None:
    path = write("a.txt", text_of(2))
    write("picture.gif", "no text")
    assert [result.source for result in library.add([tmp_path / "documents"])] == [str(path)]


def test_nothing_to_add_makes_nothing(library, write, tmp_path) -> None:
    write("picture.gif", "no text")
    with pytest.raises(LoadError, match="no file of a known kind"):
        library.add([tmp_path / "documents"])
    assert not library.path.exists()


def test_adding_the_same_twice_does_nothing(library, opened, write) -> None:
    path = write("a.txt", text_of(2))
    library.add([path])
    calls, before = library.encoder.calls, (revision(library), library.documents())
    for again in (library, opened(HashingEncoder(fails_at=1))):
        (result,) = again.add([path])
        assert (result.status, result.document_id, result.reason) == ("unchanged", before[1][0].id, "")
    assert (revision(library), library.documents()) == before
    assert library.encoder.calls == calls
    assert_holds(library, {str(path): text_of(2)})


def test_changed_content_replaces(library, write) -> None:
    path, other = write("a.txt", text_of(2)), write("b.txt", text_of(3))
    (first, _) = library.add([path, other])
    write("a.txt", text_of(4))
    (result,) = library.add([path])
    assert (result.status, result.document_id) == ("replaced", first.document_id)
    assert sources_with(library, "marker2") == set()
    assert sources_with(library, "marker4") == {str(path)}
    assert_holds(library, {str(path): text_of(4), str(other): text_of(3)})
    write("a.txt", text_of(5))
    library.add([path])
    assert library.languages() == ["zh"]
    assert_holds(library, {str(path): text_of(5), str(other): text_of(3)})


def test_the_same_content_under_another_path_is_not_added(library, write) -> None:
    one, other = write("a.txt", text_of(2)), write("b.txt", text_of(2))
    first, second = library.add([one, other])
    assert (second.status, second.document_id) == ("unchanged", first.document_id)
    assert str(one) in second.reason
    assert_holds(library, {str(one): text_of(2)})


def test_content_that_becomes_that_of_another_document_replaces_what_was_there(library, write) -> None:
    one, other = write("a.txt", text_of(2)), write("b.txt", text_of(4))
    first, _ = library.add([one, other])
    write("b.txt", text_of(2))
    (result,) = library.add([other])
    assert (result.status, result.document_id) == ("replaced", first.document_id)
    assert str(one) in result.reason
    assert sources_with(library, "marker4") == set()
    assert_holds(library, {str(one): text_of(2)})


def test_a_removed_document_is_nowhere(library, write) -> None:
    path, other = write("a.txt", text_of(2)), write("b.txt", text_of(3))
    library.add([path, other])
    removed = library.remove("a.txt")
    assert removed.source == str(path)
    assert path.exists()
    with pytest.raises(DocumentNotFoundError):
        library.document(removed.id)
    assert sources_with(library, "marker2") == set()
    assert library.languages() == ["zh"]
    assert library.search_vectors(library.encoder.encode_query(["forest"])[0], 10, "en") == []
    assert_holds(library, {str(other): text_of(3)})


def test_what_was_removed_can_be_added_again(library, write) -> None:
    path, other = write("a.txt", text_of(2)), write("b.txt", text_of(3))
    library.add([path, other])
    rows = {row for row, _ in library.search_vectors(library.encoder.encode_query(["forest"])[0], 1000)}
    library.remove("a.txt")
    library.remove("b.txt")
    assert_holds(library, {})
    (result,) = library.add([path])
    assert result.status == "added"
    assert not rows & {row for row, _ in library.search_vectors(library.encoder.encode_query(["forest"])[0], 1000)}
    assert_holds(library, {str(path): text_of(2)})


@pytest.mark.parametrize("seed", range(3))
def test_any_series_of_changes(opened, seed) -> None:
    chance = random.Random(seed)
    expected: dict[str, str] = {}
    library = opened()
    for step in range(20):
        source = f"/documents/{chance.randrange(4)}.txt"
        if source in expected and chance.random() < 0.3:
            library.remove(source)
            del expected[source]
        else:
            number = chance.randrange(8)
            library.add_document(document_of(source, number))
            if text_of(number) not in expected.values():
                expected[source] = text_of(number)
            elif expected.get(source) != text_of(number):
                expected.pop(source, None)
        if chance.random() < 0.2:
            library = opened(HashingEncoder())
        if step % 4 == 3:
            assert_holds(library, expected)


@pytest.mark.parametrize("name", ["{id}", "{source}", "a-report.txt", "The Title Of It", "{prefix}"])
def test_a_document_goes_by_many_names(library, name) -> None:
    library.add_document(Document("abcdef012345", "", "/documents/a-report.txt", f"# The Title Of It\n\n{text_of(2)}"))
    library.add_document(document_of("/documents/other.txt", 4))
    found = library.find(name.format(id="abcdef012345", source="/documents/a-report.txt", prefix="abcd"))
    assert found.id == "abcdef012345"
    assert found.title == "The Title Of It"


def test_a_document_is_found_by_its_path_from_here(library, write, monkeypatch) -> None:
    path = write("a.txt", text_of(2))
    library.add([path])
    monkeypatch.chdir(path.parent.parent)
    assert library.find("documents/a.txt").source == str(path)
    assert library.find("./documents/../documents/a.txt".replace("../documents/", "")).source == str(path)


def test_names_that_fit_none_or_several(library) -> None:
    for folder in ("one", "two"):
        library.add_document(document_of(f"/{folder}/a.txt", len(folder) + (folder == "two")))
    with pytest.raises(DocumentNotFoundError, match="2 documents"):
        library.remove("a.txt")
    for name in ("", "abc", "missing.txt", "/one", "\0"):
        with pytest.raises(DocumentNotFoundError, match="no document"):
            library.remove(name)
    assert len(library) == 2


# -- searching some of the documents ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stocked(analyzer) -> Iterator[Library]:
    """Six documents, three of either language, found by the ids "0" to "5"."""
    with tempfile.TemporaryDirectory() as folder, Library(folder, HashingEncoder(), 32, analyzer=analyzer) as library:
        for number in range(6):
            library.add_document(replace(document_of(f"/{number}.txt", number), id=str(number)))
        yield library


@given(
    documents=st.lists(st.sampled_from([*"012345", "unknown", ""]), max_size=8),
    language=st.sampled_from(["zh", "en", None]),
    question=st.sampled_from(["the river of the forest", "森林与河流", "marker3", "1900年", "absent"]),
)
def test_searching_some_documents_is_searching_all_and_leaving_out_the_others(stocked, documents, language, question) -> None:
    vector, terms = stocked.encoder.encode_query([question])[0], stocked.analyzer.terms(question)

    def kept(found: list[tuple[int, float]]) -> list[tuple[int, float]]:
        chunks = stocked.results([row for row, _ in found])
        return [(row, score) for row, score in found if chunks[row].chunk.document_id in documents]

    for search, wanted in ((stocked.search_vectors, vector), (stocked.search_terms, terms)):
        # Ties in BM25 are in no order.
        everything, some = kept(search(wanted, 1000, language)), search(wanted, 1000, language, documents)
        assert dict(some) == pytest.approx(dict(everything))
        np.testing.assert_allclose([score for _, score in some], [score for _, score in everything], atol=1e-6)
        assert len(search(wanted, 2, language, documents)) == min(2, len(some))


@given(documents=st.sets(st.sampled_from([*"012345", "unknown"])))
def test_the_retriever_finds_just_what_is_in_the_chosen_documents(stocked, documents) -> None:
    retriever = HybridRetriever(per_language=1000)
    stages = ("dense", "lexical", "coverage")
    scores = {
        result.chunk.id: {stage: result.scores.get(stage) for stage in stages}
        for result in retriever.retrieve("1900年 the river of marker3", stocked)
        if result.chunk.document_id in documents
    }
    found = retriever.retrieve("1900年 the river of marker3", stocked, documents)
    assert [result.rank for result in found] == list(range(1, len(scores) + 1))
    assert {result.chunk.id for result in found} == scores.keys()
    for result in found:
        assert [result.scores.get(stage) for stage in stages] == pytest.approx(list(scores[result.chunk.id].values()), abs=1e-6)


@pytest.mark.parametrize("chosen", [None, ["1", "3"], ["unknown"]])
@pytest.mark.parametrize("top_k", [1, 3, 1000])
def test_a_search_gives_the_best_passages_of_the_retriever(stocked, top_k, chosen) -> None:
    question = "1900年 the river of marker3"
    expected = HybridRetriever(per_language=top_k).retrieve(question, stocked, chosen)
    found = stocked.search(question, top_k, chosen)
    assert found == expected[:top_k]
    assert [result.rank for result in found] == list(range(1, len(found) + 1))
    if chosen != ["unknown"]:
        assert found[0].chunk.document_id == "3"


def test_a_search_gives_ten_passages_unless_told_otherwise_and_none_without_documents(stocked, library) -> None:
    assert stocked.search("marker3") == stocked.search("marker3", 10)
    assert library.search("marker3") == []


def test_one_small_document_is_found_however_many_others_come_nearer(library) -> None:
    library.add_document(Document("small", "", "/small.txt", "A note on something else entirely."))
    for number in range(60):
        library.add_document(Document(str(number), "", f"/{number}.txt", f"The river of the forest, number {number}."))
    (result,) = HybridRetriever().retrieve("the river of the forest", library, ["small"])
    assert (result.chunk.text, result.rank) == ("A note on something else entirely.", 1)


def test_a_removed_document_is_not_found_by_its_id(library, opened) -> None:
    for number in (2, 4):
        library.add_document(document_of(f"/{number}.txt", number))
    gone, held = document_id("/2.txt"), document_id("/4.txt")
    retriever = HybridRetriever()
    assert {result.chunk.document_id for result in retriever.retrieve("forest", library, [gone, held])} == {gone, held}
    opened().remove("2.txt")
    assert retriever.retrieve("forest", library, [gone]) == []
    assert {result.chunk.document_id for result in retriever.retrieve("forest", library, [gone, held])} == {held}
    library.add_document(document_of("/2.txt", 6))
    found = retriever.retrieve("marker6", library, [gone])
    assert {result.chunk.document_id for result in found} == {gone}
    assert "marker6" in found[0].chunk.text


# -- failures on the way ----------------------------------------------------------------------------------------------


def test_one_bad_file_is_reported_and_the_others_go_in(library, write, tmp_path) -> None:
    good = [write("a.txt", text_of(2)), write("z.txt", text_of(3))]
    bad = [
        write("empty.txt", ""),
        tmp_path / "missing.txt",
        write("blank.txt", " \n\u2003\n"),
        tmp_path / "documents" / "data.txt",
    ]
    bad[3].write_bytes(b"SQLite format 3\0" + bytes(100))
    results = library.add([good[0], *bad, good[1]])
    assert [result.status for result in results] == ["added", "failed", "failed", "failed", "failed", "added"]
    for path, result in zip(bad, results[1:-1], strict=True):
        assert str(path) in result.reason
        assert "\n" not in result.reason
    assert_holds(library, {str(path): path.read_text() for path in good})


def test_a_document_that_fails_in_the_middle_leaves_the_old_version(library, opened, write, monkeypatch) -> None:
    monkeypatch.setattr(rag.library.ingestion.encoding, "_PASSAGES_AT_ONCE", 2)
    path, other = write("a.txt", text_of(2)), write("b.txt", text_of(3))
    library.add([path, other])
    write("a.txt", text_of(4))
    failing = opened(HashingEncoder(fails_at=2))
    with pytest.raises(RuntimeError, match="the model fails"):
        failing.add([path])
    assert failing.encoder.calls == 2
    for each in (failing, library):
        assert_holds(each, {str(path): text_of(2), str(other): text_of(3)})
    assert [result.status for result in library.add([path])] == ["replaced"]
    assert_holds(library, {str(path): text_of(4), str(other): text_of(3)})


def test_what_was_added_before_a_failure_stays_and_is_found(opened, write, monkeypatch) -> None:
    monkeypatch.setattr(rag.library.ingestion.pending, "_MAX_CHUNKS", 1)
    paths = [write(f"{number}.txt", text_of(number)) for number in range(4)]
    library = opened(HashingEncoder(fails_at=3))
    with pytest.raises(RuntimeError, match="the model fails"):
        library.add(paths)
    assert_holds(library, {str(path): path.read_text() for path in paths[:2]})
    library.encoder.fails_at = 1_000_000
    assert [result.status for result in library.add(paths)] == ["unchanged", "unchanged", "added", "added"]
    assert_holds(library, {str(path): path.read_text() for path in paths})


def test_an_interruption_between_two_documents_loses_nothing(library, write, monkeypatch) -> None:
    monkeypatch.setattr(rag.library.ingestion.pending, "_MAX_CHUNKS", 1)
    paths = [write(f"{number}.txt", text_of(number)) for number in range(3)]

    def interrupt(progress: Progress) -> None:
        if progress.source == str(paths[2]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.add(paths, interrupt)
    assert_holds(library, {str(path): path.read_text() for path in paths[:2]})
    library.remove("0.txt")
    assert_holds(library, {str(paths[1]): text_of(1)})


def test_progress_is_told_as_passages_are_encoded(library, write, monkeypatch) -> None:
    monkeypatch.setattr(rag.library.ingestion.encoding, "_PASSAGES_AT_ONCE", 2)
    path, other, told = write("a.txt", text_of(2)), write("b.bin", "no text"), []
    result, _ = library.add([path, other], told.append)
    total = path.stat().st_size + other.stat().st_size
    passages = [min(done, result.chunks) for done in range(2, result.chunks + 2, 2)]
    encoded = [progress for progress in told if progress.source == str(path)]
    assert [progress.passages for progress in encoded if progress.passages] == passages
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert {progress.total for progress in told} == {total}
    assert told[-1].done == total


def test_documents_are_encoded_together_and_stored_each_whole(library, write, monkeypatch) -> None:
    """Many short documents make one batch; what stands twice in it, and what takes another's place in it, is seen."""
    paths = [write(f"{number}.txt", text_of(number)) for number in range(5)]
    paths += [write("same.txt", text_of(3)), paths[0]]
    results = library.add(paths)
    assert [result.status for result in results] == ["added"] * 5 + ["unchanged", "unchanged"]
    assert results[5].reason == f"the same as {paths[3]}"
    assert library.encoder.calls < 5
    assert_holds(library, {str(path): path.read_text() for path in paths[:5]})


def test_odd_texts_are_stored_as_they_can_be(library) -> None:
    library.add_document(
        Document("one", "ti\ud800tle", "/o\udcffne.txt", "Broken \ud800 surrogates.\n\nAnd\0 a NUL\0 here.\n\n" + text_of(2))
    )
    (summary,) = library.documents()
    assert (summary.id, summary.source) == ("one", "/o?ne.txt")
    assert_holds(library, {"/o?ne.txt": "Broken ? surrogates.\n\nAnd\0 a NUL\0 here.\n\n" + text_of(2)})


@pytest.mark.parametrize("text", ["", " \n\t", "\u2003\u3000", "\0\0", "\u200b\ufeff"])
def test_a_document_without_text_is_refused(library, text) -> None:
    library.add_document(document_of("/a.txt", 2))
    with pytest.raises(LoadError, match="no text"):
        library.add_document(Document("b", "b", "/b.txt", text))
    with pytest.raises(LoadError, match="no text"):
        library.add_document(Document("a", "a", "/a.txt", text))
    assert_holds(library, {"/a.txt": text_of(2)})


def test_pages_and_cleaning_are_stored(library) -> None:
    pages = ["第一页的森林。\n第一页的河流。", "第二页的法院。", "第三页的熊猫。"]
    text = "\f".join(pages)
    starts = (0, len(pages[0]) + 1, len(pages[0]) + len(pages[1]) + 2)
    library.add_document(Document("paged", "", "/paged.txt", text, pages=starts))
    document = library.document("paged")
    assert restore(document) == text
    assert [document.page_at(document.text.index(word)) for word in ("河流", "法院", "熊猫")] == [1, 2, 3]


# -- several objects, threads and processes on one folder -------------------------------------------------------------


def test_two_objects_on_one_folder_see_each_other(opened) -> None:
    one, two = opened(), opened()
    assert (len(one), len(two)) == (0, 0)
    one.add_document(document_of("/a.txt", 2))
    assert_holds(two, {"/a.txt": text_of(2)})
    two.add_document(document_of("/b.txt", 3))
    two.add_document(document_of("/a.txt", 4))
    assert_holds(one, {"/a.txt": text_of(4), "/b.txt": text_of(3)})
    one.remove("/a.txt")
    assert sources_with(two, "marker4") == set()
    assert_holds(two, {"/b.txt": text_of(3)})
    assert_holds(one, {"/b.txt": text_of(3)})


def test_a_library_is_used_again_after_it_was_closed(library) -> None:
    with library:
        library.add_document(document_of("/a.txt", 2))
    library.close()
    assert_holds(library, {"/a.txt": text_of(2)})


def test_a_library_that_was_made_anew_in_the_same_place_is_seen(opened) -> None:
    one, two = opened(), opened()
    one.add_document(document_of("/a.txt", 2))
    assert_holds(two, {"/a.txt": text_of(2)})
    shutil.rmtree(one.path)
    assert (len(two), two.documents(), two.check()) == (0, [], [])
    two.add_document(document_of("/b.txt", 3))
    assert_holds(one, {"/b.txt": text_of(3)})


class WaitingEncoder(HashingEncoder):
    """Encodes documents only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.waits, self.may_go = threading.Event(), threading.Event()

    def encode_document(self, texts):
        self.waits.set()
        assert self.may_go.wait(600)
        return super().encode_document(texts)


@pytest.mark.parametrize("indexes", ["whole", "deleted"])
def test_reading_does_not_wait_for_writing(opened, monkeypatch, indexes) -> None:
    monkeypatch.setattr(rag.library.write_lock, "WAIT_SECONDS", 0.2)
    first = opened()
    first.add_document(document_of("/a.txt", 2))
    first.add_document(document_of("/b.txt", 3))
    if indexes == "deleted":
        (first.path / "indexes.json").unlink()
    busy = opened(WaitingEncoder())
    thread = threading.Thread(target=busy.add_document, args=(document_of("/c.txt", 4),))
    thread.start()
    try:
        assert busy.encoder.waits.wait(600)
        for library in (busy, first, opened()):
            assert_holds(library, {"/a.txt": text_of(2), "/b.txt": text_of(3)})
        with pytest.raises(LibraryError, match=f"process {os.getpid()} on .* is writing to the library") as caught:
            first.add_document(document_of("/d.txt", 5))
        assert "\n" not in str(caught.value)
    finally:
        busy.encoder.may_go.set()
        thread.join()
    assert_holds(busy, {"/a.txt": text_of(2), "/b.txt": text_of(3), "/c.txt": text_of(4)})
    assert_holds(first, {"/a.txt": text_of(2), "/b.txt": text_of(3), "/c.txt": text_of(4)})


def test_while_another_writes_what_it_saved_before_is_searched(opened) -> None:
    one = opened()
    one.add_document(document_of("/a.txt", 2))
    one.add_document(document_of("/b.txt", 3))
    with one._write_lock.acquired():
        with one._database.transaction() as connection:
            connection.execute("DELETE FROM documents WHERE source = '/a.txt'")
        two = opened(HashingEncoder(fails_at=1))
        results: list = []
        reader = threading.Thread(target=lambda: results.append((sources_with(two, "marker2"), sources_with(two, "marker3"))))
        reader.start()
        reader.join()
        assert results == [(set(), {"/b.txt"})]
    assert_holds(two, {"/b.txt": text_of(3)})


def test_threads_read_while_one_writes(opened) -> None:
    library = opened()
    library.add_document(document_of("/kept.txt", 1000))
    removed: set[str] = set()
    problems: list[BaseException] = []
    finished = threading.Event()

    def read() -> None:
        query = library.encoder.encode_query(["the river of the forest"])[0]
        try:
            while not finished.is_set():
                gone = set(removed)
                rows = [row for row, _ in library.search_vectors(query, 20, random.choice([None, "zh", "en"]))]
                rows += [row for row, _ in library.search_terms(["forest", "森林"], 20)]
                library.coverage(["forest"], rows)
                found = library.results(rows)
                assert not gone & {result.source for result in found.values()}
                assert sources_with(library, "marker1000") == {"/kept.txt"}
                assert set(library.vectors(rows)) <= set(rows)
                assert library.languages()
        except BaseException as error:
            problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(12):
        library.add_document(document_of(f"/{number}.txt", number))
        if number % 3 == 0:
            library.add_document(document_of(f"/{number}.txt", number + 100))
        if number % 2:
            library.remove(f"/{number}.txt")
            removed.add(f"/{number}.txt")
    finished.set()
    for reader in readers:
        reader.join()
    assert problems == []
    kept = {f"/{number}.txt": text_of(number + 100 * (number % 3 == 0)) for number in range(0, 12, 2)}
    assert_holds(library, {"/kept.txt": text_of(1000), **kept})


def add_in_a_process(path: Path, numbers: list[int], start=None) -> None:
    with Library(path, HashingEncoder(), 32) as library:
        library.analyzer.terms("森林 forest")
        if start:
            start.wait(600)
        for number in numbers:
            library.add_document(document_of(f"/{number}.txt", number))


def test_two_processes_make_and_fill_one_library(opened, processes) -> None:
    library, start = opened(), processes.Barrier(3)
    writers = [
        processes.Process(target=add_in_a_process, args=(library.path, numbers, start))
        for numbers in ([0, 1, 2, 3, 4, 10], [5, 6, 7, 8, 9, 10])
    ]
    for writer in writers:
        writer.start()
    start.wait(600)
    while any(writer.is_alive() for writer in writers):
        if library.database.exists():
            documents = library.documents()
            rows = [row for row, _ in library.search_terms(["forest", "森林"], 100)]
            assert {summary.source for summary in documents} <= {f"/{number}.txt" for number in range(11)}
            assert {result.source for result in library.results(rows).values()} <= {f"/{number}.txt" for number in range(11)}
        time.sleep(0.02)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert_holds(library, {f"/{number}.txt": text_of(number) for number in range(11)})


def test_what_another_process_changes_is_seen_without_the_model(opened, processes) -> None:
    library = opened()
    library.add_document(document_of("/0.txt", 100))
    assert sources_with(library, "marker100") == {"/0.txt"}
    library.encoder.fails_at = 1
    writer = processes.Process(target=add_in_a_process, args=(library.path, [0, 1]))
    writer.start()
    writer.join()
    assert writer.exitcode == 0
    assert sources_with(library, "marker100") == set()
    assert_holds(library, {"/0.txt": text_of(0), "/1.txt": text_of(1)})


# -- death ------------------------------------------------------------------------------------------------------------


LIVES = int(os.environ.get("YINJU_TEST_LIVES", "6"))
DEEDS = ("add", "remove", "reindex")
INTERRUPTED = 2
"""The least number of interruptions of each action, however many lives it takes."""
GONE = -1
SOURCES = [f"/{number}.txt" for number in range(6)]


def change_until_killed(path: Path, log: Path, seed: int) -> None:
    """Changes a library at random; writes to the log what it sets out to do, and what is done."""
    chance = random.Random(seed)
    analyzer = Analyzer()
    analyzer.terms("森林 forest")
    with log.open("a", buffering=1) as told:
        library = Library(path, HashingEncoder(), 32, analyzer=analyzer)
        while True:
            ids = {summary.source: summary.id for summary in library.documents()}
            sources = chance.sample(SOURCES, chance.randrange(1, 5))
            deed = chance.choice(["add", "add", "remove", "reindex"])
            changes = {source: chance.randrange(1_000_000) if deed == "add" else GONE for source in sources if deed != "reindex"}
            told.write(json.dumps(["begin", deed, changes]) + "\n")
            match deed:
                case "add":
                    library.add_documents([document_of(source, number) for source, number in changes.items()])
                case "remove" if ids:
                    library.remove_all([ids[source] for source in sources if source in ids])
                case "reindex" if ids:
                    library.reindex()
            told.write(json.dumps(["done", deed, changes]) + "\n")


def follow(log: Path, numbers: dict[str, int]) -> tuple[str, dict[str, int]]:
    """Carries what was done over to `numbers`; returns what was begun last and not done."""
    begun: tuple[str, dict[str, int]] = "", {}
    for line in log.read_text().splitlines():
        what, deed, changes = json.loads(line)
        if what == "done":
            numbers |= changes
        begun = (deed, changes) if what == "begin" else ("", {})
    return begun


def kill_at_some_moment(child, log: Path, chance: random.Random) -> None:
    """Lets a process begin a few changes, and kills it in the midst of the last or of those after it."""
    begins = chance.randrange(1, 5)
    while not log.exists() or log.read_text().count('["begin"') < begins:
        assert child.is_alive()
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.06))
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert child.exitcode == -signal.SIGKILL


def test_killed_at_any_moment_a_library_is_whole(opened, processes, tmp_path) -> None:
    """Asserts that acknowledged changes are there, that each document being changed is the old or the new one, and removals are whole.

    The environment variable YINJU_TEST_LIVES sets how many processes are killed at least.
    """
    chance = random.Random(20260101)
    under_way = Counter()
    for life in count():
        if life >= LIVES and min(under_way[deed] for deed in DEEDS) >= INTERRUPTED:
            break
        assert life < 10 * LIVES, under_way
        path = tmp_path / f"library{life // 10}"
        if life % 10 == 0:
            numbers: dict[str, int] = dict.fromkeys(SOURCES, GONE)
        log = tmp_path / f"log{life}"
        child = processes.Process(target=change_until_killed, args=(path, log, life))
        child.start()
        kill_at_some_moment(child, log, chance)
        deed, changes = follow(log, numbers)
        under_way[deed] += 1
        with Library(path, HashingEncoder(fails_at=1), 32, analyzer=opened().analyzer) as library:
            stored = {summary.source: restore(library.document(summary.id)) for summary in library.documents()}
            text = {
                source: {number: text_of(number) if number >= 0 else None for number in (changes[source], numbers[source])}
                for source in changes
            }
            new = {source: changes[source] for source in changes if stored.get(source) == text[source][changes[source]]}
            if deed == "remove":
                changed = {source for source in changes if numbers[source] != GONE}
                assert changed & new.keys() in (set(), changed)
            numbers |= new
            assert_holds(library, {source: text_of(number) for source, number in numbers.items() if number >= 0})


# -- another encoder, another chunk size ------------------------------------------------------------------------------


@pytest.fixture
def filled(opened) -> Library:
    library = opened()
    library.add_document(document_of("/a.txt", 2))
    library.add_document(document_of("/b.txt", 3))
    return library


FILLED = {"/a.txt": text_of(2), "/b.txt": text_of(3)}


@pytest.mark.parametrize(
    ("encoder", "chunk_tokens", "what"),
    [
        (HashingEncoder(salt="2"), 32, "encoder"),
        (HashingEncoder(dim=48), 32, "encoder"),
        (HashingEncoder(), 48, "chunk size"),
    ],
    ids=["another encoder", "another dimension", "another chunk size"],
)
def test_a_library_of_another_kind_says_so_until_it_is_reindexed(filled, opened, encoder, chunk_tokens, what) -> None:
    other = opened(encoder, chunk_tokens=chunk_tokens)
    query = encoder.encode_query(["forest"])[0]
    for use in (
        lambda: other.search_vectors(query, 5),
        lambda: other.search_terms(["forest"], 5),
        lambda: other.coverage(["forest"], [1]),
        other.languages,
        lambda: other.add_document(document_of("/c.txt", 4)),
        lambda: other.remove("/a.txt"),
    ):
        with pytest.raises(LibraryMismatchError, match=what) as caught:
            use()
        assert "yinju reindex" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert [str(caught.value)] == other.check()
    assert [summary.source for summary in other.documents()] == ["/a.txt", "/b.txt"]
    assert_holds(filled, FILLED)

    before = other.documents()
    assert other.reindex() == 2
    assert [(summary.id, summary.added) for summary in other.documents()] == [(summary.id, summary.added) for summary in before]
    assert_holds(other, FILLED)
    other.add_document(document_of("/c.txt", 4))
    assert_holds(other, FILLED | {"/c.txt": text_of(4)})

    # Who has it open with the old encoder gets no mixed answers, and can turn it back.
    with pytest.raises(LibraryMismatchError, match=what):
        filled.search_vectors(filled.encoder.encode_query(["forest"])[0], 5)
    with pytest.raises(LibraryMismatchError, match=what):
        filled.add_document(document_of("/d.txt", 5))
    filled.reindex()
    assert_holds(filled, FILLED | {"/c.txt": text_of(4)})


def test_reindexing_that_fails_half_way_changes_nothing(filled, opened, monkeypatch) -> None:
    monkeypatch.setattr(rag.library.ingestion.encoding, "_PASSAGES_AT_ONCE", 2)
    other = opened(HashingEncoder(salt="2", fails_at=4))
    before = revision(filled)
    with pytest.raises(RuntimeError, match="the model fails"):
        other.reindex()
    assert other.encoder.calls == 4
    assert revision(filled) == before
    assert_holds(filled, FILLED)
    with pytest.raises(LibraryMismatchError):
        other.languages()
    other.encoder.fails_at = 1_000_000
    assert other.reindex() == 2
    assert_holds(other, FILLED)


def test_reindexing_holds_the_old_state_until_it_is_done(filled, opened) -> None:
    other = opened(HashingEncoder(salt="2"))
    seen = []

    def look(progress: Progress) -> None:
        seen.append(progress)
        assert_holds(filled, FILLED)

    other.reindex(look)
    assert seen[-1].done == seen[-1].total > 0
    assert seen[-1].passages == sum(document.chunks for document in other.documents())
    assert_holds(other, FILLED)


def test_reindexing_with_the_same_encoder(filled) -> None:
    assert filled.reindex() == 2
    assert_holds(filled, FILLED)


def test_reindexing_an_emptied_library(filled, opened) -> None:
    filled.remove("/a.txt")
    filled.remove("/b.txt")
    other = opened(HashingEncoder(salt="2", dim=16))
    assert other.reindex() == 0
    other.add_document(document_of("/a.txt", 2))
    assert_holds(other, {"/a.txt": text_of(2)})


def test_there_is_nothing_to_reindex_where_no_library_is(library) -> None:
    with pytest.raises(LibraryError, match="yinju add"):
        library.reindex()
    assert not library.path.exists()
