"""The library: documents and chunks in SQLite, and the vector and lexical indexes derived from it."""
