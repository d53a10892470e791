"""Question-passage pairs for the reader, from open question-answering data: what supports an answer, and what only seems to.

Each answerable question gives one positive window of its passage and several negatives: the same window without the
sentences that hold the answer (a near miss by construction), another window of the same text, and the nearest window of
another text. Questions are partly put into the other language word by word with a dictionary, which is what lets the
reader answer across languages without parallel question-answering data.
"""

from __future__ import annotations

import json
import lzma
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import jieba
import numpy as np

from embeddings.encoder import Encoder

SPAN_FILES = (
    "en_squad_train_44articles",
    "en_covid_qa",
    "en_nq_oracle",
    "zh_drcd_dev_test_simplified",
    "zh_cmrc2018_dev_trial",
    "zh_cmrc2017_user_valid",
    "zh_crud_news_matched",
)
HELD_OUT_FILES = ("en_squad_train_44articles", "zh_drcd_dev_test_simplified", "zh_cmrc2018_dev_trial")
UNANSWERABLE_FILE = "en_squad_train_fragments"
_SENTENCE = re.compile(r"\S.*?(?:[。！？!?]+[”’」』）)]*|\.(?=\s)|\n|$)", re.DOTALL)

# What the dictionary does not give, or gives too freely.
_CHINESE_GRAMMAR = {
    "what": "什么", "which": "哪个", "who": "谁", "when": "什么时候", "where": "哪里", "why": "为什么", "how": "怎么", "many": "多少",
    "much": "多少", "is": "是", "are": "是", "was": "是", "were": "是", "the": "", "a": "", "an": "", "of": "的", "in": "在", "did": "",
    "does": "", "do": "", "to": "", "by": "被", "on": "在", "at": "在", "and": "和", "for": "为", "year": "年",
}  # fmt: skip
_ENGLISH_GRAMMAR = {
    "什么": "what", "哪": "which", "哪个": "which", "哪些": "which", "谁": "who", "何时": "when", "哪里": "where", "为什么": "why", "怎么": "how",
    "如何": "how", "多少": "how many", "几": "how many", "是": "is", "的": "", "了": "", "在": "in", "哪年": "which year", "吗": "", "？": "?",
    "与": "and", "和": "and", "被": "by", "于": "in", "由": "by", "有": "have", "为": "is", "年": "year", "哪一年": "which year",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the window that answers it; `start` and `end` are the answer's place in it."""

    language: str
    text: str
    title: str
    answers: tuple[str, ...]
    window: str
    start: int
    end: int
    siblings: tuple[str, ...]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One example; `start` is -1 when the passage does not hold the answer."""

    question: str
    passage: str
    start: int = -1
    end: int = -1


def read_rows(data: Path, name: str) -> list[dict[str, Any]]:
    """The rows of one question-answering file."""
    with lzma.open(data / "qa" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a text, cut at every full stop: windows need no more than that."""
    return [(m.start(), m.end()) for m in _SENTENCE.finditer(text)]


def windows(text: str, encoder: Encoder, longest: int) -> list[tuple[int, int]]:
    """Cuts a text into runs of whole sentences of at most `longest` tokens each."""
    spans = sentences(text)
    counts = encoder.count_tokens([text[a:b] for a, b in spans])
    found: list[tuple[int, int]] = []
    held = 0
    for (start, end), count in zip(spans, counts, strict=True):
        if found and held + count <= longest:
            found[-1] = (found[-1][0], end)
            held += count
        else:
            found.append((start, end))
            held = count
    return found


def read_questions(data: Path, encoder: Encoder, longest: int, limit: int | None = None) -> list[Question]:
    """Every question whose answer stands in its passage; one fifth of the titles of three sets is held out for measuring."""
    questions = []
    for name in SPAN_FILES:
        rows = read_rows(data, name)[:limit]
        cuts: dict[str, list[tuple[int, int]]] = {}
        by_title: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            passage = row["passage"][:4000]
            if passage not in cuts:
                cuts[passage] = windows(passage, encoder, longest)
                by_title[row.get("title") or passage] += [passage[a:b] for a, b in cuts[passage]]
        for row in rows:
            passage = row["passage"][:4000]
            title = row.get("title") or ""
            answers = tuple(answer for answer in row["answers"] if answer and answer in passage)
            if not answers:
                continue
            at = passage.find(answers[0])
            cut = next(((a, b) for a, b in cuts[passage] if a <= at and at + len(answers[0]) <= b), None)
            if cut is None:
                continue
            window = passage[slice(*cut)]
            siblings = tuple(
                w for w in by_title[title or passage] if w != window and not any(a.casefold() in w.casefold() for a in answers)
            )
            held_out = name in HELD_OUT_FILES and sha256((title or passage).encode()).digest()[0] % 5 == 0
            start = at - cut[0]
            questions.append(
                Question(
                    row["lang"],
                    row["question"],
                    title.replace("_", " "),
                    answers,
                    window,
                    start,
                    start + len(answers[0]),
                    siblings,
                    held_out,
                )
            )
    return questions


def read_unanswerable(data: Path) -> list[Pair]:
    """Questions on passages that do not answer them."""
    return [Pair(row["question"], row["passage"]) for row in read_rows(data, UNANSWERABLE_FILE) if not row["answers"]]


def without_answer(question: Question) -> str:
    """The window without the sentences that hold an answer; empty when too little is left to mislead anyone."""
    kept = [
        question.window[a:b]
        for a, b in sentences(question.window)
        if not any(answer.casefold() in question.window[a:b].casefold() for answer in question.answers)
        and not (a < question.end and question.start < b)
    ]
    joined = ("" if question.language == "zh" else " ").join(kept)
    return joined if len(joined) >= (30 if question.language == "zh" else 80) else ""


def nearest_windows(questions: Sequence[Question], encoder: Encoder, count: int) -> list[list[str]]:
    """For each question the windows of other texts that the encoder finds nearest, without an answer in them."""
    pool = list(dict.fromkeys(question.window for question in questions))
    vectors = encoder.encode_document(pool)
    queries = encoder.encode_query([question.text for question in questions])
    found = []
    for question, query in zip(questions, queries, strict=True):
        best = np.argsort(-(vectors @ query))[: count + 8]
        found.append(
            [
                pool[i]
                for i in best
                if pool[i] != question.window and not any(a.casefold() in pool[i].casefold() for a in question.answers)
            ][:count]
        )
    return found


class CodeSwitcher:
    """Puts questions into the other language word by word, with the Chinese-English dictionary."""

    def __init__(self, data: Path) -> None:
        jieba.setLogLevel("ERROR")
        jieba.initialize()
        self._english: dict[str, str] = {}
        chinese: dict[str, tuple[int, str]] = {}
        with lzma.open(data / "parallel" / "dict_cc_cedict.tsv.xz", "rt", encoding="utf-8") as file:
            for line in file:
                han, _, gloss = line.rstrip("\n").partition("\t")
                meanings = [
                    m for part in gloss.split(";") if (m := re.sub(r"\([^)]*\)|^to |^the ", "", part).strip()) and len(m) < 40
                ]
                if not meanings or "surname" in gloss or "variant of" in gloss:
                    continue
                self._english.setdefault(han, meanings[0])
                frequency = jieba.dt.FREQ.get(han, 0)
                for rank, meaning in enumerate(meanings[:3]):
                    key = meaning.casefold()
                    weight = frequency // (1 + 3 * rank)
                    if weight > chinese.get(key, (0, ""))[0]:
                        chinese[key] = (weight, han)
        self._chinese = {key: han for key, (_, han) in chinese.items()} | _CHINESE_GRAMMAR
        self._english |= _ENGLISH_GRAMMAR

    def switch(self, text: str, language: str, share: float, generator: random.Random) -> str:
        """The text with about `share` of its words in the other language."""
        if language == "zh":
            words = [self._english.get(word, word) if generator.random() < share else word for word in jieba.lcut(text)]
            return re.sub(r"\s+", " ", " ".join(words)).strip()
        words = []
        for word in re.findall(r"[A-Za-z]+|\S", text):
            if generator.random() >= share:
                words.append(word)
                continue
            key = word.casefold()
            stems = (
                key,
                key[:-1] if key.endswith("s") else "",
                key[:-2] if key.endswith(("ed", "es")) else "",
                key[:-1] if key.endswith("ed") else "",
                key[:-3] if key.endswith("ing") else "",
            )
            words.append(next((self._chinese[stem] for stem in stems if stem and stem in self._chinese), word))
        return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", " ".join(word for word in words if word))


def training_pairs(
    questions: Sequence[Question],
    nearest: Sequence[Sequence[str]],
    unanswerable: Sequence[Pair],
    switcher: CodeSwitcher,
    generator: random.Random,
) -> Iterator[Pair]:
    """One epoch of examples in random order: for each question a positive and two negatives."""
    order = list(range(len(questions)))
    generator.shuffle(order)
    spare = list(unanswerable)
    for number, i in enumerate(order):
        question = questions[i]
        asked = question.text
        if (share := generator.choices((0.0, 0.5, 0.9), (0.5, 0.15, 0.35))[0]) > 0:
            asked = switcher.switch(question.text, question.language, share, generator)
        head = f"{question.title}\n" if question.title and generator.random() < 0.5 else ""
        yield Pair(asked, head + question.window, len(head) + question.start, len(head) + question.end)
        candidates = [
            head + text
            for text in (without_answer(question), generator.choice(question.siblings) if question.siblings else "")
            if text
        ]
        if nearest[i]:
            candidates.append(head + generator.choice(nearest[i]))
        generator.shuffle(candidates)
        for passage in candidates[:2]:
            yield Pair(asked, passage)
        if spare and number % (max(1, len(order) // len(spare))) == 0:
            yield spare[generator.randrange(len(spare))]
