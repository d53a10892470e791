"""The chat window. It renders answers and decides nothing."""
