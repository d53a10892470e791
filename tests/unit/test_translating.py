"""Tests of translations by a language model."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from rag.language_models.generators import Message
from rag.language_models.translating import translate
from rag.types import Language


class Translator:
    """A language model that gives one translation, in two pieces."""

    name = "translator"

    def __init__(self, translated: str) -> None:
        self._translated = translated

    def fits(self, messages: Sequence[Message]) -> bool:
        return True

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Iterator[str]:
        half = len(self._translated) // 2
        yield self._translated[:half]
        yield self._translated[half:]


@pytest.mark.parametrize(
    ("text", "translated", "language"),
    [
        ("2020年中国设立国家绿色发展基金，首期规模885亿元。", "China set up the fund in 2020, with 88.5 billion yuan.", "en"),
        ("The rate is 12.5% in COP15.", "COP15中的比率为12.5%。", "zh"),
        ("种质资源达51万份。", "There are 510,000 samples of germplasm.", "en"),
        ("该计划耗资1.35亿克朗。", "The plan costs 135 million crowns.", "en"),
        ("森林正在恢复。", "Forests are recovering.", "en"),
    ],
)
def test_a_translation_with_the_same_numbers_is_given(text: str, translated: str, language: Language) -> None:
    assert translate(Translator(translated), text, language, stop=threading.Event()) == translated


@pytest.mark.parametrize(
    ("text", "translated", "language"),
    [
        pytest.param("种质资源达51万份。", "There are 51,000 samples of germplasm.", "en", id="another amount"),
        pytest.param("基金首期规模885亿元。", "The first stage of the fund is 885 billion yuan.", "en", id="another unit of ten"),
        pytest.param("到2020年，覆盖率为23%。", "The coverage is 23%.", "en", id="a date left out"),
        pytest.param("The forests recover.", "2019年森林恢复。", "zh", id="a date added"),
        pytest.param("The rate was set in COP15.", "该比率在COP16上确定。", "zh", id="another meeting"),
    ],
)
def test_a_translation_with_other_numbers_is_not_given(text: str, translated: str, language: Language) -> None:
    assert translate(Translator(translated), text, language, stop=threading.Event()) == ""
