"""Asks every question through the same pipeline as the chat, and looks at each stage apart."""

from __future__ import annotations

import hashlib
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from embeddings.catalogue import BUNDLED
from embeddings.encoder import Vectors
from rag.answering.reading import Reader, Reading, SentenceReader
from rag.errors import QuestionError, QuestionSetError
from rag.evaluation import citing, significance, spans
from rag.evaluation.figures import FINAL, by_stage, counts, failed_at, grouped, groups, intervals
from rag.evaluation.matching import FoldedDocument, Place, holds, places
from rag.evaluation.outcome import BestSentence, Hit, Outcome, failure, stage
from rag.evaluation.question_set import Passage, Question, QuestionSet
from rag.library.ingestion import OnProgress
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.text.analysis import query_terms
from rag.types import Answer, Citation, Document, Done, Language, Retrieved, SearchResult

Ask = Callable[[str], Answer]

_EVIDENCE_IN_CHUNK = 0.5
"""A chunk holds a piece of evidence when at least this share of it lies inside."""
_DEPTH = 50
_MOST_CHUNKS = 100_000
_SHOWN = 240
_PACKAGES = ("yinju", "torch", "transformers", "sentence-transformers", "faiss-cpu", "tantivy", "scikit-learn", "ir-measures")


def run(pipeline: RagPipeline, questions: Sequence[Question], progress: Callable[[Outcome], None] | None = None) -> list[Outcome]:
    """Asks every question, in order, and examines each stage.

    Args:
        pipeline: The same as the chat's.
        questions: What is asked.
        progress: Called with each outcome.
    """
    asked = []
    for outcome in outcomes(pipeline, questions, examined=True):
        asked.append(outcome)
        if progress:
            progress(outcome)
    return asked


def outcomes(
    pipeline: RagPipeline, questions: Sequence[Question], ask: Ask | None = None, *, examined: bool = False
) -> Iterator[Outcome]:
    """The outcome of each question, in order, each asked when its turn comes.

    Args:
        pipeline: The same as the chat's.
        questions: What is asked; passages that they name are documents of the library, by their sources.
        ask: Asks the pipeline a question; the pipeline itself when None.
        examined: Whether to look at each stage of the search apart and at what the reader makes of the relevant passages alone,
            which asks the encoder and the reader once more.

    Raises:
        QuestionSetError: A question is one that cannot be asked.
    """
    examiner = Examiner(pipeline)
    for question in questions:
        within = examiner.document_ids(question.within) or None
        candidates: Sequence[SearchResult] = ()
        try:
            if ask:
                answer = ask(question.question)
            else:
                candidates, answer = _asked(pipeline, question.question, within)
        except QuestionError as error:
            raise QuestionSetError(f'question "{question.id}": {error}') from error
        outcome = examiner.outcome(question, answer)
        yield examiner.examine(outcome, question, answer, candidates, within) if examined else outcome


def _asked(pipeline: RagPipeline, question: str, within: Sequence[str] | None) -> tuple[tuple[SearchResult, ...], Answer]:
    """What the search found and what was said."""
    candidates: tuple[SearchResult, ...] = ()
    for event in pipeline.stream(question, documents=within):
        match event:
            case Retrieved(_, results):
                candidates = results
            case Done(answer):
                return candidates, answer
    raise AssertionError("a stream that nobody stops ends with Done")


