"""The types `Condition` and `Scope`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.text.distinctions import ordinals
from rag.text.sentences import Span
from rag.types import Language

ConditionKind = Literal["date", "ordinal", "code", "rank", "contrast", "place", "name", "subject", "unit", "amount"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that a sentence does not meet.

    `text` is as the question writes it. `instead` is as the sentence writes what it has in its place, empty when it has nothing of the
    kind.
    """

    kind: ConditionKind
    text: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """A sentence and its context, nearest first. `answer` is the place in the sentence of the reader's answer."""

    sentence: str
    before: str
    headings: str
    file_name: str
    published: str
    document: str
    language: Language
    answer: Span = (0, 0)

    def has_ordinal(self, ordinal: ordinals.Ordinal) -> bool:
        """Returns whether the document contains an ordinal anywhere, in whatever way it is written."""
        written = {ordinal.written.casefold()} | {other.written.casefold() for other in ordinals.find(self.before)}
        return any(re.sub(r"[\s-]", "", form) in self.document for form in written)

    @property
    def near(self) -> tuple[str, ...]:
        """The sentence, the text before it in its passage, the headings, and the name of the file."""
        return self.sentence, self.before, self.headings, self.file_name
