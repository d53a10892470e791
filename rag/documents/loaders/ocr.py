"""Text in the picture of a page, by RapidOCR, whose models come with it: nothing is fetched.

The package is an optional extra. It reads Chinese and English, PP-OCR (Du et al., 2020, "PP-OCR: A Practical Ultra Lightweight OCR
System") in the release that it brings.
"""

from __future__ import annotations

import math
import os
import statistics
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

HOW_TO_INSTALL = "pip install 'yinju[ocr]'"
MEMORY_BYTES = 1_500_000_000
"""How much memory it takes by itself."""

LONGEST_SIDE = 2000
"""In pixels; larger pictures are made smaller before they are read."""

_MOST_THREADS = 4
# A line is so many times as long as high before its slant says anything of the page's.
_LONG = 3
_TELLING = 4
_SURE = 0.8
_LEAST = 0.5


class Line(NamedTuple):
    """Text in one line without wide gaps, and its box: in pixels from the left above, once the page is turned and set straight."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


def is_installed() -> bool:
    """Whether the extra is there."""
    return all(find_spec(package) is not None for package in ("rapidocr", "onnxruntime"))


def lines(picture: np.ndarray[Any, np.dtype[np.uint8]], source: str) -> list[Line]:
    """The lines of text in a picture, in no order that means anything.

    Args:
        picture: Grey, `(height, width)`, or colours, `(height, width, 3)`.
        source: What errors call the file.

    Raises:
        LoadError: The extra does not work, or fails at this picture.
    """
    import numpy as np

    try:
        engine = _engine()
    except Exception as error:  # whatever a package that is not whole stumbles over
        raise LoadError(f"{source}: OCR does not start ({error}); install it anew with: {HOW_TO_INSTALL}") from error
    tried: list[Any] = []
    # Pages lie upside down or on a side in the scanner; most do not.
    for quarters in (0, 2, 1, 3):
        try:
            found = engine(np.ascontiguousarray(np.rot90(picture, quarters)))
        except Exception as error:  # as where memory is short, which the libraries say in ways of their own
            raise LoadError(f"{source}: OCR fails at a page ({type(error).__name__}); split the file") from error
        if found.boxes is None:
            return []
        tried.append(found)
        if _is_upright(found):
            break
    else:
        found = max(tried, key=lambda each: statistics.mean(each.scores))
    sure = [place for place, score in enumerate(found.scores) if score >= _LEAST]
    return _straight([found.boxes[place].tolist() for place in sure], [found.txts[place] for place in sure])


def _is_upright(found: Any) -> bool:
    """Whether the lines of a page are wider than high, and read as one reads what does not stand on its head."""
    wide = [
        math.dist(box[0], box[1]) > math.dist(box[0], box[3])
        for box, text in zip(found.boxes.tolist(), found.txts, strict=True)
        if len(text) >= _TELLING
    ]
    return 2 * sum(wide) >= len(wide) and statistics.mean(found.scores) >= _SURE


@lru_cache(maxsize=1)
def _engine() -> Any:
    _make_room()
    import cv2
    import rapidocr

    # Each thread takes address space, of which there is little where files are read.
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    cv2.setNumThreads(threads)
    models = Path(rapidocr.__file__).parent / "models"
    settings: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.max_side_len": LONGEST_SIDE,
        # What is read of a page on its head must be seen to be unsure.
        "Global.text_score": 0.0,
        # It takes single lines for such as stand on their head that do not.
        "Global.use_cls": False,
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    for part in ("Det", "Cls", "Rec"):
        # A path that is given is not downloaded when it is not there.
        settings[f"{part}.model_path"] = str(next(models.glob(f"*_{part.lower()}_*.onnx"), models / f"{part.lower()}.onnx"))
    return rapidocr.RapidOCR(params=settings)


def _make_room() -> None:
    """Raises the limit of the memory of this process, where there is one, by what the engine takes."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit, highest = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_AS, (limit + MEMORY_BYTES, highest))


def _straight(boxes: Sequence[Sequence[tuple[float, float]]], texts: Sequence[str]) -> list[Line]:
    """Lines with upright boxes, of boxes that are slanted as the page was when it was scanned.

    The corners of a box go round from the left above.
    """
    slants = [
        math.atan2(right[1] - left[1], right[0] - left[0])
        for left, right, _, below in boxes
        if math.dist(left, right) > _LONG * math.dist(left, below)
    ]
    slant = statistics.median(slants) if slants else 0.0
    cosine, sine = math.cos(slant), math.sin(slant)
    found = []
    for box, text in zip(boxes, texts, strict=True):
        across = [x * cosine + y * sine for x, y in box]
        down = [y * cosine - x * sine for x, y in box]
        if words := " ".join(text.split()):
            found.append(Line(min(across), statistics.mean(down[:2]), max(across), statistics.mean(down[2:]), words))
    return found
