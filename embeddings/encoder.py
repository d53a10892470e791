"""Turns texts into vectors: the `Encoder` protocol, and an encoder that runs any sentence-transformers model."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from embeddings import catalogue, number_format
from embeddings.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = np.ndarray[Any, np.dtype[np.float32]]


# The files of a model that are read: no pickle, and no code.
_FILES = ("*.safetensors", "*.json", "*.txt", "*.model")
_PICKLED = "pytorch_model*.bin"


class Encoder(Protocol):
    """Turns texts into unit vectors whose inner product is their similarity."""

    @property
    def name(self) -> str:
        """The name of the model, as the user gives it."""

    @property
    def fingerprint(self) -> str:
        """Identifies the vectors: encoders with the same fingerprint give the same vectors for a text, except for rounding."""

    @property
    def dim(self) -> int:
        """The number of dimensions of the vectors."""

    @property
    def max_tokens(self) -> int:
        """The length of the longest text that is encoded completely, in tokens. The rest of a longer text is ignored."""

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        """Encodes queries to float32 unit vectors `(len(texts), dim)`, in order."""

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        """Encodes passages to float32 unit vectors `(len(texts), dim)`, in order."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns the number of tokens in each text, without special tokens."""


class SentenceTransformerEncoder:
    """Encodes with any sentence-transformers model, from a folder or a hub.

    The weights are read on first use. Only safetensors are read, never pickle, and the model's own code is never run. Vectors are
    computed in the number format that is faster on this machine, which changes only their rounding. Safe to use from several
    threads.
    """

    def __init__(self, name: str, query_prefix: str = "", document_prefix: str = "", batch_size: int = 16) -> None:
        """Looks up `name` in the catalogue; reads no files yet.

        Args:
            name: A name in the catalogue, a folder, or a hub name.
            query_prefix: Precedes each query. When empty, the catalogue's or else the model's own.
            document_prefix: Precedes each passage, likewise.
            batch_size: The number of texts encoded at once. Small batches of similar length need the least padding.

        Raises:
            ModelError: `name` is a folder without a sentence-transformers model.
        """
        spec = catalogue.find(name)
        self.name = spec.name if spec else name
        self._source = spec.source if spec else name
        self._revision = spec.revision if spec else ""
        self._query_prompt = query_prefix or (spec.query_prefix if spec else "") or None
        self._document_prompt = document_prefix or (spec.document_prefix if spec else "") or None
        self._batch_size = batch_size
        # Tokenizers keep their truncation and padding from one call to the next, so only one call may run at a time.
        self._lock = threading.Lock()
        folder = os.path.expanduser(self._source)
        self._is_local = os.path.isabs(folder) or folder.startswith((".", "~")) or os.path.isdir(folder)
        if self._is_local and not os.path.isfile(os.path.join(folder, "modules.json")):
            raise ModelError(f"{folder} is not a sentence-transformers folder (it has no modules.json); check the path")

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self._query_prompt}\0{self._document_prompt}".encode())
        try:
            for file in sorted(file for pattern in _FILES for file in self._folder.rglob(pattern)):
                digest.update(file.relative_to(self._folder).as_posix().encode("utf-8", "surrogateescape"))
                with file.open("rb") as content:
                    digest.update(hashlib.file_digest(content, "sha256").digest())
        except OSError as error:
            raise ModelError(f"cannot read the encoder {self.name}: {error.strerror} ({error.filename})") from error
        return f"{Path(self.name).name}:{digest.hexdigest()[:16]}"

    @cached_property
    def dim(self) -> int:
        dim = self._model.get_embedding_dimension()
        if not dim:
            raise ModelError(f"the model {self.name} does not tell the number of dimensions of its vectors; choose another")
        return int(dim)

    @cached_property
    def max_tokens(self) -> int:
        return int(self._model.max_seq_length or 512)

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_query, texts, self._query_prompt)

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_document, texts, self._document_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        model = self._model
        with self._lock:
            encoded = model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _encode(self, encode: Any, texts: Sequence[str], prompt: str | None) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        with self._lock:
            vectors = encode(
                list(texts),
                prompt=prompt,
                batch_size=self._batch_size,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        # In bfloat16, a vector is normalised to two digits only.
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)

    @cached_property
    def _model(self) -> SentenceTransformer:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        _refuse_pickle(self._folder)
        on_gpu = torch.cuda.is_available()
        transformers.utils.logging.disable_progress_bar()
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
        try:
            return SentenceTransformer(
                str(self._folder),
                device="cuda" if on_gpu else "cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"dtype": number_format.fastest(on_gpu), "use_safetensors": True},
            )
        except Exception as error:
            raise ModelError(f"cannot load the encoder {self.name}: {_first_line(error)} (check {self._folder})") from error

    @cached_property
    def _folder(self) -> Path:
        """The model's folder. Missing files of a hub model are downloaded."""
        if self._is_local:
            return Path(os.path.expanduser(self._source))
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(self._source, revision=self._revision or None, allow_patterns=list(_FILES)))
        except Exception as error:
            raise ModelError(
                f"cannot get the encoder {self.name}: {_first_line(error)} "
                "(check the name and the network, or use the bundled model)"
            ) from error


def _refuse_pickle(folder: Path) -> None:
    """Makes sure that no weights exist as pickle only.

    Raises:
        ModelError: Some do.
    """
    for pickled in folder.rglob(_PICKLED):
        if not any(pickled.parent.glob("*.safetensors")):
            raise ModelError(f"the weights {pickled} are pickled, which can run code and is not read; save them as safetensors")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
