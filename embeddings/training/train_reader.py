"""Trains the reader: `python -m embeddings.training.train_reader --data FOLDER --out FOLDER [--minutes N]`."""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from tqdm import tqdm

from embeddings.catalogue import BUNDLED
from embeddings.encoder import SentenceTransformerEncoder
from embeddings.reader_network import ReaderNetwork
from embeddings.training import reading_data as data

MAX_TOKENS = 224
WINDOW_TOKENS = 150
BATCH = 32
LEARNING_RATE = 2e-4
SEED = 20


def main() -> None:
    """Trains for a number of minutes and prints the figures on the held-out fifth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--limit", type=int, help="rows of each file, for a quick trial")
    arguments = parser.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)
    encoder_folder = BUNDLED / "encoder"
    encoder = SentenceTransformerEncoder("bundled", batch_size=64)
    tokenizer = encoder._model.tokenizer
    questions = data.read_questions(arguments.data, encoder, WINDOW_TOKENS, arguments.limit)
    held_out = [q for q in questions if q.held_out]
    training = [q for q in questions if not q.held_out]
    print(f"{len(training)} questions to train on, {len(held_out)} held out", flush=True)
    with torch.autocast("cpu", torch.bfloat16):
        nearest = data.nearest_windows(training, encoder, 6)
    unanswerable = [
        data.Pair(r["question"], r["passage"]) for r in data.read_rows(arguments.data, data.UNANSWERABLE_FILE) if not r["answers"]
    ]
    switcher = data.CodeSwitcher(arguments.data)
    network = ReaderNetwork(encoder_folder)
    heads = [*network.support.parameters(), *network.span.parameters()]
    body = [p for p in network.body.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": LEARNING_RATE}, {"params": heads, "lr": 5 * LEARNING_RATE}], weight_decay=0.01
    )
    peaks = [group["lr"] for group in optimizer.param_groups]
    generator = random.Random(SEED)
    started = time.monotonic()
    budget = arguments.minutes * 60
    log = []
    step = 0
    bar = tqdm(total=int(budget), unit="s")
    losses: list[tuple[float, float]] = []
    while time.monotonic() - started < budget:
        pairs = data.training_pairs(training, nearest, unanswerable, switcher, generator)
        for batch in batches(pairs, tokenizer):
            done = (time.monotonic() - started) / budget
            if done >= 1:
                break
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * min(1.0, (step + 1) / 200) * max(0.02, 1 - done)
            support_loss, span_loss = train_on(network, batch)
            (support_loss + 0.5 * span_loss).backward()
            torch.nn.utils.clip_grad_norm_(body + heads, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            losses.append((support_loss.item(), span_loss.item()))
            bar.n = int(time.monotonic() - started)
            if step % 100 == 0:
                recent = np.mean(losses[-100:], axis=0)
                bar.set_postfix(step=step, support=f"{recent[0]:.3f}", span=f"{recent[1]:.3f}")
            if step % 500 == 0:
                figures = evaluate(network, tokenizer, held_out[:: max(1, len(held_out) // 600)], switcher)
                log.append({"step": step, "minutes": round((time.monotonic() - started) / 60, 1), **figures})
                print("\n", json.dumps(log[-1]), flush=True)
                arguments.out.mkdir(parents=True, exist_ok=True)
                network.save(arguments.out / "reader.safetensors")
    arguments.out.mkdir(parents=True, exist_ok=True)
    network.save(arguments.out / "reader.safetensors")
    log.append(
        {
            "step": step,
            "minutes": round((time.monotonic() - started) / 60, 1),
            **evaluate(network, tokenizer, held_out[:: max(1, len(held_out) // 1500)], switcher),
        }
    )
    print(json.dumps(log[-1]))
    (arguments.out / "log.json").write_text(json.dumps(log, indent=1))


def batches(pairs: Iterator[data.Pair], tokenizer: object) -> Iterator[tuple[Tensor, ...]]:
    """Batches of like length, so that little is spent on padding."""
    while block := list(islice(pairs, BATCH * 50)):
        block.sort(key=lambda pair: len(pair.passage.encode()) + len(pair.question.encode()))
        groups = [block[i : i + BATCH] for i in range(0, len(block), BATCH)]
        random.shuffle(groups)
        for group in groups:
            yield encode(group, tokenizer)


def encode(pairs: Sequence[data.Pair], tokenizer: object) -> tuple[Tensor, ...]:
    """Token ids, mask, types, and the answers' first and last tokens, -100 where there is none."""
    encoded = tokenizer(  # type: ignore[operator]
        [p.question for p in pairs],
        [p.passage for p in pairs],
        truncation="only_second",
        max_length=MAX_TOKENS,
        padding=True,
        return_offsets_mapping=True,
        return_token_type_ids=True,
        return_tensors="pt",
    )
    starts, ends = [], []
    for i, pair in enumerate(pairs):
        place = [-100, -100]
        if pair.start >= 0:
            sequence = encoded.sequence_ids(i)
            inside = [
                t
                for t, (a, b) in enumerate(encoded["offset_mapping"][i].tolist())
                if sequence[t] == 1 and a < pair.end and pair.start < b
            ]
            if inside:
                place = [inside[0], inside[-1]]
        starts.append(place[0])
        ends.append(place[1])
    labels = torch.tensor([float(p.start >= 0) for p in pairs])
    return (
        encoded["input_ids"],
        encoded["attention_mask"],
        encoded["token_type_ids"],
        labels,
        torch.tensor(starts),
        torch.tensor(ends),
    )


