"""Asks a fixed question set through the pipeline of the chat, and measures the answers."""
