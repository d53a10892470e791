"""Kinds of questions: after a number or date, after another single fact, after several things, and open ones."""

from __future__ import annotations

import re
from typing import Literal

from rag.text.questions import HAN_AMOUNT_ASKED

QuestionKind = Literal["quantity", "fact", "list", "open"]

# Questions after a number, a date or a measure.
_QUANTITY = re.compile(
    rf"{HAN_AMOUNT_ASKED}|哪[年天月日]|哪一[年天月日]|何时|什么时[候间]|时间|日期|比例|占比|数量|规模|面积"
    r"|\b(?:when|how (?:many|much|long|large|big|old|far|high)|(?:what|which) (?:year|date|day|month|percentage|share|proportion|number|amount))\b",
    re.IGNORECASE,
)
# Questions after another single fact; all others may need several sentences.
_FACT = re.compile(
    r"谁|哪[位个家国省市里儿一]|何地|\b(?:who|whom|whose|where|which (?:country|province|city|company|organi[sz]ation))\b",
    re.IGNORECASE,
)
# Questions after several things.
_LIST = re.compile(
    r"哪些|哪几|分别|什么(?:原则|措施|方面|领域)|几[大个项]"
    r"|\b(?:(?:what|which) (?:are|were|kinds?|types?|\w+s)|list|in (?:what|which) (?:fields|areas))\b",
    re.IGNORECASE,
)


def kind_of(question: str) -> QuestionKind:
    """Tells questions after a number or date, after another single fact, after several things, and open ones apart."""
    kinds: tuple[tuple[QuestionKind, re.Pattern[str]], ...] = (("quantity", _QUANTITY), ("fact", _FACT), ("list", _LIST))
    return next((kind for kind, pattern in kinds if pattern.search(question)), "open")
