"""The fact alone, as it stands before the sentence that it is from."""

from __future__ import annotations

import re

from rag.answering.agreement import Place, answered_quantity
from rag.answering.composing.question_kinds import QuestionKind
from rag.answering.reading import Sentence
from rag.text import quantities
from rag.text.sentences import after_lead
from rag.types import Language

SUPPORTED = 0.5
"""The support from which on a sentence is taken to answer the question."""

_MEASURE_WORD = re.compile("[个种处名人项家座所条只头株棵位部份次届天]")
_SURE_OF_SHORT_ANSWER = 0.5
_SURE_OF_QUANTITY = 0.3
_SURE_AMONG_SEVERAL = 0.6
_MAX_SHORT_ANSWER: dict[Language, int] = {"zh": 24, "en": 60}
_BRACKETED: dict[Language, str] = {"zh": "（{}）", "en": " ({})"}


def short_answer(kind: QuestionKind, place: Place, language: Language) -> str:
    """Returns the fact alone, a quantity also in the words of the question's language; empty unless it is sure."""
    sentence = place.sentence
    # The quote begins after the dateline, so a fact from before that would not be in it.
    quoted_from = after_lead(sentence.text, 0, len(sentence.text))
    is_quoted = sentence.answer[0] - sentence.start >= quoted_from
    if kind not in ("quantity", "fact") or sentence.support < SUPPORTED or not is_quoted:
        return ""
    text = _answer_text(sentence)
    if kind == "quantity" and quantities.find(text, place.language):
        return _short_quantity(place, language, quoted_from)
    if language != place.language or (kind == "quantity" and not re.search(r"\d", text)):
        return ""
    is_short = len(text) <= min(_MAX_SHORT_ANSWER[place.language], len(sentence.text) // 2)
    return text if is_short and sentence.likelihood >= _SURE_OF_SHORT_ANSWER else ""


def _answer_text(sentence: Sentence) -> str:
    begin, end = (offset - sentence.start for offset in sentence.answer)
    return sentence.text[begin:end].strip()


def _short_quantity(place: Place, language: Language, quoted_from: int) -> str:
    sentence, own = place.sentence, place.language
    meant = answered_quantity(place)
    if meant is None or meant.start < quoted_from:
        return ""
    rivals = sum(quantity.kind == meant.kind for quantity in quantities.find(sentence.text, own)) > 1
    if sentence.likelihood < (_SURE_AMONG_SEVERAL if rivals else _SURE_OF_QUANTITY):
        return ""
    text = meant.written
    whole = _answer_text(sentence)
    if language == own == "en" and whole.startswith(text) and len(whole) <= _MAX_SHORT_ANSWER[own]:
        return whole
    if own == "zh" and (measured := _MEASURE_WORD.match(sentence.text, meant.end)):
        text += measured[0]
    rendered = quantities.render(meant, language)
    return text if language == own or text.startswith(rendered) else rendered + _BRACKETED[language].format(text)
