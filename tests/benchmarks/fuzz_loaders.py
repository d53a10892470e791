"""Looks for files that bring a loader down: `python tests/benchmarks/fuzz_loaders.py --minutes 10`.

Honest and hostile files of every kind are changed at random, inside of ZIP packages too, and read in the reading process. What is neither
read nor refused by the loader itself (a crash, an error that it does not know, too much time or memory) is printed, and the file is kept
in `--keep`.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import hostile_files
from tqdm import tqdm

from rag.errors import LoadError
from rag.loaders import Failure
from rag.parsing import Parser

FINDINGS = ("brings the reader down", "reading it takes", "it cannot be read (", "gave what is no document")
LONGEST = 200_000


def honest() -> dict[str, bytes]:
    """A file of each kind that the hostile ones leave out."""
    word = hostile_files.office("docx", hostile_files._word(f"<w:p><w:r><w:t>{hostile_files.SENTENCE}</w:t></w:r></w:p>"))
    return {
        "a.pdf": hostile_files.pdf(2),
        "a.docx": word,
        "a.xlsx": hostile_files.workbook([(1, 1, "place"), (1, 2, "year"), (2, 1, "lake"), (2, 2, 2031)]),
        "a.zip": hostile_files.packed({"x.txt": hostile_files.SENTENCE, "y.md": f"# {hostile_files.HAN}"}),
        "a.txt": hostile_files.HAN.encode("gb18030"),
        "a.md": f"# lake\n\n{hostile_files.SENTENCE}".encode(),
        "a.csv": b"place,year\nlake,2031\n",
    }


def changed(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """The bytes with a few of them flipped, cut, repeated, or taken from another file."""
    made = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at, to = sorted(chance.randrange(len(made) + 1) for _ in range(2))
        to = min(to, at + chance.choice([1, 4, 64, 4096]))
        match chance.randrange(5):
            case 0 if made:
                made[min(at, len(made) - 1)] = chance.randrange(256)
            case 1:
                del made[at:to]
            case 2:
                made[at:at] = made[at:to] * chance.choice([1, 2, 50])
            case 3:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                made[at:to] = other[start : start + 256]
            case _:
                made[at:to] = chance.choice([b"\xff" * 8, b"\0" * 8, b"9" * 20, b"<" * 9, b"-1", b"[" * 500, "\u202e".encode()])
    return bytes(made)


def inside(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """A package with one of its members changed, or the bytes changed where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > 10 * LONGEST or not archive.namelist():
                return changed(chance, data, others)
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError, EOFError):
        return changed(chance, data, others)
    name = chance.choice(sorted(members))
    return hostile_files.packed({**members, name: changed(chance, members[name], others)})


def found(reader: Parser, name: str, data: bytes) -> list[str]:
    """What the reading process says of a file that its loader itself would not."""
    said = []
    try:
        said += [
            each.reason for each in reader.read(data, f"/{name}", Path(name).suffix, 20_000_000) if isinstance(each, Failure)
        ]
    except LoadError as error:
        said.append(str(error))
    return [reason for reason in said if any(words in reason for words in FINDINGS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"))
    arguments = parser.parse_args()
    files = {name: data for name, data in {**hostile_files.files(), **honest()}.items() if 0 < len(data) <= LONGEST}
    others = list(files.values())
    tried: Counter[str] = Counter()
    findings = 0
    end = time.monotonic() + 60 * arguments.minutes
    with Parser(seconds=20, megabytes=500) as reader, tqdm(unit="file") as bar:
        # A file that takes too much memory as it is does so when it is changed, and is refused for it.
        files = {name: data for name, data in files.items() if not found(reader, name, data)}
        number = arguments.seed
        while time.monotonic() < end:
            chance = random.Random(number)
            name = chance.choice(sorted(files))
            suffix = Path(name).suffix
            data = (inside if chance.random() < 0.7 else changed)(chance, files[name], others)
            for reason in found(reader, f"{number}{suffix}", data):
                findings += 1
                arguments.keep.mkdir(parents=True, exist_ok=True)
                (arguments.keep / f"{number}{suffix}").write_bytes(data)
                bar.write(f"{name}: {reason}")
            tried[suffix] += 1
            number += 1
            bar.update()
    print(", ".join(f"{count} {suffix}" for suffix, count in tried.most_common()))
    print(f"{tried.total()} files, {findings} findings")


if __name__ == "__main__":
    main()
