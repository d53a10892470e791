"""Settings, read from flags, then `YINJU_*` variables, then `yinju.toml`, then defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import platformdirs

from rag.errors import SettingsError

_PREFIX = "YINJU_"
SETTINGS_FILE = "yinju.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Components are given the values that they need, never this object."""

    library: Path = Path(platformdirs.user_data_dir("yinju")) / "library"
    """The folder of the library. It is created when the first document is added."""
    encoder: str = "bundled"
    """A name of `embeddings.catalogue`, the path of a sentence-transformers folder, or a hub name."""
    query_prefix: str = ""
    """Put before each question by an encoder that is not in the catalogue."""
    document_prefix: str = ""
    """Put before each passage by an encoder that is not in the catalogue."""
    chunk_tokens: int = 160
    """The largest chunk, in the encoder's tokens."""
    top_k: int = 10
    """The number of passages that a search returns."""
    max_sentences: int = 4
    """The largest number of sentences that an answer quotes."""
    threshold: float = 0.45
    """The confidence below which a question is refused."""
    generator: str = ""
    """The language model that words the answers: a hub name, a folder, a GGUF file, or the address of an OpenAI-compatible server, or of
    several with the same model, separated by commas; "auto" for the best one on this machine, if there is a good one. When empty,
    answers are the documents' own sentences."""
    generator_model: str = ""
    """The name of the server's model; its only one when empty."""
    generator_key: str = ""
    """The key that a server asks for."""
    generator_timeout: float = 60.0
    """The seconds that a server may take for the next piece of an answer."""
    generator_total_timeout: float = 600.0
    """The seconds that a server may take for a whole answer."""
    max_file_megabytes: int = 20
    """The largest file that is read."""
    max_characters: int = 5_000_000
    """The longest document that is added, in characters. A small file may unpack to more of them than fit into memory."""
    host: str = "127.0.0.1"
    port: int = 7860
    auth: str = ""
    """The users of the chat window: NAME:PASSWORD, several separated by commas, or @FILE with one in each line, which keeps them out
    of the list of processes. When empty, everyone who can reach the window may use it."""
    root_path: str = ""
    """The path that a proxy in front of the chat window puts before every address, such as /yinju, or the whole address outside."""
    allow_host: str = ""
    """The host names under which a proxy offers the chat window or the server, separated by commas. Requests for other names are
    refused."""
    server_port: int = 7861
    """The port of `yinju serve`, which listens on `host` too."""
    api_keys: str = ""
    """Keys of `yinju serve` beside those that `yinju serve --new-key` makes: NAME:ACCESS:KEY, several separated by commas, where ACCESS
    is "read" or "write"."""
    requests_per_minute: int = 600
    """The number of requests that each key may send to `yinju serve` in a minute; 0 for no limit."""
    request_timeout: float = 120.0
    """The seconds that a request to `yinju serve` may take."""

    @classmethod
    def load(
        cls,
        flags: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        file: Path | None = None,
    ) -> Settings:
        """Reads the settings from all of their sources.

        Args:
            flags: Values given by the caller; None means not given.
            environment: The environment variables; `os.environ` when None.
            file: The TOML file; when None, `yinju.toml` of the current folder, which may be missing.

        Raises:
            SettingsError: A key is unknown, a value does not fit, or `file` cannot be read.
        """
        environment = os.environ if environment is None else environment
        values = _read_file(file)
        values |= {
            key: (_PREFIX + key.upper(), value)
            for key, value in (
                (name[len(_PREFIX) :].lower(), value) for name, value in environment.items() if name.startswith(_PREFIX)
            )
        }
        values |= {key: (f"--{key.replace('_', '-')}", value) for key, value in (flags or {}).items() if value is not None}
        kinds = {f.name: type(f.default) for f in fields(cls)}
        for key, (where, _) in values.items():
            if key not in kinds:
                near = difflib.get_close_matches(key, kinds, n=1, cutoff=0.5)
                hint = f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(sorted(kinds))}"
                raise SettingsError(f'unknown setting "{key}" ({where}){hint}')
        return cls(
            **{
                key: _convert(where if where.startswith(("--", _PREFIX)) else f"{key} in {where}", value, kinds[key])
                for key, (where, value) in values.items()
            }
        )

    def __post_init__(self) -> None:
        object.__setattr__(self, "library", Path(self.library).expanduser())
        for name, least, most in (
            ("chunk_tokens", 16, 4096),
            ("top_k", 1, 1000),
            ("max_sentences", 1, 50),
            ("threshold", 0.0, 1.0),
            ("generator_timeout", 0.1, 3600),
            ("generator_total_timeout", 0.1, 86_400),
            ("max_file_megabytes", 1, 4096),
            ("max_characters", 1000, 100_000_000),
            ("port", 1, 65535),
            ("server_port", 1, 65535),
            ("requests_per_minute", 0, 1_000_000),
            ("request_timeout", 0.1, 86_400),
        ):
            if not least <= getattr(self, name) <= most:
                raise SettingsError(f"{name} is {getattr(self, name)}, but must be between {least} and {most}")


DEFAULTS = Settings()


def _read_file(file: Path | None) -> dict[str, tuple[str, Any]]:
    path = file or Path(SETTINGS_FILE)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        if file is None:
            return {}
        raise SettingsError(f"there is no settings file {file}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}".replace("\n", " ")) from error
    return {key: (str(path), value) for key, value in content.items()}


def _convert(where: str, value: Any, kind: type) -> Any:
    wanted = {int: "a whole number", float: "a number"}.get(kind, "text")
    try:
        if isinstance(value, (bool, list, dict)):
            raise ValueError
        if kind is int and isinstance(value, float):
            raise ValueError
        return kind(value) if issubclass(kind, (int, float)) else Path(value) if issubclass(kind, Path) else str(value)
    except (TypeError, ValueError):
        raise SettingsError(f"{where} is {value!r}, but must be {wanted}") from None
