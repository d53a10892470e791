"""Decides from the probabilities of the classifier whether an utterance is something other than a question to the documents."""

from __future__ import annotations

from collections.abc import Mapping

from rag.answering.intents.features import CUES, Kind, other_words

# A question to the documents must hardly ever be taken for something else. So a kind needs a probability above the first number and one
# of its cues, or a probability above `_SURE`; and the utterance has at most so many words beside cues and grammar.
_SURE = 0.93
_CONDITIONS: dict[Kind, tuple[float, tuple[str, ...], int]] = {
    "summary": (0.5, ("summary", "says what", "this document"), 14),
    "library": (0.5, ("document", "library", "metadata", "new", "in a language"), 14),
    "wish": (0.6, ("wish", "translate", "in a language", "summary"), 8),
    "courtesy": (0.8, ("courtesy", "you"), 8),
    "abilities": (0.6, ("you",), 6),
    "comparison": (0.5, ("compare",), 30),
}


def decide(question: str, chances: Mapping[Kind, float]) -> Kind | None:
    """Returns the kind of an utterance that is not a plain question to the documents, else None.

    Args:
        question: The utterance.
        chances: The probability of each kind, by `rag.answering.intents.classifier.probabilities`.
    """
    kind = max(_CONDITIONS, key=lambda kind: chances[kind])
    least, cues, most_words = _CONDITIONS[kind]
    if chances[kind] < least or other_words(question) > most_words:
        return None
    return kind if chances[kind] >= _SURE or any(CUES[cue].search(question) for cue in cues) else None
