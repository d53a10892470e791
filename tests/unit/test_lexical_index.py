from __future__ import annotations

import math
import shutil
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import IndexDamagedError
from rag.library.search.lexical_index import LexicalIndex

ROWS = [
    (1, "a", "en", ["forest", "carbon", "forest", "forest"]),
    (2, "a", "en", ["forest", "river", "law", "court"]),
    (3, "北山", "zh", ["长江", "禁渔", "10", "forest"]),
    (4, "北山", "zh", ["长江", "长江", "保护", "法"]),
    (5, "b", "en", ["river", "dam", "court", "dam", "dam", "dam", "dam", "dam"]),
]


@pytest.fixture(params=["disk", "memory"])
def index(request, tmp_path) -> LexicalIndex:
    index = LexicalIndex(tmp_path / "lexical" if request.param == "disk" else None)
    index.update(ROWS)
    return index


def built(rows) -> LexicalIndex:
    index = LexicalIndex()
    index.update(rows)
    return index


def bm25(terms: set[str], rows=ROWS) -> dict[int, float]:
    """Okapi BM25 as Lucene and Tantivy have it, k1 = 1.2, b = 0.75."""
    average = sum(len(words) for *_, words in rows) / len(rows)
    scores: Counter[int] = Counter()
    for term in terms:
        holding = [(row, words.count(term), len(words)) for row, *_, words in rows if term in words]
        rarity = math.log(1 + (len(rows) - len(holding) + 0.5) / (len(holding) + 0.5))
        for row, count, length in holding:
            scores[row] += rarity * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / average))
    return dict(scores)


@pytest.mark.parametrize("terms", [["forest"], ["长江"], ["forest", "court"], ["dam", "river", "10"], ["长江", "forest", "法"]])
def test_rows_are_scored_by_bm25_best_first(index, terms) -> None:
    found = index.search(terms, 10)
    assert dict(found) == pytest.approx(bm25(set(terms)), rel=1e-4)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_the_order_of_a_small_example(index) -> None:
    # Thrice in four words; once in four words.
    assert index.search(["forest"], 10)[0][0] == 1
    assert [row for row, _ in index.search(["长江"], 10)] == [4, 3]
    # The rare 禁渔 outweighs the frequent forest.
    assert [row for row, _ in index.search(["禁渔", "forest"], 2)] == [3, 1]


def test_a_term_that_is_repeated_counts_once(index) -> None:
    assert index.search(["forest", "court", "forest"], 10) == index.search(["forest", "court"], 10)


def test_no_more_than_top_k(index) -> None:
    assert [row for row, _ in index.search(["forest"], 1)] == [1]
    assert index.search(["forest"], 0) == []


@pytest.mark.parametrize("terms", [[], ["absent"], ["FOREST"], ["fore"], ["长"], ["forest law"], [""]])
def test_terms_that_are_in_no_row_find_nothing(index, terms) -> None:
    assert index.search(terms, 10) == []


@pytest.mark.parametrize("term", ["a:b", "AND", "*", "+forest", '"forest"', "\\", "~kangfu", "(", "row:1", "'", "x" * 70_000])
def test_a_term_is_no_query_syntax(index, term) -> None:
    assert index.search([term], 10) == []
    index.update([(6, "a", "en", [term, "other"])])
    assert [row for row, _ in index.search([term], 10)] == ([6] if len(term) < 1000 else [])
    assert index.search(["other"], 10)[0][0] == 6


def test_only_rows_of_the_language_are_found_with_the_same_scores(index) -> None:
    everything = dict(index.search(["forest"], 10))
    assert everything.keys() == {1, 2, 3}
    assert dict(index.search(["forest"], 10, "zh")) == pytest.approx({3: everything[3]})
    assert dict(index.search(["forest"], 10, "en")) == pytest.approx({1: everything[1], 2: everything[2]})
    assert index.search(["forest"], 10, "fr") == []


