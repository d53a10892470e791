"""The development table: `python -m embeddings.training.evaluate --data FOLDER [--encoder FOLDER …] [--reader READER:ENCODER …]`.

The queries are the held-out questions of SQuAD, DRCD and CMRC 2018 and the parallel sentences of `dev/`, which are never trained on.
The data contain no questions across languages: `en->zh` are Chinese questions translated into English word by word.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import string
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jieba
import numpy as np
import snowballstemmer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from embeddings.encoder import SentenceTransformerEncoder, Vectors
from embeddings.errors import YinjuError
from embeddings.reader import CrossEncoderReader
from embeddings.training import calibration, pairs, reading_data
from embeddings.training.corpus import Corpus, Question
from embeddings.training.reading import held_out_examples
from embeddings.training.switching import CodeSwitcher

Figures = dict[str, dict[str, float]]
"""The value of each figure by the name of the model."""

_RERANKED, _RERANKED_QUESTIONS = 20, 60
_RANK_CONSTANT = 60
_SWITCHED = 0.95
_SPEED_PASSAGES, _SPEED_CHARACTERS, _SPEED_PAIRS = 224, 306, 20


def evaluate(corpus: Corpus, encoders: Sequence[Path], readers: Sequence[tuple[Path, Path]], most: int | None = None) -> Figures:
    """Measures encoders, and readers with the encoder each was made for.

    Args:
        corpus: The data; only held-out questions are used.
        encoders: Folders of sentence-transformers models.
        readers: Pairs of a reader's folder and its encoder's folder.
        most: The maximum number of questions of each language, for a quick trial.
    """
    held_out = [question for question in corpus.questions() if question.measured]
    questions = [q for language in ("zh", "en") for q in [q for q in held_out if q.language == language][:most]]
    paragraphs = list(dict.fromkeys(question.passage for question in questions))
    switcher = CodeSwitcher(corpus)
    lexical = bm25(paragraphs, [question.text for question in questions])
    figures: Figures = {}

    def note(name: str, values: dict[str, float]) -> None:
        for figure, value in values.items():
            figures.setdefault(figure, {})[name] = round(value, 4)
            tqdm.write(f"{name}: {figure} {value:.3f}", file=sys.stderr)

    note("BM25", _by_pair(questions, lexical, paragraphs))
    for folder in encoders:
        encoder = SentenceTransformerEncoder(str(folder))
        vectors = encoder.encode_document(paragraphs)
        dense = encoder.encode_query([question.text for question in questions]) @ vectors.T
        switched = encoder.encode_query([_switched(question, switcher) for question in questions]) @ vectors.T
        name = "/".join(folder.parts[-2:])
        note(name, _by_pair(questions, dense, paragraphs) | _by_pair(questions, switched, paragraphs, switched=True))
        note(f"{name} + BM25", _by_pair(questions, fused(dense, lexical), paragraphs))
        note(name, _across(corpus, encoder, most) | _encoder_speed(encoder, questions))
    for folder, encoder_folder in readers:
        reader = CrossEncoderReader(folder, encoder_folder)
        encoder = SentenceTransformerEncoder(str(encoder_folder))
        name = "/".join(folder.parts[-2:])
        note(name, _reading(reader, questions) | _judging(reader, questions, switcher))
        note(name, _reranking(reader, encoder, questions, paragraphs, switcher) | _reader_speed(reader, questions))
    return figures


def table(figures: Figures) -> str:
    """Formats the figures as a Markdown table with a column for each model."""
    names = list(dict.fromkeys(name for values in figures.values() for name in values))
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for figure, values in figures.items():
        cells = (f"{values[name]:.3f}" if name in values else "–" for name in names)
        lines.append(f"| {figure} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def bm25(documents: Sequence[str], queries: Sequence[str], k1: float = 1.2, b: float = 0.75) -> Vectors:
    """Returns BM25 scores `(queries, documents)` over English stems and jieba's words, with the parts of long words.

    After Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond".
    """
    vectorizer = CountVectorizer(analyzer=_terms)
    counts = vectorizer.fit_transform(documents).tocsc().astype(np.float32)
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    frequencies = np.diff(counts.indptr)
    inverse = np.log(1 + (len(documents) - frequencies + 0.5) / (frequencies + 0.5))
    weights = counts.tocoo()
    norm = k1 * (1 - b + b * lengths[weights.row] / lengths.mean())
    weights.data = inverse[weights.col] * weights.data * (k1 + 1) / (weights.data + norm)
    terms = (vectorizer.transform(queries) > 0).astype(np.float32)
    return np.asarray((terms @ weights.tocsr().T).todense(), np.float32)


def fused(*scores: Vectors) -> Vectors:
    """Combines scores `(queries, documents)` by reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)."""
    ranks = (np.argsort(np.argsort(-part, axis=1), axis=1) + 1 for part in scores)
    return np.asarray(sum(1 / (_RANK_CONSTANT + rank) for rank in ranks), np.float32)


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """Returns 1 if the prediction is one of the answers, ignoring case, articles, punctuation and blanks; otherwise 0."""
    return float(any(_normalized(prediction) == _normalized(answer) for answer in answers))


def f1(prediction: str, answers: Sequence[str], language: str) -> float:
    """Returns the best F1 of the prediction against an answer: over words in English (SQuAD), characters in Chinese (CMRC 2018)."""
    return max(_f1(_units(prediction, language), _units(answer, language)) for answer in answers)


def _f1(prediction: list[str], answer: list[str]) -> float:
    shared = sum((Counter(prediction) & Counter(answer)).values())
    return 2 * shared / (len(prediction) + len(answer)) if shared else 0.0


def _units(text: str, language: str) -> list[str]:
    return list(_normalized(text).replace(" ", "")) if language == "zh" else _normalized(text).split()


def _normalized(text: str) -> str:
    text = re.sub(f"[{re.escape(string.punctuation)}。，、；：？！“”‘’（）《》〈〉「」『』·…—～]", "", text.lower())
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _terms(text: str) -> list[str]:
    stem = snowballstemmer.stemmer("english").stemWord
    words = (word for word in jieba.cut_for_search(text.lower()) if any(map(str.isalnum, word)))
    return [stem(word) if word.isascii() else word for word in words]


def _by_pair(
    questions: Sequence[Question], scores: Vectors, paragraphs: Sequence[str], switched: bool = False
) -> dict[str, float]:
    """Returns recall@1 among the paragraphs of both languages, by the question's language."""
    nearest = scores.argmax(axis=1)
    right = [paragraphs[row] == question.passage for row, question in zip(nearest, questions, strict=True)]
    return _shares([_pair(question, switched) for question in questions], right, "recall@1")


