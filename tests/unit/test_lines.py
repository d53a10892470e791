"""Characters that nobody sees: which they are, and what becomes of them in titles, names, on a terminal and in JSON."""

from __future__ import annotations

import ast
import json
import logging
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cli.output import PlainFormatter, json_lines, say, to_json
from rag.text.lines import escaped, for_terminal, one_line, printable, without_invisible

RAG = Path(__file__).parents[2] / "rag"
ESCAPE, NUL, OVERRIDE, ISOLATE, MARK, TAG, CSI = "\x1b", "\0", "\u202e", "\u2067", "\u200f", "\U000e0041", "\x9b"
HOSTILE = [ESCAPE, NUL, OVERRIDE, ISOLATE, MARK, TAG, CSI, "\x07", "\x08", "\x7f", "\u200b", "\ufeff", "\ud800"]


@pytest.mark.parametrize("character", HOSTILE)
def test_what_nobody_sees_is_left_out(character: str) -> None:
    assert without_invisible(f"a{character}b\n\tc") == "ab\n\tc"
    assert one_line(f" 湖{character}\n b\u2028c\r") == "湖 b c"
    assert printable(f"a{character}b\nc\td") == "a?b?c?d"
    assert for_terminal(f"a{character}b\n\tc") == "ab\n\tc"


def test_a_terminal_is_sent_no_end_of_line_that_writes_over_what_is_there() -> None:
    assert for_terminal("paid: 5\rpaid: 900\r\n") == "paid: 5paid: 900\n"


@given(st.text() | st.text(st.sampled_from("".join(HOSTILE) + "a湖\n\r\t\x85\u2028")))
def test_of_any_text_a_terminal_is_sent_only_what_can_be_seen(text: str) -> None:
    shown = for_terminal(text)
    bidirectional = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t" for c in shown)
    assert not any(unicodedata.bidirectional(c) in bidirectional for c in shown)
    assert not any(c.isspace() and c != " " for c in printable(text) if unicodedata.category(c) in ("Cc", "Zl", "Zp"))
    assert without_invisible(without_invisible(text)) == without_invisible(text)


@given(st.dictionaries(st.text(), st.text()))
def test_json_for_a_terminal_stands_for_the_same(value: dict[str, str]) -> None:
    for written in (to_json(value), to_json(value, indent=1), json_lines([value])):
        assert json.loads(written) == value
        assert for_terminal(written) == written
    assert escaped('"\\u001b"') == '"\\u001b"'


def test_what_is_said_and_logged_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2Jb")
    say("c\rd", end="")
    assert capsys.readouterr().out == "a[2Jb\ncd"
    record = logging.LogRecord("yinju", logging.WARNING, "", 0, "%s", ("e\x1b]0;x\x07",), None)
    assert PlainFormatter("%(message)s").format(record) == "e]0;x"


@pytest.mark.parametrize("module", sorted(path.name for path in (RAG / "cli").glob("*.py") if path.name != "output.py"))
def test_the_command_line_prints_through_say_alone(module: str) -> None:
    called = [
        node.func
        for node in ast.walk(ast.parse((RAG / "cli" / module).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    assert not any(isinstance(function, ast.Name) and function.id == "print" for function in called)
