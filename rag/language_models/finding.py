"""Finds the language models of this machine: those of running servers, the hub's cache and GGUF files.

Only the loopback interface is asked, and only when a caller looks for servers.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from rag.language_models import generators, known_models
from rag.language_models.generators import Generator
from rag.text.lines import one_line
from rag.types import Language

AUTO = "auto"
"""The name that stands for the best model that is here."""
PORTS: Mapping[str, int] = MappingProxyType({"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000})
"""The usual ports of servers."""
_SECONDS = 1.0
_MAX_ANSWER = 1_000_000
_MAX_MODELS = 200
_MAX_NAME = 200
# Smaller ones add to what they are shown; larger ones are too slow without a server of their own.
_LEAST_PARAMETERS, _MOST_PARAMETERS = 1e9, 4e9
_BYTES_OF_PARAMETER = 4
_SMALL_MEMORY = 8e9
_OLLAMA_MODEL = "application/vnd.ollama.image.model"


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A language model of this machine.

    `name` is what `Settings.generator` takes, and `model` the name of a server's model. `title` names it for people. `size` is in
    bytes, 0 if unknown; `licence` and `languages` are empty if unknown.
    """

    name: str
    model: str
    title: str
    place: Literal["server", "hub", "file"]
    size: int = 0

    @property
    def licence(self) -> str:
        """The licence of its makers."""
        known = known_models.family(self.title)
        return known.licence if known else ""

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that it writes well."""
        known = known_models.family(self.title)
        return known.languages if known else ()

    def described(self) -> str:
        """Describes the model in one line: its title, then what is known of it."""
        size = f"{self.size / 1e6:,.0f} MB" if self.size else ""
        licence = self.licence or "licence unknown"
        languages = " and ".join(self.languages) or "languages unknown"
        facts = ", ".join(fact for fact in (size, licence, languages) if fact)
        return f"{self.title} ({facts})"


def models(ports: Mapping[str, int] = PORTS) -> list[FoundModel]:
    """Lists the language models of this machine: of servers, then the hub's cache, then GGUF files."""
    return [*on_servers(ports), *in_hub_cache(), *in_files()]


def best(found: Sequence[FoundModel], memory: float | None = None) -> FoundModel | None:
    """Returns the best model for both languages; None if none is known to be good enough.

    A server's model comes before one that this program must load, and a larger one before a smaller one. A model that would be
    loaded must fit into half of the memory.

    Args:
        found: The models to choose from.
        memory: The bytes of memory; this machine's when None.
    """
    memory = _memory() if memory is None else memory

    def is_good(model: FoundModel) -> bool:
        size = known_models.parameters(model.title)
        if set(model.languages) != {"zh", "en"} or size < _LEAST_PARAMETERS:
            return False
        return model.place == "server" or size <= min(_MOST_PARAMETERS, memory / 2 / _BYTES_OF_PARAMETER)

    good = [model for model in found if is_good(model)]
    return max(good, key=lambda model: (model.place == "server", known_models.parameters(model.title)), default=None)


