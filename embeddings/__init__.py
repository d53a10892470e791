"""Encoders, the reader, the catalogue of models, and the vector index: they know texts and vectors, but not documents."""