def _pair(question: Question, switched: bool) -> str:
    other = {"zh": "en", "en": "zh"}[question.language]
    return f"{other}->{question.language} (switched)" if switched else f"{question.language}->{question.language}"


def _shares(names: Sequence[str], values: Sequence[float], figure: str) -> dict[str, float]:
    return {
        f"{figure} {name}": float(np.mean([value for n, value in zip(names, values, strict=True) if n == name]))
        for name in dict.fromkeys(names)
    }


def _switched(question: Question, switcher: CodeSwitcher) -> str:
    return switcher.switch(question.text, question.language, _SWITCHED, random.Random(1))


def _across(corpus: Corpus, encoder: SentenceTransformerEncoder, most: int | None) -> dict[str, float]:
    """Returns recall@1 of each sentence's translation among all sentences of its set."""
    figures = {}
    for name, rows in corpus.development().items():
        chinese, english = (encoder.encode_document([row[side] for row in rows[:most]]) for side in (0, 1))
        scores = chinese @ english.T
        rows_ = np.arange(len(scores))
        figures[f"sentences zh->en {name}"] = float((scores.argmax(axis=1) == rows_).mean())
        figures[f"sentences en->zh {name}"] = float((scores.argmax(axis=0) == rows_).mean())
    return figures


def _reading(reader: CrossEncoderReader, questions: Sequence[Question]) -> dict[str, float]:
    """Returns exact match and F1 on the paragraph that each question is about."""
    readings = reader.read_pairs([question.text for question in questions], [question.passage for question in questions])
    spans = [reading.answer(0, len(question.passage)) for question, reading in zip(questions, readings, strict=True)]
    predictions = [question.passage[start:end] for question, (start, end, _) in zip(questions, spans, strict=True)]
    sets = [question.source for question in questions]
    pairs_ = list(zip(predictions, questions, strict=True))
    return _shares(sets, [exact_match(p, q.answers) for p, q in pairs_], "EM") | _shares(
        sets, [f1(p, q.answers, q.language) for p, q in pairs_], "F1"
    )


