"""Composing: from what the reader found to the text and the citations of an answer."""

from rag.answering.composing.base import Composer, Composition, GetDocument, Part, PartsComposer, Statement
from rag.answering.composing.extractive import ExtractiveComposer
from rag.answering.composing.near import near_miss
from rag.answering.composing.short_answers import SUPPORTED
from rag.answering.composing.wording import NoAnswer, pieces, refusal
from rag.answering.expectations import QuestionKind, kind_of

__all__ = [
    "SUPPORTED",
    "Composer",
    "Composition",
    "ExtractiveComposer",
    "GetDocument",
    "NoAnswer",
    "Part",
    "PartsComposer",
    "QuestionKind",
    "Statement",
    "kind_of",
    "near_miss",
    "pieces",
    "refusal",
]