@pytest.mark.parametrize(
    ("documents", "language", "rows"),
    [
        (["a"], None, {1, 2}),
        (["北山"], None, {3}),
        ({"a", "北山"}, None, {1, 2, 3}),
        (("a", "a", "b"), None, {1, 2}),
        (["a", "北山"], "zh", {3}),
        (["b"], None, set()),
        (["absent", "A", ""], None, set()),
        ([], None, set()),
        ([], "en", set()),
    ],
)
def test_only_rows_of_the_documents_are_found_with_the_same_scores(index, documents, language, rows) -> None:
    everything = dict(index.search(["forest"], 10))
    assert dict(index.search(["forest"], 10, language, documents)) == pytest.approx({row: everything[row] for row in rows})
    assert len(index.search(["forest"], 1, language, documents)) == min(1, len(rows))


def test_coverage_by_hand(index) -> None:
    # Of 5 rows, forest is in 3, court in 2, absent in none: ln(1 + 2.5 / 3.5), ln(1 + 3.5 / 2.5), ln(1 + 5.5 / 0.5).
    forest, court, absent = 0.538997, 0.875469, 2.484907
    total = forest + court + absent
    assert index.coverage(["forest", "court", "absent"], [1, 2, 4, 5, 77]) == pytest.approx(
        {1: forest / total, 2: (forest + court) / total, 4: 0.0, 5: court / total}, rel=1e-5
    )
    assert index.coverage(["forest", "forest"], [1]) == pytest.approx({1: 1.0})
    assert index.coverage([], [1]) == {}
    assert index.coverage(["forest"], []) == {}


def test_coverage_does_not_know_what_was_removed(index) -> None:
    index.update([], [1, 2])
    rows = [row for row in ROWS if row[0] not in (1, 2)]
    fresh = built(rows)
    terms = ["forest", "长江", "dam"]
    assert index.coverage(terms, [1, 2, 3, 4, 5]) == pytest.approx(fresh.coverage(terms, [3, 4, 5]))


def test_coverage_stays_between_0_and_1_after_many_replacements(index) -> None:
    for row in range(100, 130):
        index.update([(row, "a", "en", ["forest", f"new{row}"])], [row - 1])
    assert index.coverage(["forest", "new129", "new128"], [129])[129] == pytest.approx(
        built([*ROWS, (129, "a", "en", ["forest", "new129"])]).coverage(["forest", "new129", "new128"], [129])[129]
    )
    assert all(0 <= share <= 1 for share in index.coverage(["forest"], [1, 2, 3, 4, 5, 129]).values())


def test_removed_rows_are_found_no_more(index) -> None:
    index.update(remove=[1, 4, 99])
    assert (len(index), sorted(index.rows())) == (3, [2, 3, 5])
    assert sorted(row for row, _ in index.search(["forest", "长江"], 10)) == [2, 3]


def test_rows_are_replaced_in_one_update(index) -> None:
    index.update([(6, "a", "en", ["forest"]), (7, "a", "zh", ["新"])], remove=[1, 2, 3])
    assert sorted(index.rows()) == [4, 5, 6, 7]
    assert [row for row, _ in index.search(["forest"], 10)] == [6]
    assert [row for row, _ in index.search(["新"], 10)] == [7]


def test_rows_and_languages(index) -> None:
    assert sorted(index.languages()) == ["en", "zh"]
    assert sorted(index.rows()) == [1, 2, 3, 4, 5]
    assert sorted(index.rows("zh")) == [3, 4]
    assert sorted(index.rows(None, ["a", "b", "absent"])) == [1, 2, 5]
    assert index.rows("en", ["北山"]) == index.rows("fr") == index.rows("en", []) == []
    index.update([(6, "c", "", ["law"])], [3, 4])
    assert sorted(index.languages()) == ["", "en"]
    assert index.rows("") == [6]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.data())
def test_a_search_among_rows_finds_what_a_search_of_all_finds_of_them(kinds, data) -> None:
    words = [["forest"], ["forest", "river"], ["river", "river", "law"], ["law"]]
    index = built([(number, "a", "en", [*words[kind], f"w{number}"]) for number, kind in enumerate(kinds)])
    among = sorted(data.draw(st.sets(st.integers(0, len(kinds) + 2))))
    top_k = data.draw(st.integers(0, 10))
    found = index.search_among(["forest", "river"], top_k, np.array(among, np.int64))
    everything = dict(index.search(["forest", "river"], len(kinds)))
    expected = sorted((score for row, score in everything.items() if row in among), reverse=True)[:top_k]
    assert [score for _, score in found] == pytest.approx(expected)
    assert all(row in among and everything[row] == score for row, score in found)
    assert len({row for row, _ in found}) == len(found)


