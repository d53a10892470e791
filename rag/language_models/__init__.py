"""Answers worded by a language model: generators, prompts, and the check of every generated sentence."""
