"""Pairs of a query and a relevant passage, within a language and across the two.

The data contain no questions across languages, so they are made: a sentence, or a question made from it, is paired with the passage
that contains its translation; and questions are translated word by word with the dictionary.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from embeddings.training import cloze
from embeddings.training.corpus import Corpus, Question
from embeddings.training.parallel import UNORDERED, neighbourhood
from embeddings.training.switching import CodeSwitcher, meanings

LONGEST = {"zh": 400, "en": 1_100}
"""The longest passage, in characters of its language: some 160 tokens."""

_SHORTEST = {"zh": 60, "en": 200}
_SENTENCE = re.compile(r"\S.*?(?:[。！？!?；]+[”’」』）)]*|\.(?=\s)|\n|$)", re.DOTALL)
_ACROSS_PER_FILE = {"law_taiwan_moj": 5_000}
_ACROSS_OTHERWISE = 500
_FROM_ARTICLES = {"zh": 4_000, "en": 3_000}
_FROM_DICTIONARY = 3_000
_MAX_QUESTIONS = {"en_medquad": 4_000}
_KEPT_SENTENCES = 0.15
_SWITCHED_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a passage that answers it or is about it.

    Attributes:
        kind: The languages of query and passage, such as `zh->en`.
        query: The query.
        passage: The passage.
        avoid: Strings that a passage must not contain to be a negative.
        near: Passages of the same document that do not answer.
    """

    kind: str
    query: str
    passage: str
    avoid: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


def read(corpus: Corpus, switcher: CodeSwitcher, seed: int) -> list[Pair]:
    """Reads all pairs, in a fixed order."""
    generator = random.Random(seed)
    from_questions = list(of_questions(_chosen(corpus.questions(), generator)))
    pairs = from_questions + list(_switched(from_questions, switcher, generator))
    pairs += _across(corpus, generator)
    pairs += _of_articles(corpus, generator)
    pairs += _of_dictionary(corpus, generator)
    return [pair for pair in pairs if pair.query and pair.passage]


def sentences(text: str) -> list[tuple[int, int]]:
    """Returns the spans of a text's sentences, cut at every full stop, which is precise enough for training."""
    return [(match.start(), match.end()) for match in _SENTENCE.finditer(text)]


def windows(text: str, language: str) -> list[tuple[int, int]]:
    """Cuts a text into runs of whole sentences of at most a passage's length. A longer sentence is a run by itself."""
    runs: list[tuple[int, int]] = []
    for start, end in sentences(text):
        if runs and end - runs[-1][0] <= LONGEST[language]:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def of_questions(questions: Iterable[Question]) -> Iterator[Pair]:
    """Yields each answerable question, in order, with the window that contains its answer, or the first if no answer is marked."""
    answerable = [question for question in questions if question.answerable]
    cut = {question.passage: windows(question.passage, question.language) for question in answerable}
    by_document: dict[str, dict[str, None]] = defaultdict(dict)
    for question in answerable:
        texts = (question.passage[a:b].strip() for a, b in cut[question.passage])
        by_document[question.title or question.passage].update(dict.fromkeys(texts))
    for question in answerable:
        yield _of_question(question, cut[question.passage], list(by_document[question.title or question.passage]))


def _of_question(question: Question, spans: Sequence[tuple[int, int]], texts: Sequence[str]) -> Pair:
    start, end = spans[0] if spans else (0, 0)
    if question.answers:
        at = question.passage.find(question.answers[0])
        start, end = next(((a, b) for a, b in spans if a <= at < b), (start, end))
    window = question.passage[start:end].strip()
    near = tuple(
        text for text in texts if text != window and question.answers and not any(answer in text for answer in question.answers)
    )
    return Pair(f"{question.language}->{question.language}", question.text, window, question.answers, near)


def _switched(pairs: Sequence[Pair], switcher: CodeSwitcher, generator: random.Random) -> Iterator[Pair]:
    """Yields questions translated word by word."""
    for pair in pairs:
        language = pair.kind[:2]
        if generator.random() < _SWITCHED_SHARE:
            other = "en" if language == "zh" else "zh"
            query = switcher.switch(pair.query, language, 0.95, generator)
            yield Pair(f"{other}->{language}", query, pair.passage, pair.avoid, pair.near)


