"""Checks that a generated sentence is supported by its citations.

A claim with a number that its evidence does not contain is unsupported, and so is one with a clause or purpose whose words the
evidence does not meet. Otherwise a logistic model weighs the similarity of the two as wholes and word by word, within one language or
across both, whether every name is there, and whether one denies what the other affirms. `tests/benchmarks/fit_checker.py` fits its
weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from embeddings import logistic
from embeddings.catalogue import BUNDLED
from embeddings.encoder import Encoder, Vectors
from rag.text import quantities
from rag.text.analysis import STOP_WORDS, Analyzer
from rag.text.names import NAME_TAGS, NameFinder
from rag.text.negation import NEGATION, NEGATORS
from rag.types import Language

WEIGHTS = BUNDLED / "reader" / "checker.json"
FEATURES = ("similarity", "words", "weakest_name", "denied", "affirmed", "opposed")
"""The features of a claim: the cosine of the whole with the evidence; the cosines of its words with the most similar words there,
on average; that of its least similar name; then 0 or 1 for each way to contradict: the claim denies what the evidence affirms, affirms
what it denies, or says more where it says less."""

_WORD = re.compile(r"(?P<han>[\u3400-\u9fff]+)|(?P<latin>[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)?)")
_DIGITS = re.compile(r"\d+")
_SENTENCE_START = ("", ".", "!", "?", ":", "\n")
_OPPOSITES = (
    (r"增[加长多]|上升|提高|上涨|\b(?:increas|ris|rose|gr[eo]w)", r"减少|下降|降低|下跌|\b(?:decreas|declin|fall|fell|drop)"),
    (r"改善|好转|加强|\b(?:improv|strengthen)", r"恶化|退化|削弱|\b(?:deteriorat|degrad|wors|weaken)"),
    (r"超过|高于|多于|以上|\b(?:more than|over|above)\b", r"低于|不足|少于|以下|不到|\b(?:less than|below|under)\b"),
    (r"最[高大多]|\b(?:highest|largest|biggest|most)\b", r"最[低小少]|\b(?:lowest|smallest|least)\b"),
    (r"支持|允许|成功|\b(?:support|allow|permit|succe)", r"反对|禁[止捕]|失败|\b(?:oppos|ban|forbid|prohibit|fail)"),
    (r"开始|启动|\b(?:began|begin|start)", r"结束|停止|\b(?:end(?:s|ed)?\b|stop)"),
)
_PART = re.compile(
    r"[，；：,;](?!\d)|旨在|致力于|目的是|以便|从而|\b(?:aim(?:s|ed|ing)? (?:to|at)|in order to|so as to|with the aim of|which|to (?=[a-z]+ ))",
    re.IGNORECASE,
)
_LEAST_WORDS_OF_PART = 3
_LEAST_OF_PART = {"same": 0.7, "other": 0.55}
_SAME_WORD = 0.6
_MAX_REPAIRS_TRIED = 5
_MAX_VECTORS = 10_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a document. `context` is the title and the headings above it, whose names it need not repeat."""

    text: str
    language: Language
    context: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a claim is supported: by its citations, by another sentence ("repaired"), or not at all.

    `numbers` are the places of the supporting sentences in the evidence, from 0; empty when the claim is unsupported. `support`,
    between 0 and 1, is that of these sentences, or of the best ones tried for an unsupported claim.
    """

    status: Literal["supported", "repaired", "unsupported"]
    numbers: tuple[int, ...]
    support: float


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    is_name: bool
    is_negated: bool


class Checker:
    """Checks claims against sentences. Safe to use from several threads; the weights and dictionaries are read on first use."""

    def __init__(self, encoder: Encoder, threshold: float = 0.5) -> None:
        """Reads nothing yet.

        Args:
            encoder: Encodes texts and words; their cosine is their similarity.
            threshold: The least support; the weights are fitted for 0.5.
        """
        self._encoder = encoder
        self._threshold = threshold
        self._analyzer = Analyzer()
        self._names = NameFinder(self._analyzer)
        self._vectors: dict[str, Vectors] = {}

    def check(self, claim: str, language: Language, cited: Sequence[int], evidence: Sequence[Evidence]) -> Verdict:
        """Finds the sentences that support a claim, first among those that it cites, then among the others.

        The cited sentences must support the claim together. One that neither supports it alone nor is needed by the others is
        dropped (citation precision as in ALCE: Gao et al., 2023).

        Args:
            claim: A sentence without its markers.
            language: The language of the claim.
            cited: Places in `evidence`, from 0; others are ignored.
            evidence: Every sentence that could have been cited.
        """

        def support_of(numbers: Sequence[int]) -> float:
            return self.support(claim, language, [evidence[number] for number in numbers])

        given = [number for number in dict.fromkeys(cited) if 0 <= number < len(evidence)]
        together = support_of(given)
        if together >= self._threshold:
            needed = [
                number
                for number in given
                if support_of([number]) >= self._threshold
                or support_of([other for other in given if other != number]) < self._threshold
            ]
            return Verdict("supported", tuple(needed or given), together)
        others = {number: support_of([number]) for number in self._most_alike(claim, given, evidence)}
        best = max(others, key=others.__getitem__, default=None)
        if best is not None and others[best] >= self._threshold:
            return Verdict("repaired", (best,), others[best])
        return Verdict("unsupported", (), max([together, *others.values()]))

    def support(self, claim: str, language: Language, evidence: Sequence[Evidence]) -> float:
        """Returns the support of a claim by sentences together, from 0 to 1; 0 without any, or without one of its numbers or clauses."""
        if not self.admits(claim, language, evidence):
            return 0.0
        weights = self._weights[_kind(language, evidence)]
        return float(logistic.probability(weights, self.features(claim, language, evidence)))

    def features(self, claim: str, language: Language, evidence: Sequence[Evidence]) -> Vectors:
        """Computes the features of a claim, `(len(FEATURES),)`."""
        text = " ".join(sentence.text for sentence in evidence)
        whole = _with_context(evidence)
        one, other = self._encode([claim, text])
        own, there = list(self._words(claim)), list(self._words(whole))
        if not own or not there:
            return np.array([one @ other, not own, not own, 0, 0, 0], np.float32)
        alike = self._encode([word.text for word in own]) @ self._encode([word.text for word in there]).T
        nearest, found = alike.argmax(axis=1), alike.max(axis=1)
        found[self._stands_in(own, claim, whole, across=any(sentence.language != language for sentence in evidence))] = 1
        names = [likeness for word, likeness in zip(own, found, strict=True) if word.is_name]
        denies = any(word.is_negated for word in own) and not NEGATION.search(text)
        affirms = not NEGATION.search(claim) and any(
            there[place].is_negated for place, likeness in zip(nearest, found, strict=True) if likeness >= _SAME_WORD
        )
        values = (found.mean(), min(names, default=1), denies, affirms, is_opposed(claim, text))
        return np.array([one @ other, *values], np.float32)

    def admits(self, claim: str, language: Language, evidence: Sequence[Evidence]) -> bool:
        """Returns whether the evidence contains the claim's numbers and meets each of its parts; without that it has no support."""
        if not evidence or not contains_numbers(claim, language, evidence):
            return False
        return self.weakest_part(claim, language, evidence) >= _LEAST_OF_PART[_kind(language, evidence)]

    def weakest_part(self, claim: str, language: Language, evidence: Sequence[Evidence]) -> float:
        """Returns how well the evidence meets the words of that part of the claim that it meets least, up to 1.

        A part is a clause, or a purpose such as "to promote …", in which models like to add generalities. One of fewer than three
        words counts with its neighbour.
        """
        whole = _with_context(evidence)
        there = list(self._words(whole))
        across = any(sentence.language != language for sentence in evidence)
        parts: list[list[float]] = []
        for text in _PART.split(claim):
            own = list(self._words(text))
            if not own or not there:
                continue
            found = (self._encode([word.text for word in own]) @ self._encode([word.text for word in there]).T).max(axis=1)
            found[self._stands_in(own, text, whole, across)] = 1
            if parts and min(len(own), len(parts[-1])) < _LEAST_WORDS_OF_PART:
                parts[-1] += found.tolist()
            else:
                parts.append(found.tolist())
        return min((float(np.mean(part)) for part in parts), default=1.0)

    def _most_alike(self, claim: str, given: Sequence[int], evidence: Sequence[Evidence]) -> list[int]:
        """Returns the sentences, other than those given, that are most similar to the claim."""
        others = [number for number in range(len(evidence)) if number not in given]
        if not others:
            return []
        vectors = self._encode([claim, *(evidence[number].text for number in others)])
        return [others[i] for i in np.argsort(-(vectors[1:] @ vectors[0]))[:_MAX_REPAIRS_TRIED]]

    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Encodes claims, sentences and words all as documents, so that the same text has the same vector."""
        vectors = {text: self._vectors.get(text) for text in texts}
        new = [text for text, vector in vectors.items() if vector is None]
        fresh = dict(zip(new, self._encoder.encode_document(new), strict=True)) if new else {}
        if len(self._vectors) + len(fresh) > _MAX_VECTORS:
            self._vectors.clear()
        self._vectors.update(fresh)
        return np.stack([(vectors | fresh)[text] for text in texts])

    def _words(self, text: str) -> Iterator[_Word]:
        """Yields the words that carry meaning, without numbers."""
        is_negated = False
        for match in _WORD.finditer(text):
            for word, is_name in self._cut(match, text):
                lower = word.casefold()
                if lower in NEGATORS or lower.endswith(("n't", "n’t")):
                    is_negated = True
                elif lower not in STOP_WORDS:
                    yield _Word(word, is_name, is_negated)
                    is_negated = False

    def _cut(self, match: re.Match[str], text: str) -> Iterator[tuple[str, bool]]:
        """Yields words, and whether each is a proper name: tagged as one, or capitalised within a sentence."""
        if match["latin"]:
            before = text[: match.start()].rstrip(" “\"'(")[-1:]
            yield match[0], match[0][0].isupper() and before not in _SENTENCE_START
            return
        for word, tag in self._names.tagged(match[0]):
            if tag != "m":
                yield word, tag in NAME_TAGS and len(word) > 1

    def _stands_in(self, words: Sequence[_Word], claim: str, text: str, across: bool) -> list[bool]:
        """Whether a text contains each word of a claim: as it is, inflected, or, across languages, as a name spelled out."""
        folded, terms = self._analyzer.fold(text), set(self._analyzer.terms(text))
        spelled = set(self._analyzer.name_terms(claim)) & set(self._analyzer.name_terms(text)) if across else set[str]()

        def stands(word: str) -> bool:
            if any(word.casefold() in name for name in spelled) or spelled.intersection(self._analyzer.name_terms(word)):
                return True
            return terms.issuperset(self._analyzer.terms(word)) if word[0] < "\u3400" else word in folded

        return [stands(word.text) for word in words]

    @cached_property
    def _weights(self) -> dict[str, Vectors]:
        return logistic.load(WEIGHTS, FEATURES)


def contains_numbers(claim: str, language: Language, evidence: Sequence[Evidence]) -> bool:
    """Returns whether the evidence contains every quantity of the claim, and every other number, as in COP15.

    Amounts must be in the sentences themselves, which are quoted for them. Dates and names such as COP15 may be in the headings
    or the title, which name the subject of a sentence.
    """
    found = [quantity for sentence in evidence for quantity in quantities.find(sentence.text, sentence.language)]
    found += [
        quantity
        for sentence in evidence
        for quantity in quantities.find(sentence.context, sentence.language)
        if quantity.kind == "date"
    ]
    wanted = quantities.find(claim, language)
    if not all(any(there.contains(own) for there in found) for own in wanted):
        return False
    digits = set(_DIGITS.findall(_with_context(evidence)))
    return all(
        match[0] in digits for match in _DIGITS.finditer(claim) if not any(own.start <= match.start() < own.end for own in wanted)
    )


def is_opposed(claim: str, text: str) -> bool:
    """Returns whether the claim and the text say opposite things, such as more and less."""
    for more, less in _OPPOSITES:
        says_more, says_less = ([bool(re.search(way, side, re.IGNORECASE)) for side in (claim, text)] for way in (more, less))
        if says_more in ([True, False], [False, True]) and says_less == says_more[::-1]:
            return True
    return False


def _kind(language: Language, evidence: Sequence[Evidence]) -> str:
    """Returns the name of the weights for evidence in a claim's language, or for evidence of which some is in the other."""
    return "same" if all(sentence.language == language for sentence in evidence) else "other"


def _with_context(evidence: Sequence[Evidence]) -> str:
    return "\n".join(part for sentence in evidence for part in (sentence.context, sentence.text))
