"""Examples for the reader: passages that answer a question, and passages that only seem to.

An answered question gives a window of its passage around the answer. Near misses are the same window without the sentences that
contain the answer, another window of the same document, and the nearest passages elsewhere by the encoder. Questions made from
statements, within a language and across the two, add variety, and half of the questions are translated word by word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embeddings.training import cloze
from embeddings.training.corpus import Corpus, Question
from embeddings.training.pairs import LONGEST, sentences, windows
from embeddings.training.parallel import UNORDERED, neighbourhood
from embeddings.training.switching import CodeSwitcher

_FROM_ARTICLES = {"zh": 4_000, "en": 3_000}
_ACROSS_PER_FILE = {"law_taiwan_moj": 3_000}
_ACROSS_OTHERWISE = 250
_SECOND_NEAR_MISS_SHARE = 0.3
_SHORTEST_SHARE = 0.3
_TITLED_SHARE = 0.5
_SWITCHED = ((0.0, 0.5, 0.95), (0.5, 0.1, 0.4))
_LEAST_LEFT = {"zh": 30, "en": 80}


@dataclass(frozen=True, slots=True)
class Example:
    """A question with a passage.

    `start` and `end` are the offsets of the answer in the passage, -1 if there is no answer or it is not marked.
    """

    question: str
    passage: str
    supported: bool
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Source:
    """A question with a text that answers it. Each pass draws new examples from it.

    Attributes:
        language: The language of the question.
        question: The question.
        title: The title of the text's document, or empty.
        text_language: The language of the text.
        text: The text that answers.
        answers: Spans of the text: of the answers if they are `marked`, otherwise of the sentences that contain them; empty if
            the text as a whole is the answer.
        marked: Whether `answers` are the answers themselves.
        misleading: Other texts, which do not answer.
    """

    language: str
    question: str
    title: str
    text_language: str
    text: str
    answers: tuple[tuple[int, int], ...]
    marked: bool
    misleading: tuple[str, ...] = ()


def of_question(question: Question, misleading: Sequence[str]) -> Source:
    """Makes a source from a question of the data, with every occurrence of its first marked answer in the passage."""
    places = tuple(match.span() for answer in question.answers[:1] for match in re.finditer(re.escape(answer), question.passage))
    return Source(
        question.language, question.text, question.title, question.language, question.passage, places, True, tuple(misleading)
    )


def of_articles(corpus: Corpus, generator: random.Random) -> Iterator[Source]:
    """Yields questions made from a statement of an article, with the window around it."""
    for article in corpus.sample_articles(_FROM_ARTICLES, generator):
        language = article.language
        spans = windows(article.text[:3000], language)
        if not spans:
            continue
        text = article.text[slice(*generator.choice(spans))]
        start, end = generator.choice(sentences(text) or [(0, 0)])
        made = cloze.ask(text[start:end], language, generator)
        if made:
            others = tuple(article.text[a:b].strip() for a, b in spans[:6] if article.text[a:b] != text)
            yield Source(
                language,
                made.question,
                article.title,
                language,
                text,
                ((start + made.start, start + made.end),),
                True,
                others,
            )


def of_translations(corpus: Corpus, generator: random.Random) -> Iterator[Source]:
    """Yields questions made from a statement in one language, with the passage around its translation.

    A number that occurs once in both marks the answer; other answers are not marked.
    """
    for name, pairs in corpus.parallel().items():
        if name in UNORDERED:
            continue
        wanted = min(_ACROSS_PER_FILE.get(name, _ACROSS_OTHERWISE), len(pairs) // 2)
        for begin in sorted(generator.sample(range(len(pairs)), wanted)):
            around = pairs[begin : begin + 30]
            around = around[: neighbourhood(around, LONGEST["zh"])]
            row = generator.randrange(len(around))
            language, other = generator.choice((("zh", "en"), ("en", "zh")))
            side = 0 if language == "zh" else 1
            statement = around[row][side]
            made = cloze.ask(statement, language, generator)
            if made is None or len(statement) < _LEAST_LEFT[language] // 2:
                continue
            glue = " " if other == "en" else ""
            texts = [pair[1 - side] for pair in around]
            start = len(glue.join(texts[:row]) + glue) if row else 0
            marked = _same_number(statement[made.start : made.end], texts[row])
            places = tuple((start + a, start + b) for a, b in marked) or ((start, start + len(texts[row])),)
            without = glue.join(texts[:row] + texts[row + 1 :])
            yield Source(
                language, made.question, "", other, glue.join(texts), places, bool(marked), (without,) if without else ()
            )


def draw(source: Source, switcher: CodeSwitcher | None, generator: random.Random) -> Iterator[Example]:
    """Draws a positive example and up to two near misses; without a switcher, the question is not translated."""
    question = source.question
    if switcher and source.language == source.text_language:
        share = generator.choices(*_SWITCHED)[0]
        question = switcher.switch(question, source.language, share, generator) if share else question
    head = f"{source.title}\n" if source.title and generator.random() < _TITLED_SHARE else ""
    passage, place, without = _around(source, generator)
    if place is None:
        yield Example(question, head + passage, supported=True)
    else:
        yield Example(question, head + passage, True, len(head) + place[0], len(head) + place[1])
    near = [text for text in (without, generator.choice(source.misleading) if source.misleading else "") if text]
    generator.shuffle(near)
    wanted = 2 if generator.random() < _SECOND_NEAR_MISS_SHARE else 1
    for text in near[:wanted]:
        yield Example(question, head + text, supported=False)


def _around(source: Source, generator: random.Random) -> tuple[str, tuple[int, int] | None, str]:
    """Returns sentences around the first answer, its span in them, and the same sentences without those that contain an answer."""
    language = source.text_language
    longest = int(LONGEST[language] * generator.uniform(_SHORTEST_SHARE, 1.0))
    spans = sentences(source.text)
    if not source.answers or not spans:
        return source.text[:longest].strip(), None, ""
    start, end = source.answers[0]
    first = max((i for i, (a, _) in enumerate(spans) if a <= start), default=0)
    last = max(first, max((i for i, (a, _) in enumerate(spans) if a < end), default=first))
    while True:
        before, after = first > 0, last + 1 < len(spans)
        if not before and not after:
            break
        left = before and (not after or generator.random() < 0.5)
        wider = (first - 1, last) if left else (first, last + 1)
        if spans[wider[1]][1] - spans[wider[0]][0] > longest:
            break
        first, last = wider
    begin, stop = spans[first][0], spans[last][1]
    kept = [source.text[a:b] for a, b in spans[first : last + 1] if not any(a < e and s < b for s, e in source.answers)]
    without = "".join(kept).strip()
    place = (start - begin, end - begin) if source.marked and end <= stop else None
    return source.text[begin:stop], place, without if len(without) >= _LEAST_LEFT[language] else ""


def _same_number(answer: str, text: str) -> list[tuple[int, int]]:
    numbers = re.findall(r"\d+", answer)
    if len(numbers) != 1:
        return []
    places = [match.span() for match in re.finditer(rf"(?<!\d){numbers[0]}(?!\d)", text)]
    return places if len(places) == 1 else []
