"""Figures do not fall: every eighth seed question, asked of the bundled models, against what is written down.

A figure may be worse by what one question makes, since processors round differently. After a change that is meant, write
them down again, and say in the commit why they differ:

    RECORD_FIGURES=1 python -m pytest tests/integration/test_recorded_figures.py
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from rag.evaluation.figures import MAIN, counts, figures
from rag.evaluation.questions.question_set import SEED_QUESTIONS, read
from rag.evaluation.run import run
from rag.pipeline import RagPipeline

RECORDED = Path(__file__).with_name("recorded_figures.json")
EVERY = 8
LOWER_IS_BETTER = {"wrongly_answered", "wrongly_refused"}


def test_no_figure_is_worse_than_what_is_written_down(seed_pipeline: RagPipeline) -> None:
    outcomes = run(seed_pipeline, read(SEED_QUESTIONS)[::EVERY])
    found, of = asdict(figures(outcomes)), counts(outcomes)
    now = {"n": len(outcomes)} | {name: round(found[name], 4) for name in (*MAIN, "exact", "gold_right", "gold_f1")}
    if os.environ.get("RECORD_FIGURES"):
        RECORDED.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert now.keys() == recorded.keys()
    assert now["n"] == recorded["n"]
    assert now["exact"] == 1
    worse = {}
    for name in recorded.keys() - {"n"}:
        lost = (now[name] - recorded[name]) * (1 if name in LOWER_IS_BETTER else -1)
        if lost > 1 / of[name] + 1e-3:
            worse[name] = (recorded[name], now[name])
    assert worse == {}
