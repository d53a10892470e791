"""Step 5, retrieval: brings questions nearer to the passage that answers them than to any other.

The loss is in-batch contrast with hard negatives (other windows of the same document, and the nearest passages by the student itself).
Each batch has one pair of languages. Distillation continues in between, so that the languages stay aligned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from embeddings.training.batching import Integers, TokenizedTexts, batches_of_like_length
from embeddings.training.corpus import Question
from embeddings.training.distillation import Distillation, encoded
from embeddings.training.loop import Figures, Schedule, Stage, device
from embeddings.training.network import Student
from embeddings.training.pairs import Pair
from embeddings.training.vocabulary import MAX_TOKENS

BATCH_TOKENS = 16_384
RATES = {"embeddings": 3e-4, "body": 1e-4}
TEMPERATURE = 0.05
TOKENS_BETWEEN_MEASUREMENTS = 3_000_000
_DISTILLED_EVERY = 2
_DISTILLATION_WEIGHT = 1.0
_NEAREST = 30
_HARD_NEGATIVES = 6


class RetrievalData:
    """Tokenized pairs with the rows of their hard negatives."""

    def __init__(self, tokenizer: Any, pairs: Sequence[Pair]) -> None:
        rows: dict[str, int] = {}
        for pair in pairs:
            for text in (pair.query, pair.passage, *pair.near):
                rows.setdefault(text, len(rows))
        self.pairs = pairs
        self.names = list(rows)
        self.texts = TokenizedTexts(tokenizer, self.names, MAX_TOKENS)
        self.queries = np.array([rows[pair.query] for pair in pairs])
        self.passages = np.array([rows[pair.passage] for pair in pairs])
        self.negatives: list[list[int]] = [[rows[text] for text in pair.near[:_HARD_NEGATIVES]] for pair in pairs]

    def mine(self, student: Student) -> None:
        """Adds to each pair with marked answers the passages nearest by the student that contain no such answer."""
        marked = [i for i, pair in enumerate(self.pairs) if pair.avoid]
        pool = defaultdict(list)
        for row, language in dict.fromkeys((self.passages[i], self.pairs[i].kind[4:]) for i in marked):
            pool[language].append(row)
        for language, rows in pool.items():
            chosen = [i for i in marked if self.pairs[i].kind.endswith(language)]
            passages = _encoded(student, self.texts, np.array(rows))
            queries = _encoded(student, self.texts, self.queries[chosen])
            for block in range(0, len(chosen), 1000):
                nearest = (
                    (queries[block : block + 1000] @ passages.T).topk(min(_NEAREST, len(rows)), dim=1).indices.cpu().tolist()
                )
                for i, columns in zip(chosen[block : block + 1000], nearest, strict=True):
                    self.negatives[i] += self._misleading(i, [rows[n] for n in columns])

    def _misleading(self, i: int, rows: Sequence[int]) -> list[int]:
        avoid = [answer.casefold() for answer in self.pairs[i].avoid]
        misleading = (row for row in rows if not any(answer in self.names[row].casefold() for answer in avoid))
        return [row for row in misleading if row != self.passages[i]][:_HARD_NEGATIVES]

    def batches(self, seed: int) -> Iterator[tuple[Integers, Integers]]:
        """Yields endless batches of one kind: the numbers of pairs, and the row of a hard negative for each, or -1.

        Each pass contains every pair once.
        """
        generator = np.random.default_rng(seed)
        kinds = np.array([pair.kind for pair in self.pairs])
        lengths = self.texts.lengths[self.queries] + 2 * self.texts.lengths[self.passages]
        while True:
            batches = []
            for kind in np.unique(kinds):
                rows = np.flatnonzero(kinds == kind)
                batches += [rows[part] for part in batches_of_like_length(lengths[rows], BATCH_TOKENS, generator, max_rows=512)]
            for number in generator.permutation(len(batches)):
                chosen = batches[number]
                candidates = [self.negatives[i] for i in chosen]
                yield chosen, np.array([generator.choice(negatives) if negatives else -1 for negatives in candidates])


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Questions of one language with all their paragraphs: question `i` asks about paragraph `answers[i]`."""

    language: str
    questions: TokenizedTexts
    paragraphs: TokenizedTexts
    answers: Integers


