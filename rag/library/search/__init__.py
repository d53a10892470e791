"""Searching a library: the vector index, the lexical index, and the fusion of both."""
