"""The results of a run as tables for the terminal and as HTML."""

from pathlib import Path

STYLE = Path(__file__).with_name("report.css")
"""The style sheet of `sections`, for an element with the id "evaluation" that defines the colours."""
