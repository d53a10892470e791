"""Writes formulas of Word (OMML) and of web pages (MathML) as plain text, such as "H = z + p/(ρg)"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_DEPTH = 100
_RELATION = re.compile(r"\s*([=≤≥<>≈≠≡∼∝])\s*")
_BLANKS = re.compile(r"\s+")
_ATOM = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]|\([^()]*\)|\w+\([^()]*\)")
_SUM = re.compile(r"[-+−±=<>≤≥/,; ]")
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PROPERTIES = ("rPr", "ctrlPr", "annotation", "annotation-xml", "mphantom", "maligngroup")


def written(element: Any) -> str:
    """Returns a formula in one line."""
    text = _text(element, 0)
    return _BLANKS.sub(" ", _RELATION.sub(r" \1 ", text)).strip()


def _text(element: Any, depth: int) -> str:
    name = _name(element)
    if depth > _MAX_DEPTH:
        return "".join(element.itertext())
    if not name or name.endswith("Pr") or name in _PROPERTIES:
        return ""
    write = _WRITERS.get(name)
    return write(element, depth + 1) if write else _inner(element, depth + 1)


def _name(element: Any) -> str:
    """Returns the name of an element without its namespace; empty for a comment."""
    return element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""


def _inner(element: Any, depth: int) -> str:
    """Returns the text in an element and its parts, one after the other."""
    if not len(element):
        return " ".join((element.text or "").split()) if _name(element) != "t" else element.text or ""
    return "".join(_text(child, depth) for child in element)


def _parts(element: Any, depth: int) -> Iterator[str]:
    for child in element:
        if (name := _name(child)) and not name.endswith("Pr") and name not in _PROPERTIES:
            yield _text(child, depth)


def _part(number: int) -> Callable[[Any, int], str]:
    return lambda element, depth: (list(_parts(element, depth)) + [""] * 4)[number]


def _in_brackets(text: str) -> str:
    return text if _ATOM.fullmatch(text) or not text else f"({text})"


def _fraction(element: Any, depth: int) -> str:
    above, below = _part(0)(element, depth), _part(1)(element, depth)
    return f"{f'({above})' if _SUM.search(above.strip()) else above}/{_in_brackets(below.strip())}"


def _script(marks: str) -> Callable[[Any, int], str]:
    """Returns a writer of a base with scripts, each after its mark."""

    def write(element: Any, depth: int) -> str:
        base, *scripts = _parts(element, depth)
        base = base if _ATOM.fullmatch(base) or not _SUM.search(base) else f"({base})"
        return base + "".join(f"{mark}{_in_brackets(script)}" for mark, script in zip(marks, scripts, strict=False) if script)

    return write


def _before(element: Any, depth: int) -> str:
    """Writes the scripts before a base, as of an isotope."""
    below, above, base = (list(_parts(element, depth)) + [""] * 3)[:3]
    return f"{f'^{_in_brackets(above)}' if above else ''}{f'_{_in_brackets(below)}' if below else ''}{base}"


def _root(element: Any, depth: int) -> str:
    if _name(element) == "rad":
        degree, base = (list(_parts(element, depth)) + [""] * 2)[:2]
    elif _name(element) == "mroot":
        base, degree = (list(_parts(element, depth)) + [""] * 2)[:2]
    else:
        base, degree = "".join(_parts(element, depth)), ""
    return f"root_{_in_brackets(degree)}({base})" if degree else f"√{_in_brackets(base)}"


def _delimited(element: Any, depth: int) -> str:
    begin, end, between = (
        _property(element, name, default) for name, default in (("begChr", "("), ("endChr", ")"), ("sepChr", "|"))
    )
    return begin + between.join(_parts(element, depth)) + end


def _fenced(element: Any, depth: int) -> str:
    return f"{element.get('open', '(')}{', '.join(_parts(element, depth))}{element.get('close', ')')}"


def _nary(element: Any, depth: int) -> str:
    below, above, base = (list(_parts(element, depth)) + [""] * 3)[:3]
    limits = "".join(f"{mark}{_in_brackets(limit)}" for mark, limit in (("_", below), ("^", above)) if limit)
    return f"{_property(element, 'chr', '∫')}{limits} {base}"


def _property(element: Any, name: str, default: str) -> str:
    found = next((one for one in element.iter(f"{_M}{name}")), None)
    return default if found is None else found.get(f"{_M}val") or ""


def _function(element: Any, depth: int) -> str:
    name, base = (list(_parts(element, depth)) + [""] * 2)[:2]
    return f"{name}{base}" if base.startswith("(") else f"{name}({base})"


def _matrix(element: Any, depth: int) -> str:
    return f"[{'; '.join(', '.join(_parts(row, depth)) for row in element if not _name(row).endswith('Pr'))}]"


def _lines(element: Any, depth: int) -> str:
    return "; ".join(filter(None, _parts(element, depth)))


def _operator(element: Any, depth: int) -> str:
    text = (element.text or "").strip()
    # Characters that only say how two parts are joined, such as the one of a product, do not show.
    return "" if text in ("\u2061", "\u2062", "\u2063", "\u2064") else text


def _limit(element: Any, depth: int) -> str:
    base, limit = (list(_parts(element, depth)) + [""] * 2)[:2]
    return f"{base}_{_in_brackets(limit)} "


_WRITERS: dict[str, Callable[[Any, int], str]] = {
    "f": _fraction,
    "mfrac": _fraction,
    "sSup": _script("^"),
    "msup": _script("^"),
    "sSub": _script("_"),
    "msub": _script("_"),
    "sSubSup": _script("_^"),
    "msubsup": _script("_^"),
    "munderover": _script("_^"),
    "munder": _script("_"),
    "sPre": _before,
    "rad": _root,
    "msqrt": _root,
    "mroot": _root,
    "d": _delimited,
    "mfenced": _fenced,
    "nary": _nary,
    "func": _function,
    "m": _matrix,
    "mtable": _matrix,
    "eqArr": _lines,
    "limLow": _limit,
    "limUpp": _limit,
    "acc": _part(0),
    "mover": _part(0),
    "semantics": _part(0),
    "mo": _operator,
}
