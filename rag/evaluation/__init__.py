"""A fixed question set, asked through the same pipeline as the chat, and what came of it."""
