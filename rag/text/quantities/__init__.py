"""Numbers, dates, money and measures: found in Chinese and English, and rendered in either, exactly and by rule.

`lexicon` contains the words, `patterns` the grammar, `parsing` and `ranges` read, `rendering` writes.
"""

from rag.text.quantities.parsing import find
from rag.text.quantities.patterns import BARE_YEAR
from rag.text.quantities.quantity import Date, Quantity
from rag.text.quantities.rendering import render

__all__ = ["BARE_YEAR", "Date", "Quantity", "find", "render"]
