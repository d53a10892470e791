"""Tells forms of labels and values apart from tables with headings, and reads them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from rag.documents.loaders.table_cells import Cell, Label, Merged, is_period, is_value, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_LABEL = 40
_MAX_PAIRS = 4
_COLON = re.compile(r"(?<=\w)\s*[:：]$")
# What the labels of forms are often called, and the headings of tables with two columns.
_LABELS = frozenset(
    """
    name full-name first-name surname title subject author editor date born birthday age sex gender nationality occupation address street town city
    country region phone telephone mobile fax email e-mail website url contact manager owner keeper leader head client customer project
    budget cost price duration start end deadline completion completed status version revision id number no. code type category location
    site place venue height length width depth weight area range capacity population founded built opened established language licence license
    department position employer company organisation organization supplier invoice order reference area elevation material purpose
    姓名 性别 年龄 出生日期 出生年月 民族 籍贯 学历 学位 专业 职务 职称 职业 单位 工作单位 部门 电话 联系电话 手机 邮箱 电子邮箱 地址 住址 联系人 身份证号 政治面貌
    名称 项目名称 项目编号 负责人 项目负责人 预算 开工日期 竣工日期 开始时间 结束时间 截止日期 日期 时间 地点 编号 文件编号 版本 版本号 状态 备注 法定代表人 注册资本 成立日期 成立时间
    高度 长度 宽度 面积 重量 海拔 人口 国家 城市 语言 客户 供应商 合同编号 合同金额 金额 主管 编制人 审核人 批准人 产品名称 规格 型号 生产日期 保质期 申请人 申请日期 类别 类型
    """.split()
)
_HEADINGS = frozenset(
    """
    item items field attribute property key value values description question questions answer answers content contents name parameter
    spec specification specifications metric measure detail indicator term definition meaning note notes details category 项目 内容 问题 答案 回答 指标 数值 数据 说明 名称 参数 字段 含义 解释 术语 定义 类别 值 问 答
    """.split()
)


def are_facts(rows: Sequence[Sequence[Cell]]) -> bool:
    """Returns whether rows are a form or an infobox: labels with their values beside them, without headings.

    Args:
        rows: The first rows of a table, with at least one cell each.
    """
    pairs = [pair for row in rows if (pair := _pairs(row))]
    if not pairs or 2 * len(pairs) < len(rows) or len({len(pair) for pair in pairs}) > 2:
        return False
    found = [pair for row in pairs for pair in row]
    labels = [label for label, _ in found]
    if not all(_may_be_label(label) for label in labels):
        return False
    if len(pairs[0]) > 1 or len(pairs) < len(rows):
        # Two pairs beside each other look like any other row, unless the labels are known.
        return _share_known(labels) > 0.5 or all(isinstance(label, Label) and not isinstance(v, Label) for label, v in found)
    return _is_list_of_facts(found)


def fact_lines(row: Sequence[Cell]) -> Iterator[str]:
    """Yields a line "label: value" for each pair of a row; a label without a value, and any other row, is written as it is."""
    for label, value in _pairs(row) or [(cell, "") for cell in _uncovered(row)]:
        name = _COLON.sub("", label)
        if name and value:
            yield f"{name}: {value}"
        elif name or value:
            yield name or value


def _pairs(row: Sequence[Cell]) -> list[tuple[str, str]] | None:
    """Returns the labels and values of a row; None if it is not made of pairs."""
    cells = _uncovered(row)
    while len(cells) > 2 and not cells[-1] and not cells[-2]:
        cells = cells[:-2]
    if len(cells) < 2 or len(cells) % 2 or len(cells) > 2 * _MAX_PAIRS:
        return None
    return [(label, value) for label, value in zip(cells[::2], cells[1::2], strict=True)] if cells[0] else None


def _uncovered(row: Sequence[Cell]) -> list[str]:
    return [cell for cell in row if not isinstance(cell, Merged)]


def _may_be_label(text: str) -> bool:
    return not text or (len(text) <= _MAX_LABEL and not is_value(text))


def _share_known(labels: Sequence[str]) -> float:
    """Returns the share of the labels that forms often have, or that end with a colon."""
    filled = [label for label in labels if label]
    known = sum(bool(_COLON.search(label)) or _bare(label) in _LABELS for label in filled)
    return known / len(filled) if filled else 0.0


def _is_list_of_facts(pairs: Sequence[tuple[str, str]]) -> bool:
    """Returns whether two columns are labels and values, not a table with two headings."""
    labels, values = [label for label, _ in pairs], [value for _, value in pairs]
    if isinstance(labels[0], Label):
        return all(isinstance(label, Label) for label in labels) and not any(isinstance(value, Label) for value in values)
    if len(set(labels)) < len(labels) or _bare(labels[0]) in _HEADINGS:
        return False
    if _share_known(labels[1:]) >= 0.5:
        return True
    if is_period(values[0]):
        # A year above numbers is the heading of their column.
        return not all(kind_of(value) == "number" for value in values[1:] if value) and len(values) > 1
    if is_value(values[0]):
        return True
    kinds = Counter(kind for value in values[1:] if (kind := kind_of(value)))
    # The values of a form are of many kinds, those of a column are mostly of one.
    return len(values) > 3 and len(kinds) > 2 and max(kinds.values()) < 0.6 * sum(kinds.values())


def _bare(label: str) -> str:
    return _COLON.sub("", label).strip().lower().replace(" ", "-" if label.isascii() else "")
