"""Yinju and its peers behind one protocol, each as its documentation has it; the README says where that stands.

All encode with the bundled encoder, the peers with a copy in single precision that `compare.py` makes, as half precision is slow on
most processors. What ranks pairs of question and passage, where a recipe asks for such a model, is the bundled reader.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rag.types import Document

ENCODER = os.environ.get("PEERS_ENCODER", "")
RANKED = 10
"""How many passages each system is asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found."""

    document_id: str
    text: str


class System(Protocol):
    """What is measured. Models are loaded when it is made.

    `handed_over` is how many passages a language model is given by default.
    """

    handed_over: int

    def index(self, documents: Sequence[Document]) -> None: ...

    def search(self, question: str) -> list[Found]:
        """At most `RANKED` passages, best first."""
        ...


class Yinju:
    """This project. `search` answers too, which takes most of its time; `said` is the last answer."""

    def __init__(self) -> None:
        from rag import Library, RagPipeline
        from rag.settings import DEFAULTS

        self.handed_over = DEFAULTS.top_k
        self._folder = tempfile.TemporaryDirectory()
        self._pipeline = RagPipeline(Library(Path(self._folder.name) / "library"), top_k=RANKED)
        self._pipeline.library.encoder.encode_query(["warm"])
        self.said: Any = None

    def index(self, documents: Sequence[Document]) -> None:
        failed = [result for result in self._pipeline.library.add_documents(documents) if result.status == "failed"]
        assert not failed, failed

    def search(self, question: str) -> list[Found]:
        self.said = self._pipeline.answer(question)
        return [Found(result.chunk.document_id, result.chunk.text) for result in self.said.results]


class LlamaIndex:
    """`VectorStoreIndex.from_documents` and its retriever; with `chunk_size` parts of so many tokens instead of 1,024."""

    handed_over = 2

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


class Haystack:
    """A splitter with its defaults, the in-memory store, and its retriever; with `hybrid` BM25 too, joined by rank."""

    handed_over = RANKED

    def __init__(self, hybrid: bool = False) -> None:
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
            SentenceTransformersTextEmbedder,
        )

        self._store = InMemoryDocumentStore()
        self._document_embedder = SentenceTransformersDocumentEmbedder(model=ENCODER, progress_bar=False)
        self._text_embedder = SentenceTransformersTextEmbedder(model=ENCODER, progress_bar=False)
        for embedder in (self._document_embedder, self._text_embedder):
            embedder.warm_up()
        self._dense = InMemoryEmbeddingRetriever(self._store)
        self._lexical = InMemoryBM25Retriever(self._store) if hybrid else None
        self._joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion")

    def index(self, documents: Sequence[Document]) -> None:
        from haystack import Document as Text
        from haystack.components.preprocessors import DocumentSplitter

        splitter = DocumentSplitter()
        splitter.warm_up()
        texts = [Text(content=document.text, meta={"title": document.title, "of": document.id}) for document in documents]
        split = splitter.run(documents=texts)["documents"]
        self._store.write_documents(self._document_embedder.run(documents=split)["documents"])

    def search(self, question: str) -> list[Found]:
        vector = self._text_embedder.run(text=question)["embedding"]
        found = self._dense.run(query_embedding=vector)["documents"]
        if self._lexical:
            lexical = self._lexical.run(query=question)["documents"]
            found = self._joiner.run(documents=[lexical, found])["documents"]
        return [Found(document.meta["of"], document.content) for document in found[:RANKED]]


class Txtai:
    """An `Embeddings` of paragraphs, with `content`; with `hybrid` BM25 too."""

    handed_over = 3

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


class Kotaemon:
    """Its retrieval as its settings and code describe it, written anew.

    Parts of 1,024 tokens that share 256; the 100 nearest vectors and the 100 best of a full-text search with English stems, put
    together; a model ranks them; the best 10 are handed over. There, tokens are those of a GPT, and the model is a service's.
    """

    handed_over = 10
    _FIRST_ROUND = 100

    def __init__(self) -> None:
        self._encode, self._tokenize = _encoder()
        self._rank = _ranker()

    def index(self, documents: Sequence[Document]) -> None:
        from llama_index.core.node_parser import TokenTextSplitter

        splitter = TokenTextSplitter(
            chunk_size=1024,
            chunk_overlap=256,
            separator="\n\n",
            backup_separators=["\n", ".", "\u200b"],
            tokenizer=self._tokenize,
        )
        self._parts = [Found(document.id, part) for document in documents for part in splitter.split_text(document.text)]
        self._vectors = self._encode([part.text for part in self._parts])
        self._full_text = _EnglishStems([part.text for part in self._parts])

    def search(self, question: str) -> list[Found]:
        near = (self._vectors @ self._encode([question])[0]).argsort()[::-1][: self._FIRST_ROUND].tolist()
        candidates = list(dict.fromkeys([*near, *self._full_text.search(question, self._FIRST_ROUND)]))
        return [self._parts[number] for number in self._rank(question, candidates, self._parts)][:RANKED]


class OpenWebUI:
    """Its retrieval as its documentation describes it, written anew.

    Parts of 1,000 characters that share 100, and the nearest 3. With `hybrid`, which is off by default there: BM25 and vectors are
    joined by rank with equal weight, and a model ranks them.
    """

    handed_over = 3
    _WEIGHT, _RANK_CONSTANT = 0.5, 60

    def __init__(self, hybrid: bool = False) -> None:
        self._encode, _ = _encoder()
        self._rank = _ranker() if hybrid else None

    def index(self, documents: Sequence[Document]) -> None:
        from langchain_text_splitters import RecursiveCharacterTextSplitter
        from rank_bm25 import BM25Okapi

        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=100)
        self._parts = [Found(document.id, part) for document in documents for part in splitter.split_text(document.text)]
        self._vectors = self._encode([part.text for part in self._parts])
        self._lexical = BM25Okapi([part.text.split() for part in self._parts])

    def search(self, question: str) -> list[Found]:
        near = (self._vectors @ self._encode([question])[0]).argsort()[::-1][:RANKED].tolist()
        if self._rank is None:
            return [self._parts[number] for number in near]
        lexical = self._lexical.get_scores(question.split()).argsort()[::-1][:RANKED].tolist()
        joined: dict[int, float] = defaultdict(float)
        for ranking in (lexical, near):
            for rank, number in enumerate(ranking, 1):
                joined[number] += self._WEIGHT / (self._RANK_CONSTANT + rank)
        candidates = sorted(joined, key=lambda number: -joined[number])
        return [self._parts[number] for number in self._rank(question, candidates, self._parts)][:RANKED]


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


def _encoder() -> tuple[Callable[[Sequence[str]], Any], Callable[[str], list[int]]]:
    """What encodes texts into vectors of unit length, and what parts one into tokens."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(ENCODER)
    model.encode(["warm"])

    def tokenize(text: str) -> list[int]:
        return list(model.tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"])

    return lambda texts: model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False), tokenize


def _ranker() -> Callable[[str, Sequence[int], Sequence[Found]], list[int]]:
    """What ranks some of the parts by how likely the bundled reader thinks that they hold an answer."""
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
    "Haystack, hybrid": lambda: Haystack(hybrid=True),
    "txtai": Txtai,
    "txtai, hybrid": lambda: Txtai(hybrid=True),
    "kotaemon's recipe": Kotaemon,
    "Open WebUI's recipe": OpenWebUI,
    "Open WebUI's recipe, hybrid": lambda: OpenWebUI(hybrid=True),
}
