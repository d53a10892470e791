"""The wheel: what it contains, and that it answers in an environment where the source tree cannot be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
WITHOUT_INDEX = ("--quiet", "--no-index", "--no-deps", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this source tree, built with the tools that are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-build-isolation", *WITHOUT_INDEX, "--wheel-dir", str(folder), str(ROOT))
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a new environment that contains the wheel and sees the dependencies of this one.

    A path file adds the folder of the dependencies, but the path files in that folder have no effect, so an editable installation of
    the source tree stays out of sight.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    paths = sysconfig.get_paths("venv", vars={"base": str(folder), "platbase": str(folder)})
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(paths["purelib"], "dependencies.pth").write_text("\n".join(sorted(dependencies)), encoding="utf-8")
    scripts = Path(paths["scripts"])
    pip(sys.executable, "--python", str(scripts / "python"), "install", "--no-compile", *WITHOUT_INDEX, str(wheel))
    return scripts


def pip(python: str, *arguments: str) -> None:
    run([python, "-m", "pip", *arguments], ROOT)


def run(command: list[str], folder: Path) -> str:
    """Returns the output of a command, started in `folder` without any setting of this process's environment that concerns Yinju or Python."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("YINJU_", "PYTHON"))}
    environment["YINJU_LIBRARY"] = str(folder / "library")
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_wheel_contains_all_that_is_needed_and_no_more(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert wheel.name == f"yinju-{VERSION}-py3-none-any.whl"
    assert {name.split("/")[0] for name in names} == {"embeddings", "rag", "seeds", "ui", f"yinju-{VERSION}.dist-info"}
    for folder in ("embeddings", "rag", "seeds", "ui"):
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        needed = {name for name in files if "__pycache__" not in name and not name.startswith("ui/screenshots/")}
        assert {name for name in names if name.startswith(f"{folder}/")} == needed
    assert {"rag/py.typed", "embeddings/py.typed", "ui/py.typed", "seeds/questions.jsonl", "ui/style.css"} < names
    assert {"embeddings/bundled/encoder/model.safetensors", "embeddings/bundled/reader/reader.safetensors"} < names


def test_the_wheel_is_what_is_imported(scripts: Path, tmp_path: Path) -> None:
    code = "import embeddings, rag, ui; print(embeddings.__file__, rag.__file__, ui.__file__, rag.__version__, sep='\\n')"
    *files, version = run([str(scripts / "python"), "-c", code], tmp_path).splitlines()
    assert all(Path(file).is_relative_to(scripts.parent) for file in files)
    assert version == VERSION


def test_the_installed_command_answers_the_seed_question(scripts: Path, tmp_path: Path) -> None:
    answer = json.loads(run([str(scripts / "yinju"), "ask", "长江十年禁渔从哪天开始？", "--json"], tmp_path))
    assert answer["kind"] == "answer"
    assert "2021年1月1日" in answer["text"]
    assert any("2021年1月1日" in citation["quote"] for citation in answer["citations"])
    assert all(Path(citation["source"]).is_relative_to(scripts.parent) for citation in answer["citations"])
