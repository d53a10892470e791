"""Each file of `hostile_files` is read or refused in one line, within bounds of time and memory, and the reader goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import hostile_files
import pytest
from hostile_files import HAN, SENTENCE

from rag.cleaning import clean, restore
from rag.errors import LoadError
from rag.loaders import Failure, load, read
from rag.metadata import describe
from rag.parsing import Parser, _checked, shared
from rag.types import Document

SECONDS, MEGABYTES, MAX_BYTES = 30, 500, 20_000_000
# What is said of a file that cannot be read, or, after "reads", what its text begins with; of an archive, each document's in turn.
OUTCOMES: dict[str, tuple[str, ...]] = {
    "first-tenth.pdf": ("not a PDF file, or it is damaged",),
    "first-half.pdf": ("not a PDF file, or it is damaged",),
    "without-end.pdf": ("not a PDF file, or it is damaged",),
    "only-head.pdf": ("not a PDF file, or it is damaged",),
    "encrypted.pdf": ("the file is encrypted; save it without a password",),
    "scan.pdf": ("page 1 is a scan and needs OCR",),
    "page-tree-loop.pdf": ("not a PDF file, or it is damaged",),
    "no-pages.pdf": ("not a PDF file, or it is damaged",),
    "million-pages-said.pdf": ("not a PDF file, or it is damaged",),
    "blanks.pdf": ("takes more memory than the 500 MB",),
    "three-million-words.pdf": ("takes more memory than the 500 MB",),
    "twice-packed.pdf": ("takes more memory than the 500 MB",),
    "bad-stream.pdf": ("the file is empty",),
    "ten-thousand-pages.pdf": (f"reads {SENTENCE} Page 1.",),
    "deep-arrays.pdf": ("not a PDF file, or it is damaged",),
    "bomb.zip": ("150.0 MB is more than the limit of 20.0 MB",),
    "bomb-in-zip.zip": ("150.0 MB is more than the limit of 20.0 MB", f"reads {SENTENCE}"),
    "nested.zip": ("an archive in an archive in an archive",),
    "traversal.zip": (f"reads {SENTENCE}", f"reads {HAN}", f"reads {SENTENCE}!"),
    "link.zip": ("reads /etc/passwd",),
    "encrypted.zip": ("encrypted; unpack it with its password",),
    "lying-size.zip": ("damaged in the archive",),
    "overlapping.zip": (f"reads {SENTENCE}", "damaged in the archive"),
    "many.zip": ("more than 20000 files",),
    "cut.zip": ("damaged or cut short",),
    "only-end.zip": ("damaged or cut short",),
    "junk-before.zip": ("this is a program",),
    "bad-checksum.zip": ("damaged or cut short",),
    "names.zip": (f"reads {SENTENCE}", f"reads {HAN}", f"reads {SENTENCE}?"),
    "laughs.docx": ("not a Word file (.docx), or it is damaged",),
    "outside.docx": (f"reads {SENTENCE}\n\n",),
    "deep.docx": ("not a Word file (.docx), or it is damaged",),
    "deep-tables.docx": ("not a Word file (.docx), or it is damaged",),
    "huge.docx": ("unpacked it grows by 200 MB; at most 100 MB are read",),
    "no-main-part.docx": ("this is an Office file, which cannot be read",),
    "cut.docx": ("damaged or cut short",),
    "laughs.xlsx": ("not an Excel file (.xlsx), or it is damaged",),
    "outside.pptx": ("not a PowerPoint file (.pptx), or it is damaged",),
    "last-row.xlsx": ("reads # Sheet\n\nlake\nquarry",),
    "merged.xlsx": (f"reads # Sheet\n\n{SENTENCE}",),
    "huge-cell.xlsx": ("reads # Sheet\n\nlake lake lake",),
    "laughs.epub": ("the book holds no text",),
    "outside.epub": ("defines entities, as only harmful files do",),
    "no-chapters.epub": ("the book holds no text",),
    "deep.html": ("the page holds no text",),
    "laughs.html": (f"reads ]>\n\n{SENTENCE}",),
    "unclosed.html": (f"reads {SENTENCE}",),
    "script.html": (f"reads {SENTENCE}",),
    "comment-without-end.html": (f"reads {SENTENCE}",),
    "wide-table.html": ("reads lake; lake; lake",),
    "deep.jsonl": ("this line is not JSON",),
    "deep-object.jsonl": ("this line is not JSON",),
    "numbers.jsonl": ("this line is not JSON", f"reads {SENTENCE}"),
    "half-characters.jsonl": ("reads lake \ud800 quarry",),
    "brackets.md": ("reads [[[[[[",),
    "headings.md": ("reads ######",),
    "cell-without-end.csv": ("cannot be read as a table",),
    "many-columns.csv": ("reads c: 1; c: 1; c: 1",),
    "huge-cell.csv": ("cannot be read as a table",),
    "quotes.csv": ("cannot be read as a table",),
    "nul.csv": ("reads ",),
    "empty.txt": ("the file is empty",),
    "mark-only.txt": ("the file is empty",),
    "blanks.txt": ("the file is empty",),
    "nul.txt": ("does not look like text",),
    "cut-utf8.txt": (f"reads {HAN}{HAN}",),
    "cut-utf16.txt": (f"reads {HAN}{HAN}",),
    "damaged-gb18030.txt": ("does not look like text",),
    "mixed.txt": ("does not look like text",),
    "one-line.txt": (f"reads {SENTENCE[:-1]}, {SENTENCE[:-1]}, ",),
    "spaces-in-line.txt": ("reads lake  ",),
    "hyphens.txt": ("reads lake-\nlake-\n",),
    "dots.txt": ("reads ......",),
    "brackets.txt": ("reads （（（（",),
    "bidi.txt": ("reads \u202e\u2066\u202e",),
    "combining.txt": ("reads e\u0301\u0301",),
    "controls.txt": ("does not look like text",),
    "pdf.txt": (f"reads {SENTENCE} Page 1.",),
    "text.pdf": ("not a PDF file, or it is damaged",),
    "zip.docx": (f"reads {SENTENCE}",),
    "program.pdf": ("this is a program, which cannot be read",),
    "picture.txt": ("this is a PNG picture, which cannot be read",),
    "workbook.csv": ("reads # Sheet\n\nplace: lake; year: 2031",),
    "old-word.docx": ("an old or encrypted Office file",),
    "elf.md": ("this is a program, which cannot be read",),
}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return hostile_files.files()


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(SECONDS, MEGABYTES) as parser:
        yield parser


def outcome(parser: Parser, name: str, data: bytes) -> list[Document | str]:
    """The documents of a file, and the reasons of those that cannot be read."""
    found: list[Document | str] = []
    try:
        found += [
            each.reason if isinstance(each, Failure) else each
            for each in parser.read(data, f"/{name}", Path(name).suffix, MAX_BYTES)
        ]
    except LoadError as error:
        found.append(str(error))
    return found


def test_every_file_has_an_outcome(files) -> None:
    assert files.keys() == OUTCOMES.keys()
    assert len(files) >= 60


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_hostile_file_is_read_or_refused(files, parser, name) -> None:
    found = outcome(parser, name, files[name])
    assert len(found) == len(OUTCOMES[name])
    for each, expected in zip(found, OUTCOMES[name], strict=True):
        if isinstance(each, str):
            assert expected in each
            assert each.startswith(f"/{name}")
            assert "\n" not in each
            assert "Traceback" not in each
        else:
            assert each.source == f"/{name}" or each.source.startswith((f"/{name}/", f"/{name}#"))
            assert ".." not in each.source.split("/")
            assert each.text.startswith(expected.removeprefix("reads "))
            began = time.monotonic()
            cleaned = describe(clean(each))
            assert time.monotonic() - began < SECONDS
            assert restore(cleaned) == each.text
            assert not each.text.startswith("root:")


def test_the_reader_goes_on_after_a_file_that_killed_it(files, parser) -> None:
    assert "memory" in outcome(parser, "blanks.pdf", files["blanks.pdf"])[0]
    (document,) = outcome(parser, "a.txt", SENTENCE.encode())
    assert document.text == SENTENCE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_what_is_no_file_is_refused_and_not_waited_for(parser, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    for name, reason in {
        "pipe.txt": "a device or a pipe",
        "folder.txt": "a folder",
        "loop.txt": "",
        "absent.txt": "No such",
    }.items():
        with pytest.raises(LoadError, match=reason) as caught:
            list(parser.load(tmp_path / name, MAX_BYTES))
        assert str(tmp_path / name) in str(caught.value)
        assert "\n" not in str(caught.value)


# -- the process ------------------------------------------------------------------------------------------------------


def test_the_same_comes_from_the_process_as_without_it(parser, tmp_path) -> None:
    honest = {
        "a.txt": HAN.encode(),
        "a.pdf": hostile_files.pdf(2),
        "a.zip": hostile_files.packed({"x.txt": SENTENCE, "bad.pdf": "no"}),
        "a.jsonl": b'{"text": "lake"}\nno\n{"title": "t", "text": "\\ud800"}\n',
    }
    for name, data in honest.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert list(parser.load(path, MAX_BYTES)) == list(load(path, MAX_BYTES))
        assert list(parser.load(path, MAX_BYTES, "given")) == list(load(path, MAX_BYTES, "given"))
        assert list(parser.read(data, "/s", path.suffix, MAX_BYTES)) == list(read(data, "/s", path.suffix, MAX_BYTES))
    for bad in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(LoadError) as there:
            list(load(bad, MAX_BYTES))
        with pytest.raises(LoadError) as here:
            list(parser.load(bad, MAX_BYTES))
        assert str(here.value) == str(there.value)


def test_what_takes_too_long_is_stopped() -> None:
    with Parser(seconds=0.05) as hurried:
        began = time.monotonic()
        with pytest.raises(LoadError, match=r"/slow\.pdf: reading it takes longer than 0 seconds, so it was stopped"):
            list(hurried.read(hostile_files.pdf(2000), "/slow.pdf", ".pdf", MAX_BYTES))
        assert time.monotonic() - began < 5


def test_documents_that_came_before_a_death_stay(parser) -> None:
    lines = b"".join(b'{"text": "lake %d"}\n' % number for number in range(200_000))
    documents = parser.read(lines, "/a.jsonl", ".jsonl", MAX_BYTES)
    first = [next(documents) for _ in range(3)]
    assert parser._child is not None
    os.kill(parser._child.pid, signal.SIGKILL)
    with pytest.raises(LoadError, match=r"/a\.jsonl: reading it .* brings the reader down"):
        list(documents)
    assert [document.text for document in first] == ["lake 0", "lake 1", "lake 2"]
    assert outcome(parser, "b.txt", SENTENCE.encode())[0].text == SENTENCE


def test_what_is_not_heard_to_the_end_does_not_reach_the_next(parser) -> None:
    documents = parser.read(b'{"text": "lake"}\n' * 50_000, "/a.jsonl", ".jsonl", MAX_BYTES)
    next(documents)
    documents.close()
    assert [document.text for document in outcome(parser, "b.txt", b"quarry")] == ["quarry"]


def test_threads_take_turns(parser) -> None:
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        (found[number],) = (document.text for document in outcome(parser, f"{number}.txt", f"lake {number}".encode()))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"lake {number}" for number in range(12)}


def test_a_child_that_dies_between_two_files_is_started_again(parser) -> None:
    outcome(parser, "a.txt", b"lake")
    child = parser._child
    assert child is not None
    child.kill()
    child.wait()
    assert [document.text for document in outcome(parser, "b.txt", b"quarry")] == ["quarry"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"source": "/a", "reason": 3},
        {"source": "/etc/passwd", "reason": "no"},
        {"id": "1", "title": "t", "source": "/b", "text": "x"},
        {"id": "1", "title": "t", "source": "/a", "text": ["x"]},
        {"id": "1", "title": "t", "source": "/a", "text": "x", "pages": [9]},
        {"id": "1", "title": "t", "source": "/a", "text": "x", "language": "xx"},
        {"id": "1", "title": "t", "source": "/a", "text": "x", "edits": [1]},
        {"id": "1", "title": "t", "source": "/a", "text": "x", "copies": ["/b"]},
    ],
)
def test_what_is_no_document_of_the_file_is_not_believed(said) -> None:
    with pytest.raises(LoadError, match="gave what is no document"):
        _checked(said, "/a", "/a")


def test_one_parser_is_shared() -> None:
    assert shared() is shared()
