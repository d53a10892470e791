"""Writes articles and questions that no model of ours was trained on: `held_out.py --data DATA --out FOLDER`.

They are the fifth of SQuAD's, DRCD's and CMRC 2018's articles that training leaves out (`embeddings.training.corpus`): each
article a text file of its paragraphs, and questions with the sentence that contains the answer as evidence.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from pathlib import Path

from embeddings.training.corpus import Corpus, Question
from rag.answering.composing import kind_of
from rag.text.sentences import sentences


def row(question: Question, number: int) -> dict[str, object] | None:
    """Returns the line of a question set; None if the answer is not in the passage."""
    answer = question.answers[0]
    place = question.passage.find(answer)
    if place < 0:
        return None
    spans = sentences(question.passage)
    start, end = next(((a, b) for a, b in spans if a <= place < b), (place, place + len(answer)))
    return {
        "id": f"{question.language}-{number}",
        "lang": question.language,
        "kind": kind_of(question.text),
        "question": question.text,
        "evidence": [question.passage[start : max(end, place + len(answer))]],
        "answers": list(question.answers),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of training data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=200, help="questions of each language, evenly chosen")
    options = parser.parse_args()
    held_out = [question for question in Corpus(options.data).questions() if question.measured]
    articles: dict[str, list[str]] = defaultdict(list)
    for question in held_out:
        paragraphs = articles[question.title or question.passage[:20]]
        if question.passage not in paragraphs:
            paragraphs.append(question.passage)
    folder = options.out / "documents"
    folder.mkdir(parents=True, exist_ok=True)
    for number, (title, paragraphs) in enumerate(articles.items()):
        name = re.sub(r"[^\w-]+", "_", title)[:60]
        (folder / f"{number:04}-{name}.txt").write_text("\n\n".join([title.replace("_", " "), *paragraphs]), encoding="utf-8")
    rows = [found for number, question in enumerate(held_out) if (found := row(question, number))]
    with (options.out / "questions.jsonl").open("w", encoding="utf-8") as file:
        for language in ("zh", "en"):
            mine = [each for each in rows if each["lang"] == language]
            most = min(options.most, len(mine))
            for place in range(most):
                file.write(json.dumps(mine[place * len(mine) // most], ensure_ascii=False) + "\n")
    print(f"{len(articles)} articles, {sum(map(len, articles.values()))} paragraphs")


if __name__ == "__main__":
    main()
