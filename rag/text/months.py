"""The English names of the months, in full and abbreviated."""

from __future__ import annotations

MONTHS = tuple("January February March April May June July August September October November December".split())

MONTH = f"(?:{'|'.join(MONTHS)})"
"""A pattern for a month's name in full."""

ABBREVIATED_MONTH = "(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
"""A pattern for an abbreviated name, without the full stop after it. May has none."""

MONTH_NUMBERS = {name[:length].lower(): number for number, name in enumerate(MONTHS, 1) for length in (3, len(name))} | {
    "sept": 9
}
"""Each month's number, from 1, by its name or abbreviation in lower case."""
