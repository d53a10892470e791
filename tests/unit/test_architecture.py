"""The shape of the code: which way imports run, and that importing does no work."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RANK = {"embeddings": 0, "rag": 1, "ui": 2}
MODULES = sorted(path for package in RANK for path in (ROOT / package).rglob("*.py"))
HEAVY = {"torch", "transformers", "sentence_transformers", "faiss", "tantivy", "jieba", "opencc", "gradio", "sklearn", "pypinyin"}
HEAVY |= {"docx", "lxml", "openpyxl", "pptx", "pypdfium2"}


def imported_packages(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    if path == ROOT / "rag" / "cli" / "app.py":
        pytest.skip("the command line opens the chat window")
    rank = RANK[path.relative_to(ROOT).parts[0]]
    assert not {name for name in imported_packages(path) if RANK.get(name, -1) > rank}


def test_importing_any_module_loads_nothing_heavy() -> None:
    light = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in MODULES
        if "training" not in path.parts
        and path.name not in ("__init__.py", "reader_network.py", "window.py")
        # Gradio finds what a page's functions want in the names of their module; `ui.serving` imports the pages when it serves.
        and not path.name.endswith("_page.py")
    ]
    script = f"import importlib, sys\nfor name in {light!r}: importlib.import_module(name)\nprint(*sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []
