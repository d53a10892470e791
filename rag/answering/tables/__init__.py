"""Answers worked out over whole tables."""
