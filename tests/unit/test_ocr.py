"""Pages that are only pictures, read by OCR.

`tests/scanned.pdf` contains two pictures of pages as a scanner gives them, grainy and a little aslant: one in Chinese, and one in
English in two columns that lies upside down.
"""

from __future__ import annotations

import io
import logging
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from rag.cli import doctor
from rag.documents.loaders import find_files, ocr, read, steps
from rag.documents.loaders.ocr import Line, lines
from rag.documents.sandbox import Parser
from rag.errors import LoadError
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.settings import Settings
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hashing_encoder import HashingEncoder

    from rag.documents.loaders import Failure

SCANNED = Path(__file__).parents[1] / "scanned.pdf"
LIMIT = 10_000_000
CHINESE = """北山观鸟站于2024年3月5日开放，年度预算为38万元。站
里能看到118种鸟，其中包括二级保护动物白琵鹭。
每年十月至次年三月，志愿者每周清点一次水鸟，并把结
果交给市林业局。观鸟站由青湖保护基金会管理。"""
LEFT = "The bird station on North Hill opened in March 2024. Its yearly budget is 380,000 yuan, paid by the Qinghu Fund."
RIGHT = "Volunteers count the water birds once a week in winter and give the results to the city's forestry bureau."


def picture(*words: str, turned: int = 0, slant: float = 0.0) -> np.ndarray:
    image = Image.new("L", (900, 600), 250)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(40)
    for number, line in enumerate(words):
        draw.text((80, 120 + 70 * number), line, fill=20, font=font)
    return np.rot90(np.asarray(image.rotate(slant, fillcolor=250)), turned)


@dataclass(frozen=True)
class Scan:
    """A scanned document with what was said while it was read, which takes a while and is done once."""

    document: Document
    steps: list[tuple[int, int]]
    warnings: list[str]


class Kept(logging.Handler):
    """Keeps the messages of the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(scope="module")
def scan() -> Scan:
    told: list[tuple[int, int]] = []
    kept, log = Kept(), logging.getLogger("yinju")
    log.addHandler(kept)
    try:
        with Parser() as parser, steps.told(lambda *step: told.append(step)):
            (document,) = parser.load(SCANNED, LIMIT)
    finally:
        log.removeHandler(kept)
    assert isinstance(document, Document)
    return Scan(document, told, kept.messages)


def test_chinese_is_read_line_by_line(scan: Scan) -> None:
    assert scan.document.text[: scan.document.pages[1]].strip() == CHINESE


def test_columns_are_read_one_after_the_other_though_the_page_lies_on_its_head(scan: Scan) -> None:
    words = "".join(scan.document.text[scan.document.pages[1] :].split())
    assert words == "".join((LEFT + RIGHT).split())


def test_a_scan_is_said_to_be_one_and_each_page_is_told(scan: Scan) -> None:
    assert scan.steps == [(1, 2), (2, 2)]
    assert scan.warnings == [f"{SCANNED}: pages 1, 2 are scans, read by OCR: what is cited from there may be misread"]


def test_what_a_scan_says_is_answered_and_cited_with_its_page(scan: Scan, tmp_path: Path, shared_models: None) -> None:
    with Library(tmp_path / "library") as library:
        library.add_document(scan.document)
        answer = RagPipeline(library).answer("北山观鸟站的年度预算是多少？")
        (citation, *_) = answer.citations
        assert "38万元" in answer.text
        assert citation.page == 1
        assert library.document(citation.document_id).text[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize("turned", range(4))
def test_however_a_page_lies_its_lines_go_from_left_to_right(turned: int) -> None:
    first, second = sorted(
        lines(picture("The lake is deep", "and the hill is high", turned=turned), "a"), key=lambda line: line.top
    )
    assert (first.text, second.text) == ("The lake is deep", "and the hill is high")
    assert first.right - first.left > 5 * (first.bottom - first.top)


def test_a_slanted_page_is_set_straight() -> None:
    words = [f"This is line {number} of the page" for number in range(1, 6)]
    found = sorted(lines(picture(*words, slant=2.5), "a"), key=lambda line: line.top)
    assert [line.text for line in found] == words
    assert all(below.top > above.bottom for above, below in pairwise(found))


def test_boxes_by_hand() -> None:
    """Two lines of a page that is turned by an eighth, where the corner above on the left is at (0, 0)."""
    half = 0.5**0.5
    box = [(0.0, 0.0), (10 * half, 10 * half), (9 * half, 11 * half), (-half, half)]
    (line,) = ocr._straight([box], [" a  b "])
    assert line == Line(pytest.approx(0), pytest.approx(0), pytest.approx(10), pytest.approx(1), "a b")


def test_an_empty_page_holds_nothing() -> None:
    assert lines(picture(), "a") == []


def test_an_extra_that_is_not_whole_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    ocr._engine.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(LoadError, match=r"^a\.pdf: OCR does not start .*: pip install 'yinju\[ocr\]'$"):
        lines(picture(), "a.pdf")


def test_a_page_at_which_it_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(picture: np.ndarray) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(ocr, "_engine", lambda: failing)
    with pytest.raises(LoadError, match=r"^a\.pdf: OCR fails at a page \(RuntimeError\); split the file$"):
        lines(picture(), "a.pdf")


def test_the_doctor_says_whether_scans_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load({"library": tmp_path / "library"})

    def of_scans() -> str:
        return next(finding.text for finding in doctor.examine(settings) if finding.subject == "scanned pages")

    assert of_scans() == "read by OCR"
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    assert of_scans() == "named but not read; OCR is installed with: pip install 'yinju[ocr]'"


class Counting(Parser):
    """Counts the files it reads."""

    read_so_far = 0

    def load(self, path: Path, max_bytes: int, source: str = "", max_characters: int = 0) -> Iterator[Document | Failure]:
        self.read_so_far += 1
        yield from super().load(path, max_bytes, source, max_characters)


def test_files_are_read_anew_once_ocr_has_come(tmp_path: Path, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.txt"
    file.write_text("The lake is deep.", encoding="utf-8")
    with Counting() as parser, Library(tmp_path / "library", encoder, parser=parser) as library:
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "rapidocr", None)
            assert [library.add([file])[0].status for _ in range(2)] == ["added", "unchanged"]
            assert parser.read_so_far == 1
        assert [library.add([file])[0].status for _ in range(2)] == ["unchanged", "unchanged"]
        assert parser.read_so_far == 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_picture_is_read_as_a_document(kind: str) -> None:
    first, second = (Image.fromarray(picture(words)) for words in ("The ferry leaves at 9:40.", "It returns at noon."))
    data = io.BytesIO()
    first.save(data, kind, **({"save_all": True, "append_images": [second]} if kind == "TIFF" else {}))
    (document,) = read(data.getvalue(), f"/ferry.{kind.lower()}", f".{kind.lower()}", LIMIT)
    assert isinstance(document, Document)
    assert document.text.split("\f")[0] == "The ferry leaves at 9:40."
    if kind == "TIFF":
        assert document.text[document.pages[1] :] == "It returns at noon."


def test_a_picture_needs_ocr_and_is_passed_over_in_a_folder_without_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"^a\.png: the picture is damaged$"):
        list(read(b"\x89PNG\r\n", "a.png", ".png", LIMIT))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n")
    assert list(find_files([tmp_path])) == [tmp_path / "a.png"]
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    assert list(find_files([tmp_path])) == []
    with pytest.raises(LoadError, match="needs OCR"):
        list(read(b"\x89PNG\r\n", "a.png", ".png", LIMIT))
