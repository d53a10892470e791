"""Language models found on this machine: on servers, in the hub's cache, in files; and the one that "auto" takes."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from openai_server import OpenAIServer

from rag.errors import GeneratorError
from rag.language_models import finding, hub_generator, known_models
from rag.language_models.finding import FoundModel
from rag.language_models.generators import Message
from rag.language_models.hub_generator import TransformersGenerator, download_size
from rag.language_models.server_generator import OpenAIGenerator


def port_of(server: OpenAIServer) -> int:
    return int(server.server_address[1])


def of_server(title: str) -> FoundModel:
    return FoundModel("http://127.0.0.1:1/v1", title, title, "server")


def of_file(title: str) -> FoundModel:
    return FoundModel(f"/{title}", "", title, "file")


def test_the_models_of_a_server_are_listed_but_not_its_encoders() -> None:
    with OpenAIServer(models=("qwen3:4b", "nomic-embed-text", "own")) as server:
        found = finding.on_servers({"vLLM": port_of(server)})
        address = f"http://127.0.0.1:{port_of(server)}/v1"
    assert found == [FoundModel(address, name, name, "server") for name in ("qwen3:4b", "own")]
    assert server.requests == []


@pytest.mark.parametrize("behaviour", ["names models by numbers", "never ends a list of models"])
def test_a_server_that_answers_something_else_has_no_models(behaviour) -> None:
    with OpenAIServer(behaviour=behaviour) as server:
        assert finding.on_servers({"LM Studio": port_of(server)}) == []


def test_a_port_without_a_server_has_no_models() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert finding.on_servers({"vLLM": taken.getsockname()[1]}) == []


def test_a_name_that_would_break_a_line_is_passed_over() -> None:
    with OpenAIServer(models=("a\nb", "", "x" * 201, "good")) as server:
        assert [model.title for model in finding.on_servers({"vLLM": port_of(server)})] == ["good"]


def test_files_of_lm_studio_and_ollama_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_MODELS", raising=False)
    folder = tmp_path / ".lmstudio/models/lab"
    folder.mkdir(parents=True)
    for name in ("Qwen3-4B-Q4_K_M.gguf", "mmproj-x.gguf", "big-00001-of-00002.gguf", "notes.txt"):
        (folder / name).write_bytes(b"GGUF1")
    blobs = tmp_path / ".ollama/models/blobs"
    blobs.mkdir(parents=True)
    (blobs / "sha256-ab").write_bytes(b"GGUF12")
    tags = tmp_path / ".ollama/models/manifests/a.registry/library/qwen2.5"
    tags.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:ab"}
    (tags / "1.5b").write_text(json.dumps({"layers": [{"mediaType": "text", "digest": "sha256:cd"}, layer]}))
    (tags / "broken").write_text("{")
    (tags / "outside").write_text(json.dumps({"layers": [layer | {"digest": "../blobs/sha256-ab"}]}))
    assert finding.in_files(tmp_path) == [
        FoundModel(str(folder / "Qwen3-4B-Q4_K_M.gguf"), "", "Qwen3-4B-Q4_K_M.gguf", "file", 5),
        FoundModel(str(blobs / "sha256-ab"), "", "qwen2.5:1.5b", "file", 6),
    ]


def test_a_file_is_known_as_gguf_by_its_beginning(tmp_path: Path) -> None:
    blob = tmp_path / "sha256-ab"
    blob.write_bytes(b"GGUF1")
    assert download_size(str(blob)) == 0


@pytest.mark.parametrize(
    ("name", "licence", "languages", "parameters"),
    [
        ("Qwen/Qwen3-4B-Instruct-2507", "Apache-2.0", ("zh", "en"), 4e9),
        ("qwen2.5:3b", "Qwen licence", ("zh", "en"), 3e9),
        ("Qwen2.5-Coder-0.5B-Instruct", "Apache-2.0", ("zh", "en"), 0.5e9),
        ("gemma-3-270m-it-Q4_K_M.gguf", "Gemma terms", ("en",), 270e6),
        ("Qwen3-30B-A3B", "Apache-2.0", ("zh", "en"), 30e9),
    ],
)
def test_what_a_name_tells(name: str, licence: str, languages: tuple[str, ...], parameters: float) -> None:
    model = of_file(name)
    assert (model.licence, model.languages, known_models.parameters(name)) == (licence, languages, parameters)


def test_a_model_is_described_in_one_line() -> None:
    assert FoundModel("x", "", "qwen3:4b", "file", 2_500_000_000).described() == "qwen3:4b (2,500 MB, Apache-2.0, zh and en)"
    assert of_file("own").described() == "own (licence unknown, languages unknown)"


def test_the_best_is_a_servers_then_the_largest_that_fits() -> None:
    small, large, huge = of_file("Qwen3-1.7B.gguf"), of_file("Qwen3-4B.gguf"), of_file("Qwen3-14B.gguf")
    assert finding.best([small, large, huge], memory=64e9) == large
    assert finding.best([small, large, huge], memory=16e9) == small
    assert finding.best([large, of_server("qwen2.5:1.5b"), of_server("qwen3:14b")], memory=64e9) == of_server("qwen3:14b")


def test_no_model_is_taken_that_is_not_known_to_be_good() -> None:
    assert finding.best([of_server("own"), of_server("llama3.2:3b"), of_file("Qwen2.5-0.5B.gguf")], memory=64e9) is None


def test_auto_takes_the_best_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [of_file("Qwen3-4B.gguf"), of_server("qwen3:4b")]
    monkeypatch.setattr(finding, "models", lambda: found)
    taken = finding.chosen("auto", "", "secret", 1, 2)
    assert isinstance(taken, OpenAIGenerator)
    assert taken.name == "qwen3:4b"
    assert taken._api_key == ""
    found.clear()
    assert finding.chosen("auto", "", "", 1, 2) is None
    assert finding.chosen("", "", "", 1, 2) is None
    assert isinstance(finding.chosen("a/b", "", "", 1, 2), TransformersGenerator)


def test_a_gguf_file_without_its_packages_says_how_to_install_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(b"GGUF1")
    monkeypatch.setattr(hub_generator, "find_spec", lambda name: None)
    with pytest.raises(GeneratorError, match=r"install them with: pip install 'yinju\[gguf\]'"):
        TransformersGenerator(str(file)).fits([Message("user", "Q?")])
