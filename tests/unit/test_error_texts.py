"""The errors that users see, in both languages: every one that `rag` raises has its Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from ui import error_texts, rendering

ROOT = Path(__file__).parents[2]
# The names of what is raised for users, and of results with a reason.
RAISED = re.compile(
    r"(?:Load|Library|LibraryMismatch|DocumentNotFound|CollectionNotFound|ConversationNotFound|Question|Generator|Model|IndexDamaged)Error|"
    r"_Stopped(?:Error)?|_PrivateAddressError|Failure"
)
FOLDERS = ("documents", "library", "language_models", "text", "answering", "conversations")
# Read by the command line only, which is in English.
NOT_IN_THE_WINDOW = {"transfer.py", "watching.py", "plugins.py"}
# A value alone, whose parts are translated by themselves, and conditions of the code, not of the user.
NOT_TEXTS = {"{}", "{}: {}", "{}: {}{}", "{} {}"}
HAN = re.compile(r"[\u3400-\u9fff]")


def text_of(node: ast.expr) -> str | None:
    """A text with `{}` for each value; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def raised(source: str) -> Iterator[str]:
    """The texts of the errors in a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if RAISED.fullmatch(name):
                yield from filter(None, map(text_of, node.args))


FILES = [
    path
    for path in (
        *(path for folder in FOLDERS for path in sorted((ROOT / "rag" / folder).rglob("*.py"))),
        ROOT / "rag" / "evaluation" / "questions" / "question_set.py",
    )
    if path.name not in NOT_IN_THE_WINDOW
]
FOUND = sorted({text for path in FILES for text in raised(path.read_text(encoding="utf-8"))} - NOT_TEXTS)


def test_the_errors_are_found() -> None:
    assert len(FOUND) > 80
    assert "{}: the file is empty" in FOUND


@pytest.mark.parametrize("template", FOUND)
def test_every_error_has_its_chinese(template: str) -> None:
    number = iter(range(1, 20))
    message = re.sub(r"\{\}", lambda _: f"v{next(number)}", template)
    translated = error_texts.chinese(message)
    assert HAN.search(translated), f"add the Chinese of this to ui/error_texts.py: {template}"
    assert set(re.findall(r"v\d+", message)) == set(re.findall(r"v\d+", translated))


@pytest.mark.parametrize("english", error_texts.ERRORS)
def test_both_languages_have_the_same_values(english: str) -> None:
    chinese = error_texts.ERRORS[english]
    names = [name for _, name, _, _ in Formatter().parse(chinese) if name is not None]
    count = len(re.findall(r"\{\}", english))
    assert set(names) <= {str(number) for number in range(count)}
    assert HAN.search(chinese)
    assert not re.search(r"[\u3400-\u9fff][,;:!?]|[,;!?][\u3400-\u9fff]", chinese)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("notes.txt: the file is empty", "notes.txt：文件是空的"),
        (
            "a.zip/b: c.gif: this is a GIF picture, which cannot be read; known are .md .txt",
            "a.zip/b：c.gif：这是 GIF 图片，无法读取；可以读取的有 .md .txt",
        ),
        ("a.gif: this is a GIF picture, which cannot be read; known are .md", "a.gif：这是 GIF 图片，无法读取；可以读取的有 .md"),
        (
            "a.docx: this is not a Word file (.docx), or it is damaged",
            "a.docx：这不是 Word 文件（.docx），或已损坏",
        ),
        (
            "a.zip: after a.zip/x.txt, reading broke off (an invalid result); the file is damaged or made to do harm",
            "a.zip：读完 a.zip/x.txt 之后，读取中断（结果无效）；文件已损坏，或有害",
        ),
        ("x.jsonl, line 3: not a JSON object", "x.jsonl，第 3 行：不是 JSON 对象"),
        (
            'no document goes by "2019年报告" (yinju list shows them)',
            "文档库里没有“2019年报告”（可在“文档”页查看）",
        ),
        ("a.pdf: pages 1, 2 are scans in which OCR finds no text", "a.pdf：第 1, 2 页是扫描件，没有识别出文字"),
        ("Something else altogether", "Something else altogether"),
    ],
)
def test_values_and_names_are_put_in_their_places(english: str, chinese: str) -> None:
    assert error_texts.chinese(english) == chinese


def test_an_error_is_escaped_in_both_languages() -> None:
    shown = rendering.error("<b>.txt: the file is empty")
    assert "&lt;b&gt;.txt：文件是空的" in shown
    assert "&lt;b&gt;.txt: the file is empty" in shown
    assert "<b>" not in shown
    assert "/home/ada" not in rendering.error("/home/ada/notes.txt: the file is empty")


def test_a_long_message_is_translated_in_a_moment() -> None:
    assert error_texts.chinese("a: " * 2_000 + "x") == "a: " * 2_000 + "x"
