"""Trains the reader: `python -m embeddings.training.train_reader --data FOLDER --out FOLDER [--minutes N]`.

It trains for a given time, with a learning rate that falls to nothing by the end of it, in bfloat16 where the processor
has it, and prints and logs its figures on the held-out questions as it goes.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from tqdm import tqdm
from transformers import AutoTokenizer

from embeddings.catalogue import BUNDLED
from embeddings.encoder import SentenceTransformerEncoder
from embeddings.reader import tokenize
from embeddings.reader_network import ReaderNetwork
from embeddings.training import reading_data as data

WINDOW_TOKENS = 150
BATCH = 32
BATCHES_SORTED_AT_ONCE = 50
LEARNING_RATE = 2e-4
HEAD_LEARNING_RATE = 1e-3
WARM_UP_STEPS = 200
SPAN_WEIGHT = 0.5
STEPS_BETWEEN_MEASUREMENTS = 500
NEAREST = 6


def main() -> None:
    """Reads the data, trains, and writes `reader.safetensors` and `log.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with qa/ and parallel/")
    parser.add_argument("--out", type=Path, required=True, help="where the weights go")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--start", type=Path, help="a folder with weights to go on from; the encoder's body otherwise")
    parser.add_argument("--seed", type=int, default=20, help="another one when going on, for another order")
    parser.add_argument("--limit", type=int, help="rows of each file, for a quick trial")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)
    encoder = SentenceTransformerEncoder("bundled", batch_size=64)
    questions = data.read_questions(arguments.data, encoder, WINDOW_TOKENS, arguments.limit)
    training = [question for question in questions if not question.held_out]
    held_out = [question for question in questions if question.held_out]
    print(f"{len(training)} questions to train on, {len(held_out)} held out", flush=True)
    with torch.autocast("cpu", torch.bfloat16):
        nearest = data.nearest_windows(training, encoder, NEAREST)
    unanswerable = data.read_unanswerable(arguments.data)
    trainer = Trainer(held_out, data.CodeSwitcher(arguments.data), arguments.out, arguments.start)
    generator = random.Random(arguments.seed)

    def epochs() -> Iterator[data.Pair]:
        while True:
            yield from data.training_pairs(training, nearest, unanswerable, trainer.switcher, generator)

    trainer.train(epochs(), 60 * arguments.minutes)


class Trainer:
    """The network with its optimizer, and where its weights and figures go."""

    def __init__(
        self, held_out: Sequence[data.Question], switcher: data.CodeSwitcher, out: Path, start: Path | None = None
    ) -> None:
        self.switcher = switcher
        self._held_out = held_out
        self._out = out
        self._log: list[dict[str, float]] = []
        self._tokenizer: Any = AutoTokenizer.from_pretrained(BUNDLED / "encoder", local_files_only=True)
        encoder = BUNDLED / "encoder"
        self.network = ReaderNetwork.load(start / "reader.safetensors", encoder) if start else ReaderNetwork(encoder)
        self._body = [p for p in self.network.body.parameters() if p.requires_grad]
        self._heads = [*self.network.support.parameters(), *self.network.span.parameters()]
        self._optimizer = torch.optim.AdamW(
            [{"params": self._body, "lr": LEARNING_RATE}, {"params": self._heads, "lr": HEAD_LEARNING_RATE}], weight_decay=0.01
        )
        self._peaks = [group["lr"] for group in self._optimizer.param_groups]

    def train(self, pairs: Iterator[data.Pair], seconds: float) -> None:
        """Trains on pairs until the time is up."""
        self._out.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        losses: list[tuple[float, float]] = []
        with tqdm(total=int(seconds), unit="s") as bar:
            for step, batch in enumerate(self._batches(pairs), 1):
                done = (time.monotonic() - started) / seconds
                if done >= 1:
                    break
                losses.append(self._step(batch, min(1.0, step / WARM_UP_STEPS) * max(0.02, 1 - done)))
                support, span = np.mean(losses[-100:], axis=0)
                bar.n = int(done * seconds)
                bar.set_postfix(step=step, support=f"{support:.3f}", span=f"{span:.3f}")
                if step % STEPS_BETWEEN_MEASUREMENTS == 0:
                    self._measure(step, time.monotonic() - started, 600)
        self._measure(len(losses), time.monotonic() - started, 1500)

    def _step(self, batch: tuple[Tensor, ...], rate: float) -> tuple[float, float]:
        """One step of the optimizer at a share of the peak learning rates; gives the losses of support and span."""
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * rate
        support_loss, span_loss = self._losses(batch)
        self._optimizer.zero_grad()
        (support_loss + SPAN_WEIGHT * span_loss).backward()
        torch.nn.utils.clip_grad_norm_(self._body + self._heads, 1.0)
        self._optimizer.step()
        return support_loss.item(), span_loss.item()

    def _losses(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        ids, mask, types, labels, places = batch
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16):
            support, span = self.network(ids, mask, types)
        support_loss = torch.nn.functional.binary_cross_entropy_with_logits(support, labels)
        answered = places[:, 0] >= 0
        if not answered.any():
            return support_loss, span.sum() * 0
        span = span.masked_fill((types * mask)[:, :, None] == 0, -1e4)[answered]
        return support_loss, torch.nn.functional.cross_entropy(span, places[answered])

    def _batches(self, pairs: Iterator[data.Pair]) -> Iterator[tuple[Tensor, ...]]:
        """Batches of like length, so that little is spent on padding."""
        while block := list(islice(pairs, BATCH * BATCHES_SORTED_AT_ONCE)):
            block.sort(key=lambda pair: len(pair.passage.encode()) + len(pair.question.encode()))
            groups = [block[i : i + BATCH] for i in range(0, len(block), BATCH)]
            random.shuffle(groups)
            yield from map(self._encode, groups)

    def _encode(self, pairs: Sequence[data.Pair]) -> tuple[Tensor, ...]:
        """Token ids, mask and types `(pairs, tokens)`, labels `(pairs,)`, the answers' first and last tokens `(pairs, 2)` or -1."""
        encoded = tokenize(self._tokenizer, [pair.question for pair in pairs], [pair.passage for pair in pairs])
        places = []
        for pair, offsets, types in zip(
            pairs, encoded["offset_mapping"].tolist(), encoded["token_type_ids"].tolist(), strict=True
        ):
            inside = (
                [t for t, (a, b) in enumerate(offsets) if types[t] == 1 and a < pair.end and pair.start < b]
                if pair.start >= 0
                else []
            )
            places.append((inside[0], inside[-1]) if inside else (-1, -1))
        labels = torch.tensor([float(pair.start >= 0) for pair in pairs])
        return encoded["input_ids"], encoded["attention_mask"], encoded["token_type_ids"], labels, torch.tensor(places)

    def _measure(self, step: int, seconds: float, most: int) -> None:
        """Logs and prints the figures on some of the held-out questions, and saves the weights."""
        figures: dict[str, float] = {"step": step, "minutes": round(seconds / 60, 1)}
        questions = self._held_out[:: max(1, len(self._held_out) // most)]
        for language in ("zh", "en"):
            for name, share in ((language, 0.0), (f"{language}_switched", 0.9)):
                generator = random.Random(1)
                pairs = []
                for question in (q for q in questions if q.language == language):
                    asked = self.switcher.switch(question.text, language, share, generator) if share else question.text
                    pairs.append(data.Pair(asked, question.window, question.start, question.end))
                    if near_miss := data.without_answer(question) or next(iter(question.siblings), ""):
                        pairs.append(data.Pair(asked, near_miss))
                if pairs:
                    figures |= {f"{figure}_{name}": round(value, 3) for figure, value in self._figures(pairs).items()}
        self._log.append(figures)
        print(f"\n{json.dumps(figures)}", flush=True)
        (self._out / "log.json").write_text(json.dumps(self._log, indent=1) + "\n")
        self.network.save(self._out / "reader.safetensors")

    def _figures(self, pairs: Sequence[data.Pair]) -> dict[str, float]:
        """The area under the curve of support against near misses, and how often the answer's first token is found."""
        self.network.eval()
        logits, found = [], []
        for start in range(0, len(pairs), BATCH):
            ids, mask, types, _, places = self._encode(pairs[start : start + BATCH])
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                support, span = self.network(ids, mask, types)
            logits += support.tolist()
            first = span[:, :, 0].masked_fill((types * mask) == 0, -1e4).argmax(dim=1)
            found += [int(a) == int(b) for a, b in zip(first, places[:, 0], strict=True) if b >= 0]
        return {"auroc": float(roc_auc_score([pair.start >= 0 for pair in pairs], logits)), "start": float(np.mean(found))}


if __name__ == "__main__":
    main()
