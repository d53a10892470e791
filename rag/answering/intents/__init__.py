"""Understands utterances: kinds of questions, intents other than a question to the documents, and greetings before a question.

An intent is decided in two steps. `rules` know whole utterances by their words. For all others, `classifier` gives the probability of
each kind from the meaning and the words, and `decisions` compares it with the conditions of the kind. `rag.answering.routes` says how
each intent is answered; a route that finds nothing to act on leaves the question to the documents.
"""

from __future__ import annotations

from dataclasses import dataclass

from embeddings.encoder import Encoder
from rag.answering.intents import classifier
from rag.answering.intents.courtesy import courtesy_of, without_courtesy
from rag.answering.intents.decisions import decide
from rag.answering.intents.features import CUES, Kind, kinds_by_rule
from rag.answering.intents.rules import Intent, intent_by_rule

__all__ = ["Intent", "Kind", "Understanding", "intent_by_rule", "understand"]


@dataclass(frozen=True, slots=True)
class Understanding:
    """The meaning of an utterance.

    `question` is the utterance without greetings and courtesies, and `intent` is None for a question to the documents. `by_rule`
    says that the whole utterance was recognised.
    """

    question: str
    intent: Intent | None
    by_rule: bool = True


def understand(utterance: str, encoder: Encoder) -> Understanding:
    """Tells what an utterance asks. An encoder that the classifier was not fitted to leaves it to the rules alone."""
    if intent := intent_by_rule(utterance):
        return Understanding(utterance, intent)
    question = without_courtesy(utterance)
    if intent := intent_by_rule(question):
        return Understanding(question, intent)
    # A question without any cue can only be one to the documents, and need not wait for the encoder.
    if not any(pattern.search(question) for cue, pattern in CUES.items() if cue != "question mark") and len(question) > _SHORT:
        return Understanding(question, None, by_rule=False)
    chances = classifier.probabilities(question, encoder)
    if chances is None:
        return Understanding(question, None, by_rule=False)
    if not _has_kind(question) and len(utterance) <= _SHORT_THANKS and question != utterance:
        # 很有帮助 is left of 谢谢，很有帮助, and is part of the thanks.
        question, chances = utterance, classifier.probabilities(utterance, encoder) or chances
    decided = decide(question, chances)
    intent = _INTENTS.get(decided) if decided else None
    if decided == "courtesy":
        intent = courtesy_of(question)
    return Understanding(question, intent, by_rule=False)


def _has_kind(question: str) -> bool:
    """Returns whether a question has words that ask."""
    return kinds_by_rule(question) != {"fact"} or "?" in question or "？" in question


_SHORT, _SHORT_THANKS = 12, 40
_INTENTS: dict[Kind, Intent] = {
    "summary": "summary",
    "library": "library",
    "wish": "wish",
    "abilities": "abilities",
    "comparison": "comparison",
}
