"""Settings: where a value comes from, and what is said of a wrong one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag.errors import SettingsError
from rag.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping


def refusal(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None, file: Path | None = None
) -> str:
    with pytest.raises(SettingsError) as error:
        Settings.load(flags, environment or {}, file)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "yinju.toml"


def test_defaults_hold_where_nothing_is_set(toml: Path) -> None:
    assert Settings.load(environment={}) == DEFAULTS
    assert not toml.exists()


def test_flags_come_before_variables_before_the_file_before_defaults(toml: Path) -> None:
    toml.write_text('top_k = 3\nport = 3\nthreshold = 0.3\nhost = "file"\n')
    environment = {"YINJU_TOP_K": "4", "YINJU_PORT": "4", "YINJU_THRESHOLD": "0.4", "OTHER_HOST": "x", "PATH": "/bin"}
    settings = Settings.load({"top_k": 5, "port": 5, "encoder": None}, environment)
    assert (settings.top_k, settings.port) == (5, 5)
    assert settings.threshold == 0.4
    assert settings.host == "file"
    assert settings.encoder == DEFAULTS.encoder


def test_the_environment_of_the_process_is_read(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINJU_MAX_SENTENCES", "7")
    assert Settings.load().max_sentences == 7


def test_values_have_their_kinds(toml: Path) -> None:
    toml.write_bytes('\ufefflibrary = "资料/库"\nthreshold = 1\nencoder = "名"\n'.encode())
    settings = Settings.load(environment={"YINJU_LIBRARY": "~/library", "YINJU_CHUNK_TOKENS": " 64 "})
    assert settings.library == Path.home() / "library"
    assert settings.chunk_tokens == 64
    assert isinstance(settings.threshold, float)
    assert settings.encoder == "名"
    assert Settings.load(environment={}).library == Path("资料/库")
    assert Settings.load({"library": Path("x")}, {}).library == Path("x")


def test_a_named_file_is_read_and_must_be_there(toml: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    toml.write_text("top_k = 3")
    other.write_text("top_k = 8")
    assert Settings.load(environment={}, file=other).top_k == 8
    missing = tmp_path / "none.toml"
    assert refusal(file=missing) == f"there is no settings file {missing}"


def test_an_unknown_key_is_named_with_the_nearest(toml: Path) -> None:
    assert refusal({"topk": 3}) == 'unknown setting "topk" (--topk); did you mean "top_k"?'
    assert (
        refusal(environment={"YINJU_TRESHOLD": "1"}) == 'unknown setting "treshold" (YINJU_TRESHOLD); did you mean "threshold"?'
    )
    toml.write_text("chunk_token = 3")
    assert refusal() == 'unknown setting "chunk_token" (yinju.toml); did you mean "chunk_tokens"?'
    toml.write_text("zzz = 3")
    assert "; known: allow_host, api_keys, auth, chunk_tokens, " in refusal()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"top_k": "many"}, "--top-k is 'many', but must be a whole number"),
        ({"top_k": 2.5}, "--top-k is 2.5, but must be a whole number"),
        ({"port": True}, "--port is True, but must be a whole number"),
        ({"threshold": "high"}, "--threshold is 'high', but must be a number"),
        ({"host": ["a"]}, "--host is ['a'], but must be text"),
        ({"top_k": 0}, "top_k is 0, but must be between 1 and 1000"),
        ({"threshold": 1.01}, "threshold is 1.01, but must be between 0.0 and 1.0"),
        ({"threshold": "nan"}, "threshold is nan, but must be between 0.0 and 1.0"),
        ({"port": 70000}, "port is 70000, but must be between 1 and 65535"),
        ({"chunk_tokens": 8}, "chunk_tokens is 8, but must be between 16 and 4096"),
        ({"max_sentences": -1}, "max_sentences is -1, but must be between 1 and 50"),
        ({"max_file_megabytes": 0}, "max_file_megabytes is 0, but must be between 1 and 4096"),
    ],
)
def test_bad_values_are_named(toml: Path, flags: dict[str, Any], message: str) -> None:
    assert refusal(flags) == message


def test_bad_values_name_where_they_stand(toml: Path) -> None:
    assert refusal(environment={"YINJU_PORT": "x"}) == "YINJU_PORT is 'x', but must be a whole number"
    toml.write_text("[top_k]\nvalue = 3")
    assert "{'value': 3}, but must be a whole number" in refusal()


def test_bad_values_of_the_file_name_their_key(toml: Path) -> None:
    toml.write_text('port = "x"')
    assert "port" in refusal()


@pytest.mark.parametrize("content", [b"top_k = ", b"top_k = 3\ntop_k = 4", b"\xff\xfe", b"a = [1,\n2"])
def test_files_that_are_no_toml_are_refused(toml: Path, content: bytes) -> None:
    toml.write_bytes(content)
    assert refusal().startswith("cannot read yinju.toml: ")


def test_a_folder_in_place_of_the_file_is_refused(toml: Path) -> None:
    toml.mkdir()
    assert refusal().startswith("cannot read yinju.toml: ")


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        DEFAULTS.top_k = 3  # type: ignore[misc]
    assert Settings() == DEFAULTS
    assert Settings(top_k=3).top_k == 3
    with pytest.raises(SettingsError):
        Settings(top_k=0)
