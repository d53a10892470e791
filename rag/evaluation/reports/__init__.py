"""The results of a run as tables for the terminal and as HTML."""