def _judging(reader: CrossEncoderReader, questions: Sequence[Question], switcher: CodeSwitcher) -> dict[str, float]:
    """Returns AUROC of answers against near misses and the calibration error, on the half not calibrated on."""
    figures: dict[str, float] = {}
    made = list(pairs.of_questions(questions))
    sources = [reading_data.of_question(q, pair.near) for q, pair in zip(questions, made, strict=True)]
    for pair, examples in held_out_examples(calibration.halves(sources)[1], switcher).items():
        support, labels = calibration.judged(reader, examples)
        if 0 < labels.mean() < 1:
            figures[f"AUROC {pair}"] = float(roc_auc_score(labels, support))
            figures[f"calibration error {pair}"] = calibration.expected_calibration_error(1 / (1 + np.exp(-support)), labels)
    return figures


def _reranking(
    reader: CrossEncoderReader,
    encoder: SentenceTransformerEncoder,
    questions: Sequence[Question],
    paragraphs: Sequence[str],
    switcher: CodeSwitcher,
) -> dict[str, float]:
    """Returns recall@1 of the encoder alone and after the reader has reranked its first 20, on some questions of each pair."""
    vectors = encoder.encode_document(paragraphs)
    figures: dict[str, float] = {}
    for language in ("zh", "en"):
        chosen = [question for question in questions if question.language == language]
        chosen = chosen[:: max(1, len(chosen) // _RERANKED_QUESTIONS)]
        for switched in (False, True):
            texts = [_switched(question, switcher) if switched else question.text for question in chosen]
            first = np.argsort(-(encoder.encode_query(texts) @ vectors.T), axis=1)[:, :_RERANKED]
            before, after = [], []
            for question, text, rows in zip(tqdm(chosen, desc="reranking", leave=False), texts, first, strict=True):
                readings = reader.read(text, [paragraphs[row] for row in rows])
                best = int(np.argmax([reading.support for reading in readings]))
                before.append(paragraphs[rows[0]] == question.passage)
                after.append(paragraphs[rows[best]] == question.passage)
            if chosen:
                pair = _pair(chosen[0], switched)
                figures |= {f"first {pair}": float(np.mean(before)), f"first, reranked {pair}": float(np.mean(after))}
    return figures


def _encoder_speed(encoder: SentenceTransformerEncoder, questions: Sequence[Question]) -> dict[str, float]:
    """Measures passages of 306 characters per second, and milliseconds for a short question."""
    text = "".join(question.passage for question in questions if question.language == "zh") or "引据" * 1000
    step = max(1, (len(text) - _SPEED_CHARACTERS) // _SPEED_PASSAGES)
    passages = [text[i * step : i * step + _SPEED_CHARACTERS] for i in range(_SPEED_PASSAGES)]
    return {
        "passages a second": len(passages) / _seconds(partial(encoder.encode_document, passages)),
        "question, ms": 1000 * _seconds(partial(encoder.encode_query, ["长江十年禁渔从哪天开始？"])),
    }


def _reader_speed(reader: CrossEncoderReader, questions: Sequence[Question]) -> dict[str, float]:
    """Measures milliseconds for a question with 20 windows."""
    windows = [q.passage[slice(*pairs.windows(q.passage, q.language)[0])] for q in questions[: 40 * _SPEED_PAIRS : 40]]
    return {"20 pairs, ms": 1000 * _seconds(partial(reader.read, questions[0].text, windows[:_SPEED_PAIRS]))}


def _seconds(run: Callable[[], Any], times: int = 5) -> float:
    """Returns the median time of a call, after one warm-up call."""
    run()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def main() -> None:
    """Reads the arguments, measures, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with parallel/, qa/ and dev/")
    parser.add_argument(
        "--encoder", type=Path, action="append", default=[], help="a sentence-transformers folder; may be repeated"
    )
    parser.add_argument("--reader", action="append", default=[], help="READER:ENCODER, two folders; may be repeated")
    parser.add_argument("--most", type=int, help="the maximum number of questions of each language")
    parser.add_argument("--json", type=Path, help="also write the figures to this JSON file")
    arguments = parser.parse_args()
    readers = [(Path(reader), Path(encoder)) for reader, _, encoder in (value.partition(":") for value in arguments.reader)]
    try:
        figures = evaluate(Corpus(arguments.data), arguments.encoder, readers, arguments.most)
    except YinjuError as error:
        sys.exit(f"error: {error}")
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
