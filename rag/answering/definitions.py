"""Definitions: sentences that say what a term means."""

from __future__ import annotations

import re

_TERM = '[“"《「]?(?P<term{}>[^“”"《》「」，,。？?]{{2,40}}?)[”"》」]?'
_ASKS = re.compile(
    "|".join(
        (
            rf"^(?:请问)?什么(?:是|叫做?)(?:所谓的?)?{_TERM.format(1)}[？?。]*$",
            rf"^(?:请问)?(?:文中的?|所说的?|所谓的?)?{_TERM.format(2)}(?:是什么意思|指的?是什么|是指什么|的(?:定义|含义)是什么)[？?。]*$",
            rf"^what (?:is|are) (?:meant by )?(?:an? |the )?{_TERM.format(3)}[?]*$",
            rf"^what does (?:an? |the )?{_TERM.format(4)} mean[?]*$",
            rf"^how is (?:an? |the )?{_TERM.format(5)} defined[?]*$",
        )
    ),
    re.IGNORECASE,
)
_SAYS = r"[”\"》」*]?(?:，|,)?\s*(?:[（(][^（）()]{1,40}[)）])?(?:[^，,。.]{0,24}[，,])?\s*(?:是指|指的?是|即指|，指|means?\b|refers? to\b|is defined as\b)"
_MAX_SENTENCE = 600


def defines(question: str, sentence: str) -> bool:
    """Returns whether a question asks what a term means, and a sentence says so: 小区，是指…; a "berth", as used here, means …."""
    asked = _ASKS.match(question.strip())
    if not asked:
        return False
    term = next(filter(None, asked.groupdict().values())).strip()
    return bool(re.search(re.escape(term) + _SAYS, sentence[:_MAX_SENTENCE], re.IGNORECASE))