@contextmanager
def fresh(pipeline: RagPipeline) -> Iterator[RagPipeline]:
    """The same pipeline over an empty library of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, pipeline.library.like(Path(folder) / "library") as empty:
        yield pipeline.with_options(library=empty)


def add_passages(library: Library, passages: Iterable[Passage], on_progress: OnProgress | None = None) -> None:
    """Adds the passages of a question set to a library, each as a document whose source is its id.

    Raises:
        QuestionSetError: One of them cannot be added.
    """
    documents = (Document(f"passage-{number}", p.title, p.id, p.text) for number, p in enumerate(passages))
    for result in library.add_documents(documents, on_progress):
        if result.status == "failed":
            raise QuestionSetError(f"passage {result.source}: {result.reason}")


class Examiner:
    """Compares answers with what a good one holds, and looks at each stage apart."""

    def __init__(self, pipeline: RagPipeline) -> None:
        self._pipeline = pipeline
        summaries = pipeline.library.documents()
        self._ids = {summary.source: summary.id for summary in summaries}
        self._languages: dict[str, Language] = {summary.id: _language(summary.language) for summary in summaries}
        self._folded: dict[str, FoldedDocument] = {}
        self._judge = citing.ContainmentJudge(pipeline.library.analyzer)

    def document_ids(self, passages: Iterable[str]) -> list[str]:
        """The documents that passages of the set are, each once; one that is not in the library keeps its name."""
        return list(dict.fromkeys(self._ids.get(passage, passage) for passage in passages))

    def outcome(self, question: Question, answer: Answer) -> Outcome:
        """What came of a question, by the answer alone."""
        evidence = self._evidence(question)
        languages = sorted({self._languages[place.document_id] for place in evidence})
        language = question.lang if question.lang in languages else next(iter(languages), "none")
        found = set(self._relevant(question)) or {r.chunk.id for r in answer.results if _holds_evidence(r, evidence)}
        ranked = self._names(question, answer.results)
        return Outcome(
            id=question.id,
            pair=f"{question.lang}->{language}",
            kind=question.kind,
            question=question.question,
            answerable=question.answerable,
            rank=next((rank for rank, name in enumerate(ranked, 1) if name in found), None),
            right=question.answerable and not answer.abstained and _is_right(answer.text, question),
            abstained=answer.abstained,
            citations=len(answer.citations),
            citations_on_evidence=sum(_on_evidence(citation, evidence) for citation in answer.citations),
            citations_exact=sum(self._is_exact(citation) for citation in answer.citations),
            confidence=answer.confidence,
            seconds=answer.timings["total"],
            answer=answer.text,
            expected=question.answers,
            cited=citing.score(answer, self._judge, self._languages),
        )

    def examine(
        self,
        outcome: Outcome,
        question: Question,
        answer: Answer,
        candidates: Sequence[SearchResult],
        within: Sequence[str] | None,
    ) -> Outcome:
        """The outcome with what each stage did: the searches, the reader on what they found, and on the relevant alone.

        Args:
            outcome: What `outcome` says of it.
            question: What was asked.
            answer: What was said.
            candidates: What the search found before the reader ranked it, best first.
            within: The documents that were searched; None for all.
        """
        vector = self._pipeline.library.encoder.encode_query([answer.query])[0]
        gold = self._gold_passages(vector, answer.query, question)
        dense, lexical = self._searches(vector, answer.query, within)
        language: Language = "zh" if outcome.pair.endswith("zh") else "en"
        best, alone = self._read(answer.query, answer.results[:1], gold, question, language)
        exact, f1 = (0.0, 0.0) if best is None or answer.abstained else (best.exact_match, best.f1)
        if answer.generator:
            said = citing.without_markers(answer.text)
            exact, f1 = spans.exact_match(said, question.answers, language), spans.f1(said, question.answers, language)
        return replace(
            outcome,
            best_right=best is not None and best.right,
            exact_match=exact if question.answers else None,
            f1=f1 if question.answers else None,
            relevant=self._relevant(question) or {result.chunk.id: 1 for result in gold},
            rankings={
                "dense": self._names(question, dense),
                "lexical": self._names(question, lexical),
                "fused": self._names(question, candidates),
                FINAL: self._names(question, answer.results),
            },
            hits=tuple(self._hit(question, result) for result in answer.results),
            gold=alone if question.answers else None,
        )

    def _searches(
        self, vector: Vectors, asked: str, within: Sequence[str] | None
    ) -> tuple[list[SearchResult], list[SearchResult]]:
        """What each search alone finds, best first: by vectors, and by terms."""
        library = self._pipeline.library
        dense = [row for row, _ in library.search_vectors(vector, _DEPTH, documents=within)]
        lexical = [row for row, _ in library.search_terms(library.analyzer.content_terms(asked), _DEPTH, documents=within)]
        results = library.results(list(dict.fromkeys(dense + lexical)))
        return [results[row] for row in dense if row in results], [results[row] for row in lexical if row in results]

    def _relevant(self, question: Question) -> dict[str, int]:
        """The documents that the passages are which the set names as relevant, with their grades."""
        return {self._ids.get(passage, passage): grade for passage, grade in question.relevant}

    def _gold_passages(self, vector: Vectors, asked: str, question: Question) -> list[SearchResult]:
        """The chunks that hold evidence, with the scores that a search would give them; of a passage without, all of its chunks."""
        library, evidence = self._pipeline.library, self._evidence(question)
        documents = {place.document_id for place in evidence}
        if not documents:
            return []
        cosines = dict(library.search_vectors(vector, _MOST_CHUNKS, documents=documents))
        held = {
            row: result
            for row, result in library.results(list(cosines)).items()
            if not question.evidence or _holds_evidence(result, evidence)
        }
        coverage: dict[int, float] = {}
        for language in {result.language for result in held.values()}:
            rows = [row for row, result in held.items() if result.language == language]
            coverage |= library.coverage(query_terms(library.analyzer, asked, language), rows)
        return [
            replace(result, score=cosines[row], scores={"dense": cosines[row], "coverage": coverage.get(row, 0.0)})
            for row, result in held.items()
        ]

    def _read(
        self,
        asked: str,
        first: Sequence[SearchResult],
        gold: Sequence[SearchResult],
        question: Question,
        language: Language,
    ) -> tuple[BestSentence | None, BestSentence | None]:
        """What the reader makes of the passage that it put first, and of the relevant passages alone, both read at once."""
        known = {result.chunk.id for result in first}
        results = [*first, *(result for result in gold if result.chunk.id not in known)]
        readings = self._pipeline.reader.read(asked, results) if results else []
        relevant = {result.chunk.id for result in gold}
        return (
            _best([reading for reading in readings if reading.result.chunk.id in known], question, language),
            _best([reading for reading in readings if reading.result.chunk.id in relevant], question, language),
        )

    def _evidence(self, question: Question) -> list[Place]:
        """Where the evidence stands: in the relevant passages, where the set names them, else anywhere."""
        if not question.relevant:
            return places(question.evidence, [self._document(name) for name in self._languages] if question.evidence else [])
        names = self.document_ids(passage for passage, _ in question.relevant)
        documents = [self._document(name) for name in names if name in self._languages]
        return places(question.evidence, documents) or [document.whole() for document in documents]

    def _document(self, name: str) -> FoldedDocument:
        if name not in self._folded:
            self._folded[name] = FoldedDocument(self._pipeline.library.document(name))
        return self._folded[name]

    @staticmethod
    def _names(question: Question, results: Iterable[SearchResult]) -> tuple[str, ...]:
        """What is ranked, each once: the set's passages where it names the relevant ones, else the library's chunks."""
        return tuple(dict.fromkeys(r.chunk.document_id if question.relevant else r.chunk.id for r in results))

    def _hit(self, question: Question, result: SearchResult) -> Hit:
        text = " ".join(result.chunk.text.split())[:_SHOWN]
        (name,) = self._names(question, [result])
        return Hit(name, result.title, text, round(result.score, 4))

    def _is_exact(self, citation: Citation) -> bool:
        return self._pipeline.library.document(citation.document_id).text[citation.start : citation.end] == citation.quote


def to_dict(outcomes: Sequence[Outcome], about: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Figures and outcomes as plain values, ready for JSON.

    Args:
        outcomes: What came of the questions.
        about: What the run was made with; see `about`.
    """
    return {
        "about": dict(about or {}),
        "figures": {name: asdict(of_group) for name, of_group in grouped(outcomes).items()},
        "counts": {name: counts(group) for name, group in groups(outcomes).items()},
        "intervals": intervals(outcomes),
        "retrieval": by_stage(outcomes),
        "failed_at": failed_at(outcomes),
        "outcomes": [{**asdict(o), "failure": failure(o), "stage": stage(o)} for o in outcomes],
    }


