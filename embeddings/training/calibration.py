"""Step 7, calibration: turns the reader's logits into probabilities, fitted on questions it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from embeddings.reader import CrossEncoderReader, ReaderConfig
from embeddings.training.reading import held_out_examples
from embeddings.training.reading_data import Example, Source
from embeddings.training.switching import CodeSwitcher

Numbers = np.ndarray[Any, np.dtype[np.float64]]

_BINS = 10
_MAX_QUESTIONS = 800


def calibrate(folder: Path, encoder_folder: Path, sources: Sequence[Source], switcher: CodeSwitcher) -> None:
    """Fits slope and intercept of the logit (Platt scaling) on half of the held-out sources and writes them to `reader.json`.

    The other half is for measuring; see `halves`. Answers and near misses occur in the proportions in which they are drawn.
    """
    config = ReaderConfig.uncalibrated(encoder_folder)
    reader = CrossEncoderReader(folder, encoder_folder, config)
    groups = held_out_examples(halves(sources)[0], switcher, _MAX_QUESTIONS)
    logits, labels = judged(reader, [example for examples in groups.values() for example in examples])
    model = LogisticRegression(C=1e4).fit(logits[:, None], labels)
    replace(config, slope=round(float(model.coef_[0, 0]), 4), intercept=round(float(model.intercept_[0]), 4)).save(folder)


def halves(sources: Sequence[Source]) -> tuple[list[Source], list[Source]]:
    """Splits held-out sources by document into a half to calibrate on and a half to measure on."""
    documents = sorted({source.title or source.text for source in sources})
    first = set(documents[::2])
    return (
        [source for source in sources if (source.title or source.text) in first],
        [source for source in sources if (source.title or source.text) not in first],
    )


def judged(reader: CrossEncoderReader, examples: Sequence[Example]) -> tuple[Numbers, Numbers]:
    """Returns the reader's support of each example, and 1 or 0 for whether the passage contains the answer."""
    readings = reader.read_pairs([example.question for example in examples], [example.passage for example in examples])
    return np.array([r.support for r in readings]), np.array([float(example.supported) for example in examples])


def expected_calibration_error(probabilities: Numbers, labels: Numbers) -> float:
    """Returns the mean gap between confidence and accuracy over ten bins of equal width, weighted by their size.

    After Guo et al. (2017), "On Calibration of Modern Neural Networks".
    """
    bins = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(probabilities[bins == b].mean() - labels[bins == b].mean()) * (bins == b).mean()
        for b in range(_BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps))
