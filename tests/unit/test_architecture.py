"""The shape of the code: which way imports run, who may know of the database, and that importing does no work."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# From the bottom up. What stands in a room imports that room and those on the lines before; those of one line import neither each other.
ORDER = (
    ("embeddings",),
    ("rag.texts",),
    ("rag.types", "rag.errors", "rag.private"),
    ("rag.settings",),
    ("rag.text",),
    ("rag.documents",),
    ("rag.library",),
    ("rag.answering",),
    ("rag.language_models",),
    ("rag.pipeline",),
    ("rag",),  # the public names alone; nothing else has its place by this line
    ("rag.evaluation", "rag.conversations"),
    ("rag.serving",),
    ("ui",),
    ("rag.cli",),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("embeddings", "rag", "ui")
    for path in sorted((ROOT / package).rglob("*.py"))
}
WITH_SQL = ("rag.library", "rag.conversations")
# Works out a plan over the rows of one table, in a database in memory that it makes and drops.
OWN_DATABASE = "rag.answering.table_answers.calculation"
SQL = re.compile(
    r"\b(?:SELECT\s.+?\sFROM|INSERT\s(?:OR\s\w+\s)?INTO|UPDATE\s(?:OR\s\w+\s)?\w+\sSET|DELETE\sFROM|CREATE\s(?:TABLE|INDEX)|PRAGMA)\s",
    re.DOTALL,
)
HEAVY = {"torch", "transformers", "sentence_transformers", "faiss", "tantivy", "jieba", "opencc", "gradio", "sklearn", "pypinyin"}
HEAVY |= {"docx", "lxml", "openpyxl", "pptx", "pypdfium2"}


def room_of(module: str) -> str:
    """The first part of a module's name, in `rag` the first two."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "rag" else parts[0]


def imported(source: str) -> Iterator[str]:
    """The modules that a module imports, wherever in it; of what is taken from a module only the module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "relative imports do not say where they lead"
            assert not node.level, "relative imports do not say where they lead"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in FILES else node.module


def upward(module: str, source: str) -> set[str]:
    """The modules of this project that a module imports although they do not stand below it."""
    own = room_of(module)
    ours = {name for name in imported(source) if name.split(".")[0] in ("embeddings", "rag", "ui")}
    return {name for name in ours if room_of(name) != own and RANK[room_of(name)] >= RANK[own]}


def test_every_room_has_its_place() -> None:
    assert {room_of(module) for module in FILES} <= set(RANK)


@pytest.mark.parametrize("module", FILES)
def test_imports_run_one_way(module: str) -> None:
    assert upward(module, FILES[module].read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("rag.documents.chunking", "from rag.library import database", {"rag.library.database"}),
        ("rag.documents.chunking", "from rag.library.database import Database", {"rag.library.database"}),
        ("rag.documents.chunking", "def chunk():\n    from rag.pipeline import RagPipeline", {"rag.pipeline"}),
        ("rag.text.lines", "if TYPE_CHECKING:\n    import rag.documents.metadata as m", {"rag.documents.metadata"}),
        ("rag.text.lines", "from rag import Library", {"rag"}),
        ("embeddings.reader", "from rag import types", {"rag.types"}),
        ("rag.types", "from rag.errors import YinjuError", {"rag.errors"}),
        (
            "rag.conversations",
            "from rag.evaluation.questions.question_set import Question",
            {"rag.evaluation.questions.question_set"},
        ),
        ("ui.serving", "from rag.cli import app", {"rag.cli.app"}),
        ("rag.documents.cleaning", "import re\nfrom rag.text import lines\nfrom rag.documents import formats", set()),
        ("rag.cli.app", "from ui.serving import serve\nfrom rag.evaluation.run import run", set()),
    ],
)
def test_upward_imports_are_found(module: str, source: str, found: set[str]) -> None:
    assert upward(module, source) == found


@pytest.mark.parametrize("module", [name for name in FILES if room_of(name) in ("rag.text", "rag.documents")])
def test_texts_and_documents_know_no_database_and_no_encoder(module: str) -> None:
    packages = {name.split(".")[0] for name in imported(FILES[module].read_text(encoding="utf-8"))}
    assert not packages & {"sqlite3", "embeddings"}


@pytest.mark.parametrize("module", [name for name in FILES if room_of(name) not in WITH_SQL and name != OWN_DATABASE])
def test_only_the_library_and_conversations_speak_sql(module: str) -> None:
    source = FILES[module].read_text(encoding="utf-8")
    texts = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert "sqlite3" not in set(imported(source))
    assert [text for text in texts if SQL.search(text)] == []


@pytest.mark.parametrize(
    "module", ["rag.library.database", "rag.library.stored_documents", "rag.library.schema", "rag.conversations"]
)
def test_sql_is_recognised(module: str) -> None:
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    assert any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value) for node in ast.walk(tree)
    )


def test_importing_any_module_loads_nothing_heavy() -> None:
    light = [
        module
        for module, path in FILES.items()
        if "training" not in path.parts
        and path.name not in ("reader_network.py", "window.py")
        # Gradio finds what a page's functions want in the names of their module; `ui.serving` imports the pages when it serves.
        and not path.name.endswith("_page.py")
    ]
    script = f"import importlib, sys\nfor name in {light!r}: importlib.import_module(name)\nprint(*sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []
