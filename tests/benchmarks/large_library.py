"""Measures search in a large library: `python tests/benchmarks/large_library.py --documents 63581`.

The library is made up: passages of real Chinese words, drawn by topic and by how frequent they are, and vectors that are sums of
a random vector for each word, so that passages lie in clusters and questions of a few words lie near what they ask for. It is
written into SQLite as it is; nothing is encoded. `--library FOLDER --questions FILE` measures one of your own instead, with the
bundled encoder and real questions, one a line, and changes nothing in it. With `--corpus FILE` a file is added to that library first,
and with `--change` documents are added and removed last. Models and dictionaries are loaded before anything is timed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import numpy as np
from tqdm import tqdm

from embeddings.encoder import Encoder, SentenceTransformerEncoder
from rag.answering.retrieval import HybridRetriever
from rag.library.ingestion import Progress
from rag.library.library import Library
from rag.settings import DEFAULTS
from rag.text.analysis import Analyzer
from rag.types import Document

WORDS = 50_000
TOPICS = 3_000
WORDS_OF_A_TOPIC = 200
WORDS_OF_A_PASSAGE = 80
QUESTIONS = 200
REMOVED = 10_000
CHOSEN = 20_000


class Words:
    """The frequent words of Chinese with a weight, a vector and topics each: an encoder and an analyzer of spaced words."""

    name = fingerprint = "words"
    max_tokens = 512

    def __init__(self, dim: int) -> None:
        import jieba

        with jieba.get_dict_file() as file:
            entries = [line.decode("utf-8").split()[:2] for line in file]
        entries = sorted(((int(count), word) for word, count in entries if len(word) > 1), reverse=True)[:WORDS]
        rng = np.random.default_rng(0)
        self.dim = dim
        self.words = [word for _, word in entries]
        self._number = {word: number for number, word in enumerate(self.words)}
        counts = np.array([count for count, _ in entries], float)
        self.share = counts / counts.sum()
        vectors = rng.standard_normal((len(entries), dim), dtype=np.float32)
        # Rare words weigh more, and the dimensions vary as unequally as an encoder's.
        spread = np.arange(1, dim + 1, dtype=np.float32) ** -0.6
        self._vectors = vectors * spread * -np.log(self.share)[:, None].astype(np.float32)
        # A topic's words are no rarer than others: drawn alike, then shared by all of its passages.
        self.topics = rng.choice(len(entries), (TOPICS, WORDS_OF_A_TOPIC), p=np.sqrt(self.share) / np.sqrt(self.share).sum())

    def vectors(self, numbers: np.ndarray) -> np.ndarray:
        sums = self._vectors[numbers].sum(axis=-2)
        return sums / np.linalg.norm(sums, axis=-1, keepdims=True)

    def encode_document(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self.vectors(np.array([self._number.get(word, 0) for word in text.split()])) for text in texts])

    encode_query = encode_document

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def terms(self, text: str) -> list[str]:
        return text.split()

    content_terms = terms

    def name_terms(self, text: str) -> list[str]:
        return []


class Remembering:
    """An encoder that knows the vectors of some questions, so that to encode them takes no time."""

    def __init__(self, encoder: Encoder, questions: Sequence[str]) -> None:
        self._encoder = encoder
        self._known = dict(zip(questions, encoder.encode_query(questions), strict=True))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._known[text] for text in texts])


class Timed:
    """An encoder that adds up the seconds that encoding passages takes."""

    def __init__(self, encoder: Remembering) -> None:
        self._encoder = encoder
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_document(self, texts: Sequence[str]) -> np.ndarray:
        started = time.perf_counter()
        vectors = self._encoder.encode_document(texts)
        self.seconds += time.perf_counter() - started
        return vectors


def passages(words: Words, documents: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """For each document its words `(passages, words)` and vectors `(passages, dim)`; every one in 2.36 passages on average."""
    rng = np.random.default_rng(1)
    number = 0
    while number < documents:
        sizes = 1 + rng.poisson(1.36, min(500, documents - number))
        topics = words.topics[rng.integers(0, TOPICS, len(sizes))].repeat(sizes, axis=0)
        half = WORDS_OF_A_PASSAGE // 2
        chosen = np.take_along_axis(topics, rng.integers(0, WORDS_OF_A_TOPIC, (len(topics), half)), axis=1)
        numbers = np.hstack([chosen, rng.choice(len(words.words), (len(topics), half), p=words.share)])
        vectors = words.vectors(numbers)
        ends = np.cumsum(sizes)
        for start, end in zip(ends - sizes, ends, strict=True):
            yield number, numbers[start:end], vectors[start:end]
            number += 1


def write(library: Library, words: Words, documents: int) -> None:
    """Fills an empty library's database; every fifth document is said to be English."""
    database = library._database
    library.path.mkdir(parents=True, exist_ok=True)
    database.create(library._spec.identity())
    with database.transaction() as connection:
        for number, numbers, vectors in passages(words, documents):
            texts = [" ".join(words.words[place] for place in passage) for passage in numbers]
            ends = np.cumsum([len(text) + 1 for text in texts])
            name = f"{number:016x}"
            connection.execute(
                "INSERT INTO documents (id, title, source, text, language, published, publisher, pages, content_hash) "
                "VALUES (?, ?, ?, ?, ?, '', '', '[]', ?)",
                (name, words.words[numbers[0][0]], f"/{name}.txt", "\n".join(texts), "zh" if number % 5 else "en", name),
            )
            connection.executemany(
                "INSERT INTO chunks (id, document_id, start, end, page, section, vector) VALUES (?, ?, ?, ?, NULL, '', ?)",
                (
                    (f"{name}-{part}", name, int(end) - len(text) - 1, int(end) - 1, vector.tobytes())
                    for part, (text, end, vector) in enumerate(zip(texts, ends, vectors, strict=True))
                ),
            )


