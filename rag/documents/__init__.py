"""From files to cleaned documents with metadata, and to chunks. Nothing here uses a database or an encoder."""
