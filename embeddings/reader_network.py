"""The network of the bundled reader: one transformer over a question and a passage, with two heads."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

_WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"


def let_layers_differ(body: Any) -> None:
    """Lets the layers of a BERT body compute in another number format than its embeddings."""

    def in_their_format(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        return output.to(body.encoder.layer[0].output.dense.weight.dtype)

    body.embeddings.register_forward_hook(in_their_format)


class ReaderNetwork(nn.Module):
    """A BERT body with two heads: the support of the passage, and the place where the answer begins and ends.

    The word embeddings are the encoder's: they are neither trained nor saved.
    """

    def __init__(self, encoder_folder: Path, attention: str = "sdpa") -> None:
        """Takes the body and word embeddings from the encoder's folder; `attention` names an implementation in transformers."""
        super().__init__()
        config = AutoConfig.from_pretrained(encoder_folder, local_files_only=True, attn_implementation=attention)
        # Dropout prevents fast attention on a processor, and one pass over the data does not need it.
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
        self.body = AutoModel.from_config(config, dtype=torch.float32, add_pooling_layer=False)
        let_layers_differ(self.body)
        self.support = nn.Linear(config.hidden_size, 1)
        self.span = nn.Linear(config.hidden_size, 2)
        weights = load_file(encoder_folder / "model.safetensors")
        self.body.load_state_dict({name: weight.float() for name, weight in weights.items()}, strict=False)
        self.body.embeddings.word_embeddings.requires_grad_(requires_grad=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Reads question-passage pairs.

        Returns:
            The logit of support `(pairs,)`, and the logits of the answer's first and last token `(pairs, tokens, 2)`, float32.
        """
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state
        hidden = hidden.float()
        return self.support(hidden[:, 0]).squeeze(-1), self.span(hidden)

    def save(self, file: Path) -> None:
        """Writes the weights without the word embeddings, in half precision."""
        state = {
            name: weight.detach().cpu().half().contiguous()
            for name, weight in self.state_dict().items()
            if not name.endswith(_WORD_EMBEDDINGS)
        }
        save_file(state, file)

    @classmethod
    def load(cls, file: Path, encoder_folder: Path, attention: str = "sdpa") -> ReaderNetwork:
        """Reads the weights back, with the word embeddings of the encoder in `encoder_folder`.

        Raises:
            ValueError: The file does not contain the weights of this network.
        """
        network = cls(encoder_folder, attention)
        state = {name: weight.float() for name, weight in load_file(file).items()}
        missing, unexpected = network.load_state_dict(state, strict=False)
        if unexpected or any(not name.endswith(_WORD_EMBEDDINGS) for name in missing):
            raise ValueError(f"{file} does not contain the weights of this reader")
        return network.eval()


def embeddings_digest(encoder_folder: Path) -> str:
    """Returns a digest that identifies the word embeddings of an encoder."""
    weights = load_file(encoder_folder / "model.safetensors")
    (embeddings,) = [tensor for name, tensor in weights.items() if name.endswith(_WORD_EMBEDDINGS)]
    return hashlib.sha256(embeddings.numpy().tobytes()).hexdigest()[:16]
