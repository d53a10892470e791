"""Alters files of every format at random and reads them, to find what the loaders do not survive.

    python tests/benchmarks/fuzz_loaders.py --minutes 10

A file may give documents or be refused. What is reported is anything else: the process that reads it breaks off, takes too long or
too much memory. Each finding says its number, with which `--only NUMBER` makes the same file again, and where its bytes are saved.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from hostile_files import FILES, LAKE, MAX_BYTES, Refusal, book, document, page_of, pdf, shown, slides, workbook, zipped

from rag.documents.sandbox import Parser
from rag.errors import LoadError

SECONDS = 10
MEGABYTES = 400
LARGEST_SEED = 200_000
LARGEST = 2_000_000
ZIPPED = (".zip", ".docx", ".xlsx", ".pptx", ".epub")
FOUND = ("reading broke off", "reading took longer", "reading takes more", "the process that reads files")
TOKENS = [
    *(
        b"\0",
        b"\xff",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\f",
        b"\r\n",
        b"\n",
        b"\t",
        b" ",
        b'"',
        b"'",
        b"<",
        b">",
        b"</",
        b"<!--",
        b"&",
        b"&#0;",
    ),
    *(
        b"&#x10ffff;",
        b"]]>",
        b"<![CDATA[",
        b"[",
        b"]",
        b"{",
        b"}",
        b"(",
        b")",
        b"<<",
        b">>",
        b"/",
        b",",
        b";",
        b"|",
        b"#",
        b"**",
        b"--",
        b"%",
    ),
    *(
        b"0",
        b"-1",
        b"2147483647",
        b"4294967296",
        b"1e999",
        b"NaN",
        b"99999999999999999999",
        b"\\u0000",
        b"\\ud800",
        b"stream\n",
        b"endobj\n",
    ),
    *(
        b"1 0 R",
        b"3 0 R",
        b"BT",
        b"ET",
        b"Tj",
        b"<table>",
        b"<tr>",
        b"<td>",
        b"<pre>",
        b"<w:tbl>",
        b"<w:p>",
        "湖".encode(),
        "湖".encode("gb18030"),
    ),
]
HONEST: dict[str, list[bytes]] = {
    ".txt": [
        LAKE.encode(),
        ("湖很深，没有人见过湖底。\n" * 20).encode("gb18030"),
        "湖很深。\fThe lake\n".encode("utf-16"),
        LAKE.encode() * 50,
    ],
    ".md": [
        f"---\ntitle: Lake\n---\n# Lake\n\n**{LAKE}** [a](http://b.org) <!-- c -->\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode()
    ],
    ".html": [
        f"<!doctype html><html><head><title>Lake</title><meta charset=gb2312></head><body><nav>Home</nav><h1>Lake</h1><p>{LAKE}</p>"
        f"<table><tr><th>a<th>b<tr><td>1<td>2</table><ul><li>x<li>y</ul><pre>z</pre></body></html>".encode()
    ],
    ".jsonl": [
        f'{{"text": "{LAKE}", "title": "Lake", "date": "2021-01-02", "url": "http://b.org/a"}}\n{{"text": "湖"}}\n'.encode()
    ],
    ".csv": ['name,depth,年\nBlue,12,2021\n"a\nb",3,\n'.encode() * 5, "名\t数\n湖\t1\n".encode("gb18030")],
    ".pdf": [pdf(page_of(shown(LAKE)))],
    ".docx": [document()],
    ".xlsx": [workbook()],
    ".pptx": [slides()],
    ".epub": [book()],
    ".zip": [
        zipped(
            {
                "a.txt": LAKE,
                "b.zip": zipped({"c.html": f"<html><p>{LAKE}"}),
                "d.docx": document(),
                "e.pdf": pdf(page_of(shown(LAKE))),
            }
        )
    ],
}


def seeds() -> dict[str, list[bytes]]:
    """Returns hostile files of each format by suffix: those of moderate size that are not refused for their memory."""
    found: dict[str, list[bytes]] = {suffix: [] for suffix in HONEST}
    for file in FILES.values():
        suffix = Path(file.name).suffix
        known = isinstance(file.outcome, Refusal) and "memory" in file.outcome.words
        if suffix in found and not known and len(data := file.make()) <= LARGEST_SEED:
            found[suffix].append(data)
    return found


def altered(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Flips, cuts, repeats or inserts some bytes."""
    for _ in range(1 + min(int(dice.expovariate(1)), 8)):
        start = dice.randrange(len(data) + 1)
        end = min(len(data), start + int(dice.paretovariate(0.6)))
        match dice.randrange(7):
            case 0 if data:
                place = dice.randrange(len(data))
                data = data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]
            case 1:
                data = data[:start] + data[end:]
            case 2:
                data = data[:start] + data[start:end] * dice.choice((2, 3, 10, 1000)) + data[end:]
            case 3 if other:
                place = dice.randrange(len(other))
                data = data[:start] + other[place : place + int(dice.paretovariate(0.6))] + data[end:]
            case 4:
                data = data[:start] + dice.choice(TOKENS) * dice.choice((1, 1, 2, 5000)) + data[start:]
            case 5:
                data = data[:start] + dice.randbytes(end - start) + data[end:]
            case 6 if dice.random() < 0.2:
                data = data[:start]
        data = data[:LARGEST]
    return data


