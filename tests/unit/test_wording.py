"""Plain English: docstrings, comments and documentation contain none of the phrases that CONTRIBUTING.md rules out."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (".github", "docs", "embeddings", "examples", "rag", "seeds", "tests", "ui")

# Not cleaned yet. The list may only shrink: an entry that is no longer needed fails the tests, too.
ALLOWED = frozenset(
    """
    CHANGELOG.md
    README.md
    SECURITY.md
    docs/design/invariants.md
    docs/evaluation/figures.md
    docs/index.md
    docs/peers.md
    embeddings/bundled/reader/README.md
    embeddings/catalogue.py
    embeddings/encoder.py
    embeddings/errors.py
    embeddings/number_format.py
    embeddings/reader.py
    embeddings/reader_network.py
    embeddings/vector_index.py
    rag/__init__.py
    rag/answering/agreement.py
    rag/answering/citations.py
    rag/answering/comparing.py
    rag/answering/composing.py
    rag/answering/follow_ups.py
    rag/answering/intents.py
    rag/answering/reading.py
    rag/answering/table_answers.py
    rag/answering/table_columns.py
    rag/answering/table_plans.py
    rag/cli/app.py
    rag/cli/doctor.py
    rag/cli/output.py
    rag/conversations.py
    rag/documents/boilerplate.py
    rag/documents/chunking.py
    rag/documents/cleaning.py
    rag/documents/fetching.py
    rag/documents/formats.py
    rag/documents/loaders/__init__.py
    rag/documents/loaders/archive.py
    rag/documents/loaders/base.py
    rag/documents/loaders/decoding.py
    rag/documents/loaders/delimited.py
    rag/documents/loaders/docx.py
    rag/documents/loaders/epub.py
    rag/documents/loaders/html.py
    rag/documents/loaders/ocr.py
    rag/documents/loaders/office.py
    rag/documents/loaders/pdf.py
    rag/documents/loaders/recognition.py
    rag/documents/loaders/steps.py
    rag/documents/loaders/tables.py
    rag/documents/loaders/zipped.py
    rag/documents/metadata.py
    rag/documents/sandbox.py
    rag/documents/sandbox_worker.py
    rag/documents/tables.py
    rag/documents/unwrapping.py
    rag/errors.py
    rag/evaluation/abstention.py
    rag/evaluation/charts.py
    rag/evaluation/citing.py
    rag/evaluation/comparison.py
    rag/evaluation/drafting.py
    rag/evaluation/figures.py
    rag/evaluation/formats.py
    rag/evaluation/matching.py
    rag/evaluation/outcome.py
    rag/evaluation/question_set.py
    rag/evaluation/ranking.py
    rag/evaluation/report.py
    rag/evaluation/run.py
    rag/evaluation/significance.py
    rag/language_models/checking.py
    rag/language_models/composer.py
    rag/language_models/generators.py
    rag/library/checksums.py
    rag/library/database.py
    rag/library/indexes.py
    rag/library/ingestion.py
    rag/library/lexical_index.py
    rag/library/library.py
    rag/library/near_duplicates.py
    rag/library/transfer.py
    rag/pipeline.py
    rag/private.py
    rag/settings.py
    rag/text/analysis.py
    rag/text/lines.py
    rag/text/quantities.py
    rag/types.py
    seeds/README.md
    tests/benchmarks/peers/README.md
    tests/benchmarks/peers/compare.py
    tests/benchmarks/peers/held_out.py
    tests/benchmarks/peers/measures.py
    tests/benchmarks/peers/systems.py
    tests/benchmarks/warm_answer.py
    tests/conftest.py
    tests/damage.py
    tests/growth.py
    tests/hostile_files.py
    tests/html_page.py
    tests/integration/test_bad_library.py
    tests/integration/test_ingestion.py
    tests/integration/test_language_models.py
    tests/integration/test_library.py
    tests/integration/test_pipeline.py
    tests/integration/test_recorded_figures.py
    tests/integration/test_stored_text.py
    tests/integration/test_wheel.py
    tests/integration/test_window_security.py
    tests/openai_server.py
    tests/small_library.py
    tests/tiny_language_model.py
    tests/unit/test_agreement.py
    tests/unit/test_archives.py
    tests/unit/test_checking.py
    tests/unit/test_chunking.py
    tests/unit/test_citation_scores.py
    tests/unit/test_cleaning.py
    tests/unit/test_comparing.py
    tests/unit/test_conversations.py
    tests/unit/test_documents_page.py
    tests/unit/test_evaluation_page.py
    tests/unit/test_generators.py
    tests/unit/test_hostile_files.py
    tests/unit/test_lexical_index.py
    tests/unit/test_ocr.py
    tests/unit/test_pdf_loader.py
    tests/unit/test_peers.py
    tests/unit/test_quantities.py
    tests/unit/test_reading.py
    tests/unit/test_sentences.py
    tests/unit/test_tables.py
    tests/unit/test_vector_index.py
    ui/chat.py
    ui/chat_page.py
    ui/document_list.py
    ui/documents_page.py
    ui/evaluation_page.py
    ui/evaluation_report.py
    ui/labels.py
    ui/parts.py
    ui/rendering.py
    ui/security.py
    ui/serving.py
    ui/settings_page.py
    ui/texts.py
    """.split()
)

BANNED = re.compile(
    r"""
    \b(?:anew|meanwhile|whoever|whereupon|thereof)\b
    | \b(?:is|are)\s+none\b
    | \b(?:hold|holds|holding|held(?!(?:-|\s+)out\b))\b
    | (?-i:\bOf\s+(?:an?|several|the)\b)     # only at the beginning of a sentence is it a capital
    """,
    re.IGNORECASE | re.VERBOSE,
)
NOUN_CLAUSE = re.compile(r"\s*(?:What|How)\s")
CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`", re.DOTALL)

Text = tuple[int, str]
"""The number of a text's first line, and the text."""


