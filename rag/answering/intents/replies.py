"""Replies that need no document: to greetings, thanks and farewells, and to questions about Yinju."""

from __future__ import annotations

from rag.answering.intents.rules import Intent
from rag.texts import REPLIES
from rag.types import Language


def reply(intent: Intent, language: Language) -> str:
    """Returns the reply to an utterance of an intent that needs no document, or the question back for a comparison without titles."""
    return REPLIES[intent].in_language(language)
