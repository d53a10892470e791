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

BANNED = re.compile(
    r"""
    \b(?:anew|meanwhile|whoever|whereupon|thereof)\b
    | (?<!there\s)(?-i:\b(?:is|are)\s+none\b)    # "if there is none" is idiomatic, and None is a value
    | \b(?:hold|holds|holding|held(?!(?:-|\s+)out\b))\b
    | (?-i:\bOf\s+(?:an?|several)\b)     # only at the beginning of a sentence is it a capital
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
    found = [line for lines in by_file.values() for line in lines]
    assert not found, "reword these (see CONTRIBUTING.md, Wording):\n" + "\n".join(found)


def test_the_whole_tree_is_read() -> None:
    read = {path.relative_to(ROOT).as_posix() for path in FILES}
    assert {"README.md", "docs/index.md", "embeddings/encoder.py", "rag/pipeline.py", "tests/unit/test_wording.py"} <= read


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""What is read."""', [(1, "What")]),
        ('def f():\n    """How it is read."""', [(2, "How")]),
        ('X = 1\n"""What x is for."""', [(2, "What")]),
        ('"""Reads.\n\nReads it anew, whoever asks; the file is\nnone."""', [(3, "anew"), (3, "whoever"), (3, "is none")]),
        ("x = 1  # Meanwhile it is 1.", [(1, "Meanwhile")]),
        ("# The lock is\n# held here.\nx = 1\n# Of\n# several, one.", [(2, "held"), (4, "Of several")]),
        ('"""Reads.\n\nArgs:\n    seed: Of an order.\n"""', [(4, "Of an")]),
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