def _across(corpus: Corpus, generator: random.Random) -> Iterator[Pair]:
    """Yields sentences, or questions made from them, with the passage around the translation."""
    for name, pairs in corpus.parallel().items():
        if name in UNORDERED:
            continue
        wanted = min(_ACROSS_PER_FILE.get(name, _ACROSS_OTHERWISE), len(pairs) // 2)
        for begin in sorted(generator.sample(range(len(pairs)), wanted)):
            around = pairs[begin : begin + 30]
            around = around[: neighbourhood(around, generator.randint(_SHORTEST["zh"], LONGEST["zh"]))]
            chinese, english = around[generator.randrange(len(around))]
            if min(len(chinese), len(english) // 3) < 12:
                continue
            if generator.random() < 0.5:
                yield Pair("zh->en", _query(chinese, "zh", generator), " ".join(e for _, e in around)[: LONGEST["en"]])
            else:
                yield Pair("en->zh", _query(english, "en", generator), "".join(c for c, _ in around)[: LONGEST["zh"]])


def _of_articles(corpus: Corpus, generator: random.Random) -> Iterator[Pair]:
    """Yields titles of articles with their opening, and sentences with the window that they come from."""
    for article in corpus.sample_articles(_FROM_ARTICLES, generator):
        language = article.language
        spans = windows(article.text[:3000], language)
        if not spans:
            continue
        kind = f"{language}->{language}"
        opening = article.text[slice(*spans[0])].strip()
        if article.title and len(opening) >= _SHORTEST[language]:
            yield Pair(kind, re.sub(r"\(\d{4}-\d\d-\d\d\)$", "", article.title), opening)
        yield from _of_window(article.text[slice(*generator.choice(spans))], kind, generator)


def _of_window(window: str, kind: str, generator: random.Random) -> Iterator[Pair]:
    """Yields a sentence of a window, or a question made from it, with the window, from which the sentence is mostly removed."""
    language = kind[:2]
    parts = [window[a:b] for a, b in sentences(window)]
    long_enough = [i for i, part in enumerate(parts) if len(part) >= _SHORTEST[language] // 4]
    if len(parts) < 3 or not long_enough:
        return
    chosen = generator.choice(long_enough)
    question = cloze.ask(parts[chosen], language, generator)
    if question and generator.random() < 0.7:
        yield Pair(kind, question.question, window.strip())
    elif generator.random() < _KEPT_SENTENCES:
        yield Pair(kind, parts[chosen].strip(), window.strip())
    else:
        yield Pair(kind, parts[chosen].strip(), "".join(parts[:chosen] + parts[chosen + 1 :]).strip())


def _chosen(questions: Iterable[Question], generator: random.Random) -> list[Question]:
    """Returns the questions to train on, and only a sample from sets that would outweigh the others."""
    by_set: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if not question.held_out:
            by_set[question.source].append(question)
    return [
        question
        for name, members in by_set.items()
        for question in generator.sample(members, min(_MAX_QUESTIONS.get(name, len(members)), len(members)))
    ]


def _of_dictionary(corpus: Corpus, generator: random.Random) -> list[Pair]:
    """Returns questions about Chinese words with the English encyclopedia's article of that name."""
    pairs = []
    titles = {article.title.casefold(): article for article in corpus.articles() if article.language == "en" and article.title}
    for chinese, gloss in corpus.dictionary():
        for meaning in meanings(gloss)[:2]:
            article = titles.get(meaning.casefold())
            if article and len(chinese) > 1:
                start, end = windows(article.text[:3000], "en")[0]
                pairs.append(Pair("zh->en", f"{chinese}是什么？", article.text[start:end].strip()))
    return generator.sample(pairs, min(_FROM_DICTIONARY, len(pairs)))


def _query(sentence: str, language: str, generator: random.Random) -> str:
    question = cloze.ask(sentence, language, generator) if generator.random() < 0.6 else None
    return question.question if question else sentence
