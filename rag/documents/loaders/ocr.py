"""Reads the text in the picture of a page with RapidOCR, an optional extra. Its models come with it, so nothing is fetched.

It reads Chinese and English by PP-OCR (Du et al., 2020, "PP-OCR: A Practical Ultra Lightweight OCR System").
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
"""The memory that the engine takes by itself."""

LONGEST_SIDE = 2000
"""In pixels. Larger pictures are scaled down."""

_MAX_THREADS = 4
# Only lines that are so many times as long as high, or have so many characters, say how the page lies.
_MIN_RATIO = 3
_MIN_CHARACTERS = 4
_MIN_SCORE_OF_UPRIGHT = 0.8
_MIN_SCORE = 0.5


class Line(NamedTuple):
    """Text in one line without wide gaps. The box is in pixels from the upper left corner of the page, turned upright."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


def is_installed() -> bool:
    """Returns whether the extra is installed."""
    return all(find_spec(package) is not None for package in ("rapidocr", "onnxruntime"))


def lines(picture: np.ndarray[Any, np.dtype[np.uint8]], source: str) -> list[Line]:
    """Reads the lines of text in a picture, in no particular order.

    Args:
        picture: Grey `(height, width)` or colour `(height, width, 3)`.
        source: The name of the file in errors.

    Raises:
        LoadError: OCR does not start, or fails at this picture.
    """
    import numpy as np

    try:
        engine = _engine()
    except Exception as error:  # an incomplete installation fails in many ways
        raise LoadError(f"{source}: OCR does not start ({error}); install it again with: {HOW_TO_INSTALL}") from error
    tried: list[Any] = []
    # Some pages lie upside down or on their side in the scanner.
    for quarters in (0, 2, 1, 3):
        try:
            found = engine(np.ascontiguousarray(np.rot90(picture, quarters)))
        except Exception as error:  # the libraries report a lack of memory in ways of their own
            raise LoadError(f"{source}: OCR fails at a page ({type(error).__name__}); split the file") from error
        if found.boxes is None:
            return []
        tried.append(found)
        if _is_upright(found):
            break
    else:
        found = max(tried, key=lambda each: statistics.mean(each.scores))
    sure = [place for place, score in enumerate(found.scores) if score >= _MIN_SCORE]
    return _straight([found.boxes[place].tolist() for place in sure], [found.txts[place] for place in sure])


def _is_upright(found: Any) -> bool:
    """Returns whether most lines of a page are wider than high, and are read with a high score."""
    wide = [
        math.dist(box[0], box[1]) > math.dist(box[0], box[3])
        for box, text in zip(found.boxes.tolist(), found.txts, strict=True)
        if len(text) >= _MIN_CHARACTERS
    ]
    return 2 * sum(wide) >= len(wide) and statistics.mean(found.scores) >= _MIN_SCORE_OF_UPRIGHT


@lru_cache(maxsize=1)
def _engine() -> Any:
    _make_room()
    import cv2
    import rapidocr

    # Each thread takes address space, which is limited in the parsing process.
    threads = min(_MAX_THREADS, os.cpu_count() or 1)
    cv2.setNumThreads(threads)
    models = Path(rapidocr.__file__).parent / "models"
    settings: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.max_side_len": LONGEST_SIDE,
        # The low scores of a page that is upside down must be seen.
        "Global.text_score": 0.0,
        # The classifier turns single lines that are upright.
        "Global.use_cls": False,
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    for part in ("Det", "Cls", "Rec"):
        # A model whose path is given is never downloaded.
        settings[f"{part}.model_path"] = str(next(models.glob(f"*_{part.lower()}_*.onnx"), models / f"{part.lower()}.onnx"))
    return rapidocr.RapidOCR(params=settings)


def _make_room() -> None:
    """Raises the memory limit of this process, if it has one, by the memory of the engine."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit, highest = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_AS, (limit + MEMORY_BYTES, highest))


def _straight(boxes: Sequence[Sequence[tuple[float, float]]], texts: Sequence[str]) -> list[Line]:
    """Returns lines with upright boxes: turns the boxes by the slant of the page.

    The corners of a box go round from the upper left one.
    """
    slants = [
        math.atan2(right[1] - left[1], right[0] - left[0])
        for left, right, _, below in boxes
        if math.dist(left, right) > _MIN_RATIO * math.dist(left, below)
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
