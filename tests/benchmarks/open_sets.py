"""Measures answers to held-out questions of the open sets: `python tests/benchmarks/open_sets.py DATA --half kept`.

DATA is the folder of the training data. For some held-out passages of each set (SQuAD, CMRC 2018, DRCD), a document of the neighbouring
passages is written, and all are added to one library. An answer counts as `first` if its first line contains an accepted string, as `shown`
if its other lines do, as `quoted` if only the quotes of its citations do. The documents answer every question, so a refusal or a near miss
is wrong. The two halves share no question; look at `tune` only.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from embeddings.training.corpus import HELD_OUT_SETS, Corpus
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.types import Answer, Language

PER_SET = 150
BESIDE = 2
_HALVES = {"tune": 0, "kept": 1}


class Asked(NamedTuple):
    """A question with its language and the strings of which an answer contains one."""

    question: str
    answers: tuple[str, ...]
    language: Language


def write_documents(data: Path, folder: Path) -> list[Asked]:
    """Writes a document around each of some held-out passages; returns a question on each."""
    chance, asked = random.Random(11), []
    by_set: dict[str, dict[str, list[Asked]]] = defaultdict(lambda: defaultdict(list))
    titles, held_out = {}, set()
    for question in Corpus(data).questions():
        if question.source in HELD_OUT_SETS and question.answers:
            by_set[question.source][question.passage].append(Asked(question.text, question.answers, question.language))
            titles[question.passage] = question.title
            held_out |= {question.passage} if question.held_out else set()
    for source, questions in by_set.items():
        passages = list(questions)
        places = [place for place, passage in enumerate(passages) if passage in held_out]
        for place in chance.sample(places, min(PER_SET, len(places))):
            title = titles[passages[place]]
            beside = passages[max(0, place - BESIDE) : place + BESIDE + 1]
            text = [passage for passage in beside if titles[passage] == title]
            (folder / f"{source}-{place}.txt").write_text("\n\n".join(filter(None, [title, *text])) + "\n", encoding="utf-8")
            asked.append(chance.choice(questions[passages[place]]))
    return asked


def verdict(answer: Answer, answers: tuple[str, ...]) -> str:
    """Returns where an answer contains one of the accepted strings: first, shown, quoted; else wrong, or its kind if it is no answer."""
    if answer.kind != "answer":
        return answer.kind
    parts = {"first": answer.text.split("\n")[0], "shown": answer.text, "quoted": "\n".join(c.quote for c in answer.citations)}
    return next((name for name, text in parts.items() if any(plain(each) in plain(text) for each in answers)), "wrong")


def plain(text: str) -> str:
    """Returns the letters and digits of a text."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def lines(outcomes: dict[Language, list[tuple[str, int]]]) -> Iterator[str]:
    """Yields a line of figures for each language."""
    for language, each in sorted(outcomes.items()):
        counts = Counter(name for name, _ in each)
        shares = "  ".join(f"{name} {count / len(each):.3f}" for name, count in counts.most_common())
        length = statistics.median([length for name, length in each if name == "first"] or [0])
        yield f"{language}  {len(each)} questions  {shares}  median first line {length:.0f} characters"


def main() -> None:
    """Asks the questions of one half and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the training data")
    parser.add_argument("--half", choices=_HALVES, required=True, help="the half of the questions to ask")
    options = parser.parse_args()
    outcomes: dict[Language, list[tuple[str, int]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "passages"
        folder.mkdir()
        asked = write_documents(options.data, folder)
        with Library(Path(name) / "library") as library:
            library.add([folder])
            pipeline = RagPipeline(library)
            for question, answers, language in tqdm(asked[_HALVES[options.half] :: 2]):
                answer = pipeline.answer(question)
                outcomes[language].append((verdict(answer, answers), len(answer.text.split("\n")[0])))
    print(*lines(outcomes), sep="\n")


if __name__ == "__main__":
    main()
