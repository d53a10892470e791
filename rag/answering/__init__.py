"""Questions to answers: intents, follow-ups, retrieval, reading, composing and citing."""