def questions_on(words: Words) -> list[str]:
    rng = np.random.default_rng(2)
    chosen = [rng.choice(words.topics[rng.integers(TOPICS)], 6, replace=False) for _ in range(QUESTIONS)]
    return [" ".join(words.words[number] for number in numbers) for numbers in chosen]


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def row(name: str, value: str) -> None:
    print(f"{name:<44} {value}", flush=True)


def times(name: str, action: Callable[[str], object], questions: Sequence[str]) -> None:
    taken = [1000 * seconds(lambda question=question: action(question)) for question in questions]
    row(name, f"first {taken[0]:6.1f}   median {np.median(taken):6.1f}   p95 {np.quantile(taken, 0.95):6.1f} ms")


def resident_megabytes() -> str:
    status = Path("/proc/self/status").read_text(encoding="utf-8") if Path("/proc/self/status").exists() else ""
    kilobytes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]
    return f"{kilobytes[0] / 1000:.0f} MB" if kilobytes else "unknown"


def recall(library: Library, vectors: np.ndarray) -> float:
    """The share of the 10 nearest of all stored vectors that are found."""
    stored = library._database.select("SELECT row, vector FROM chunks")
    rows = np.array([number for number, _ in stored])
    scores = vectors @ np.stack([np.frombuffer(vector, np.float32) for _, vector in stored]).T
    expected = rows[np.argpartition(-scores, 10, axis=1)[:, :10]]
    found = [[number for number, _ in library.search_vectors(vector, 10)] for vector in vectors]
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(expected.tolist(), found, strict=True)]))


