"""Loaders of other packages, found by their entry points: the example, broken ones, and what they cannot take over."""

from __future__ import annotations

import io
import logging
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.cli.doctor import _loaders
from rag.documents.cleaning import clean
from rag.documents.loaders import Failure, document_id, find_files, plugins, read, suffixes
from rag.documents.sandbox import Parser
from rag.errors import LoadError
from rag.types import Document

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_loader"
CALENDAR = (EXAMPLE / "team.ics").read_bytes()
ENTRIES = [
    (
        "Title: Budget review; Start: 2026-03-12 14:00 (Asia/Shanghai); End: 2026-03-12 15:30 (Asia/Shanghai); "
        "Place: Room 4, second floor; Organiser: Li Wei: Finance; Description: The figures of the first quarter, and the plan for "
        "the wetland survey. Bring the receipts."
    ),
    "Title: 劳动节放假; Start: 2026-05-01; End: 2026-05-03",
    (
        "Title: Weekly call; Start: 2026-01-05 01:00 (UTC); End: 2026-01-05 01:15 (UTC); Repeats: FREQ=WEEKLY;BYDAY=MO; "
        "Status: cancelled"
    ),
]
LIMIT = 1_000_000
LOADER = """
from rag.documents.loaders import Failure, document_id
from rag.types import Document

class Own:
    suffixes = {suffixes!r}

    def __call__(self, data, source):
        {body}
"""
READ = "return Document('any', 'own', source, f'{len(data)} bytes')"

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package, with a module of the given source, into a folder that is on the path of this test only."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    modules: list[str] = []

    def forget() -> None:
        for module in modules:
            sys.modules.pop(module, None)
        plugins.installed.cache_clear()
        plugins.report.cache_clear()

    def install(package: str, module: str, source: str, entry_points: dict[str, str] | None = None) -> None:
        modules.append(module)
        (folder / f"{module}.py").write_text(source, encoding="utf-8")
        info = folder / f"{package.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        points = entry_points or {"own": f"{module}:Own"}
        (info / "entry_points.txt").write_text("[yinju.loaders]\n" + "\n".join(f"{name} = {at}" for name, at in points.items()))
        forget()

    forget()
    yield install
    monkeypatch.undo()
    forget()


