"""Answers calculated over whole tables of a document.

`answers` puts the steps together. `planning` turns a question into one of the `plans`, with the rules of `mentions` (cells and
columns), `conditions` (dates and numbers) and `operations` over a `drafts.Draft`. `calculation` carries the plan out, and `wording`
writes the result.
"""
