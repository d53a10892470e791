"""Yinju and its peers behind one protocol, each as its documentation has it; the README says where that stands.

All encode with the bundled encoder, the peers with a copy in single precision that `compare.py` makes, as half precision is slow on
most processors. What ranks pairs of question and passage, where a recipe asks for such a model, is the bundled reader.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rag.evaluation.outcome import Outcome
from rag.evaluation.questions.question_set import Question
from rag.types import Document

ENCODER = os.environ.get("PEERS_ENCODER", "")
RANKED = 10
"""The number of passages requested from each system."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found."""

    document_id: str
    text: str


class System(Protocol):
    """A system to measure. Its models are loaded when it is created."""

    def index(self, documents: Sequence[Document]) -> None: ...

    def search(self, question: str) -> list[Found]:
        """Returns at most `RANKED` passages, best first."""
        ...

    def handed_over(self, question: str, found: Sequence[Found]) -> str:
        """Returns the text that a language model is given by default after `found` was retrieved."""
        ...


class Yinju:
    """This project. `search` answers too, which takes most of its time; `said` is the last answer."""

    def __init__(self) -> None:
        from rag import Library, RagPipeline

        self._folder = tempfile.TemporaryDirectory()
        self._pipeline = RagPipeline(Library(Path(self._folder.name) / "library"), top_k=RANKED)
        self._pipeline.library.encoder.encode_query(["warm"])
        self.said: Any = None
        self._model = Recorder()
        self._with_model = RagPipeline(self._pipeline.library, top_k=RANKED, generator=self._model)

    def index(self, documents: Sequence[Document]) -> None:
        failed = [result for result in self._pipeline.library.add_documents(documents) if result.status == "failed"]
        assert not failed, failed

    def search(self, question: str) -> list[Found]:
        self.said = self._pipeline.answer(question)
        return [Found(result.chunk.document_id, result.chunk.text) for result in self.said.results]

    def outcomes(self, questions: Sequence[Question], answers: Sequence[Any]) -> list[Outcome]:
        """Scores the answers."""
        from rag.evaluation.run import Examiner

        examiner = Examiner(self._pipeline)
        return [examiner.outcome(question, answer) for question, answer in zip(questions, answers, strict=True)]

    def handed_over(self, question: str, found: Sequence[Found]) -> str:
        """Returns the sentences that a model is shown; empty if the question is refused before."""
        self._model.read = ""
        self._with_model.answer(question)
        return self._model.read


class Recorder:
    """A language model that stores its messages and answers nothing. Every message fits."""

    name = "none"
    read = ""

    def fits(self, messages: Sequence[Any]) -> bool:
        return True

    def stream(self, messages: Sequence[Any], stop: threading.Event) -> Iterator[str]:
        self.read = "\n".join(re.findall(r"(?m)^\[\d+\] (.*)$", messages[-1].content))
        yield from ()


class FirstPassages:
    """A system that gives the first passages to the language model as they are."""

    top_k: int

    def handed_over(self, question: str, found: Sequence[Found]) -> str:
        return "\n".join(passage.text for passage in found[: self.top_k])


class LlamaIndex(FirstPassages):
    """`VectorStoreIndex.from_documents` and its retriever; with `chunk_size` parts of so many tokens instead of 1,024."""

    top_k = 2

    def __init__(self, chunk_size: int | None = None) -> None:
        from llama_index.core import Settings
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        if chunk_size:
            Settings.chunk_size, Settings.chunk_overlap = chunk_size, chunk_size // 5
        Settings.embed_model = HuggingFaceEmbedding(model_name=ENCODER)
        Settings.embed_model.get_query_embedding("warm")

    def index(self, documents: Sequence[Document]) -> None:
        from llama_index.core import Document as Text
        from llama_index.core import VectorStoreIndex

        texts = [Text(text=document.text, id_=document.id, metadata={"title": document.title}) for document in documents]
        self._retriever = VectorStoreIndex.from_documents(texts).as_retriever(similarity_top_k=RANKED)

    def search(self, question: str) -> list[Found]:
        return [Found(found.node.ref_doc_id, found.node.get_content()) for found in self._retriever.retrieve(question)]


