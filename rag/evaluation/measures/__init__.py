"""Measures of retrieval, answers, citations and refusals, with their significance."""
