"""The indexes of a library as it grows and shrinks: their kind, what is found, and what is written."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hashing_encoder import HashingEncoder

from rag.cli.doctor import _kind_of_search
from rag.library.library import Library
from rag.types import Document

DIM = 32
LIMIT = 200 * DIM


class SpacedAnalyzer:
    fingerprint = "spaced"

    def terms(self, text: str) -> list[str]:
        return text.split()

    content_terms = terms

    def name_terms(self, text: str) -> list[str]:
        return []


@pytest.fixture
def tmp_path(quick_path) -> Path:
    return quick_path


@pytest.fixture
def opened(tmp_path) -> Iterator[Callable[..., Library]]:
    libraries = []

    def open_library(name: str = "library") -> Library:
        library = Library(tmp_path / name, HashingEncoder(dim=DIM), 16, analyzer=SpacedAnalyzer())
        library._indexes.exact_numbers = LIMIT
        libraries.append(library)
        return library

    yield open_library
    for library in libraries:
        library.close()


def name(number: int) -> str:
    return f"document{number}"


def change(library: Library, add: Iterable[int] = (), remove: Iterable[int] = ()) -> None:
    """Adds and removes documents of one chunk each; every third is Chinese."""
    documents = [
        Document(
            name(number),
            name(number),
            f"/{number}.txt",
            f"{'这一段讲森林。' if number % 3 == 0 else 'This one tells of forests.'} {number} {number * 7919}",
        )
        for number in add
    ]
    with library._write_lock.acquired():
        if documents:
            library.add_documents(documents)
        library.remove_all([name(number) for number in remove])


def vectors(library: Library) -> tuple[np.ndarray, np.ndarray]:
    stored = library._database.select("SELECT row, vector FROM chunks ORDER BY row")
    return np.array([row for row, _ in stored]), np.array([np.frombuffer(vector, np.float32) for _, vector in stored])


def assert_searches_exactly(library: Library, queries: Iterable[int] = range(0, 100, 9)) -> None:
    rows, stored = vectors(library)
    assert library.check() == []
    for number in queries:
        query = library.encoder.encode_query([f"forests {number}"])[0]
        found = library.search_vectors(query, 5)
        assert [score for _, score in found] == pytest.approx(sorted(stored @ query, reverse=True)[:5], abs=1e-6)
        assert all(score == pytest.approx(float(stored[rows == row][0] @ query), abs=1e-6) for row, score in found)


def recall(library: Library) -> float:
    rows, stored = vectors(library)
    queries = library.encoder.encode_query([f"forests {number}" for number in range(60)])
    expected = rows[np.argsort(-(queries @ stored.T), axis=1)[:, :10]]
    found = [[row for row, _ in library.search_vectors(query, 10)] for query in queries]
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(expected.tolist(), found, strict=True)]))


def lists(library: Library) -> int:
    return library.vector_report().lists


def test_a_library_that_grows_and_shrinks_changes_its_kind_of_index(opened) -> None:
    library = opened()
    change(library, range(200))
    assert lists(library) == 0
    assert_searches_exactly(library)
    change(library, range(200, 300))
    assert lists(library) == round(4 * 300**0.5)
    assert recall(library) >= 0.98
    assert lists(opened()) == lists(library)
    change(library, remove=range(190))  # 110, more than half of the limit
    assert lists(library) == round(4 * 300**0.5)
    change(library, remove=range(190, 205))
    assert lists(library) == 0
    assert_searches_exactly(library)
    assert_searches_exactly(opened())


def test_an_index_that_has_grown_fourfold_is_trained_anew(opened) -> None:
    library = opened()
    change(library, range(210))
    trained = lists(library)
    change(library, range(210, 800))
    assert lists(library) == trained > 0
    change(library, range(800, 860))
    assert lists(library) == round(4 * 860**0.5)
    assert recall(library) >= 0.95


@pytest.mark.parametrize("count", [150, 400])
def test_what_is_removed_is_found_no_more_and_the_rest_as_if_it_had_never_been(opened, count) -> None:
    one, other = opened("one"), opened("other")
    change(one, range(count))
    change(one, remove=range(0, count, 2))
    change(other, range(1, count, 2))

    def sources(library: Library, hits: list[tuple[int, float]]) -> set[str]:
        return {result.source for result in library.results([row for row, _ in hits]).values()}

    kept = {f"/{number}.txt" for number in range(1, count, 2)}
    for number in range(20):
        query = one.encoder.encode_query([f"forests {number}"])[0]
        # The one may be an inverted file still, of which not all lists are searched.
        found, expected = (sources(library, library.search_vectors(query, 20)) for library in (one, other))
        assert found <= kept
        assert found == expected if count == 150 else len(found & expected) >= 18
        by_terms = [sources(library, library.search_terms(["forests.", str(number)], 500)) for library in (one, other)]
        assert by_terms[0] == by_terms[1] <= kept
    assert one.languages() == other.languages()
    assert recall(one) >= 0.98


@pytest.mark.parametrize("count", [100, 300])
@pytest.mark.parametrize("most", [0, 1000])
def test_narrowed_to_languages_and_documents(opened, monkeypatch, count, most) -> None:
    """However many documents a query can name: with 0 the hits are chosen among those of all documents."""
    monkeypatch.setattr("rag.library.search.indexes._MAX_DOCUMENTS_IN_QUERY", most)
    library = opened()
    change(library, range(count))
    rows, stored = vectors(library)
    sources = {row: int(result.source[1:-4]) for row, result in library.results(rows.tolist()).items()}
    languages = {row: result.language for row, result in library.results(rows.tolist()).items()}
    assert library.languages() == ["en", "zh"]
    query = library.encoder.encode_query(["forests 7"])[0]
    for language in (None, "en", "zh", "fr"):
        for chosen in (None, range(0, count, 2), [5, 6, 7], [10_000], []):
            expected = {
                row for row in sources if language in (None, languages[row]) and (chosen is None or sources[row] in chosen)
            }
            documents = None if chosen is None else [name(number) for number in chosen]
            found = library.search_vectors(query, 10, language, documents)
            scores = sorted((float(stored[rows == row][0] @ query) for row in expected), reverse=True)[:10]
            assert {row for row, _ in found} <= expected
            assert [score for _, score in found] == pytest.approx(scores, abs=1e-5)
            terms = library.search_terms(["forests.", "7"], 1000, language, documents)
            everything = dict(library.search_terms(["forests.", "7"], 1000))
            assert dict(terms) == pytest.approx({row: everything[row] for row in everything.keys() & expected})


def test_one_language_is_not_searched_by_its_rows(opened) -> None:
    library = opened()
    change(library, [1, 2, 4, 5])
    assert library._indexes._selected("en", None) is None
    assert library._indexes._selected("zh", None).tolist() == []
    change(library, [3])
    assert len(library._indexes._selected("en", None)) == 4


def test_little_that_is_new_does_not_write_the_vectors_again(opened, tmp_path) -> None:
    library, file = opened(), tmp_path / "library" / "vectors.faiss"
    change(library, range(100))
    before = file.read_bytes()
    change(library, range(100, 105), remove=range(3))
    assert file.read_bytes() == before
    again = opened()
    for each in (library, again):
        assert_searches_exactly(each)
        assert len(each._indexes._vectors) == 102
    # Another one goes on counting from there.
    change(again, range(105, 108))
    assert file.read_bytes() != before
    for each in (library, again, opened()):
        assert_searches_exactly(each)
    assert again._indexes._unsaved == 0


def test_a_revision_that_was_never_saved_is_caught_up(opened, tmp_path) -> None:
    library = opened()
    change(library, range(100))
    shutil.copytree(tmp_path / "library", tmp_path / "before")
    change(library, range(100, 104), remove=[0, 50])
    library.close()
    for part in ("vectors.faiss", "indexes.json"):
        shutil.copy(tmp_path / "before" / part, tmp_path / "library" / part)
    shutil.rmtree(tmp_path / "library" / "lexical")
    shutil.copytree(tmp_path / "before" / "lexical", tmp_path / "library" / "lexical")
    assert_searches_exactly(opened())


def test_files_are_read_again_for_their_checksums_only_when_they_changed(opened, tmp_path, monkeypatch) -> None:
    # Files count as settled at once; else the test would have to wait for their clock.
    monkeypatch.setattr("rag.library.search.index_files._SETTLED_NS", -1)
    library = opened()
    change(library, range(100))
    stamp = library._indexes._files.stamp_of(1)
    library._indexes._files._checksums = {path: (state, 7) for path, (state, _) in library._indexes._files._checksums.items()}
    assert set(library._indexes._files.stamp_of(1)["files"].values()) == {7}
    file = tmp_path / "library" / "vectors.faiss"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    files = library._indexes._files.stamp_of(1)["files"]
    assert files.pop("vectors.faiss") not in (7, stamp["files"]["vectors.faiss"])
    assert set(files.values()) == {7}


def test_who_opens_while_another_saves_waits_rather_than_doing_its_work_again(opened, tmp_path, monkeypatch) -> None:
    library = opened()
    change(library, range(100))
    stamp = tmp_path / "library" / "indexes.json"
    saved = json.loads(stamp.read_text())
    reader = opened()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            stamp.write_text(json.dumps(saved))

    # A clock that stands still: only the stamp ends the wait.
    clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=wait, time_ns=time.time_ns)
    monkeypatch.setattr("rag.library.search.indexes.time", clock)
    monkeypatch.setattr(reader._indexes, "_rebuild_in_memory", lambda: pytest.fail("built anew"))
    with library._write_lock.acquired():
        stamp.unlink()
        thread = threading.Thread(target=lambda: results.append(reader.languages()))
        results: list[list[str]] = []
        thread.start()
        thread.join()
    assert results == [["en", "zh"]]
    assert len(waits) == 3


def test_the_doctor_tells_which_index_there_is_and_why(opened) -> None:
    library = opened()
    change(library, range(100))
    assert "compared with all 100 vectors of 32 dimensions" in _kind_of_search(library.vector_report())
    assert "up to 200" in _kind_of_search(library.vector_report())
    change(library, range(100, 300))
    report = library.vector_report()
    text = _kind_of_search(report)
    assert report.recall >= 0.98
    assert f"nearest {report.probes} of 69 lists" in text
    assert "above 200" in text
