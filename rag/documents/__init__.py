"""Files to cleaned, described and chunked documents, without a database or an encoder."""
