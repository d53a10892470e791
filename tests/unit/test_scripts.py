"""Traditional and simplified Chinese read as one script."""

import numpy as np
import pytest
from hashing_encoder import HashingEncoder
from hypothesis import given
from hypothesis import strategies as st

from rag.library.ingestion.encoding import encode
from rag.text.analysis import Analyzer
from rag.text.scripts import to_simplified
from rag.types import Chunk


@pytest.mark.parametrize(
    ("text", "simplified"),
    [
        ("雲溪圖書館週一閉館。", "云溪图书馆周一闭馆。"),
        ("自助借還機：軟體升級", "自助借还机：软件升级"),
        ("請問滑鼠在哪裡？ The mouse", "请问鼠标在哪里？ The mouse"),
        # The word of the mainland is shorter, so the characters alone are converted.
        ("部落格的網址", "部落格的网址"),
        # In a text in simplified characters, words keep their meaning.
        ("土豆的价格是每公斤四元，见乾隆年间的记录。", "土豆的价格是每公斤四元，见乾隆年间的记录。"),
        ("The quay, 38 m", "The quay, 38 m"),
    ],
)
def test_text_is_simplified_without_moving_a_character(text: str, simplified: str) -> None:
    assert to_simplified(text) == simplified
    assert len(simplified) == len(text)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("雲圖館週閉軟體網路部落格計程車資訊裡面後乾髮")), max_size=40))
def test_the_length_never_changes(text: str) -> None:
    assert len(to_simplified(text)) == len(text)


def test_words_of_both_scripts_are_the_same_terms(analyzer: Analyzer) -> None:
    assert set(analyzer.terms("软件升级期间")) <= set(analyzer.terms("軟體升級期間，自動售票機只接受現金。"))
    assert analyzer.name_terms("烏東德電站") == analyzer.name_terms("乌东德电站")


def test_passages_are_encoded_in_simplified_characters() -> None:
    def passage(title: str, text: str) -> tuple[str, Chunk]:
        return title, Chunk("d-0", "d", text, 0, len(text))

    encoder = HashingEncoder()
    traditional, simplified = (
        encode(encoder, [passage(*parts)], lambda start, end: None)
        for parts in (("圖書館規則", "週一閉館。"), ("图书馆规则", "周一闭馆。"))
    )
    np.testing.assert_array_equal(traditional, simplified)
