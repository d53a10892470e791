"""Serves answers, searches and documents to programs: HTTP with OpenAI's API, and the Model Context Protocol."""
