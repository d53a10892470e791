"""Sentences: where they end in Chinese, English and both, and laws for any text."""

from __future__ import annotations

import pytest
from growth import is_about_linear
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import sentences, split_long

TEXTS = st.text(st.sampled_from("中国，。！？；：“”（）…—\"'. !?;:,()[]\n\t\u3000\u00a0aBDr19%") | st.characters(), max_size=80)


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "中国已建立自然保护地。面积超过172.8万平方公里！占多少？",
            ["中国已建立自然保护地。", "面积超过172.8万平方公里！", "占多少？"],
        ),
        ("他说：“保护优先。”会议随后开始。", ["他说：“保护优先。”", "会议随后开始。"]),
        ("她问：“真的吗？！”，没有人回答。", ["她问：“真的吗？！”，没有人回答。"]),
        ("（新华社北京电。）会议开幕。", ["（新华社北京电。）", "会议开幕。"]),
        ("《公约》通过了。》下一句。", ["《公约》通过了。》", "下一句。"]),
        ("生物多样性……需要保护。……是的。", ["生物多样性……", "需要保护。……", "是的。"]),
        ("红豆、绿豆、黄豆……，都是豆。", ["红豆、绿豆、黄豆……，都是豆。"]),
        ('他说:"好。"然后走了。', ['他说:"好。"', "然后走了。"]),
        ("第一句。\n第二句没有句号\n\n第三句。", ["第一句。", "第二句没有句号", "第三句。"]),
        (
            "覆盖率升至23.04%。COP15大会闭幕!各方欢迎.会议结束?是的。",
            ["覆盖率升至23.04%。", "COP15大会闭幕!", "各方欢迎.", "会议结束?", "是的。"],
        ),
        ("　　段首空格。　\u00a0后一句。 ", ["段首空格。", "后一句。"]),
    ],
)
def test_chinese(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It grew. It fell! Did it? Yes.", ["It grew.", "It fell!", "Did it?", "Yes."]),
        ("Dr. Smith met Mrs. J. K. Lee vs. the rest. They left.", ["Dr. Smith met Mrs. J. K. Lee vs. the rest.", "They left."]),
        ("In Prosecutor v. Hale he was tried. He left.", ["In Prosecutor v. Hale he was tried.", "He left."]),
        (
            "It cost $3.5 million, i.e. less. See Fig. 3 and No. 12.",
            ["It cost $3.5 million, i.e. less.", "See Fig. 3 and No. 12."],
        ),
        ("The answer was no. Nobody spoke.", ["The answer was no.", "Nobody spoke."]),
        ("On Oct. 8 it opened. It closed in Dec. The end.", ["On Oct. 8 it opened.", "It closed in Dec.", "The end."]),
        (
            "The U.S. Government agreed. He lives in the U.S. The rest moved.",
            ["The U.S. Government agreed.", "He lives in the U.S.", "The rest moved."],
        ),
        (
            "Acme Co. Ltd. of China grew. Lions, tigers, etc. were seen.",
            ["Acme Co. Ltd. of China grew.", "Lions, tigers, etc. were seen."],
        ),
        ("It met at 5 p.m. The meeting was long.", ["It met at 5 p.m.", "The meeting was long."]),
        (
            'He said, "Stop." Then "Why?" she asked. (She knew.) Fine.',
            ['He said, "Stop."', 'Then "Why?" she asked.', "(She knew.)", "Fine."],
        ),
        ("“Guard it.” He left.", ["“Guard it.”", "He left."]),
        ("Wait... what? Well... Nothing.", ["Wait... what?", "Well...", "Nothing."]),
        (
            "Mail a.b@c.org or see https://x.org/a?b=1&c=d.html. Done.",
            ["Mail a.b@c.org or see https://x.org/a?b=1&c=d.html.", "Done."],
        ),
        (
            "1. The first item. It is long.\n2. The second.\nIV. The fourth.",
            ["1. The first item.", "It is long.", "2. The second.", "IV. The fourth."],
        ),
        (
            "Xinhua News Agency, Beijing, October 8. The paper was published. China News Service, Dali, Oct. 9. It said so.",
            [
                "Xinhua News Agency, Beijing, October 8. The paper was published.",
                "China News Service, Dali, Oct. 9. It said so.",
            ],
        ),
    ],
)
def test_english(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "大会通过Kunming Declaration. 各方欢迎。It was Oct. 13.",
            ["大会通过Kunming Declaration.", "各方欢迎。", "It was Oct. 13."],
        ),
        ("1.加强监测；2.完善制度。3.5%的增长。", ["1.加强监测；2.完善制度。", "3.5%的增长。"]),
        ("由ABC Co., Ltd.公司承办。", ["由ABC Co., Ltd.公司承办。"]),
    ],
)
def test_mixed(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_part_of_a_text() -> None:
    text = "前文。中间一句。后一句。后文。"
    assert [text[a:b] for a, b in sentences(text, 3, 12)] == ["中间一句。", "后一句。"]
    assert [text[a:b] for a, b in sentences(text, 4, 6)] == ["间一"]


@given(TEXTS)
def test_any_text_is_covered_in_order_without_blanks_around(text: str) -> None:
    position = 0
    for start, end in sentences(text):
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        assert "\n" not in text[start:end]
        position = end
    assert not text[position:].strip()


@given(TEXTS, st.integers(1, 12))
def test_pieces_are_short_and_lose_only_blanks(text: str, longest: int) -> None:
    pieces = list(split_long(text, 0, len(text), longest))
    assert all(0 < end - start <= longest for start, end in pieces)
    assert "".join("".join(text[a:b].split()) for a, b in pieces) == "".join(text.split())


def test_pieces_end_at_the_best_mark() -> None:
    text = "保护湿地，恢复草原；治理荒漠，种植2,000棵树，养护森林"
    assert [text[a:b] for a, b in split_long(text, 0, len(text), 12)] == [
        "保护湿地，恢复草原；",
        "治理荒漠，",
        "种植2,000棵树，",
        "养护森林",
    ]
    text = "one two three four five"
    assert [text[a:b] for a, b in split_long(text, 0, len(text), 12)] == ["one two", "three four", "five"]


@pytest.mark.parametrize("part", ['x."x', "a. ", "?!", "。”", ". . ", '"', '。"x', "，"])
def test_hostile_lines_take_linear_time(part: str) -> None:
    text = part * (800_000 // len(part)) + "x"
    assert list(sentences(text))[-1][1] == len(text)
    assert is_about_linear(lambda size: list(sentences(part * (size // len(part)) + "x")), 800_000)


def test_a_line_of_five_megabytes() -> None:
    text = "Biodiversity is declining in 3.5 million places, e.g. wetlands. " * 80_000
    assert sum(1 for _ in sentences(text)) == 80_000
