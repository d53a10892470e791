"""The keys of programs: random, stored as salted hashes, each for reading only or for writing too."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Literal, cast, get_args

from rag import private
from rag.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

Access = Literal["read", "write"]

_NAME = re.compile(r"[\w.@-]{1,60}")
_SALT, _DIGEST = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{64}")
_MIN_LENGTH = 20
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """A stored key: whose it is, what it allows, and the hash of the salt and the key itself.

    Keys are too long to be guessed, so that a fast hash protects them as well as a slow one.
    """

    name: str
    access: Access
    salt: str
    digest: str

    @classmethod
    def of(cls, name: str, access: Access, secret: str) -> Key:
        """Returns what to store of a key."""
        salt = secrets.token_hex(16)
        return cls(name, access, salt, _digest(salt, secret))

    def matches(self, secret: str) -> bool:
        """Tells whether this is the key, in the same time for every wrong one."""
        return hmac.compare_digest(self.digest, _digest(self.salt, secret))


class Keys:
    """The keys of a file, which is read again when it changes, and those of a setting. Thread-safe."""

    def __init__(self, file: Path, given: str = "") -> None:
        """Reads both.

        Args:
            file: Lines of NAME:ACCESS:SALT:HASH, which `add` writes. It may be missing.
            given: NAME:ACCESS:KEY, several separated by commas, where ACCESS is "read" or "write".

        Raises:
            SettingsError: The file cannot be read, or a key is not written so.
        """
        self._file = file
        self._given = [_given(text.strip()) for text in given.split(",") if text.strip()]
        self._lock = Lock()
        self._state: tuple[int, int] | None = None
        self._stored: list[Key] = []
        self._read()

    def __bool__(self) -> bool:
        """Tells whether there are any keys."""
        return bool(self._all())

    def find(self, secret: str) -> Key | None:
        """Returns what a key allows; None for an unknown one. The keys of a file that can no longer be read are unknown."""
        found = [key for key in self._all() if key.matches(secret)]
        return found[0] if found else None

    def add(self, name: str, access: Access = "write") -> str:
        """Makes a key, stores its hash, and returns the key itself, which is stored nowhere.

        Raises:
            SettingsError: The name is taken or not valid, or the file cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise SettingsError(f'"{name}" cannot name a key; use 1 to 60 letters, digits and . _ @ -')
        with self._lock:
            self._read()
            if any(key.name == name for key in (*self._stored, *self._given)):
                raise SettingsError(f'there is a key called "{name}" already; remove it first or use another name')
            secret = f"yinju_{secrets.token_urlsafe(_RANDOM_BYTES)}"
            self._write([*self._stored, Key.of(name, access, secret)])
        return secret

    def remove(self, name: str) -> None:
        """Removes a key from the file. A running server refuses it from then on.

        Raises:
            SettingsError: The file has no key of that name, or cannot be written.
        """
        with self._lock:
            self._read()
            left = [key for key in self._stored if key.name != name]
            if len(left) == len(self._stored):
                names = ", ".join(key.name for key in self._stored)
                raise SettingsError(f'{self._file} has no key called "{name}"' + (f"; it has {names}" if names else ""))
            self._write(left)

    def _all(self) -> list[Key]:
        with self._lock:
            try:
                self._read()
            except SettingsError:
                self._state, self._stored = None, []
            return [*self._given, *self._stored]

    def _read(self) -> None:
        """Reads the file if it has changed."""
        try:
            status = self._file.stat()
            if self._state == (state := (status.st_mtime_ns, status.st_size)):
                return
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            self._state, self._stored = None, []
            return
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"cannot read the keys in {self._file}: {error}") from error
        self._stored = [self._parsed(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        self._state = state

    def _parsed(self, number: int, line: str) -> Key:
        parts = line.strip().split(":")
        valid = len(parts) == 4 and _NAME.fullmatch(parts[0]) and parts[1] in get_args(Access)
        if not (valid and _SALT.fullmatch(parts[2]) and _DIGEST.fullmatch(parts[3])):
            raise SettingsError(
                f"line {number} of {self._file} is not a key; remove it, and make one with yinju serve --new-key NAME"
            )
        return Key(parts[0], cast(Access, parts[1]), parts[2], parts[3])

    def _write(self, keys: list[Key]) -> None:
        new = self._file.with_name(f"{self._file.name}.new")
        try:
            private.make_folder(self._file.parent)
            with suppress(FileNotFoundError):
                new.unlink()
            private.make_file(new)
            new.write_text("".join(f"{key.name}:{key.access}:{key.salt}:{key.digest}\n" for key in keys), encoding="utf-8")
            os.replace(new, self._file)
        except OSError as error:
            raise SettingsError(f"cannot write the keys to {self._file}: {error.strerror}") from error
        self._state = None
        self._read()


def _given(text: str) -> Key:
    name, _, rest = text.partition(":")
    access, _, secret = rest.partition(":")
    if not _NAME.fullmatch(name) or access not in get_args(Access):
        raise SettingsError("api_keys must be NAME:ACCESS:KEY, several separated by commas, where ACCESS is read or write")
    if len(secret) < _MIN_LENGTH:
        raise SettingsError(f'the key of "{name}" in api_keys has less than {_MIN_LENGTH} characters and could be guessed')
    return Key.of(name, cast(Access, access), secret)


def _digest(salt: str, secret: str) -> str:
    return hashlib.sha256(f"{salt}:{secret}".encode("utf-8", "surrogateescape")).hexdigest()
