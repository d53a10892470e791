"""Formulas of Word and of web pages as plain text."""

from __future__ import annotations

import pytest
from lxml import etree

from rag.documents.loaders.formulas import written

M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def r(text: str) -> str:
    return f"<m:r><m:rPr/><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (r("k=1.35"), "k = 1.35"),
        (r("H=z+") + f"<m:f><m:fPr/><m:num>{r('p')}</m:num><m:den>{r('ρg')}</m:den></m:f>", "H = z+p/(ρg)"),
        (f"<m:f><m:num>{r('a+b')}</m:num><m:den>{r('2')}</m:den></m:f>", "(a+b)/2"),
        (f"<m:sSup><m:e>{r('x')}</m:e><m:sup>{r('n+1')}</m:sup></m:sSup>", "x^(n+1)"),
        (f"<m:sSubSup><m:e>{r('v')}</m:e><m:sub>{r('0')}</m:sub><m:sup>{r('2')}</m:sup></m:sSubSup>", "v_0^2"),
        (f"<m:rad><m:radPr/><m:deg/><m:e>{r('2gh')}</m:e></m:rad>", "√(2gh)"),
        (f"<m:rad><m:deg>{r('3')}</m:deg><m:e>{r('x')}</m:e></m:rad>", "root_3(x)"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{r("i=1")}</m:sub><m:sup>{r("n")}</m:sup><m:e>{r("x")}</m:e></m:nary>',
            "∑_(i = 1)^n x",
        ),
        (f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{r("a")}</m:e></m:d>', "[a]"),
        (f"<m:func><m:fName>{r('sin')}</m:fName><m:e>{r('x')}</m:e></m:func>", "sin(x)"),
        (
            f"<m:m><m:mr><m:e>{r('1')}</m:e><m:e>{r('0')}</m:e></m:mr><m:mr><m:e>{r('0')}</m:e><m:e>{r('1')}</m:e></m:mr></m:m>",
            "[1, 0; 0, 1]",
        ),
    ],
)
def test_formulas_of_word(inner: str, expected: str) -> None:
    assert written(etree.fromstring(f"<m:oMath {M}>{inner}</m:oMath>")) == expected


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E = mc^2"),
        ("<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn><mo>&#x2062;</mo><mi>π</mi></mrow></mfrac>", "1/(2π)"),
        ("<msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt>", "√(a+b)"),
        ("<semantics><mrow><mi>x</mi></mrow><annotation>\\x</annotation></semantics>", "x"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable>", "[1, 2]"),
    ],
)
def test_formulas_of_web_pages(inner: str, expected: str) -> None:
    assert written(etree.fromstring(f"<math>{inner}</math>")) == expected