def about(pipeline: RagPipeline, asked: QuestionSet, name: str) -> dict[str, Any]:
    """What a run was made with: when, on what, with which settings, models and versions."""
    library = pipeline.library
    return {
        "questions": name,
        "format": asked.format,
        "n": len(asked.questions),
        "documents": len(library),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": {
            "top_k": pipeline.top_k,
            "max_sentences": pipeline.max_sentences,
            "threshold": pipeline.threshold,
            "chunk_tokens": library.chunk_tokens,
        },
        "models": {
            "encoder": library.encoder.fingerprint,
            "analyzer": library.analyzer.fingerprint,
            "reader": _fingerprint(pipeline.reader),
            "generator": pipeline.generator.name if pipeline.generator else "",
        },
        "seed": significance.SEED,
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": platform.platform(),
        "peak_memory_bytes": peak_memory(),
    }


def peak_memory() -> int | None:
    """The most memory that this process has used so far, in bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def _fingerprint(reader: Reader) -> str:
    """A digest of the bundled reader's files; the name of the class of any other."""
    if not isinstance(reader, SentenceReader):
        return type(reader).__name__
    files = sorted(file for file in (BUNDLED / "reader").iterdir() if file.suffix in (".json", ".safetensors"))
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()[:16]


def _language(name: str) -> Language:
    return "zh" if name == "zh" else "en"


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _best(readings: Sequence[Reading], question: Question, language: Language) -> BestSentence | None:
    """What the sentence is worth that is supported most in some passages, the best first; None when they hold no sentence."""
    if not readings:
        return None
    sentence = max(readings[0].sentences, key=lambda each: each.support)
    span = sentence.text[sentence.answer[0] - sentence.start : sentence.answer[1] - sentence.start].strip()
    return BestSentence(
        sentence.support,
        question.answerable and _is_right(sentence.text, question),
        spans.exact_match(span, question.answers, language),
        spans.f1(span, question.answers, language),
    )


def _is_right(text: str, question: Question) -> bool:
    return holds(text, question.answers) and all(holds(text, group) for group in question.also)


def _holds_evidence(result: SearchResult, evidence: Iterable[Place]) -> bool:
    """Whether a chunk holds at least half of a piece of evidence."""
    chunk = result.chunk
    return any(
        place.overlap(chunk.document_id, chunk.start, chunk.end) >= _EVIDENCE_IN_CHUNK * (place.end - place.start)
        for place in evidence
    )


def _on_evidence(citation: Citation, evidence: Iterable[Place]) -> bool:
    """Whether a citation and a piece of evidence share at least half of the shorter one."""
    return any(
        place.overlap(citation.document_id, citation.start, citation.end)
        >= 0.5 * min(place.end - place.start, citation.end - citation.start)
        for place in evidence
    )
