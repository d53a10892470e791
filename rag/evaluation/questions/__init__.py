"""Question sets: their formats, and drafts of questions for a person to correct."""
