"""Conditions: what a question names that the answer must be about, and whether a sentence meets it.

A reader finds the sentence that is most like an answer, and a sentence about 2023 is very like one about 2024. So the years,
dates, ordinals, codes, ranks, places and names of the question are compared with the sentence in its context: the headings above
it, its title and date, and the text before it. A condition is unmet when the sentence names another member of the same kind in its
place (第二期 and 首期), or when the document does not contain the name at all. What cannot be compared counts as met.
"""

from rag.answering.conditions.condition import Condition
from rag.answering.conditions.judging import Conditions, Judged

__all__ = ["Condition", "Conditions", "Judged"]
