"""Writes a conversation or a notebook as Markdown, plain text or a Word file, with numbered references at the end."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rag import texts
from rag.answering.references import Find, Style, references
from rag.text.blocks import Block, Grid, Items, Paragraph, blocks
from rag.types import Citation, Language, as_markdown_text

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

    from rag.conversations.notes import Note
    from rag.types import Answer

Form = Literal["md", "txt", "docx"]
FORMS: tuple[Form, ...] = ("md", "txt", "docx")

_MARKER = re.compile(r"\[(\d+)\]")
_LIST_MARK = re.compile(r"(\s*(?:[-*•]|\d{1,3}[.)])\s+)?(.*)", re.DOTALL)
# XML allows none of these, so a Word file cannot contain them.
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A question with its answer or a quote from it, and the reader's own line, which may be empty."""

    question: str
    text: str
    citations: tuple[Citation, ...]
    line: str = ""


def of_answers(answers: Iterable[Answer]) -> list[Entry]:
    """Returns the entries of a conversation."""
    return [Entry(answer.question, answer.text, answer.citations) for answer in answers]


def of_notes(notes: Iterable[Note]) -> list[Entry]:
    """Returns the entries of a notebook."""
    return [Entry(note.question, note.text, note.citations, note.line) for note in notes]


def written(
    title: str, entries: Sequence[Entry], find: Find, form: Form, *, style: Style = "gbt7714", language: Language = "zh"
) -> bytes:
    """Returns the file: UTF-8 for Markdown and plain text.

    Places that are cited more than once have one number. The references are those of `rag.answering.references`.

    Args:
        title: The title of the conversation.
        entries: In order.
        find: Returns the document of an id.
        form: The kind of file.
        style: The style of the references.
        language: The language of the heading of the references.
    """
    numbered, cited = _renumbered(entries)
    heading = texts.REFERENCES.in_language(language) if cited else ""
    listed = references(cited, find, style)
    if form == "docx":
        return _docx(title, numbered, heading, listed)
    return (_markdown if form == "md" else _plain)(title, numbered, heading, listed).encode("utf-8", "replace")


def _renumbered(entries: Sequence[Entry]) -> tuple[list[Entry], list[Citation]]:
    """Returns the entries with the markers of the common list of citations, and that list."""
    numbers: dict[tuple[str, int, int], int] = {}
    cited: list[Citation] = []
    shown = []
    for entry in entries:
        own: dict[int, int] = {}
        for citation in entry.citations:
            key = (citation.document_id, citation.start, citation.end)
            if key not in numbers:
                numbers[key] = len(numbers) + 1
                cited.append(replace(citation, number=numbers[key]))
            own[citation.number] = numbers[key]
        text = _MARKER.sub(lambda marker, own=own: f"[{own.get(int(marker[1]), marker[1])}]", entry.text)  # type: ignore[misc]
        if entry.citations and not any(int(marker[1]) in own for marker in _MARKER.finditer(entry.text)):
            text = f"“{text}”" + "".join(f"[{number}]" for number in own.values())
        shown.append(replace(entry, text=text))
    return shown, cited


def _markdown(title: str, entries: Sequence[Entry], heading: str, listed: Sequence[str]) -> str:
    parts = [f"# {as_markdown_text(title)}"]
    for entry in entries:
        lines = (_LIST_MARK.fullmatch(line) for line in entry.text.split("\n"))
        text = "\n".join((line[1] or "") + as_markdown_text(line[2]) for line in lines if line)
        parts += [f"## {as_markdown_text(entry.question)}", *([f"*{as_markdown_text(entry.line)}*"] if entry.line else []), text]
    if listed:
        numbered = "\n".join(f"{number}. {as_markdown_text(reference)}" for number, reference in enumerate(listed, 1))
        parts += [f"## {heading}", numbered]
    return "\n\n".join(parts) + "\n"


def _plain(title: str, entries: Sequence[Entry], heading: str, listed: Sequence[str]) -> str:
    parts = [title]
    for entry in entries:
        parts += ["\n".join(filter(None, (entry.question, entry.line))), entry.text]
    if listed:
        parts.append("\n".join([heading, *(f"[{number}] {reference}" for number, reference in enumerate(listed, 1))]))
    return "\n\n".join(parts) + "\n"


def _docx(title: str, entries: Sequence[Entry], heading: str, listed: Sequence[str]) -> bytes:
    import docx

    document = docx.Document()
    document.add_heading(_clean(title), level=0)
    for entry in entries:
        document.add_heading(_clean(entry.question), level=2)
        if entry.line:
            document.add_paragraph().add_run(_clean(entry.line)).italic = True
        for block in blocks(_clean(entry.text)):
            _add(document, block)
    if listed:
        document.add_heading(heading, level=2)
        for number, reference in enumerate(listed, 1):
            document.add_paragraph(_clean(f"[{number}] {reference}"))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _add(document: WordDocument, block: Block) -> None:
    """Adds a paragraph, a list or a table to a Word document."""
    match block:
        case Paragraph(text):
            document.add_paragraph(text)
        case Items(items):
            for item in items:
                style = "List Bullet" if item.number is None else "List Number"
                document.add_paragraph(item.text, style=style if item.depth == 0 else f"{style} {min(item.depth, 2) + 1}")
        case Grid(headings, rows):
            table = document.add_table(rows=1 + len(rows), cols=len(headings), style="Table Grid")
            for line, cells in zip(table.rows, (headings, *rows), strict=True):
                for cell, text in zip(line.cells, cells, strict=True):
                    cell.text = text


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("", text)
