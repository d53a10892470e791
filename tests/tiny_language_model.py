"""A language model for tests: real files of transformers that say one fixed text, whatever they are asked."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

END = "<|end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def build(
    folder: Path,
    says: str,
    *,
    chat_template: str = CHAT_TEMPLATE,
    begins_after: str = "<|assistant|>",
    in_parts: str = "",
    endless: bool = False,
    context_length: int = 4096,
) -> Path:
    """Writes the model into `folder`.

    Each token of `says` is a word, a number or a run of Chinese. What follows a token depends on that token alone, so none may
    stand there twice.

    Args:
        folder: Where its files go.
        says: What it answers.
        chat_template: The model has none when empty.
        begins_after: The token that ends its prompt.
        in_parts: Characters that are several tokens, one for each byte.
        endless: Whether it begins again instead of ending.
        context_length: The most tokens it reads and writes.
    """
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[END, "<|system|>", "<|user|>", "<|assistant|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([says.translate(dict.fromkeys(map(ord, in_parts), "\n"))], trainer)
    tokenizer.add_tokens([AddedToken(token, special=False) for token in ("<think>", "</think>")])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END)
    fast.chat_template = chat_template or None
    fast.save_pretrained(folder)

    tokens = tokenizer.encode(says).ids
    assert len(set(tokens)) == len(tokens), "a token stands there twice"
    chain = [tokenizer.encode(begins_after).ids[-1], *tokens, tokens[0] if endless else tokenizer.token_to_id(END)]

    size = tokenizer.get_vocab_size() + tokenizer.get_vocab_size() % 2
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=size,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=context_length,
        bos_token_id=None,
        eos_token_id=tokenizer.token_to_id(END),
    )
    model = LlamaForCausalLM(config)
    layer = model.model.layers[0]
    with torch.no_grad():
        # The layer adds nothing, so that the head sees the token itself and knows the next one.
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        model.lm_head.weight.zero_()
        for current, following in pairwise(chain):
            model.lm_head.weight[following, current] = 1
    model.save_pretrained(folder)
    return folder
