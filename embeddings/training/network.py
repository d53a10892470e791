"""Step 3, the student: the teacher's body with the new vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from embeddings.errors import ModelError
from embeddings.reader_network import let_layers_differ
from embeddings.training.loop import device, working_type
from embeddings.training.vocabulary import MAX_TOKENS

NEAREST = 10
_SHARPNESS = 20.0
_WORD_EMBEDDINGS = "embeddings.word_embeddings"


class Student(nn.Module):
    """A BERT body that encodes a text as the mean over its tokens, at unit length."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        # Dropout prevents fast attention on a processor, and so few passes over the data do not need it.
        for module in body.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        self.body = body.to(device())
        let_layers_differ(self.body)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Encodes token ids and mask `(texts, tokens)` as unit vectors, float32 `(texts, dim)`."""
        ids, mask = ids.to(device()), mask.to(device())
        hidden = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask[:, :, None].float()
        return functional.normalize((hidden.float() * weights).sum(1) / weights.sum(1), dim=1)

    def groups(self) -> dict[str, list[tuple[str, Tensor]]]:
        """Returns the trainable parameters in two groups with separate learning rates: `embeddings` and the rest, `body`."""
        parted: dict[str, list[tuple[str, Tensor]]] = {"embeddings": [], "body": []}
        for name, parameter in self.body.named_parameters():
            if parameter.requires_grad:
                parted["embeddings" if name.startswith(_WORD_EMBEDDINGS) else "body"].append((name, parameter))
        return parted

    def save(self, folder: Path) -> None:
        """Writes the body in float32, for further training."""
        self.body.save_pretrained(folder)

    @classmethod
    def load(cls, folder: Path, for_use: bool = False) -> Student:
        """Reads the body that `save` wrote, in float32 for training; with `for_use`, its layers in the fastest format."""
        student = cls(
            AutoModel.from_pretrained(
                folder, local_files_only=True, dtype=torch.float32, attn_implementation=attention(), add_pooling_layer=False
            )
        )
        if for_use:
            student.body.encoder.to(working_type())
        return student


def attention() -> str:
    """Returns the attention that trains fastest: on a processor, the backward pass of the fused one is slow."""
    return "sdpa" if device().type == "cuda" else "eager"


def graft(tokenizer: Any, teacher_tokenizer: Any, teacher_body: Any, vectors: Tensor, folder: Path) -> None:
    """Writes the untrained student: the teacher's layers, and an initial embedding for every token.

    Tokens that the teacher knows get its embedding. Every other token gets the mean of the embeddings of the ten nearest such tokens
    by the static vectors, weighted by similarity.

    Args:
        tokenizer: The student's tokenizer.
        teacher_tokenizer: The teacher's tokenizer.
        teacher_body: The teacher's transformer, a `BertModel`.
        vectors: The static vectors `(len(tokenizer), dim)`.
        folder: The folder to write the student to.
    """
    teacher_rows = teacher_body.get_input_embeddings().weight.detach().float().cpu()
    known = teacher_tokenizer.get_vocab()
    special = {
        getattr(tokenizer, f"{kind}_token_id"): getattr(teacher_tokenizer, f"{kind}_token_id")
        for kind in ("pad", "unk", "cls", "sep", "mask")
    }
    copied: dict[int, int] = dict(special)
    for piece, row in tokenizer.get_vocab().items():
        source = known.get(piece, known.get(f"##{piece}"))
        if row not in special and source is not None and not _is_han(piece):
            copied[row] = source
    embeddings = torch.zeros(len(tokenizer), teacher_rows.shape[1])
    into = torch.tensor(list(copied))
    embeddings[into] = teacher_rows[torch.tensor(list(copied.values()))]
    anchors = torch.tensor([row for row in copied if row not in special])
    others = torch.tensor([row for row in range(len(tokenizer)) if row not in copied])
    units = functional.normalize(vectors, dim=1)
    for block in others.split(2048):
        scores, nearest = (units[block] @ units[anchors].T).topk(min(NEAREST, len(anchors)), dim=1)
        weights = (scores * _SHARPNESS).softmax(dim=1)
        embeddings[block] = (weights[:, :, None] * embeddings[anchors[nearest]]).sum(1)
    config = BertConfig(**{**teacher_body.config.to_dict(), "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id})
    config.dtype = torch.float32
    body = BertModel(config, add_pooling_layer=False)
    state = {name: value.float().cpu() for name, value in teacher_body.state_dict().items() if not name.startswith("pooler")}
    state[f"{_WORD_EMBEDDINGS}.weight"] = embeddings
    body.load_state_dict(state)
    body.save_pretrained(folder)


def import_encoder(encoder_folder: Path, vocabulary_folder: Path, folder: Path) -> None:
    """Writes a BERT-based sentence-transformers encoder in place of the results of steps 1 and 4.

    Raises:
        ModelError: The folder contains no such encoder.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(encoder_folder, local_files_only=True)
        student = Student.load(encoder_folder)
    except OSError as error:
        raise ModelError(
            f"there is no encoder to start from in {encoder_folder}: name a folder with encoder/ and reader/"
        ) from error
    tokenizer.save_pretrained(vocabulary_folder)
    student.save(folder)


def save_sentence_transformer(student: Student, tokenizer: Any, folder: Path) -> None:
    """Writes a sentence-transformers folder with weights in half precision."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    body_folder = folder / "body"
    student.body.to("cpu").half().save_pretrained(body_folder)
    student.body.float().to(device())
    tokenizer.save_pretrained(body_folder)
    transformer = Transformer(str(body_folder), max_seq_length=MAX_TOKENS)
    pooling = Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
    model = SentenceTransformer(modules=[transformer, pooling, Normalize()])
    model.half().save(str(folder), create_model_card=False)
    for file in body_folder.iterdir():
        file.unlink()
    body_folder.rmdir()


def _is_han(piece: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in piece)
