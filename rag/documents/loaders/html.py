"""Reads web pages: the main text without its surroundings, with headings marked as in Markdown."""

from __future__ import annotations

import copy
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders import check_boxes
from rag.documents.loaders.base import document_id
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.html_inline import NOT_SHOWN, has_hidden_style, prepare
from rag.documents.loaders.html_main import keep_main_part, set_surroundings_aside
from rag.documents.loaders.html_tables import cell, mark_cells, without_marks
from rag.documents.loaders.table_rows import Cell, rows_as_lines
from rag.documents.removals import kept, marked_parts, record, unmarked
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

_DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9_:.-]{2,30})""")
_DECLARED_WITHIN = 4096
# Encodings that pages declare, and the ones that browsers use for them, unless Python has the same name for both.
_READ_AS = {
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80", "gb18030"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-1", "latin1", "us-ascii", "ascii", "windows-1252"), "cp1252"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    "hz-gb-2312": "hz",
}
_KNOWN = re.compile(r"windows-125\d|iso-8859-\d{1,2}|koi8-[ru]|euc-jp|iso-2022-jp")
_MAX_REPLACED = 0.02
_IS_XML = re.compile(r"\s*<\?xml|.{0,1000}<html[^>]{0,500}\bxmlns=", re.IGNORECASE | re.DOTALL)
_SELF_CLOSED = re.compile(
    r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)\b)([A-Za-z][\w:-]{0,40}+)((?:\s[^<>]{0,2000})?)/>"
)
_NO_CHARACTER_OF_A_PAGE = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0-\ufddf\ufffe\uffff]")
_NO_CHARACTER = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_CHARACTER_REFERENCE = re.compile(r"&#(x[0-9a-f]{1,8}|[0-9]{1,9})(?:;|(?![0-9a-f]))", re.IGNORECASE)
# In characters; the extraction rejects shorter main texts. English needs three times as many characters as Chinese.
_MIN_MAIN_TEXT = 80
_MAX_CELL = 300
_MAX_DEPTH = 250

# The elements of HTML, and of the extraction's own markup, by their role in a text.
_NOT_TEXT = NOT_SHOWN | {"input", "graphic"}
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form header hr html "
    "main menu nav ol p pre quote section summary table tbody tfoot thead ul list caption".split()
)
_BREAKS, _ITEMS, _ROWS, _CELLS = ("br", "lb"), ("li", "item"), ("tr", "row"), ("td", "th", "cell")
_HEADING = re.compile(r"h([1-6])")


class HtmlLoader:
    """Reads saved web pages. Nothing that a page links to is fetched."""

    suffixes = (".html", ".htm", ".xhtml")

    def __call__(self, data: bytes, source: str) -> Document:
        tree = parse(data, source)
        page = None if _is_deep(tree) else _extracted(_as_shown(tree), source)
        extracted = _main_text(page.body) if page is not None else ""
        prepare(tree)
        if extracted:
            keep_main_part(tree, extracted)
        else:
            set_surroundings_aside(tree)
        text = text_of(tree)
        if not kept(text).strip():
            raise LoadError(
                f"{source}: the page contains no text; if a script makes it, print it to a PDF or copy the text to a file"
            )
        title = (page and page.title) or tree.findtext(".//title", "")
        return record(
            Document(
                document_id(source),
                " ".join(title.split()) or Path(source).stem,
                source,
                text,
                published=(page and page.date) or "",
                publisher=(page and page.sitename) or "",
                author=", ".join(((page and page.author) or "").split("; ")),
            )
        )


def parse(data: bytes, source: str) -> Any:
    """Parses a page.

    Raises:
        LoadError: It is not text, or empty.
    """
    return parse_text(unmarked(_decoded(data, source)), source)


def parse_text(text: str, source: str) -> Any:
    """Parses the text of a page, in which passages may be marked for `rag.documents.removals.record`.

    Raises:
        LoadError: It is empty.
    """
    from lxml import etree, html

    text = _NO_CHARACTER_OF_A_PAGE.sub("", _CHARACTER_REFERENCE.sub(_referred, text))
    if _IS_XML.match(text):
        # In HTML, an element that closes itself would never end.
        text = _SELF_CLOSED.sub(r"<\1\2></\1>", text)
    # Elements that are never closed are nested; without `huge_tree` a page would end at a depth of 256.
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise LoadError(f"{source}: the page is empty") from error
    mark_cells(tree)
    return tree


def _as_shown(tree: Any) -> Any:
    """Returns a copy of a page without the elements that a reader does not see."""
    shown = copy.deepcopy(tree)
    for element in [element for element in shown.iter() if isinstance(element.tag, str) and has_hidden_style(element)]:
        if element.getparent() is not None:
            element.drop_tree()
    return shown


def _referred(reference: re.Match[str]) -> str:
    """Returns a character reference unchanged, or nothing if a tree cannot contain the character."""
    digits = reference[1].lower()
    code = int(digits[1:], 16) if digits.startswith("x") else int(digits)
    return "" if code > 0x10FFFF or _NO_CHARACTER.match(chr(code)) else reference[0]


def text_of(tree: Any) -> str:
    """Returns the text of a tree: headings after `#`, list items after `-`, table rows with their headings, paragraphs apart."""
    return _Writer().written(tree)


def _decoded(data: bytes, source: str) -> str:
    """Decodes a page in the encoding that it declares, unless it is clearly another."""
    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    name = declared[1].decode("ascii").lower() if declared else ""
    encoding = _READ_AS.get(name) or (name if _KNOWN.fullmatch(name) else "")
    if encoding and (data.isascii() or not _is_utf8(data)):
        text = data.decode(encoding, "replace")
        if text.count("\ufffd") <= _MAX_REPLACED * len(text):
            return text
    return decode(data, source)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_deep(tree: Any) -> bool:
    """Returns whether elements are nested so deep that the extraction, which writes and parses again, would lose text."""
    from lxml import etree

    depth = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _MAX_DEPTH:
            return True
    return False


def _extracted(tree: Any, source: str) -> Any:
    """Extracts the main part of a page with its title, date and site; None if that fails."""
    import trafilatura
    from trafilatura.settings import use_config

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    config = use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(_MIN_MAIN_TEXT))
    try:
        return trafilatura.bare_extraction(
            tree,
            url=source if source.startswith(("http://", "https://")) else None,
            with_metadata=True,
            include_comments=False,
            include_tables=True,
            # A date somewhere in the text is not the date of the page.
            date_extraction_params={"extensive_search": False, "original_date": True},
            config=config,
        )
    except MemoryError:
        raise
    except Exception:  # the extraction fails at some pages, which are then read whole
        return None


def _main_text(body: Any) -> str:
    """Returns the extracted text; empty if it is the whole page without its headings and paragraphs."""
    shapeless = len(body) == 1 and len(body[0]) == 0 and "\n" in (body[0].text or "")
    return "" if shapeless else text_of(body)


class _Writer:
    """Writes a tree as text, block after block."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._inline: list[str] = []
        self._mark = ""
        self._gap = ""
        self._preformatted = 0
        self._in_item = 0
        self._row: Any = None
        self._cells: list[Cell] = []
        self._rows: list[list[Cell]] = []
        self._left_out: list[str] = []

    def written(self, tree: Any) -> str:
        for event, element in _walk(tree):
            if event == "text":
                self._add(element)
            elif event == "start":
                self._begin(element)
            else:
                self._end(element)
        self._close("\n\n")
        self._write_rows()
        return "".join(self._written)

    def _add(self, text: str) -> None:
        self._inline.append(text)

    def _begin(self, element: Any) -> None:
        tag = element.tag
        level = _level(element)
        if self._row is not None:
            # The content of a cell stays in one line.
            self._inline.append(" " if level or tag in _BLOCKS or tag in _BREAKS or tag in _ITEMS or tag in _CELLS else "")
            return
        if tag in _BREAKS:
            self._close("\n", again=True)
        elif tag in _ITEMS:
            self._close("\n")
            self._mark = "- "
            self._in_item += 1
        elif level or tag in _BLOCKS or tag in _ROWS or tag in _CELLS:
            self._close("\n\n")
            self._mark = "#" * level + " " if level else self._mark
        if _is_row(element):
            self._row = element
        self._preformatted += tag == "pre"

    def _end(self, element: Any) -> None:
        tag = element.tag
        if self._row is not None:
            if tag in _CELLS:
                text = "".join(self._inline)
                # What is left out of a cell comes after the table.
                self._left_out += marked_parts(text)
                self._cells.append(cell(unmarked(kept(text))))
                self._inline = []
            if element is self._row:
                self._rows.append(self._cells)
                self._row, self._cells, self._inline = None, [], []
            return
        if tag in _ITEMS:
            self._close("\n")
            self._in_item -= 1
        elif _level(element) or tag in _BLOCKS or tag in _ROWS or tag in _CELLS:
            self._close("\n\n")
        if tag == "table":
            self._write_rows()
        self._preformatted -= tag == "pre"

    def _close(self, gap: str, again: bool = False) -> None:
        """Ends a block, with `gap` before the next one; more if another end asks for more, or if an end comes `again`.

        Within a list item, nested lists included, there are no blank lines.
        """
        gap = "\n" if self._in_item else gap
        text = without_marks("".join(self._inline))
        self._inline = []
        text = text.strip("\n") if self._preformatted else " ".join(check_boxes.written(text).split())
        if text.strip():
            self._write_rows()
            self._write((self._mark if kept(text).strip() else "") + text, gap)
            self._mark = ""
        else:
            self._gap = "\n\n" if again else max(self._gap, gap, key=len)

    def _write(self, text: str, gap: str) -> None:
        self._written += [self._gap if self._written else "", text]
        self._gap = gap

    def _write_rows(self) -> None:
        rows, self._rows = self._rows, []
        for line in rows_as_lines(rows, kept(self._written[-1]) if self._written else "") if rows else ():
            self._gap = self._gap if line else "\n\n"
            if line:
                self._write(line, "\n")
        left_out, self._left_out = self._left_out, []
        self._gap = "\n\n" if left_out else self._gap
        for passage in left_out:
            self._write(passage, "\n")
        self._gap = "\n\n" if rows else self._gap


def _level(element: Any) -> int:
    """Returns the level of a heading, from 1; 0 for other elements."""
    match = _HEADING.fullmatch(element.get("rend", "h2") if element.tag == "head" else element.tag)
    return int(match[1]) if match else 0


def _is_row(element: Any) -> bool:
    """Returns whether an element is a row of values, not a row that only places parts of a page side by side."""
    if element.tag not in _ROWS or any(inner.tag in ("table", *_ROWS) for inner in element.iterdescendants()):
        return False
    return len(element) > 1 and all(
        part.tag in _CELLS and len("".join(part.itertext())) <= _MAX_CELL and not (part.tail or "").strip() for part in element
    )


def _walk(tree: Any) -> Iterator[tuple[str, Any]]:
    """Yields the starts and ends of elements and the text between them, without elements that are not text."""
    from lxml import etree

    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        is_text = isinstance(element.tag, str) and (element.tag not in _NOT_TEXT or "rend" in element.attrib)
        if event == "start":
            if not is_text:
                walk.skip_subtree()
                continue
            yield "start", element
            yield "text", element.text or ""
            continue
        if is_text:
            yield "end", element
        if element is not tree:
            yield "text", element.tail or ""
