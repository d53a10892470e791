"""Reads ZIP files from untrusted sources: nothing is written to disk, and the memory is limited."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING

from rag.documents.loaders.base import printable
from rag.documents.source_id import SourceId
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_MEMBERS = 20_000
MAX_UNPACKED = 400_000_000
# Text is packed to a tenth and tables to a fiftieth. Files that are packed much closer are made to fill the memory.
_MAX_RATIO = 200
_SMALL = 1_000_000
# The other methods cannot be stopped while they unpack a block: some hundred bytes of bzip2 unpack to gigabytes.
BOUNDED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IN_UTF8 = 0x800
_ENCRYPTED = 0x1
# The errors that the standard library raises for damaged files.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    IndexError,
)


class ZipReader:
    """The members of a ZIP file by their names.

    Names are safe to show, with `/` between folders and without parts that lead out of the archive. If several members have the
    same name, the last one is read, as in unpacking.
    """

    def __init__(self, data: bytes, source: str, most_unpacked: int = MAX_UNPACKED) -> None:
        """Reads the list of members.

        Args:
            data: The whole file.
            source: The name of the file in errors.
            most_unpacked: The largest sum of the sizes that the members declare, in bytes.

        Raises:
            LoadError: The file is damaged, or contains too much.
        """
        self._source = source
        if data.count(b"PK\x01\x02") > _MAX_MEMBERS:
            raise LoadError(f"{source}: the archive contains more than {_MAX_MEMBERS} files; split it")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (*_DAMAGED, NotImplementedError, RuntimeError) as error:
            raise LoadError(f"{source}: the ZIP file is damaged or cut short; get it again") from error
        self._members = {
            name: info
            for info in self._archive.infolist()
            if not info.orig_filename.endswith("/") and not stat.S_ISLNK(info.external_attr >> 16) and (name := _name(info))
        }
        self.unpacked = sum(info.file_size for info in self._members.values())
        if self.unpacked > most_unpacked:
            raise LoadError(
                f"{source}: unpacked, {self.unpacked / 1e6:.0f} MB is more than the limit of {MAX_UNPACKED / 1e6:.0f} MB "
                "for everything in an archive; split it"
            )

    def __iter__(self) -> Iterator[str]:
        """Yields the names of the members in the order of the archive, without folders and links."""
        return iter(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str, max_bytes: int) -> bytes:
        """Unpacks a member and compares it with its checksum.

        Raises:
            LoadError: There is no such member, or it is encrypted, damaged, larger than `max_bytes`, or suspiciously well packed.
        """
        info = self._members.get(name)
        place = SourceId(self._source).member(name)
        if info is None:
            raise LoadError(f"{place}: the archive does not contain this file")
        if info.flag_bits & _ENCRYPTED:
            raise LoadError(f"{place}: this is encrypted; unpack it with its password first")
        if info.file_size > max_bytes:
            raise LoadError(
                f"{place}: {info.file_size / 1e6:.1f} MB is more than the limit of {max_bytes / 1e6:.1f} MB; "
                "split the file or raise max_file_megabytes"
            )
        if info.file_size > max(_SMALL, _MAX_RATIO * info.compress_size):
            raise LoadError(f"{place}: this is packed closer than {_MAX_RATIO} to 1, as only harmful files are")
        if info.compress_type not in BOUNDED_METHODS:
            raise LoadError(f"{place}: this is packed in a way that cannot be unpacked here; pack it as a ZIP file again")
        try:
            # Reads no more than the declared size; the standard library then compares the checksum.
            with self._archive.open(info) as opened:
                return opened.read(info.file_size + 1)
        except (*_DAMAGED, NotImplementedError, RuntimeError) as error:
            raise LoadError(f"{place}: this is damaged in the archive; get it again") from error


def _name(info: zipfile.ZipInfo) -> str:
    """Returns the name of a member. Without a declared encoding, as on Chinese Windows, it is UTF-8 or GB18030."""
    name = info.orig_filename
    if not info.flag_bits & _IN_UTF8:
        raw = name.encode("cp437", "replace")
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.decode("gb18030", "replace")
    parts = [part for part in re.split(r"[\\/]", printable(name)) if part.strip() not in ("", ".", "..")]
    return "/".join(parts)