def _memory() -> float:
    """Returns the bytes of this machine's memory; a small machine's where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _SMALL_MEMORY


def chosen(name: str, model: str, api_key: str, timeout: float, total_timeout: float) -> Generator | None:
    """Returns the language model of a setting; None if there is none, or if it is "auto" and no good one is here.

    Args:
        name: "", "auto", or as for `generators.generator`, like the others.
        model: See `generators.generator`.
        api_key: See `generators.generator`.
        timeout: See `generators.generator`.
        total_timeout: See `generators.generator`.
    """
    if name == AUTO:
        found = best(models())
        name, model, api_key = (found.name, found.model, "") if found else ("", "", "")
    return generators.generator(name, model, api_key, timeout, total_timeout) if name else None


def on_servers(ports: Mapping[str, int] = PORTS) -> list[FoundModel]:
    """Asks the servers of this machine for their models; a port where none answers within a second has none."""
    if not ports:
        return []
    with ThreadPoolExecutor(len(ports)) as pool:
        return [model for found in pool.map(_of_server, ports, ports.values()) for model in found]


def _of_server(server: str, port: int) -> list[FoundModel]:
    address = f"http://127.0.0.1:{port}/v1"
    sizes = (
        {name: entry.get("size") for name, entry in _listed(port, "/api/tags", "models", "name")} if server == "Ollama" else {}
    )
    found = []
    for name, _ in _listed(port, "/v1/models", "data", "id"):
        size = sizes.get(name)
        if known_models.writes(name):
            found.append(FoundModel(address, name, name, "server", size if isinstance(size, int) and size > 0 else 0))
    return found


def _listed(port: int, path: str, key: str, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Asks a port for a list of models; returns their names and entries. What answers may be anything."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        content = json.loads(response.read(_MAX_ANSWER)) if response.status == http.HTTPStatus.OK else {}
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return []
    finally:
        connection.close()
    entries = content.get(key) if isinstance(content, dict) else None
    entries = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [(entry[name], entry) for entry in entries if _is_name(entry.get(name))][:_MAX_MODELS]


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _MAX_NAME and name == one_line(name) and name.isprintable()


def in_hub_cache() -> list[FoundModel]:
    """Lists the causal language models in the cache of the Hugging Face hub."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except (CacheNotFound, OSError, ValueError):
        return []
    found = []
    for repository in sorted(repositories, key=lambda each: each.repo_id):
        if repository.repo_type != "model":
            continue
        files = {file.file_name: file.file_path for revision in repository.revisions for file in revision.files}
        if any(name.endswith(".safetensors") for name in files) and _is_causal(files.get("config.json")):
            found.append(FoundModel(repository.repo_id, "", repository.repo_id, "hub", repository.size_on_disk))
        ggufs = [file for name, file in files.items() if _is_whole_gguf(name)]
        found += [FoundModel(str(file), "", file.name, "file", file.stat().st_size) for file in sorted(ggufs)]
    return found


def _is_causal(config: Path | None) -> bool:
    try:
        content = json.loads(config.read_text(encoding="utf-8")) if config else {}
    except (OSError, ValueError):
        return False
    architectures = content.get("architectures") if isinstance(content, dict) else None
    return isinstance(architectures, list) and any(str(name).endswith("ForCausalLM") for name in architectures)


def in_files(home: Path | None = None) -> list[FoundModel]:
    """Lists the GGUF files of LM Studio, llama.cpp and Ollama.

    Args:
        home: The user's home folder; the real one when None.
    """
    home = home or Path.home()
    folders = [home / ".lmstudio/models", home / ".cache/lm-studio/models", home / ".cache/llama.cpp"]
    folders.append(home / "Library/Caches/llama.cpp")
    found = [FoundModel(str(file), "", file.name, "file", file.stat().st_size) for folder in folders for file in _ggufs(folder)]
    return found + list(_of_ollama(Path(os.environ.get("OLLAMA_MODELS") or home / ".ollama/models")))


def _ggufs(folder: Path) -> list[Path]:
    found = [Path(place) / name for place, _, names in os.walk(folder) for name in names if _is_whole_gguf(name)]
    return sorted(file for file in found if file.is_file())[:_MAX_MODELS]


def _is_whole_gguf(name: str) -> bool:
    """Returns whether a file is a model, whole and not one of several parts, which transformers does not join."""
    return name.casefold().endswith(".gguf") and "-of-" not in name and known_models.writes(name)


def _of_ollama(folder: Path) -> Iterator[FoundModel]:
    """Lists Ollama's models, whose files are named by their checksums; manifests give their names."""
    manifests = folder / "manifests"
    for place, _, tags in sorted(os.walk(manifests)):
        for tag in sorted(tags):
            try:
                layers = json.loads((Path(place) / tag).read_text(encoding="utf-8"))["layers"]
                digests = [layer["digest"] for layer in layers if layer["mediaType"] == _OLLAMA_MODEL]
                name = str(digests[0]).replace(":", "-")
                file = folder / "blobs" / name
                size = file.stat().st_size
            except (OSError, ValueError, LookupError, TypeError):
                continue
            title = f"{Path(place).name}:{tag}"
            if Path(name).name == name and known_models.writes(title):
                yield FoundModel(str(file), "", title, "file", size)
