"""Text in, vectors out: encoders, the catalogue of models, and the vector index."""
