"""The routes of the HTTP server: OpenAI's API under /v1, and Yinju's own under /api."""
