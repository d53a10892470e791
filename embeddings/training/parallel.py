"""The parallel text that the encoder learns from, and English text alone.

There are three kinds of rows: pairs of sentences, passages made of neighbouring sentences, and English questions and openings, which
keep the student close to its teacher on the kind of text that it will search.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from opencc import OpenCC

from embeddings.training.corpus import DICTIONARY, Corpus
from embeddings.training.switching import meanings

SHARES = {"law_taiwan_moj": 0.4, "lit_bible_cuv_bsb": 0.34}
"""The shares to read from the largest and the archaic text, so that statutes and scripture do not outweigh the rest."""

UNORDERED = frozenset(
    {DICTIONARY, "cap_3am_captions", "gen_tatoeba", "bio_gbif_portal_ui", "bio_inaturalist_ui", "bio_cbd_clearinghouse"}
)
"""Files with neighbouring rows that do not belong together."""

PASSAGES = {"law_taiwan_moj": 9_000}
OTHER_PASSAGES = 1_500
OPENINGS = 20_000
_LONGEST_SENTENCE = 600
_LONGEST_PASSAGE = 400
_LONGEST_OPENING = 600
_TRADITIONAL_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class ParallelText:
    """Rows of translations; the Chinese text is empty in rows of English alone."""

    chinese: list[str]
    english: list[str]


def read(corpus: Corpus, seed: int, most: int | None = None) -> ParallelText:
    """Reads every row, or a random sample of `most`, each pair once, in a fixed order.

    3% of the Chinese texts are converted to traditional characters.
    """
    generator = random.Random(seed)
    traditional = OpenCC("s2t")
    rows = dict.fromkeys(_sentences(corpus, generator))
    rows |= dict.fromkeys(_passages(corpus, generator))
    rows |= dict.fromkeys(("", english) for english in _english_alone(corpus, generator))
    if most is not None and most < len(rows):
        rows = dict.fromkeys(generator.sample(list(rows), most))
    chinese = [traditional.convert(text) if generator.random() < _TRADITIONAL_SHARE else text for text, _ in rows]
    return ParallelText(chinese, [english for _, english in rows])


def _sentences(corpus: Corpus, generator: random.Random) -> list[tuple[str, str]]:
    rows = []
    for name, pairs in corpus.parallel().items():
        if name == DICTIONARY:
            rows += [(chinese, meaning) for chinese, gloss in pairs for meaning in meanings(gloss)[:2]]
            continue
        share = SHARES.get(name, 1.0)
        rows += [
            pair
            for pair in pairs
            if max(map(len, pair)) <= _LONGEST_SENTENCE and re.search(r"[\u4e00-\u9fff]", pair[0]) and generator.random() < share
        ]
    return rows


def _passages(corpus: Corpus, generator: random.Random) -> list[tuple[str, str]]:
    rows = []
    for name, pairs in corpus.parallel().items():
        if name not in UNORDERED and len(pairs) > 1:
            wanted = min(PASSAGES.get(name, OTHER_PASSAGES), len(pairs) // 3)
            begins = sorted(generator.sample(range(len(pairs) - 1), wanted))
            rows += [_joined(pairs[begin:], generator.randint(120, _LONGEST_PASSAGE)) for begin in begins]
    return [row for row in rows if row[0]]


def neighbourhood(pairs: Sequence[tuple[str, str]], longest: int) -> int:
    """Returns the number of first rows that fit into `longest` Chinese characters, at least one."""
    characters, count = 0, 0
    for chinese, _ in pairs:
        characters += len(chinese)
        if count and characters > longest:
            break
        count += 1
    return count


def _joined(pairs: Sequence[tuple[str, str]], longest: int) -> tuple[str, str]:
    pairs = pairs[: neighbourhood(pairs[:40], longest)]
    return "".join(chinese for chinese, _ in pairs), " ".join(english for _, english in pairs)


def _english_alone(corpus: Corpus, generator: random.Random) -> list[str]:
    rows = [question.text for question in corpus.questions() if question.language == "en" and not question.held_out]
    openings = [_opening(article.text) for article in corpus.articles() if article.language == "en"]
    return rows + generator.sample(openings, min(OPENINGS, len(openings)))


def _opening(text: str) -> str:
    cut = text[:_LONGEST_OPENING]
    return cut[: cut.rfind(". ") + 1] or cut