def held_out(tokenizer: Any, questions: Sequence[Question]) -> list[HeldOut]:
    """Returns the held-out questions, grouped by language."""
    groups = []
    for language in ("zh", "en"):
        chosen = [q for q in questions if q.measured and q.language == language]
        rows = {paragraph: row for row, paragraph in enumerate(dict.fromkeys(q.passage for q in chosen))}
        if chosen:
            tokenized = TokenizedTexts(tokenizer, [q.text for q in chosen], MAX_TOKENS)
            paragraphs = TokenizedTexts(tokenizer, list(rows), MAX_TOKENS)
            groups.append(HeldOut(language, tokenized, paragraphs, np.array([rows[q.passage] for q in chosen])))
    return groups


def within_languages(student: Student, groups: Sequence[HeldOut]) -> Figures:
    """Returns recall@1 of held-out questions among all held-out paragraphs of their language."""
    figures: Figures = {}
    for group in groups:
        nearest = (encoded(student, group.questions) @ encoded(student, group.paragraphs).T).argmax(dim=1).cpu().numpy()
        figures[f"{group.language}->{group.language}"] = float((nearest == group.answers).mean())
    return figures


class Retrieval:
    """The student's batches and their loss."""

    def __init__(self, student: Student, data: RetrievalData, distillation: Distillation) -> None:
        self.student, self._data, self._distillation = student, data, distillation

    def batches(self, seed: int) -> Iterator[tuple[Integers, Integers] | Integers]:
        """Yields batches of pairs, and after every second one a batch of the distillation."""
        apart = self._distillation.batches(seed + 1)
        for number, batch in enumerate(self._data.batches(seed), 1):
            yield batch
            if number % _DISTILLED_EVERY == 0:
                yield next(apart)

    def loss(self, batch: tuple[Integers, Integers] | Integers) -> tuple[Tensor, int, Figures]:
        """Returns the loss of either kind of batch, the number of tokens, and the loss by kind."""
        if not isinstance(batch, tuple):
            value, tokens, _ = self._distillation.loss(batch)
            return _DISTILLATION_WEIGHT * value, tokens, {"distillation": value.item()}
        pairs, negatives = batch
        texts = self._data.texts
        queries, passages = self._data.queries[pairs], self._data.passages[pairs]
        others = np.unique(negatives[negatives >= 0])
        documents = np.concatenate([passages, others])
        of_queries = self.student(*texts.padded(queries))
        of_documents = self.student(*texts.padded(documents))
        scores = of_queries @ of_documents.T / TEMPERATURE
        labels = torch.arange(len(pairs), device=scores.device)
        # A passage or a question may occur twice in a batch: neither is a negative of the other.
        same = documents[None, :] == passages[:, None]
        same[:, : len(pairs)] |= queries[None, :] == queries[:, None]
        same[np.arange(len(pairs)), np.arange(len(pairs))] = False
        scores = scores.masked_fill(torch.from_numpy(same).to(scores.device), -1e4)
        value = functional.cross_entropy(scores, labels) + 0.3 * functional.cross_entropy(scores[:, : len(pairs)].T, labels)
        tokens = int(texts.lengths[queries].sum() + texts.lengths[documents].sum())
        return value, tokens, {"retrieval": value.item()}


def train(retrieval: Retrieval, measure: Callable[[], Figures], folder: Path, seed: int, tokens: int) -> None:
    """Trains the student on `tokens` tokens and writes it to `folder`."""
    student = retrieval.student
    stage: Stage[tuple[Integers, Integers] | Integers] = Stage(
        folder, student.groups(), Schedule(tokens, RATES), student.body.encoder
    )
    stage.run(lambda: retrieval.batches(seed), retrieval.loss, measure, TOKENS_BETWEEN_MEASUREMENTS)
    student.save(folder)


def _encoded(student: Student, texts: TokenizedTexts, rows: Integers) -> Tensor:
    """Encodes some of the texts, in the order of `rows`."""
    parts = batches_of_like_length(texts.lengths[rows], BATCH_TOKENS, np.random.default_rng(0))
    with torch.inference_mode():
        vectors = torch.cat([student(*texts.padded(rows[part])) for part in parts])
    return vectors[torch.from_numpy(np.argsort(np.concatenate(parts))).to(device())]
