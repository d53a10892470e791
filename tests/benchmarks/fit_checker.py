"""Fits the weights of the citation checker and measures them: `python tests/benchmarks/fit_checker.py [DATA]`.

This script makes the claims and their features; `embeddings/training/fitting.py` fits the weights. No model writes the claims.
Faithful ones are sentences cut to some of their clauses, reworded from a list or joined with the next, and, across languages,
translations. Unfaithful ones are the same with a number, a name, the negation or the direction changed, or paired with the most
similar other sentence. Claims in the language of their evidence come from `calibration/`, those in the other language from
`DATA/parallel/`; without DATA their weights stay unchanged. The seed documents, `DATA/dev/` and the claims written by hand in
`claims.jsonl` are measured only.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jieba.posseg
import numpy as np
from tqdm import tqdm

from embeddings.encoder import SentenceTransformerEncoder
from embeddings.training.fitting import OTHER, SAME, described, fit_checker, read_weights, write_weights
from rag.documents.cleaning import clean
from rag.documents.loaders import find_files, load
from rag.documents.metadata import describe
from rag.language_models.checking import FEATURES, WEIGHTS, Checker, Evidence
from rag.settings import DEFAULTS
from rag.text.language import language_of
from rag.text.sentences import sentences
from rag.types import Document, Language

CALIBRATION = Path(__file__).parent / "calibration"
CLAIMS = Path(__file__).parent / "claims.jsonl"
SEEDS = Path(__file__).parents[2] / "seeds" / "documents"
KEPT = 0.95
PAIRS_OF_A_FILE = 40
PROSE = (
    "gen_opensource_guide gen_privacyguides law_taiwan_moj policy_cc_licences tech_cncf_glossary tech_d2l tech_rust_book".split()
)

_LENGTHS: dict[Language, tuple[int, int]] = {"zh": (12, 120), "en": (40, 300)}
_CLAUSE = re.compile(r"(?<=[，；、,;])(?!\d)\s*")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_LEADS: dict[Language, tuple[str, ...]] = {
    "zh": ("据介绍，", "文件指出，", "报道说，", "文中提到，"),
    "en": ("According to the document, ", "It is reported that ", "The text notes that ", "The article says that "),
}
_SYNONYMS: dict[Language, str] = {
    "zh": """
        表示:说 举行:召开 设立:成立 目前:现在 但:不过 积极:主动 提升:提高 推进:推动 开展:进行 显著:明显 重要:关键 促进:推动 获得:取得 因此:所以
        由于:因为 包括:涵盖 约:大约 建设:建造 介绍:说明 问题:难题 提供:给予 人员:人士 发现:找到 造成:导致 专家:学者 方面:领域 加强:强化 持续:不断
        严重:严峻 相关:有关 企业:公司 居民:住户 生产:制造 使用:利用
    """,
    "en": """
        began:started large:big many:numerous however:but because:since used:employed built:constructed known:called often:frequently small:little
        important:significant main:principal several:some made:produced found:discovered killed:slain area:region city:town usually:generally
        also:additionally became:turned include:comprise includes:comprises created:made various:different method:technique people:persons
        said:stated show:demonstrate helped:assisted received:got famous:renowned ended:finished led:headed war:conflict whole:entire
        need:require allows:permits wrote:authored
    """,
}
_OPPOSITES: dict[Language, str] = {
    "zh": """
        增加:减少 增长:下降 提高:降低 上升:下降 扩大:缩小 加强:削弱 成功:失败 支持:反对 改善:恶化 超过:低于 最大:最小 最高:最低 开始:结束 允许:禁止 上涨:下跌
    """,
    "en": """
        increase:decrease increased:decreased higher:lower largest:smallest more:less before:after first:last north:south large:small won:lost
        began:ended success:failure support:oppose rise:fall high:low improved:worsened most:least best:worst old:new
    """,
}
_AFFIRMED = re.compile(r"\b(is|was|are|were|has|have|had|can|will|would|could|may|should|must)\b(?! not)")
_AFFIRMED_HAN = (("可以", "不可以"), ("能够", "不能"), ("是", "不是"), ("已", "尚未"), ("有", "没有"), ("将", "将不"))
_DENIED = re.compile(r"\b(?:not|never) |没有|尚未|并未|未能|不(?=[是能会得可再用])")


@dataclass(frozen=True, slots=True)
class Example:
    """A claim with its evidence. `kind` says how it was made; `group` is shared by the examples of one document."""

    claim: str
    language: Language
    evidence: tuple[Evidence, ...]
    supported: bool
    kind: str
    group: int

    @property
    def across(self) -> bool:
        return self.language != self.evidence[0].language


class Maker:
    """Makes the examples. Every run makes the same ones."""

    def __init__(self, encoder: SentenceTransformerEncoder) -> None:
        self._encoder = encoder
        self._chance = random.Random(0)
        texts = [file.read_text(encoding="utf-8") for file in find_files([CALIBRATION / "documents"])]
        self._names: dict[Language, list[str]] = {
            "zh": list_names([text for text in texts if language_of(text) == "zh"], "zh"),
            "en": list_names([text for text in texts if language_of(text) == "en"], "en"),
        }

    def from_documents(self, folder: Path) -> Iterator[Example]:
        """Yields examples in the language of their evidence."""
        documents = [describe(clean(document)) for file in find_files([folder]) for document in load(file, 10**6)]
        texts = [usable_sentences(document) for document in documents]
        for group, (document, own) in enumerate(zip(documents, texts, strict=True)):
            nearest = self._nearest(own, own)
            for i, text in enumerate(own):
                language = document.language
                evidence = Evidence(text, language, document.title)
                claims = {"cut": self._cut(text, language), "reworded": self._reworded(text, language)}
                claims = {kind: claim for kind, claim in claims.items() if claim}
                for kind, claim in claims.items():
                    yield Example(claim, language, (evidence,), True, kind, group)
                if i % 3 == 0 and i + 1 < len(own):
                    both = text.rstrip("。.") + ("，" if language == "zh" else ", and ") + own[i + 1]
                    cited = (evidence, Evidence(own[i + 1], language, document.title))
                    yield Example(both, language, cited, True, "joined", group)
                    yield Example(both, language, cited[:1], False, "half cited", group)
                claim = self._chance.choice([*claims.values(), text])
                other = Evidence(own[nearest[i]], language, document.title)
                yield from self._unfaithful(claim, language, evidence, other, group)

    def from_questions(self, folder: Path, file: Path) -> Iterator[Example]:
        """Yields examples made of questions with their answers, which people have put in words of their own."""
        documents = [describe(clean(document)) for file in find_files([folder]) for document in load(file, 10**6)]
        spans = [(document, a, b) for document in documents for a, b in sentences(document.text)]
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for group, row in enumerate(row for row in rows if row["answerable"]):
            language: Language = row["lang"]
            answer = next((answer for answer in row["answers"] if language_of(answer) == language), "")
            claim = f"{row['question'].rstrip('？?')} {answer}".strip()
            containing = [(d, d.text[a:b]) for d, a, b in spans if row["evidence"][0] in d.text[a:b]]
            if not containing:
                continue
            document, text = containing[0]
            evidence = Evidence(text, document.language, document.title)
            yield Example(claim, language, (evidence,), True, "asked", group)
            others = [document.text[a:b] for d, a, b in spans if d is document and document.text[a:b] != text]
            alike = self._encoder.encode_document(others) @ self._encoder.encode_document([claim])[0]
            nearest = Evidence(others[int(alike.argmax())], document.language, document.title)
            yield from self._unfaithful(claim, language, evidence, nearest, group)

    def from_translations(self, file: Path, count: int) -> Iterator[Example]:
        """Yields examples in another language than their evidence."""
        with lzma.open(file, "rt", encoding="utf-8") as lines:
            rows = [line.rstrip("\n").split("\t") for line in lines]
        rows = [row for row in rows if len(row) == 2 and len(row[0]) >= 12 and len(row[1]) >= 40]
        rows = rows[:: max(1, len(rows) // count)][:count]
        texts: dict[Language, list[str]] = {"zh": [row[0] for row in rows], "en": [row[1] for row in rows]}
        directions: tuple[tuple[Language, Language], ...] = (("zh", "en"), ("en", "zh"))
        for language, other in directions:
            nearest = self._nearest(texts[language], texts[other])
            for i, claim in enumerate(texts[language]):
                evidence = Evidence(texts[other][i], other)
                yield Example(claim, language, (evidence,), True, "translated", i)
                if cut := self._cut(claim, language):
                    yield Example(cut, language, (evidence,), True, "translated, cut", i)
                yield from self._unfaithful(claim, language, evidence, Evidence(texts[other][nearest[i]], other), i)

    def _unfaithful(self, claim: str, language: Language, evidence: Evidence, nearest: Evidence, group: int) -> Iterator[Example]:
        changed = {
            "number": self._renumbered(claim),
            "name": self._renamed(claim, language),
            "negated": negated(claim, language),
            "affirmed": _DENIED.sub("", claim, count=1),
            "reversed": swapped(claim, language, _OPPOSITES[language], most=1),
        }
        for kind, text in changed.items():
            if text and text != claim:
                yield Example(text, language, (evidence,), False, kind, group)
        yield Example(claim, language, (nearest,), False, "nearest", group)

    def _nearest(self, texts: Sequence[str], others: Sequence[str]) -> list[int]:
        """Returns for each text the number of the most similar other text that is not its own."""
        alike = self._encoder.encode_document(texts) @ self._encoder.encode_document(others).T
        np.fill_diagonal(alike, -1)
        return [int(row.argmax()) for row in alike]

    def _cut(self, text: str, language: Language) -> str:
        clauses = _CLAUSE.split(text)
        kept = clauses[:-1] if self._chance.random() < 0.5 else clauses[1:]
        cut = ("" if language == "zh" else " ").join(kept).strip("，；、,; ")
        return cut if len(cut) >= _LENGTHS[language][0] / 2 else ""

    def _reworded(self, text: str, language: Language) -> str:
        other = swapped(text, language, _SYNONYMS[language], most=5)
        return self._chance.choice(_LEADS[language]) + other if other else ""

    def _renumbered(self, text: str) -> str:
        found = list(re.finditer(r"\d+", text))
        if not found:
            return ""
        match = self._chance.choice(found)
        return f"{text[: match.start()]}{int(match[0]) + self._chance.choice((1, 2, 3, 7, 10))}{text[match.end() :]}"

    def _renamed(self, text: str, language: Language) -> str:
        own = list_names([text], language)
        others = [name for name in self._names[language] if name not in text]
        return text.replace(self._chance.choice(own), self._chance.choice(others), 1) if own and others else ""


def usable_sentences(document: Document) -> list[str]:
    """Returns the sentences of a document that could be claims."""
    shortest, longest = _LENGTHS[document.language]
    texts = dict.fromkeys(re.sub(r"\s+", " ", document.text[a:b]) for a, b in sentences(document.text))
    return [text for text in texts if shortest <= len(text) <= longest and text[-1] in '。.！!”"']


def list_names(texts: Sequence[str], language: Language) -> list[str]:
    """Returns the proper names in the texts, each once, sorted."""
    if language == "en":
        return sorted({match[0] for text in texts for match in _NAME.finditer(text)})
    tagged = (word for text in texts for word in jieba.posseg.cut(text))
    return sorted({word.word for word in tagged if word.flag in ("nr", "ns", "nt") and len(word.word) > 1})


def swapped(text: str, language: Language, words: str, most: int) -> str:
    """Replaces up to `most` words by their counterparts; empty if the text contains no such word."""
    count = 0
    for one, other in (pair.split(":") for pair in words.split()):
        pattern = rf"\b{one}\b" if language == "en" else one
        if count < most and re.search(pattern, text):
            text, count = re.sub(pattern, other, text, count=1), count + 1
    return text if count else ""


def negated(text: str, language: Language) -> str:
    """Negates the first verb that it knows; empty if there is no such verb."""
    if language == "en":
        return _AFFIRMED.sub(r"\1 not", text, count=1) if _AFFIRMED.search(text) else ""
    return next((text.replace(one, other, 1) for one, other in _AFFIRMED_HAN if one in text), "")


class Measured:
    """Examples with their features."""

    def __init__(self, name: str, examples: Sequence[Example], checker: Checker) -> None:
        self.name = name
        self.examples = examples
        self.rows = np.array([checker.features(e.claim, e.language, e.evidence) for e in tqdm(examples, desc=name)])
        self.admitted = np.array([checker.admits(e.claim, e.language, e.evidence) for e in examples])
        self.labels = np.array([e.supported for e in examples])
        self.groups = np.array([e.group for e in examples])

    def fit(self) -> np.ndarray:
        """Returns the weights fitted on the claims that the checker admits; it rejects the others without weights."""
        return fit_checker(self.rows[self.admitted], self.labels[self.admitted], self.groups[self.admitted], KEPT)

    def supports(self, weights: np.ndarray) -> np.ndarray:
        """Returns the support of each claim, as the checker computes it."""
        return np.asarray(self.admitted / (1 + np.exp(-(weights[0] + self.rows @ weights[1:]))))

    def report(self, supports: np.ndarray) -> None:
        """Prints the share of each kind of claim that reaches the threshold, by languages: faithful, then unfaithful."""
        shares = defaultdict(list)
        for example, support in zip(self.examples, supports, strict=True):
            pair = f"{example.language} on {example.evidence[0].language}"
            shares[pair, not example.supported, example.kind].append(support >= 0.5)
            shares[pair, not example.supported, "ALL"].append(support >= 0.5)
        for pair in sorted({key[0] for key in shares}):
            for unfaithful, label in enumerate(("kept", "let through")):
                found = [(kind, kept) for (p, u, kind), kept in sorted(shares.items()) if p == pair and u == unfaithful]
                print(f"{self.name:24} {pair:9} {label:11} " + "  ".join(f"{k} {np.mean(v):.2f} ({len(v)})" for k, v in found))


def by_hand() -> list[Example]:
    """Reads the claims that were written and labelled by hand."""
    rows = [json.loads(line) for line in CLAIMS.read_text(encoding="utf-8").splitlines()]
    return [
        Example(r["claim"], r["language"], (Evidence(r["evidence"], r["evidence_language"]),), r["supported"], "by hand", 0)
        for r in rows
    ]


def main() -> None:
    """Fits, measures, and writes the weights unless told not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "data", type=Path, nargs="?", help="a folder of translations, Chinese TAB English: parallel/*.tsv.xz and dev/*.tsv.xz"
    )
    parser.add_argument("--dry-run", action="store_true", help="measure, but leave the weights as they are")
    arguments = parser.parse_args()
    encoder = SentenceTransformerEncoder(DEFAULTS.encoder)
    checker, maker = Checker(encoder), Maker(encoder)
    asked = list(maker.from_questions(CALIBRATION / "documents", CALIBRATION / "questions.jsonl"))
    same = [*maker.from_documents(CALIBRATION / "documents"), *(example for example in asked if not example.across)]
    measured = [Measured("calibration", same, checker), Measured("seed documents", list(maker.from_documents(SEEDS)), checker)]
    weights = {SAME: measured[0].fit()}
    if arguments.data:
        translated = [
            example
            for name in PROSE
            for example in maker.from_translations(arguments.data / "parallel" / f"{name}.tsv.xz", PAIRS_OF_A_FILE)
        ]
        measured.append(Measured("translations", [*translated, *(example for example in asked if example.across)], checker))
        weights[OTHER] = measured[-1].fit()
        measured += [
            Measured(file.name.split(".")[0], list(maker.from_translations(file, 3 * PAIRS_OF_A_FILE)), checker)
            for file in sorted(arguments.data.glob("dev/*.tsv.xz"))
        ]
    else:
        weights[OTHER] = read_weights(WEIGHTS, FEATURES)[OTHER]
    for each in measured:
        each.report(each.supports(weights[OTHER if each.examples[0].across else SAME]))
    claims = Measured("claims by hand", by_hand(), checker)
    across = np.array([example.across for example in claims.examples])
    supports = np.where(across, claims.supports(weights[OTHER]), claims.supports(weights[SAME]))
    claims.report(supports)
    print(f"claims by hand: {((supports >= 0.5) == claims.labels).mean():.3f} right")
    for example, support in zip(claims.examples, supports, strict=True):
        if (support >= 0.5) != example.supported:
            print(f"  wrong ({support:.2f}): {example.claim}")
    print(described(FEATURES, weights))
    if not arguments.dry_run:
        write_weights(WEIGHTS, FEATURES, weights)


if __name__ == "__main__":
    main()
