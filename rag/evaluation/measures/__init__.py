"""Measures of retrieval, answers, citations and refusals, and how sure they are."""
