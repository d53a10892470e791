"""Composing: from what the reader found to the text and the citations of an answer."""

from rag.answering.composing.base import Composer, Composition, GetDocument, Statement
from rag.answering.composing.extractive import ExtractiveComposer
from rag.answering.composing.question_kinds import QuestionKind, kind_of
from rag.answering.composing.wording import NoAnswer, pieces, refusal

__all__ = [
    "Composer",
    "Composition",
    "ExtractiveComposer",
    "GetDocument",
    "NoAnswer",
    "QuestionKind",
    "Statement",
    "kind_of",
    "pieces",
    "refusal",
]
