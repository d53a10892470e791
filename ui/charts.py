"""Charts in the two languages of the window; see `rag.evaluation.reports.charts`."""

from __future__ import annotations

from rag.evaluation.reports.charts import Axis, Charts, Group, Mark, percent
from ui import texts
from ui.rendering import both
from ui.texts import Words

_CHARTS: Charts[Words] = Charts(
    both, lambda words: zip(("zh-Hans", "en"), words, strict=True), texts.NOTHING_TO_DRAW, texts.VALUES
)
bars, curve, table = _CHARTS.bars, _CHARTS.curve, _CHARTS.table

__all__ = ["Axis", "Group", "Mark", "bars", "curve", "percent", "table"]