class Haystack(FirstPassages):
    """A splitter with its defaults, the in-memory store, and its retriever.

    With `hybrid` as its tutorial of hybrid retrieval has it: 512 words that share 32, BM25 too, both put together, and a ranker.
    """

    top_k = RANKED

    def __init__(self, hybrid: bool = False) -> None:
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.preprocessors import DocumentSplitter
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
            SentenceTransformersTextEmbedder,
        )

        self._splitter = DocumentSplitter(split_by="word", split_length=512, split_overlap=32) if hybrid else DocumentSplitter()
        self._store = InMemoryDocumentStore()
        self._document_embedder = SentenceTransformersDocumentEmbedder(model=ENCODER, progress_bar=False)
        self._text_embedder = SentenceTransformersTextEmbedder(model=ENCODER, progress_bar=False)
        for component in (self._splitter, self._document_embedder, self._text_embedder):
            component.warm_up()
        self._dense = InMemoryEmbeddingRetriever(self._store)
        self._lexical = InMemoryBM25Retriever(self._store)
        self._joiner = DocumentJoiner()
        self._rank = _ranker() if hybrid else None

    def index(self, documents: Sequence[Document]) -> None:
        from haystack import Document as Text

        texts = [Text(content=document.text, meta={"title": document.title, "of": document.id}) for document in documents]
        split = self._splitter.run(documents=texts)["documents"]
        self._store.write_documents(self._document_embedder.run(documents=split)["documents"])

    def search(self, question: str) -> list[Found]:
        vector = self._text_embedder.run(text=question)["embedding"]
        documents = self._dense.run(query_embedding=vector)["documents"]
        if self._rank:
            lexical = self._lexical.run(query=question)["documents"]
            documents = self._joiner.run(documents=[lexical, documents])["documents"]
        found = [Found(document.meta["of"], document.content) for document in documents]
        return ([found[place] for place in self._rank(question, range(len(found)), found)] if self._rank else found)[:RANKED]


class Txtai(FirstPassages):
    """An `Embeddings` of paragraphs, with `content`; with `hybrid` BM25 too."""

    top_k = 3

    def __init__(self, hybrid: bool = False) -> None:
        from txtai import Embeddings

        self._embeddings = Embeddings(path=ENCODER, content=True, hybrid=hybrid)
        self._of: list[str] = []

    def index(self, documents: Sequence[Document]) -> None:
        from txtai.pipeline import Segmentation

        paragraphs = Segmentation(paragraphs=True)
        texts: list[str] = []
        for document in documents:
            parts = [part for part in paragraphs(document.text) if part]
            texts += parts
            self._of += [document.id] * len(parts)
        self._embeddings.index(texts)

    def search(self, question: str) -> list[Found]:
        return [Found(self._of[int(found["id"])], found["text"]) for found in self._embeddings.search(question, RANKED)]


class Kotaemon(FirstPassages):
    """Its retrieval, reimplemented from its settings and code.

    Parts of 1,024 tokens that share 256; the 100 best of a full-text search with English stems and the 100 nearest vectors, put
    together; with `ranked` a model ranks them, which by default is one of a service and does nothing without its key.
    """

    top_k = 10
    _FIRST_ROUND = 100

    def __init__(self, ranked: bool = False) -> None:
        self._encode = _encoder()
        self._rank = _ranker() if ranked else None

    def index(self, documents: Sequence[Document]) -> None:
        from llama_index.core.node_parser import TokenTextSplitter

        splitter = TokenTextSplitter(
            chunk_size=1024,
            chunk_overlap=256,
            separator="\n\n",
            backup_separators=["\n", ".", "\u200b"],
        )
        self._parts = [Found(document.id, part) for document in documents for part in splitter.split_text(document.text)]
        self._vectors = self._encode([part.text for part in self._parts])
        self._full_text = _EnglishStems([part.text for part in self._parts])

    def search(self, question: str) -> list[Found]:
        near = (self._vectors @ self._encode([question])[0]).argsort()[::-1][: self._FIRST_ROUND].tolist()
        candidates = list(dict.fromkeys([*self._full_text.search(question, self._FIRST_ROUND), *near]))
        ranked = self._rank(question, candidates, self._parts) if self._rank else candidates
        return [self._parts[number] for number in ranked[:RANKED]]


