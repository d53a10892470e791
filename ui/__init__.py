"""The chat window: renders answers, decides nothing."""