def docstrings(source: str) -> Iterator[Text]:
    """Yields every string that stands by itself: docstrings, and descriptions of constants."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def comments(source: str) -> Iterator[Text]:
    """Yields the comments, those on consecutive lines as one text."""
    begin, lines = 0, []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if lines and token.start[0] != begin + len(lines):
            yield begin, "\n".join(lines)
            lines = []
        if not lines:
            begin = token.start[0]
        lines.append(token.string.lstrip("# "))
    if lines:
        yield begin, "\n".join(lines)


def banned(text: Text) -> Iterator[Text]:
    """Yields the line and the words of each banned phrase, leaving out code between backticks."""
    first, content = text
    prose = CODE.sub(lambda match: re.sub(r"[^\n]", "`", match[0]), content)
    for match in BANNED.finditer(prose):
        yield first + prose.count("\n", 0, match.start()), " ".join(match[0].split())


def in_python(source: str) -> list[Text]:
    """Returns the line and the words of each banned phrase in a module's docstrings and comments, by line."""
    documented = list(docstrings(source))
    openings = [(line, text.split()[0]) for line, text in documented if NOUN_CLAUSE.match(text)]
    found = [*openings, *(phrase for text in (*documented, *comments(source)) for phrase in banned(text))]
    return sorted(found, key=lambda text: text[0])


def in_file(path: Path) -> list[str]:
    """Returns `file:line: phrase` for each banned phrase in a Python or Markdown file."""
    content = path.read_text(encoding="utf-8")
    found = in_python(content) if path.suffix == ".py" else list(banned((1, content)))
    return [f"{path.relative_to(ROOT)}:{line}: {phrase}" for line, phrase in found]


FILES = [
    *sorted(ROOT.glob("*.md")),
    *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".py", ".md")),
]


@pytest.fixture(scope="module")
def by_file() -> dict[str, list[str]]:
    """The lines to reword, by the file that they are in."""
    return {path.relative_to(ROOT).as_posix(): in_file(path) for path in FILES}


def test_docstrings_comments_and_documentation_are_in_plain_english(by_file: dict[str, list[str]]) -> None:
    found = [line for name, lines in by_file.items() if name not in ALLOWED for line in lines]
    assert not found, "reword these (see CONTRIBUTING.md, Wording):\n" + "\n".join(found)


def test_every_exception_is_still_needed(by_file: dict[str, list[str]]) -> None:
    assert {name for name in ALLOWED if not by_file.get(name)} == set()


def test_the_whole_tree_is_read() -> None:
    read = {path.relative_to(ROOT).as_posix() for path in FILES}
    assert {"README.md", "docs/index.md", "embeddings/encoder.py", "rag/pipeline.py", "tests/unit/test_wording.py"} <= read


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""What is read."""', [(1, "What")]),
        ('def f():\n    """How it is read."""', [(2, "How")]),
        ('X = 1\n"""What x is for."""', [(2, "What")]),
        ('"""Reads.\n\nReads it anew, whoever asks; there is\nnone."""', [(3, "anew"), (3, "whoever"), (3, "is none")]),
        ("x = 1  # Meanwhile it is 1.", [(1, "Meanwhile")]),
        ("# The lock is\n# held here.\nx = 1\n# Of\n# several, one.", [(2, "held"), (4, "Of several")]),
        ('"""Reads.\n\nArgs:\n    seed: Of the order.\n"""', [(4, "Of the")]),
        ('"""Holds a text, the part thereof."""', [(1, "Holds"), (1, "thereof")]),
        ("# A held-back part.", [(1, "held")]),
        # Allowed: terms of the field, code, other words, strings that are data.
        ('"""Reads the held-out rows, held\nout by document, into `held_by` and `hold()`."""', []),
        ("# A placeholder, a threshold, the holder of a right; one of the rows, out of several.", []),
        ('TEXT = "What they hold meanwhile"', []),
        ('def f():\n    """Says what is read, and how."""\n    return "Of the"', []),
    ],
)
def test_banned_phrases_are_found_in_code(source: str, found: list[Text]) -> None:
    assert in_python(source) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# Rows\n\n- Of a table, the rows\n- that are\n  none", [(3, "Of a"), (4, "are none")]),
        (
            "It holds.\n\n```python\nhold()  # held\n```\n\nIt held\nthe rows; a library holding\nrows.",
            [(1, "holds"), (7, "held"), (8, "holding")],
        ),
        ("`hold` and ``held` on``: held-out questions.", []),
    ],
)
def test_banned_phrases_are_found_in_documentation(text: str, found: list[Text]) -> None:
    assert list(banned((1, text))) == found
