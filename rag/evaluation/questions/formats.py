"""Reads question sets in other formats, which are recognised by their content.

SQuAD (Rajpurkar et al., 2016 and 2018; so also XQuAD, CMRC 2018 and DRCD), the folders of BEIR (Thakur et al., 2021), and the
lines of RGB (Chen et al., 2024): a question with passages that answer it and passages that do not.
"""

from __future__ import annotations

import csv
import json
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from rag.answering.composing import kind_of
from rag.errors import QuestionSetError
from rag.evaluation.questions.question_set import (
    Passage,
    Question,
    QuestionSet,
    is_text,
    json_lines,
    parse,
    read_text,
    require_questions,
    text_of,
    texts_of,
)
from rag.text.language import language_of
from rag.text.sentences import sentences

_UNANSWERABLE = "unanswerable"
# RGB asks each question of five passages.
_PASSAGES_OF_A_QUESTION = 5


@dataclass(frozen=True, slots=True)
class Mix:
    """The passages for a question of RGB: the share that does not answer it, or only such passages if it is to be refused."""

    noise: float = 0.0
    reject: bool = False
    seed: int = 0


def load(place: Path, parallel: Path | None = None, mix: Mix | None = None) -> QuestionSet:
    """Reads a question set of any known format.

    Args:
        place: A file, or a folder of BEIR.
        parallel: The same set in another language, whose passages are searched instead.
        mix: The mixture of passages for RGB.

    Raises:
        QuestionSetError: It cannot be read; the text names the line, or the path inside the JSON.
    """
    name = str(place)
    if place.is_dir():
        found = _beir(place)
    else:
        text = read_text(place)
        data = _whole_json(text)
        if data is not None:
            found = _squad(data, name)
        elif _first(text, name).keys() >= {"query", "positive"}:
            found = _rgb(text, name, mix or Mix())
        else:
            found = parse(text, name)
    if mix and found.format != "RGB":
        raise QuestionSetError(
            f"{name} has no passages to mix: --noise and --reject need lines of query, answer, positive, negative"
        )
    return _merged(_across(found, name, load(parallel), str(parallel)) if parallel else found)


def _merged(asked: QuestionSet) -> QuestionSet:
    """Merges passages with the same text, as a library does."""
    first = {passage.text: passage.id for passage in reversed(asked.passages)}
    same = {passage.id: first[passage.text] for passage in asked.passages}
    if len(first) == len(asked.passages):
        return asked
    questions = tuple(
        replace(
            question,
            relevant=tuple({same[name]: grade for name, grade in sorted(question.relevant, key=lambda each: each[1])}.items()),
            within=tuple(dict.fromkeys(same[name] for name in question.within)),
        )
        for question in asked.questions
    )
    return replace(asked, questions=questions, passages=tuple(p for p in asked.passages if same[p.id] == p.id))


def some(asked: QuestionSet, most: int) -> QuestionSet:
    """Returns the set with at most `most` questions, evenly chosen, and all passages."""
    questions = asked.questions
    if len(questions) > most:
        questions = tuple(questions[number * len(questions) // most] for number in range(most))
    return replace(asked, questions=questions)


def _whole_json(text: str) -> Any:
    """Parses the text as one JSON value that may be SQuAD; None if it is lines of JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        # Lines of JSON are not one value. If the text is neither, the reader of lines names the line in its error.
        return None
    return data if isinstance(data, list) or "data" in data else None


def _first(text: str, name: str) -> dict[str, Any]:
    return next((row for row, _ in json_lines(text, name)), {})


# -- SQuAD ------------------------------------------------------------------------------------------------------------


def _squad(data: Any, name: str) -> QuestionSet:
    passages, questions = [], []
    for number, (title, paragraph, place) in enumerate(_paragraphs(data, name)):
        key = "context" if "context" in paragraph else "context_text"
        passage = Passage(f"p{number}", title, text_of(paragraph, key, place))
        passages.append(passage)
        for index, row in enumerate(_list(paragraph, "qas", place)):
            questions.append(_squad_question(_object(row, f"{place}.qas[{index}]"), f"{place}.qas[{index}]", passage))
    return QuestionSet("SQuAD", require_questions(questions, name), tuple(passages))


def _paragraphs(data: Any, name: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yields each paragraph with its title and path. The first release of CMRC 2018 is a plain list of paragraphs."""
    if isinstance(data, list):
        for index, row in enumerate(data):
            place = f"{name}: [{index}]"
            paragraph = _object(row, place)
            yield str(paragraph.get("title") or ""), paragraph, place
        return
    for index, row in enumerate(_list(data, "data", name)):
        place = f"{name}: data[{index}]"
        article = _object(row, place)
        for number, paragraph in enumerate(_list(article, "paragraphs", place)):
            inside = f"{place}.paragraphs[{number}]"
            yield str(article.get("title") or "").replace("_", " "), _object(paragraph, inside), inside


def _squad_question(row: dict[str, Any], place: str, passage: Passage) -> Question:
    text = text_of(row, "question" if "question" in row else "query_text", place)
    spans = list(_spans(row, place, passage))
    answerable = not row.get("is_impossible", False)
    if answerable and not spans:
        raise QuestionSetError(f'{place}: "answers" is empty, and "is_impossible" is not true')
    identity = row.get("id", row.get("query_id"))
    if not isinstance(identity, (str, int)) or not str(identity).strip():
        raise QuestionSetError(f'{place}: "id" must be a text')
    if not answerable:
        return Question(str(identity), language_of(text), _UNANSWERABLE, text, (), (), False)
    return Question(
        str(identity),
        language_of(text),
        kind_of(text),
        text,
        tuple(dict.fromkeys(sentence for _, sentence in spans)),
        tuple(dict.fromkeys(answer for answer, _ in spans)),
        True,
        relevant=((passage.id, 1),),
    )


def _spans(row: dict[str, Any], place: str, passage: Passage) -> Iterator[tuple[str, str]]:
    """Yields each answer with the sentence of the passage that contains it."""
    for number, answer in enumerate(_list(row, "answers", place)):
        inside = f"{place}.answers[{number}]"
        text, start = (
            (answer, -1)
            if isinstance(answer, str)
            else (text_of(_object(answer, inside), "text", inside), answer.get("answer_start", -1))
        )
        if not isinstance(start, int) or passage.text[start : start + len(text)] != text or start < 0:
            # Offsets of translated sets are often wrong, so the answer is searched for.
            start = passage.text.find(text)
        if start < 0:
            raise QuestionSetError(f"{inside}: “{text}” is not in the passage")
        around = next(((a, b) for a, b in sentences(passage.text) if a <= start < b), (start, start + len(text)))
        yield text, passage.text[around[0] : max(around[1], start + len(text))]


def _across(asked: QuestionSet, name: str, parallel: QuestionSet, parallel_name: str) -> QuestionSet:
    """Combines the questions of one set with the passages of another. The answers of both are accepted."""
    if asked.format != "SQuAD" or parallel.format != "SQuAD":
        raise QuestionSetError("passages of another language need two files of the format of SQuAD with the same ids")
    there = {question.id: question for question in parallel.questions}
    questions = []
    for question in asked.questions:
        twin = there.get(question.id)
        if twin is None:
            raise QuestionSetError(f'{parallel_name} does not contain question "{question.id}" of {name}')
        answers = tuple(dict.fromkeys(twin.answers + question.answers))
        questions.append(
            replace(question, evidence=twin.evidence, answers=answers, answerable=twin.answerable, relevant=twin.relevant)
        )
    return QuestionSet("SQuAD", tuple(questions), parallel.passages)


# -- BEIR -------------------------------------------------------------------------------------------------------------


def _beir(folder: Path) -> QuestionSet:
    name = str(folder)
    corpus, queries = folder / "corpus.jsonl", folder / "queries.jsonl"
    judged = sorted((folder / "qrels").glob("*.tsv"))
    if not (corpus.is_file() and queries.is_file() and judged):
        raise QuestionSetError(f"{name} is not a BEIR folder, which contains corpus.jsonl, queries.jsonl and qrels/*.tsv")
    # Sets have several splits; published figures are for this one.
    chosen = next((file for file in judged if file.stem == "test"), judged[0])
    passages = [
        Passage(text_of(row, "_id", place), str(row.get("title") or ""), text_of(row, "text", place))
        for row, place in json_lines(read_text(corpus), str(corpus))
        if is_text(row.get("text"))
    ]
    relevant = _qrels(chosen, {passage.id for passage in passages})
    questions = []
    for row, place in json_lines(read_text(queries), str(queries)):
        identity, text = text_of(row, "_id", place), text_of(row, "text", place)
        if identity in relevant:
            questions.append(
                Question(identity, language_of(text), kind_of(text), text, (), (), True, relevant=tuple(relevant[identity]))
            )
    return QuestionSet("BEIR", require_questions(questions, name), tuple(passages))


def _qrels(file: Path, known: set[str]) -> dict[str, list[tuple[str, int]]]:
    """Reads the relevant passages of each query with their grades, without unknown passages and those judged not relevant."""
    relevant: dict[str, list[tuple[str, int]]] = defaultdict(list)
    rows = csv.reader(read_text(file).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    for number, row in enumerate(rows, 1):
        if not row or (number == 1 and row[-1].strip() == "score"):
            continue
        try:
            query, passage, grade = row[0], row[1], int(row[2])
        except (IndexError, ValueError):
            raise QuestionSetError(
                f"{file}, line {number}: not a query, a passage and a whole number separated by tabs"
            ) from None
        if grade > 0 and passage in known:
            relevant[query].append((passage, grade))
    return relevant


# -- RGB --------------------------------------------------------------------------------------------------------------


def _rgb(text: str, name: str, mix: Mix) -> QuestionSet:
    if not 0 <= mix.noise < 1:
        raise QuestionSetError(f"the share of noise is {mix.noise}, but must be at least 0 and below 1")
    passages: list[Passage] = []
    questions = []
    for number, (row, place) in enumerate(json_lines(text, name)):
        question = text_of(row, "query", place)
        first, *also = _accepted(row, place)
        good = tuple(dict.fromkeys(_flat(row.get("positive"), "positive", place)))
        bad = tuple(dict.fromkeys(_flat(row.get("negative"), "negative", place)))
        identity = str(row.get("id", number))
        chosen = _mixed(good, bad, mix, identity, place)
        mine = [Passage(f"{identity}-{index}", "", passage) for index, (passage, _) in enumerate(chosen)]
        passages += mine
        questions.append(
            Question(
                identity,
                language_of(question),
                "rejection" if mix.reject else f"noise {mix.noise:g}",
                question,
                (),
                () if mix.reject else first,
                not mix.reject,
                also=() if mix.reject else tuple(also),
                relevant=tuple((passage.id, 1) for passage, (_, answers) in zip(mine, chosen, strict=True) if answers),
                within=tuple(passage.id for passage in mine),
            )
        )
    return QuestionSet("RGB", require_questions(questions, name), tuple(passages))


def _mixed(good: tuple[str, ...], bad: tuple[str, ...], mix: Mix, identity: str, place: str) -> list[tuple[str, bool]]:
    """Draws passages in a reproducible random order, each with True if it answers.

    If there are too few of one kind, fewer passages are drawn, so that the share stays the same.
    """
    chance = random.Random(f"{mix.seed} {identity}")  # noqa: S311
    noise = 1.0 if mix.reject else mix.noise
    most = _PASSAGES_OF_A_QUESTION
    if noise and not bad:
        raise QuestionSetError(f'{place}: "negative" is empty')
    if noise < 1 and not good:
        raise QuestionSetError(f'{place}: "positive" is empty')
    while most > 1 and not (math.ceil(most * noise) <= len(bad) and most - math.ceil(most * noise) <= len(good)):
        most -= 1
    negatives = min(math.ceil(most * noise), most if mix.reject else max(0, most - 1))
    chosen = [(text, False) for text in chance.sample(bad, min(negatives, len(bad)))]
    chosen += [(text, True) for text in chance.sample(good, min(most - negatives, len(good)))]
    chance.shuffle(chosen)
    return chosen


def _accepted(row: dict[str, Any], place: str) -> list[tuple[str, ...]]:
    """Reads groups of strings. A right answer contains one string of each group."""
    answer = row.get("answer")
    groups = [answer] if is_text(answer) else answer
    if not isinstance(groups, list) or not groups:
        raise QuestionSetError(f'{place}: "answer" must be a text or a list of texts')
    return [texts_of({"answer": group if isinstance(group, list) else [group]}, "answer", place) for group in groups]


def _flat(value: Any, key: str, place: str) -> Iterable[str]:
    """Reads passages, which are nested in groups if a question needs several."""
    groups = value if isinstance(value, list) else []
    return chain.from_iterable(texts_of({key: group if isinstance(group, list) else [group]}, key, place) for group in groups)


# -- JSON -------------------------------------------------------------------------------------------------------------


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise QuestionSetError(f"{place}: not a JSON object")
    return value


def _list(row: dict[str, Any], key: str, place: str) -> list[Any]:
    value = row.get(key, [])
    if not isinstance(value, list):
        raise QuestionSetError(f'{place}: "{key}" must be a list')
    return value
