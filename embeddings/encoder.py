"""Text to vectors: the `Encoder` protocol, and the encoder that runs any sentence-transformers model."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from embeddings import catalogue
from embeddings.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = np.ndarray[Any, np.dtype[np.float32]]


class Encoder(Protocol):
    """Turns texts into unit vectors whose inner product is their similarity."""

    @property
    def name(self) -> str:
        """What the user calls the model."""

    @property
    def fingerprint(self) -> str:
        """Identifies the vectors: two encoders with the same fingerprint give the same vectors for the same text."""

    @property
    def dim(self) -> int:
        """The number of dimensions of the vectors."""

    @property
    def max_tokens(self) -> int:
        """The longest text that is read whole, in tokens; the rest of a longer one is ignored."""

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        """Questions to float32 unit vectors `(len(texts), dim)`, in order."""

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        """Passages to float32 unit vectors `(len(texts), dim)`, in order."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of the model's tokens in each text, without the special ones at either end."""


class SentenceTransformerEncoder:
    """Any sentence-transformers model, from a folder or, when the user names one, from a hub.

    The weights are read on first use. Only safetensors are read, never pickle, and no code of the model's is run.
    """

    def __init__(self, name: str, query_prefix: str = "", document_prefix: str = "", batch_size: int = 16) -> None:
        """Looks `name` up; reads nothing.

        Args:
            name: A name of the catalogue, a folder, or a hub name.
            query_prefix: Put before each query; the catalogue's when empty, else the model's own.
            document_prefix: Put before each document, likewise.
            batch_size: Texts encoded at once. Small batches of like length waste the least on padding.

        Raises:
            ModelError: `name` is a folder that holds no sentence-transformers model.
        """
        spec = catalogue.find(name)
        self.name = spec.name if spec else name
        self._source = spec.source if spec else name
        self._revision = spec.revision if spec else ""
        self._query_prompt = query_prefix or (spec.query_prefix if spec else "") or None
        self._document_prompt = document_prefix or (spec.document_prefix if spec else "") or None
        self._batch_size = batch_size
        self._folder = Path(self._source).expanduser()
        looks_local = self._folder.is_absolute() or self._source.startswith((".", "~")) or self._folder.is_dir()
        if not looks_local:
            self._folder = Path()
        elif not (self._folder / "modules.json").is_file():
            raise ModelError(f"{self._folder} is not a sentence-transformers folder (it has no modules.json)")

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self._query_prompt}\0{self._document_prompt}".encode())
        if self._folder != Path():
            for weights in sorted(self._folder.rglob("*.safetensors")):
                with weights.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        else:
            digest.update(f"{self._source}@{self._revision or self._commit()}".encode())
        return f"{self.name}:{digest.hexdigest()[:16]}"

    @cached_property
    def dim(self) -> int:
        dim = self._model.get_embedding_dimension()
        if not dim:
            raise ModelError(f"the model {self.name} does not say how many dimensions its vectors have")
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
        encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _encode(self, encode: Any, texts: Sequence[str], prompt: str | None) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        vectors = encode(
            list(texts),
            prompt=prompt,
            batch_size=self._batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    @cached_property
    def _model(self) -> SentenceTransformer:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
        local = self._folder != Path()
        try:
            return SentenceTransformer(
                str(self._folder) if local else self._source,
                device="cuda" if torch.cuda.is_available() else "cpu",
                revision=self._revision or None,
                local_files_only=local,
                trust_remote_code=False,
                model_kwargs={"dtype": torch.float32, "use_safetensors": True},
            )
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            remedy = "check the folder" if local else "check the name and the network, or use the bundled model"
            raise ModelError(f"cannot load the encoder {self.name}: {reason} ({remedy})") from error

    def _commit(self) -> str:
        transformer: Any = self._model[0]
        return str(getattr(transformer.auto_model.config, "_commit_hash", None) or "main")
