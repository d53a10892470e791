"""Fits and measures the classifier of what is asked: `python tests/benchmarks/fit_intents.py DATA [--keep]`.

It is fitted on `intents/wordings.txt`, a grammar of wordings by kind, and on a sample of the open question sets in the folder `DATA`,
which training reads too. The rules of `rag.answering.intents.features` give their kinds where they are sure. It is measured on
`intents/held_out.txt`, wordings by hand, and for false alarms, questions to the documents that are taken for something else, on the seed
questions, the held-out questions, and open questions that were not sampled. With `--keep` the weights are written to
`embeddings/bundled/intents`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from embeddings.encoder import SentenceTransformerEncoder, Vectors
from embeddings.logistic import probability
from embeddings.training.corpus import Corpus
from rag.answering.intents.classifier import KINDS, WEIGHTS, columns
from rag.answering.intents.decisions import decide
from rag.answering.intents.features import ASKED, FEATURES, Kind, features, kinds_by_rule
from rag.settings import DEFAULTS
from rag.text.language import language_of

HERE = Path(__file__).parent
QUESTIONS = (HERE.parents[1] / "seeds" / "questions.jsonl", HERE / "held_out_questions.jsonl")
# MedQuAD asks the same few questions of every disease, PubMedQA titles of papers, and dictated searches are no questions.
LEFT_OUT = {"en_medquad", "en_pubmedqa", "zh_dureader_demo"}
_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"<(\w+)>")
FEATURE_DROPOUT = 0.25

Labelled = tuple[str, frozenset[Kind]]


class Wordings:
    """The wordings of `intents/wordings.txt`, and the lists that fill their places."""

    def __init__(self, file: Path) -> None:
        self.sections: dict[tuple[str, str], list[str]] = defaultdict(list)
        section = ("", "")
        for line in file.read_text(encoding="utf-8").splitlines():
            if heading := re.fullmatch(r"\[(\S+) (zh|en)\]", line):
                section = (heading[1], heading[2])
            elif line and not line.startswith("#"):
                self.sections[section].append(line)

    def sample(self, name: str, language: str, per_wording: int, seed: int) -> set[str]:
        """Returns up to `per_wording` different utterances of each wording of a section, always the same for a wording."""
        sampled: set[str] = set()
        for wording in self.sections[name, language]:
            chance = random.Random(f"{seed} {wording}")
            sampled |= {self._filled(wording, language, chance) for _ in range(per_wording)}
        return sampled - {""}

    def _filled(self, wording: str, language: str, chance: random.Random) -> str:
        while (place := _SLOT.search(wording)) or _CHOICE.search(wording):
            if choice := _CHOICE.search(wording):
                wording = wording[: choice.start()] + chance.choice(choice[1].split("|")) + wording[choice.end() :]
            elif place:
                wording = (
                    wording[: place.start()] + chance.choice(self.sections[f"<{place[1]}>", language]) + wording[place.end() :]
                )
        text = re.sub(r"\s+", " ", wording).strip()
        # People leave out what ends a sentence, and capital letters.
        if chance.random() < 0.3:
            text = text.rstrip("？?。.！!")
        return text[:1].upper() + text[1:] if chance.random() < 0.5 else text


def open_questions(data: Path, seed: int) -> list[str]:
    """Returns the questions of the open sets that may be trained on, shuffled."""
    questions = sorted(
        {q.text.strip() for q in Corpus(data).questions() if q.source not in LEFT_OUT and 4 <= len(q.text.strip()) <= 200}
    )
    random.Random(seed).shuffle(questions)
    return questions


def sure_kinds(question: str) -> frozenset[Kind]:
    """Returns the kinds that the rules are sure of; empty for a question to leave out."""
    kinds = kinds_by_rule(question)
    asked = [kind for kind in kinds if kind in ASKED]
    return kinds if len(asked) == 1 or kinds == {"fact"} else frozenset()


def training(data: Path, seed: int) -> tuple[list[Labelled], list[str]]:
    """Returns the labelled utterances to fit, and open questions to the documents that are not among them."""
    wordings = Wordings(HERE / "intents" / "wordings.txt")
    rows: dict[str, frozenset[Kind]] = {}
    for name, language in wordings.sections:
        if name.startswith("<"):
            continue
        for text in sorted(wordings.sample(name, language, 12, seed)):
            kinds = kinds_by_rule(text) if name == "documents" else frozenset({name})
            rows[text] = kinds  # type: ignore[assignment]
    rest, taken = [], Counter[tuple[str, frozenset[Kind]]]()
    for question in open_questions(data, seed):
        kinds = sure_kinds(question)
        group = language_of(question), kinds
        if kinds and taken[group] < 120:
            taken[group] += 1
            rows[question] = kinds
        else:
            rest.append(question)
    return sorted(rows.items()), rest


def fit(vectors: Vectors, words: Vectors, labels: Sequence[frozenset[Kind]], seed: int) -> Vectors:
    """Returns the weights `(kinds, 1 + columns)`; some features are left out of each row, so that the vector counts too."""
    chance = np.random.default_rng(seed)
    dropped = words * (chance.random(words.shape) >= FEATURE_DROPOUT)
    rows = np.concatenate([columns(vectors, words), columns(vectors, dropped)])
    fitted = []
    for kind in KINDS:
        truth = np.array([kind in own for own in labels])
        model = LogisticRegression(C=0.3, max_iter=2000).fit(rows, np.concatenate([truth, truth]))
        fitted.append(np.concatenate([model.intercept_, model.coef_[0]]))
    return np.array(fitted, np.float32)


def judged(weights: Vectors, vectors: Vectors, words: Vectors) -> Iterator[dict[Kind, float]]:
    """Yields the probabilities of each row."""
    rows = columns(vectors, words)
    table = np.stack([probability(weight, rows) for weight in weights], axis=1)
    yield from (dict(zip(KINDS, map(float, row), strict=True)) for row in table)


def held_out() -> list[tuple[str, str, str]]:
    """Returns kind, language and utterance of each wording that is never trained on."""
    lines = (HERE / "intents" / "held_out.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(kind, language, text) for (kind, language), text in ((row[0].split(), row[1]) for row in rows)]


def report(weights: Vectors, encode: SentenceTransformerEncoder, rest: Sequence[str]) -> None:
    """Prints the share of held-out wordings that are told right, and the false alarms."""
    rows = held_out()
    texts = [text for _, _, text in rows]
    found = list(judged(weights, encode.encode_query(texts), np.array([features(text) for text in texts])))
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for (kind, language, text), chances in zip(rows, found, strict=True):
        decided = decide(text, chances)
        good = decided == kind if kind != "documents" else decided in (None, "comparison")
        if kind in ASKED or kind == "fact":
            best = max((k for k in (*ASKED, "fact")), key=lambda k: chances[k])  # type: ignore[index]
            good = decided is None and best == kind
            decided = best if decided is None else decided
        right[kind, language].append(good)
        if not good:
            print(f"  {kind:11} {language} -> {decided}: {text}  {max(chances.values()):.2f}")
    for (kind, language), marks in sorted(right.items()):
        print(f"{kind:11} {language} {sum(marks):3}/{len(marks):3}")
    print(f"all {sum(map(sum, right.values()))}/{len(rows)}")
    own = [json.loads(line)["question"] for file in QUESTIONS for line in file.read_text(encoding="utf-8").splitlines()]
    for name, questions in (("seed and held-out questions", own), ("open questions", list(rest[:2000]))):
        vectors, words = encode.encode_query(questions), np.array([features(question) for question in questions])
        alarms = [
            (decided, text)
            for text, chances in zip(questions, judged(weights, vectors, words), strict=True)
            if (decided := decide(text, chances)) not in (None, "comparison")
        ]
        print(f"false alarms on {len(questions)} {name}: {len(alarms)}", *alarms, sep="\n  ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the data folder")
    parser.add_argument("--keep", action="store_true", help="write the weights")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows, rest = training(options.data, options.seed)
    encoder = SentenceTransformerEncoder(DEFAULTS.encoder, batch_size=64)
    print(len(rows), "utterances:", dict(Counter(kind for _, kinds in rows for kind in kinds)))
    texts = [text for text, _ in rows]
    vectors, words = encoder.encode_query(texts), np.array([features(text) for text in texts])
    weights = fit(vectors, words, [kinds for _, kinds in rows], options.seed)
    report(weights, encoder, rest)
    if options.keep:
        from safetensors.numpy import save_file

        WEIGHTS.parent.mkdir(exist_ok=True)
        metadata = {"encoder": encoder.fingerprint, "kinds": "|".join(KINDS), "features": "|".join(FEATURES)}
        save_file({"weights": weights.astype(np.float16)}, WEIGHTS, metadata=metadata)
        print("wrote", WEIGHTS)


if __name__ == "__main__":
    main()