def train_on(network: ReaderNetwork, batch: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """The losses of one batch: of support, and of the span where there is one."""
    ids, mask, types, labels, starts, ends = batch
    network.train()
    with torch.autocast("cpu", torch.bfloat16):
        support, span = network(ids, mask, types)
    support_loss = torch.nn.functional.binary_cross_entropy_with_logits(support, labels)
    span = span.masked_fill((types * mask)[:, :, None] == 0, -1e4)
    if (starts >= 0).any():
        span_loss = torch.nn.functional.cross_entropy(span[:, :, 0], starts) + torch.nn.functional.cross_entropy(
            span[:, :, 1], ends
        )
    else:
        span_loss = span.sum() * 0
    return support_loss, span_loss / 2


def evaluate(
    network: ReaderNetwork, tokenizer: object, questions: Sequence[data.Question], switcher: data.CodeSwitcher
) -> dict[str, float]:
    """Area under the curve of support against near misses, and exact first tokens, by language, same and switched."""
    network.eval()
    generator = random.Random(1)
    figures = {}
    for language in ("zh", "en"):
        for share in (0.0, 0.9):
            pairs = []
            for q in questions:
                if q.language != language:
                    continue
                asked = switcher.switch(q.text, language, share, generator) if share else q.text
                pairs.append(data.Pair(asked, q.window, q.start, q.end))
                if miss := without(q):
                    pairs.append(data.Pair(asked, miss))
            scores, right = [], []
            for i in range(0, len(pairs), BATCH):
                ids, mask, types, _, starts, _ = encode(pairs[i : i + BATCH], tokenizer)
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                    support, span = network(ids, mask, types)
                scores += support.tolist()
                first = span[:, :, 0].masked_fill((types * mask) == 0, -1e4).argmax(1)
                right += [bool(a == b) for a, b in zip(first, starts, strict=True) if b >= 0]
            labels = [p.start >= 0 for p in pairs]
            name = f"{language}{'_switched' if share else ''}"
            if len(set(labels)) == 2:
                figures[f"auroc_{name}"] = round(float(roc_auc_score(labels, scores)), 3)
            figures[f"start_{name}"] = round(float(np.mean(right)), 3)
    return figures


def without(question: data.Question) -> str:
    """A near miss for measuring: the window without its answer, else a sibling."""
    return data.without_answer(question) or (question.siblings[0] if question.siblings else "")


if __name__ == "__main__":
    main()
