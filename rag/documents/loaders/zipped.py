"""ZIP files, as they come from anyone: nothing of them is written to disk, and none grows beyond bounds in memory."""

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

_MOST_MEMBERS = 20_000
MOST_UNPACKED = 400_000_000
# Text is packed to a tenth and tables to a fiftieth; what is packed closer is made to fill the memory.
_MOST_RATIO = 200
_SMALL = 1_000_000
# The others unpack whatever a piece of the file holds before they can be stopped: some hundred bytes of bzip2 hold gigabytes.
BOUNDED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IN_UTF8 = 0x800
_ENCRYPTED = 0x1
# What the standard library raises of files that are damaged.
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

    Names are as they can be shown: with `/` between folders, without what leads out of the archive. Of several members of
    one name the last counts, which is the one that unpacking would leave.
    """

    def __init__(self, data: bytes, source: str, most_unpacked: int = MOST_UNPACKED) -> None:
        """Reads the list of members.

        Args:
            data: The whole file.
            source: What errors call it.
            most_unpacked: How many bytes all members together may say they take.

        Raises:
            LoadError: The file is damaged, or holds more than could be meant.
        """
        self._source = source
        if data.count(b"PK\x01\x02") > _MOST_MEMBERS:
            raise LoadError(f"{source}: the archive holds more than {_MOST_MEMBERS} files; split it")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (*_DAMAGED, NotImplementedError, RuntimeError) as error:
            raise LoadError(f"{source}: the ZIP file is damaged or cut short; get it anew") from error
        self._members = {
            name: info
            for info in self._archive.infolist()
            if not info.orig_filename.endswith("/") and not stat.S_ISLNK(info.external_attr >> 16) and (name := _name(info))
        }
        self.unpacked = sum(info.file_size for info in self._members.values())
        if self.unpacked > most_unpacked:
            raise LoadError(
                f"{source}: unpacked, {self.unpacked / 1e6:.0f} MB is more than the limit of {MOST_UNPACKED / 1e6:.0f} MB "
                "for all that an archive holds; split it"
            )

    def __iter__(self) -> Iterator[str]:
        """The names of the members, in the order of the archive, without folders and links."""
        return iter(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str, max_bytes: int) -> bytes:
        """The bytes of a member, checked against its checksum.

        Raises:
            LoadError: There is none, it is encrypted, damaged, larger than `max_bytes`, or packed closer than files are.
        """
        info = self._members.get(name)
        place = SourceId(self._source).member(name)
        if info is None:
            raise LoadError(f"{place}: the archive does not hold this file")
        if info.flag_bits & _ENCRYPTED:
            raise LoadError(f"{place}: this is encrypted; unpack it with its password first")
        if info.file_size > max_bytes:
            raise LoadError(
                f"{place}: {info.file_size / 1e6:.1f} MB is more than the limit of {max_bytes / 1e6:.1f} MB; "
                "split the file or raise max_file_megabytes"
            )
        if info.file_size > max(_SMALL, _MOST_RATIO * info.compress_size):
            raise LoadError(f"{place}: this is packed closer than {_MOST_RATIO} to 1, as only harmful files are")
        if info.compress_type not in BOUNDED_METHODS:
            raise LoadError(f"{place}: this is packed in a way that cannot be unpacked here; pack it as ZIP anew")
        try:
            # What is declared is not believed: no more than that is unpacked, and the checksum must be that of it.
            with self._archive.open(info) as opened:
                return opened.read(info.file_size + 1)
        except (*_DAMAGED, NotImplementedError, RuntimeError) as error:
            raise LoadError(f"{place}: this is damaged in the archive; get it anew") from error


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a member; of archives that do not say its encoding, as Chinese Windows makes them, in UTF-8 or GB18030."""
    name = info.orig_filename
    if not info.flag_bits & _IN_UTF8:
        raw = name.encode("cp437", "replace")
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.decode("gb18030", "replace")
    parts = [part for part in re.split(r"[\\/]", printable(name)) if part.strip() not in ("", ".", "..")]
    return "/".join(parts)
