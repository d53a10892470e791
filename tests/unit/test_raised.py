"""Raised and lowered characters."""

from __future__ import annotations

import pytest

from rag.documents.loaders.scripts import lowered, note, raised, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"512{raised('1')} tonnes", "512[^1] tonnes"),
        (f"2024年收小麦512吨{raised('1')}，黑麦48吨{raised('②')}。", "2024年收小麦512吨[^1]，黑麦48吨[^2]。"),
        (f"the bees{raised('4, 12')} live", "the bees[^4][^12] live"),
        (f"the bees{raised('4')}{raised(',')}{raised('5')}", "the bees[^4][^5]"),
        (f"the bees{raised('[3]')}", "the bees[^3]"),
        (f"37{raised('a')} hives", "37[^a] hives"),
        (f"512{raised('*')}", "512*"),
        (f"1.2 × 10{raised('3')} kWh", "1.2 × 10^3 kWh"),
        (f"10{raised('−3')} s", "10^-3 s"),
        (f"2 × 3{raised('4')}", "2 × 3^4"),
        (f"in 110{raised('3')} cases", "in 110[^3] cases"),
        (f"25 m{raised('2')}", "25 m²"),
        (f"25 m{raised('1')} high", "25 m[^1] high"),
        (f"40平方米{raised('1')}", "40平方米[^1]"),
        (f"9 m s{raised('-1')}", "9 m s⁻¹"),
        (f"E = mc{raised('2')}", "E = mc²"),
        (f"(a + b){raised('2')}", "(a + b)²"),
        (f"(see below){raised('2')}", "(see below)[^2]"),
        (f"Ca{raised('2+')} and Na{raised('+')}", "Ca²⁺ and Na⁺"),
        (f"the 4{raised('th')} of May", "the 4th of May"),
        (f"$9{raised('99')}", "$9.99"),
        (f"2{raised('n')} + x{raised('n+1')}", "2^n + x^(n+1)"),
        (f"10{note('3')}", "10[^3]"),
        (f"{raised('1')} Without the test field.", "[^1] Without the test field."),
        (f"H{lowered('2')}O, CO{lowered('2')}, C{lowered('6')}H{lowered('12')}O{lowered('6')}", "H₂O, CO₂, C₆H₁₂O₆"),
        (f"x{lowered('i')} + T{lowered('max')}", "x_i + T_max"),
        (f"512{lowered('1')}", "512_1"),
        (f"a{raised(' ')}b", "a b"),
    ],
)
def test_raised_and_lowered_characters(text: str, expected: str) -> None:
    assert written(text) == expected
