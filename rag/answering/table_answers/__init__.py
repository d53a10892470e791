"""Answers over whole tables of a document: single cells, and values calculated from many.

`answers` puts the steps together. `planning` turns a question into one of the `plans`, with the rules of `mentions` (cells and
columns), `conditions` (dates and numbers), `comparisons`, `operations` and `lookups` over a `drafts.Draft`; `elsewhere` recognises questions
that no table answers, and `unplanned` those that no single row can answer. `calculation` carries the plan out, and `wording` writes
the result.
"""