def test_many_small_updates_leave_few_segments(tmp_path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    for row in range(60):
        index.update([(row, "a", "en", ["forest", f"w{row}"])])
    assert len(list((tmp_path / "lexical").glob("*.idx"))) <= 16
    assert len(index) == len(index.search(["forest"], 100)) == 60


def test_large_row_numbers(index) -> None:
    index.update([(2**40, "a", "en", ["forest"])])
    assert 2**40 in index.rows()
    index.update(remove=[2**40])
    assert sorted(index.rows()) == [1, 2, 3, 4, 5]


def test_an_update_that_fails_changes_nothing(index) -> None:
    def rows():
        yield 6, "a", "en", ["forest"]
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        index.update(rows(), remove=[1])
    assert sorted(index.rows()) == [1, 2, 3, 4, 5]
    index.update([(6, "a", "en", ["forest"])], remove=[1])
    assert sorted(index.rows()) == [2, 3, 4, 5, 6]


def test_an_empty_index_finds_nothing(tmp_path) -> None:
    for index in (LexicalIndex(), LexicalIndex(tmp_path / "lexical")):
        assert (len(index), index.rows(), index.search(["forest"], 5), index.coverage(["forest"], [1])) == (0, [], [], {})


def test_what_is_on_disk_is_opened_again(tmp_path) -> None:
    LexicalIndex(tmp_path / "lexical").update(ROWS)
    again = LexicalIndex(tmp_path / "lexical")
    assert dict(again.search(["forest"], 10)) == pytest.approx(bm25({"forest"}), rel=1e-4)
    again.update([(6, "a", "en", ["law"])], [2])
    assert [row for row, _ in LexicalIndex(tmp_path / "lexical").search(["law"], 10)] == [6]
    # An index that was opened before keeps its old contents.
    assert sorted(again.rows()) == [1, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "damage", ["meta.json cut short", "meta.json garbage", "segment garbage", "segment cut short", "segment gone"]
)
def test_a_damaged_folder_is_refused(tmp_path, damage) -> None:
    folder = tmp_path / "lexical"
    LexicalIndex(folder).update(ROWS)
    name, how = damage.split(" ", 1)
    file = folder / "meta.json" if name == "meta.json" else next(folder.glob("*.term"))
    data = file.read_bytes()
    file.unlink()
    if how != "gone":
        file.write_bytes(data[: len(data) // 2] if how == "cut short" else bytes(byte ^ 0x5A for byte in data))
    with pytest.raises(IndexDamagedError) as caught:
        LexicalIndex(folder).search(["forest"], 5)
    assert "\n" not in str(caught.value)


def test_an_index_with_other_fields_is_refused(tmp_path) -> None:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("something")
    tantivy.Index(builder.build(), path=str(tmp_path))
    with pytest.raises(IndexDamagedError, match="schema"):
        LexicalIndex(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_an_error_of_the_system(tmp_path) -> None:
    (tmp_path / "lexical").write_text("not a folder")
    with pytest.raises(FileExistsError):
        LexicalIndex(tmp_path / "lexical")


def test_a_folder_that_is_gone_cannot_be_written(tmp_path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    index.update(ROWS)
    shutil.rmtree(tmp_path / "lexical")
    with pytest.raises(IndexDamagedError, match="cannot be used"):
        index.update([(6, "a", "en", ["forest"])])
    assert sorted(index.rows()) == [1, 2, 3, 4, 5]


WORDS = st.lists(st.sampled_from(["forest", "river", "长江", "法", "10", "~kangfu"]), min_size=1, max_size=8)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["en", "zh"]), WORDS), min_size=1, max_size=12), WORDS)
def test_any_rows_are_scored_by_bm25(contents, terms) -> None:
    rows = [(number, "a", language, words) for number, (language, words) in enumerate(contents, 1)]
    found = dict(built(rows).search(terms, 50))
    assert found == pytest.approx(bm25(set(terms), rows), rel=1e-3)
