"""Reads the open text that the models are trained on: parallel sentences, questions with passages, and articles.

A data folder contains `parallel/*.tsv.xz` (Chinese TAB English, in the order of the documents they come from),
`qa/*.jsonl.xz` (`lang`, `question`, `passage`, `answers`, `title`), `text/*.jsonl.xz` (`title`, `text`) and `dev/*.tsv.xz`, which
is for measuring and is never trained on.
"""

from __future__ import annotations

import json
import lzma
import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from embeddings.errors import YinjuError

DICTIONARY = "dict_cc_cedict"
HELD_OUT_SETS = ("en_squad_train_44articles", "zh_drcd_dev_test_simplified", "zh_cmrc2018_dev_trial")
"""Sets with one fifth, by document, reserved for measuring. Documents with the same titles are left out of all other sets."""

WITHOUT_PLACES = frozenset({"en_pubmedqa"})
"""Sets with yes and no as answers; the places of these words in the passage mean nothing."""

_LONGEST_PASSAGE = 4000


class DataError(YinjuError):
    """The training data are missing or cannot be read."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a passage.

    Attributes:
        source: The name of the set.
        language: "zh" or "en".
        text: The question.
        passage: The passage it was asked about.
        title: The title of the passage's document, or empty.
        answers: Strings of the passage; empty if the passage as a whole is the answer, or if `answerable` is False.
        answerable: Whether the passage answers the question.
        held_out: Whether the question is for measuring only.
    """

    source: str
    language: str
    text: str
    passage: str
    title: str
    answers: tuple[str, ...]
    answerable: bool
    held_out: bool

    @property
    def measured(self) -> bool:
        """Returns whether the question belongs to the development set."""
        return self.held_out and self.source in HELD_OUT_SETS and bool(self.answers)


@dataclass(frozen=True, slots=True)
class Article:
    """An article; its title is empty for news."""

    language: str
    title: str
    text: str


class Corpus:
    """Reads a data folder."""

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        """Opens a data folder.

        Args:
            folder: The data folder.
            limit: The maximum number of rows to read from each file, for a quick trial of every step.

        Raises:
            DataError: The folder does not exist or contains no parallel text.
        """
        self.folder = folder
        self.limit = limit
        if not any((folder / "parallel").glob("*.tsv.xz")):
            raise DataError(f"no training data in {folder} (parallel/*.tsv.xz): name their folder with DATA=FOLDER")

    def parallel(self) -> dict[str, list[tuple[str, str]]]:
        """Returns the Chinese and English sentences of each parallel file, by its name. Neighbouring rows come from one document."""
        files = sorted((self.folder / "parallel").glob("*.tsv.xz"))
        return {file.name.removesuffix(".tsv.xz"): self._pairs(file) for file in files}

    def dictionary(self) -> list[tuple[str, str]]:
        """Returns Chinese words and their English meanings, separated by semicolons."""
        return self._pairs(self.folder / "parallel" / f"{DICTIONARY}.tsv.xz")

    def development(self) -> dict[str, list[tuple[str, str]]]:
        """Returns the parallel sentences for measuring, by the name of the set."""
        files = sorted((self.folder / "dev").glob("*.tsv.xz"))
        return {file.name.removesuffix(".tsv.xz"): self._pairs(file) for file in files}

    def questions(self) -> list[Question]:
        """Returns the questions of all sets, with passages cut to 4,000 characters."""
        return [
            self._question(file.name.removesuffix(".jsonl.xz"), row)
            for file in sorted((self.folder / "qa").glob("*.jsonl.xz"))
            for row in self._rows(file)
        ]

    def articles(self) -> Iterator[Article]:
        """Yields the articles of all files, except held-out documents."""
        for file in sorted((self.folder / "text").glob("*.jsonl.xz")):
            for row in self._rows(file):
                title = row.get("title") or ""
                if not held_out(title):
                    yield Article(row.get("lang") or file.name[:2], title, row["text"])

    def sample_articles(self, counts: dict[str, int], generator: random.Random) -> Iterator[Article]:
        """Yields up to `counts` articles of each language, in random order within it."""
        by_language: dict[str, list[Article]] = {language: [] for language in counts}
        for article in self.articles():
            by_language[article.language].append(article)
        for language, articles in by_language.items():
            yield from generator.sample(articles, min(counts[language], len(articles)))

    def _question(self, source: str, row: dict[str, Any]) -> Question:
        passage = row["passage"][:_LONGEST_PASSAGE]
        title = (row.get("title") or "").replace("_", " ")
        marked = [] if source in WITHOUT_PLACES else row["answers"]
        in_passage = tuple(dict.fromkeys(answer for answer in marked if answer.strip() and answer in passage))
        return Question(
            source=source,
            language=row["lang"],
            text=row["question"].strip(),
            passage=passage,
            title=title,
            answers=in_passage,
            answerable=source != "en_squad_train_fragments" or bool(row["answers"]),
            held_out=held_out(title or passage) if source in HELD_OUT_SETS else bool(title) and held_out(title),
        )

    def _pairs(self, file: Path) -> list[tuple[str, str]]:
        with _opened(file) as lines:
            rows = (line.rstrip("\n").partition("\t") for line in islice(lines, self.limit))
            return [(chinese.strip(), english.strip()) for chinese, _, english in rows if chinese.strip() and english.strip()]

    def _rows(self, file: Path) -> Iterator[dict[str, Any]]:
        with _opened(file) as lines:
            yield from map(json.loads, islice(lines, self.limit))


def held_out(title: str) -> bool:
    """Tells whether the document with this title (or this text, if it has no title) is in the fifth reserved for measuring."""
    return bool(title) and sha256(title.replace("_", " ").encode()).digest()[0] % 5 == 0


def _opened(file: Path) -> Any:
    try:
        return lzma.open(file, "rt", encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot read the training data {file}: {error.strerror}") from error