@pytest.fixture
def example(install: Install) -> None:
    """Installs the example with the name and the entry point of its pyproject.toml."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    source = (EXAMPLE / "yinju_icalendar.py").read_text(encoding="utf-8")
    install(project["name"], "yinju_icalendar", source, project["entry-points"]["yinju.loaders"])


def packed(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return file.getvalue()


def only(results: Iterator[Document | Failure]) -> Document:
    (document,) = results
    assert isinstance(document, Document)
    return document


def refusal(data: bytes, suffix: str) -> str:
    with pytest.raises(LoadError) as error:
        list(read(data, f"a{suffix}", suffix, LIMIT))
    assert "\n" not in str(error.value)
    return str(error.value)


# -- the example ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("example")
def test_the_example_reads_a_calendar_in_the_parsing_process(tmp_path: Path) -> None:
    path = tmp_path / "team.ics"
    path.write_bytes(CALENDAR)
    with Parser() as parser:
        document = only(parser.load(path, LIMIT))
        assert document == Document(document_id(str(path)), "Team calendar", str(path), "\n\n".join(ENTRIES))
        assert clean(document).text.split("\n\n") == ENTRIES
        (member,) = parser.read(packed(team_ics=CALENDAR), "a.zip", ".zip", LIMIT)
        assert member == Document(document_id("a.zip/team.ics"), "Team calendar", "a.zip/team.ics", "\n\n".join(ENTRIES))


@pytest.mark.usefixtures("example")
def test_the_files_of_the_example_are_found_in_folders_and_listed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.txt", "team.ICS", "other.xyz"):
        (folder / name).write_bytes(CALENDAR)
    assert [path.name for path in find_files([folder])] == ["a.txt", "team.ICS"]
    assert ".ics" in suffixes()
    assert ".ics" in refusal(b"x", ".xyz")
    assert [(each.subject, each.text, each.sound) for each in _loaders()] == [
        ("loader", "icalendar of yinju-icalendar 1.0, for .ics", True)
    ]


def test_without_the_package_its_files_are_refused(install: Install) -> None:
    assert refusal(CALENDAR, ".ics").startswith("a.ics: cannot read .ics; known are .csv ")
    assert list(_loaders()) == []


@pytest.mark.usefixtures("example")
@pytest.mark.parametrize(
    ("old", "new", "entry"),
    [
        (b"DURATION:PT1H30M", b"DTEND:20260312T150000", "End: 2026-03-12 15:00;"),
        (b"DURATION:PT1H30M", b"DURATION:P1W2DT1M", "End: 2026-03-21 14:01 (Asia/Shanghai);"),
        (b"DURATION:PT1H30M", b"DURATION:P9999W", "End: 2217-10-30 14:00 (Asia/Shanghai);"),
        (b":20260312T140000", b":soon", "Start: soon; End: soon;"),
        (b":20260312T140000", b":20261340T250000", "Start: 20261340T250000;"),
        (b"DURATION:PT1H30M\r\n", b"", "Start: 2026-03-12 14:00 (Asia/Shanghai); Place:"),
        (b"\r\n", b"\n", ENTRIES[0]),
        (b"Room 4\\, second floor", b"A\\; B\\\\n\\nC", "Place: A; B\\n C;"),
        (b';CN="Li Wei: Finance"', b"", "Organiser: li@example.org;"),
    ],
)
def test_the_example_reads_times_and_texts_as_the_standard_writes_them(old: bytes, new: bytes, entry: str) -> None:
    assert old in CALENDAR
    text = only(read(CALENDAR.replace(old, new), "a.ics", ".ics", LIMIT)).text
    assert entry in text.split("\n\n")[0] + ";"


@pytest.mark.usefixtures("example")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"BEGIN:VCARD\nEND:VCARD", "this is not a calendar: it does not begin with BEGIN:VCALENDAR"),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR", "the calendar has no events or tasks"),
        (b"BEGIN:VCALENDAR\nsomething", "this is not a calendar, or it is damaged: 'something' is not a property"),
        (CALENDAR[: CALENDAR.index(b"END:VEVENT")], "the calendar is cut short: VEVENT does not end"),
        (b"\x89PNG", "the picture is damaged"),
    ],
)
def test_the_example_refuses_what_is_no_calendar(data: bytes, reason: str) -> None:
    assert refusal(data, ".ics") == f"a.ics: {reason}"


# -- which loader reads a file ----------------------------------------------------------------------------------------


def test_formats_that_yinju_reads_stay_with_it(install: Install) -> None:
    install("taker", "taker", LOADER.format(suffixes=(".txt", ".pdf", ".zip", ".html"), body=READ))
    assert only(read(b"The lake is deep.", "a.txt", ".txt", LIMIT)).text == "The lake is deep."
    assert only(read(packed(b_txt=b"The lake is deep."), "a.zip", ".zip", LIMIT)).source == "a.zip/b.txt"
    assert only(read(b"<html><p>The lake is deep.", "a.html", ".html", LIMIT)).text == "The lake is deep."
    assert refusal(b"no PDF", ".pdf") == "a.pdf: this is not a PDF file, or it is damaged"


def test_a_kind_that_yinju_knows_and_cannot_read_goes_to_the_loader_of_the_kind_or_else_of_the_name(install: Install) -> None:
    install("pictures", "pictures", LOADER.format(suffixes=(".gif", ".icon"), body=READ))
    for suffix in (".gif", ".dat", ".icon"):
        assert only(read(b"GIF89a", f"a{suffix}", suffix, LIMIT)).text == "6 bytes"
    assert only(read(b"RIFF....WEBP", "a.icon", ".icon", LIMIT)).text == "12 bytes"
    assert refusal(b"RIFF....WEBP", ".dat").startswith("a.dat: this is a WebP picture, which cannot be read; known are ")


def test_a_format_that_is_a_zip_archive_inside_is_read_by_its_ending(install: Install) -> None:
    install("maps", "maps", LOADER.format(suffixes=(".kmz",), body=READ))
    data = packed(doc_txt=b"The lake is deep.")
    assert only(read(data, "a.kmz", ".kmz", LIMIT)).text == f"{len(data)} bytes"
    assert only(read(data, "a.odd", ".odd", LIMIT)).source == "a.odd/doc.txt"
    assert only(read(packed(b_kmz=data), "a.zip", ".zip", LIMIT)) == Document(
        document_id("a.zip/b.kmz"), "own", "a.zip/b.kmz", f"{len(data)} bytes"
    )


# -- faults of plug-ins -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("example")
def test_a_broken_plug_in_is_reported_once_in_one_line_and_the_others_work(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("broken", "broken", "raise ValueError('no licence\\nof this year')")
    problem = "the loader own of broken 1.0 cannot be used (ValueError: no licence); update the package or uninstall it"
    with caplog.at_level(logging.WARNING, "yinju"), Parser() as parser:
        for _ in range(2):
            assert only(parser.read(CALENDAR, "a.ics", ".ics", LIMIT)).text == "\n\n".join(ENTRIES)
        assert ".ics" in suffixes()
    assert caplog.messages == [problem]
    assert [(each.text, each.sound) for each in _loaders()] == [
        ("icalendar of yinju-icalendar 1.0, for .ics", True),
        (problem, False),
    ]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("Own = 5", "TypeError: it is neither a Loader nor a Container"),
        ("Own = len", "AttributeError: 'builtin_function_or_method' object has no attribute 'suffixes'"),
        (
            "class Own:\n    def __init__(self, name): pass",
            "TypeError: Own.__init__() missing 1 required positional argument: 'name'",
        ),
        (LOADER.format(suffixes=".own", body=READ), 'TypeError: its suffixes are not a tuple of endings such as (".ics",)'),
        (LOADER.format(suffixes=("own",), body=READ), 'TypeError: its suffixes are not a tuple of endings such as (".ics",)'),
        (LOADER.format(suffixes=(5,), body=READ), 'TypeError: its suffixes are not a tuple of endings such as (".ics",)'),
    ],
)
def test_a_plug_in_that_cannot_be_used_says_why(install: Install, source: str, fault: str) -> None:
    install("broken", "broken", source)
    assert plugins.installed() == plugins.Plugins(
        (), (f"the loader own of broken 1.0 cannot be used ({fault}); update the package or uninstall it",)
    )
    assert refusal(b"x", ".own").startswith("a.own: cannot read .own; known are ")


def test_of_two_loaders_for_an_ending_the_first_package_is_used(install: Install) -> None:
    install("b-second", "second", LOADER.format(suffixes=(".own", ".two"), body="return Document('', '', source, 'second')"))
    install("a-first", "first", LOADER.format(suffixes=(".own",), body="return Document('', '', source, 'first')"))
    assert only(read(b"x", "a.own", ".own", LIMIT)).text == "first"
    assert only(read(b"x", "a.two", ".two", LIMIT)).text == "second"
    assert plugins.installed().problems == (
        "the loader own of b-second 1.0 is not used for .own, which own of a-first 1.0 reads; uninstall one of them",
    )


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("raise KeyError('width')", "KeyError: 'width'"),
        ("return 'text'", "TypeError: it returns a str, not a Document"),
        ("return Document('', '', '/etc/other', 'x')", "ValueError: it returns a document with the source '/etc/other'"),
    ],
)
def test_a_plug_in_that_fails_at_a_file_is_named(install: Install, body: str, fault: str) -> None:
    install("faulty", "faulty", LOADER.format(suffixes=(".own",), body=body))
    expected = f"a.own: the loader own of faulty 1.0 fails at this file ({fault}); tell the authors of the package"
    assert refusal(b"x", ".own") == expected
    with Parser() as parser, pytest.raises(LoadError) as error:
        list(parser.read(b"x", "a.own", ".own", LIMIT))
    assert str(error.value) == expected


def test_a_container_of_a_plug_in_gives_documents_and_failures(install: Install) -> None:
    source = """
from rag.documents.loaders import Failure
from rag.types import Document

class Mailbox:
    suffixes = (".MBOX",)

    def documents(self, data, source, max_bytes):
        yield Document("", "one", f"{source}/1", "The lake is deep.")
        yield Failure(f"{source}/2", f"{source}/2: this is not a message")

mailbox = Mailbox()
"""
    install("mail", "mail", source, {"mailbox": "mail:mailbox"})
    with Parser() as parser:
        assert list(parser.read(b"x", "a.mbox", ".mbox", LIMIT)) == [
            Document(document_id("a.mbox/1"), "one", "a.mbox/1", "The lake is deep."),
            Failure("a.mbox/2", "a.mbox/2: this is not a message"),
        ]


def test_an_empty_document_of_a_plug_in_is_refused(install: Install) -> None:
    install("empty", "empty", LOADER.format(suffixes=(".own",), body="return Document('', '', source, ' \\n')"))
    assert refusal(b"x", ".own") == "a.own: the file is empty"
