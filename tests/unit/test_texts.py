"""The texts that users read: both languages say the same, and the Chinese is Chinese."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from string import Formatter
from types import ModuleType
from typing import Any

import pytest

import rag.texts
import ui.chat_texts
import ui.texts
from rag.texts import Words

# Names, measures, formats and commands that Chinese texts write in Latin letters.
LATIN = set(
    "CSV Excel LM Ollama PDF PowerPoint Studio Word add JSON allow host ALCE AUROC BM25 F1 GGUF Gradio MB Markdown MRR OCR OpenAI Yinju hit nDCG jsonl http v1 yinju chat cpp encoder generator llama reindex vLLM".split()
)
COMMAND_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
HAN = re.compile(r"[\u3400-\u9fff]")
HALF_WIDTH = re.compile(r"[\u3400-\u9fff][,;:!?]|[,;!?][\u3400-\u9fff]")


def texts_in(value: Any, name: str) -> Iterator[tuple[str, Words]]:
    """Every text of a value with its name: itself, or those in a mapping or sequence."""
    if isinstance(value, Words):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(inner, f"{name}[{key}]")
    elif isinstance(value, (tuple, list)):
        for number, inner in enumerate(value):
            yield from texts_in(inner, f"{name}[{number}]")


def texts_of(module: ModuleType) -> Iterator[tuple[str, Words]]:
    for name, value in vars(module).items():
        if name.isupper():
            yield from texts_in(value, f"{module.__name__}.{name}")


TEXTS = dict(text for module in (rag.texts, ui.texts, ui.chat_texts) for text in texts_of(module))


def places(text: str) -> list[tuple[str, str]]:
    """The names and formats of the places for values."""
    return sorted((name, form or "") for _, name, form, _ in Formatter().parse(text) if name is not None)


def problems(words: Words) -> list[str]:
    """Returns what is wrong with a text, in a word each."""
    chinese, english = words
    latin = set(COMMAND_WORD.findall(chinese)) - LATIN
    found = {
        "empty": not (chinese.strip() and english.strip()),
        "places": places(chinese) != places(english),
        "not Chinese": not HAN.search(chinese) and chinese != english,
        "not English": bool(HAN.search(english)),
        "Latin": bool(latin) and chinese != english,
        "half-width": bool(HALF_WIDTH.search(chinese)),
        "end": chinese.endswith(("。", "……")) != english.endswith((".", "…", "?")),
    }
    return [name for name, wrong in found.items() if wrong]


@pytest.mark.parametrize("module", [rag.texts, ui.texts, ui.chat_texts])
def test_no_name_is_given_to_two_texts(module: ModuleType) -> None:
    names = re.findall(r"^([A-Z][A-Z_\d]*)(?::[^=\n]+)? = ", inspect.getsource(module), re.MULTILINE)
    assert sorted(names) == sorted(set(names))


def test_the_catalogues_are_found() -> None:
    assert {"rag.texts.FIGURES[mrr][1]", "rag.texts.ALSO_IN", "ui.texts.ASK", "ui.texts.STATUSES[added]"} <= set(TEXTS)


@pytest.mark.parametrize("name", TEXTS)
def test_both_languages_say_the_same(name: str) -> None:
    assert problems(TEXTS[name]) == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (Words("问题", ""), "empty"),
        (Words("共 {} 个", "{} of {}"), "places"),
        (Words("共 {n} 个", "{} in all"), "places"),
        (Words("Ask", "Question"), "not Chinese"),
        (Words("提问", "提问"), "not English"),
        (Words("点击 button", "Click the button"), "Latin"),
        (Words("文档,段落", "documents, passages"), "half-width"),
        (Words("已停止。", "Stopped"), "end"),
    ],
)
def test_a_wrong_text_is_found(words: Words, problem: str) -> None:
    assert problem in problems(words)


def test_a_text_is_given_in_one_language_with_its_values() -> None:
    words = Words("第 {} 页", "page {}")
    assert (words.in_language("zh", 3), words.in_language("en", 3), str(words)) == ("第 3 页", "page 3", "第 {} 页 page {}")
    assert Words("{}", "{}").in_language("en") == "{}"