def measure_search(library: Library, encoder: Remembering, questions: Sequence[str]) -> None:
    vectors = encoder.encode_query(questions)
    retriever = HybridRetriever()
    row("open, with both indexes", f"{seconds(library.languages):.2f} s")
    row("first hybrid search", f"{seconds(lambda: retriever.retrieve(questions[0], library)):.2f} s")
    report = library.vector_report()
    row("vector index", f"{report.lists} lists, {report.probes} searched" if report.lists else "exact")
    row("vectors", f"{report.vectors:,} of {report.dim} dimensions, in {len(library):,} documents")
    by_text = dict(zip(questions, vectors, strict=True))
    ids = [summary.id for summary in library.documents()]
    many, few = ids[:: max(1, len(ids) // CHOSEN)][:CHOSEN], ids[:10]
    language = library.languages()[-1]
    terms = {question: library.analyzer.content_terms(question) for question in questions}
    times("dense", lambda question: library.search_vectors(by_text[question], 50), questions)
    times(f"dense, {language}", lambda question: library.search_vectors(by_text[question], 50, language), questions)
    times(f"dense, {len(many):,} documents", lambda q: library.search_vectors(by_text[q], 50, None, many), questions)
    times("lexical", lambda question: library.search_terms(terms[question], 50), questions)
    times(f"lexical, {language}", lambda question: library.search_terms(terms[question], 50, language), questions)
    times(f"lexical, {len(many):,} documents", lambda q: library.search_terms(terms[q], 50, None, many), questions)
    times("hybrid", lambda question: retriever.retrieve(question, library), questions)
    times(f"hybrid, {len(many):,} documents", lambda question: retriever.retrieve(question, library, many), questions)
    times(f"hybrid, {len(few)} documents", lambda question: retriever.retrieve(question, library, few), questions)
    row("recall@10, questions", f"{recall(library, vectors):.4f}")
    row("recall@10, as measured on the index itself", f"{library.vector_report().recall:.4f}")
    row("resident memory", resident_megabytes())


def measure_changes(library: Library, questions: Sequence[str]) -> None:
    """Adds two documents, removes the first documents there are, and looks whether any of those is found by any question."""
    for number in range(2):
        name = f"{time.time_ns()}"
        added = Document(name, name, f"/new/{name}.txt", " ".join([name, *questions[number::2]]))
        row("add another" if number else "add one document", f"{seconds(lambda added=added: library.add_document(added)):.2f} s")
    ids = [summary.id for summary in library.documents()][:REMOVED]
    row(f"remove {len(ids):,} documents", f"{seconds(lambda: library.remove_all(ids)):.2f} s")
    gone = set(ids)
    vectors = library.encoder.encode_query(questions)
    rows = {row for vector in vectors for row, _ in library.search_vectors(vector, 50)}
    rows |= {row for question in questions for row, _ in library.search_terms(library.analyzer.content_terms(question), 50)}
    found = library.results(sorted(rows)).values()
    row("of them found afterwards", f"{sum(result.chunk.document_id in gone for result in found)} of {len(rows):,} passages")
    row("check", "; ".join(library.check()) or "sound")


def measure_adding(folder: Path, encoder: Remembering, corpus: Path) -> None:
    """Adds a file to the library of a folder, and says how much of the time went into encoding."""
    timed = Timed(encoder)
    with Library(folder, timed, max_file_bytes=corpus.stat().st_size) as library:
        started = time.perf_counter()
        with tqdm(total=1, unit="B", unit_scale=True, desc="adding", mininterval=5) as bar:

            def show(progress: Progress) -> None:
                bar.total = progress.total
                bar.set_postfix_str(f"{progress.passages:,} passages", refresh=False)
                bar.update(progress.done - bar.n)

            results = library.add([corpus], show)
        taken = time.perf_counter() - started
    statuses = Counter(result.status for result in results)
    passages = sum(result.chunks for result in results)
    row("add the corpus", ", ".join(f"{count:,} {status}" for status, count in statuses.items()))
    row("passages", f"{passages:,}, {passages / taken:.1f} a second")
    row("time", f"{taken:,.0f} s, of which encoding {timed.seconds / taken:.3f}")
    row("most resident memory", f"{getrusage(RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=63_581)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--inverted", action="store_true", help="use an inverted file, whatever the size")
    parser.add_argument("--library", type=Path, help="measure this one, and change nothing in it")
    parser.add_argument("--questions", type=Path, help="with --library: a file of questions, one a line")
    parser.add_argument("--corpus", type=Path, help="with --library: a file to add to it first")
    parser.add_argument("--change", action="store_true", help="with --library: add and remove documents last")
    options = parser.parse_args()
    if options.library:
        questions = options.questions.read_text(encoding="utf-8").split("\n")
        asked = [question for question in questions if question.strip()]
        encoder = Remembering(SentenceTransformerEncoder(DEFAULTS.encoder), asked)
        if options.corpus:
            measure_adding(options.library, encoder, options.corpus)
        analyzer = Analyzer()
        analyzer.name_terms(" ".join(analyzer.content_terms(asked[0])))
        with Library(options.library, encoder, analyzer=analyzer) as library:
            measure_search(library, encoder, asked)
            if options.change:
                measure_changes(library, asked)
        return
    words = Words(options.dim)
    asked = questions_on(words)
    encoder = Remembering(words, asked)

    def opened(folder: Path) -> Library:
        library = Library(folder, encoder, analyzer=words)
        if options.inverted:
            library._indexes.exact_numbers = 0
        return library

    with tempfile.TemporaryDirectory() as folder:
        with opened(Path(folder) / "library") as library:
            row("write SQLite", f"{seconds(lambda: write(library, words, options.documents)):.1f} s")
            row("build both indexes", f"{seconds(library._indexes.save):.1f} s")
        with opened(Path(folder) / "library") as library:
            measure_search(library, encoder, asked)
            measure_changes(library, asked)


if __name__ == "__main__":
    main()