class OpenWebUI(FirstPassages):
    """Its retrieval, reimplemented from its documentation.

    Parts of 1,000 characters that share 100, and the nearest 3. With `hybrid`, which is off by default there: the best 3 of BM25
    and the nearest 3 are joined by rank with equal weight, and ordered by a model when one is `ranked` with, else by their cosines.
    """

    top_k = 3
    _WEIGHT, _RANK_CONSTANT = 0.5, 60

    def __init__(self, hybrid: bool = False, ranked: bool = False) -> None:
        self._encode = _encoder()
        self._hybrid = hybrid
        self._rank = _ranker() if ranked else None

    def index(self, documents: Sequence[Document]) -> None:
        from langchain_text_splitters import RecursiveCharacterTextSplitter
        from rank_bm25 import BM25Okapi

        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=100)
        self._parts = [Found(document.id, part) for document in documents for part in splitter.split_text(document.text)]
        self._vectors = self._encode([part.text for part in self._parts])
        self._lexical = BM25Okapi([part.text.split() for part in self._parts])

    def search(self, question: str) -> list[Found]:
        cosines = self._vectors @ self._encode([question])[0]
        near = cosines.argsort()[::-1].tolist()
        if not self._hybrid:
            return [self._parts[number] for number in near[:RANKED]]
        lexical = self._lexical.get_scores(question.split()).argsort()[::-1].tolist()
        joined: dict[int, float] = defaultdict(float)
        for ranking in (lexical[: self.top_k], near[: self.top_k]):
            for rank, number in enumerate(ranking, 1):
                joined[number] += self._WEIGHT / (self._RANK_CONSTANT + rank)
        candidates = sorted(joined, key=lambda number: -joined[number])
        if self._rank:
            candidates = self._rank(question, candidates, self._parts)
        else:
            candidates.sort(key=lambda number: -cosines[number])
        return [self._parts[number] for number in candidates[: self.top_k]]


class _EnglishStems:
    """Full-text search by Tantivy with its analyzer of English, which is what LanceDB searched with."""

    def __init__(self, texts: Iterable[str]) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("number", stored=True)
        builder.add_text_field("text", tokenizer_name="en_stem")
        self._index = tantivy.Index(builder.build())
        with self._index.writer() as writer:
            for number, text in enumerate(texts):
                writer.add_document(tantivy.Document(number=number, text=text))
        self._index.reload()

    def search(self, question: str, most: int) -> list[int]:
        query, _ = self._index.parse_query_lenient(question, ["text"])
        searcher = self._index.searcher()
        return [searcher.doc(address)["number"][0] for _, address in searcher.search(query, most).hits]


def _encoder() -> Callable[[Sequence[str]], Any]:
    """Returns a function that encodes texts into vectors of unit length, `(texts, dim)`."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(ENCODER)
    model.encode(["warm"])
    return lambda texts: model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


def _ranker() -> Callable[[str, Sequence[int], Sequence[Found]], list[int]]:
    """Returns a function that ranks parts by the bundled reader's probability that they contain an answer."""
    from embeddings.reader import CrossEncoderReader

    reader = CrossEncoderReader()
    reader.read("warm", ["warm"])

    def rank(question: str, numbers: Sequence[int], parts: Sequence[Found]) -> list[int]:
        readings = reader.read(question, [parts[number].text for number in numbers])
        scores = {number: reading.support for number, reading in zip(numbers, readings, strict=True)}
        return sorted(numbers, key=lambda number: -scores[number])

    return rank


SYSTEMS: dict[str, Callable[[], System]] = {
    "Yinju": Yinju,
    "LlamaIndex": LlamaIndex,
    "LlamaIndex, parts of 256": lambda: LlamaIndex(chunk_size=256),
    "Haystack": Haystack,
    "Haystack, hybrid, our reader ranks": lambda: Haystack(hybrid=True),
    "txtai": Txtai,
    "txtai, hybrid": lambda: Txtai(hybrid=True),
    "kotaemon's recipe": Kotaemon,
    "kotaemon's recipe, our reader ranks": lambda: Kotaemon(ranked=True),
    "Open WebUI's recipe": OpenWebUI,
    "Open WebUI's recipe, hybrid": lambda: OpenWebUI(hybrid=True),
    "Open WebUI's recipe, hybrid, our reader ranks": lambda: OpenWebUI(hybrid=True, ranked=True),
}