def altered_inside(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Alters some members of an archive and packs it again, so that the change reaches the loaders of its members."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()[:200]}
    except Exception:  # damaged already
        return altered(data, other, dice)
    for name in dice.sample(sorted(parts), min(len(parts), dice.choice((1, 1, 2, 4)))):
        content = parts[name]
        assert isinstance(content, bytes)
        parts[name] = altered(content, other, dice)
    return zipped(parts)


def case(number: int, seed: int, files: dict[str, list[bytes]]) -> tuple[str, bytes]:
    """Returns the suffix and the bytes of the file with this number."""
    dice = random.Random(f"{seed}-{number}")
    suffix = sorted(files)[number % len(files)]
    data = dice.choice(HONEST[suffix] if dice.random() < 0.6 or not files[suffix] else files[suffix])
    other = dice.choice(HONEST[dice.choice(sorted(files))])
    inside = suffix in ZIPPED and dice.random() < 0.7
    return suffix, (altered_inside if inside else altered)(data, other, dice)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="make and read the file of this number only")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "yinju-fuzz", help="where findings are saved")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files = seeds()
    tried: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    slowest: dict[str, tuple[float, int]] = {}
    findings: Counter[str] = Counter()
    number = options.only or 0
    until = time.monotonic() + 60 * options.minutes
    with Parser(SECONDS, MEGABYTES) as reader:
        while time.monotonic() < until:
            suffix, data = case(number, options.seed, files)
            tried[suffix] += 1
            start = time.monotonic()
            reasons = []
            try:
                for each in reader.read(data, f"a{suffix}", suffix, MAX_BYTES):
                    reasons += [getattr(each, "reason", "")]
                documents[suffix] += 1
            except LoadError as error:
                reasons.append(str(error))
            slowest[suffix] = max(slowest.get(suffix, (0.0, 0)), (time.monotonic() - start, number))
            for reason in reasons:
                if any(words in reason for words in FOUND):
                    findings[suffix] += 1
                    place = options.out / f"{options.seed}-{number}{suffix}"
                    with suppress(OSError):
                        place.write_bytes(data)
                    print(f"{number}: {reason} ({place})", flush=True)
            number += 1
            if options.only is not None:
                break
    print(f"{'kind':6} {'files':>7} {'read':>7} {'findings':>8} {'slowest':>8}")
    for suffix in sorted(files):
        seconds, which = slowest.get(suffix, (0.0, 0))
        print(f"{suffix:6} {tried[suffix]:7} {documents[suffix]:7} {findings[suffix]:8} {seconds:7.1f}s (number {which})")
    print(f"{sum(tried.values())} files, {sum(findings.values())} findings")


if __name__ == "__main__":
    main()
