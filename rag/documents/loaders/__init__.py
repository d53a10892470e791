"""Reads files of any kind as documents. One module a format; a loader names the endings it reads, and the content decides.

`Loader` and `Container` are the protocols for formats of your own, which a package offers by the entry point group
`yinju.loaders`; `decode` and `rows_as_lines` are there for them to use.
"""

from rag.documents.loaders.any_file import LOADERS, limited, load, read, source_of, suffixes
from rag.documents.loaders.base import Container, Failure, Loader, document_id, printable
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.finding import find_files, require_files
from rag.documents.loaders.table_rows import rows_as_lines

__all__ = [
    "LOADERS",
    "Container",
    "Failure",
    "Loader",
    "decode",
    "document_id",
    "find_files",
    "limited",
    "load",
    "printable",
    "read",
    "require_files",
    "rows_as_lines",
    "source_of",
    "suffixes",
]
