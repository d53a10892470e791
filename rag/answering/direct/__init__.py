"""Answers that rules find in the documents without the reader, or by asking it for each of two things."""
