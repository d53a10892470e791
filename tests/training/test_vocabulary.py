"""The tokenizer that the recipe writes."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from embeddings.training import vocabulary
from embeddings.training.corpus import Corpus


@pytest.fixture(scope="module")
def tokenizer(data: Path, teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("vocabulary")
    vocabulary.build(Corpus(data), AutoTokenizer.from_pretrained(teacher, local_files_only=True), folder)
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("The Station", ["the", "station"]), ("开放。", ["开放", "。"]), ("游客 2021", ["游客", "20", "2", "1"])],
)
def test_words_of_the_data_are_tokens(tokenizer: Any, text: str, tokens: list[str]) -> None:
    found = tokenizer.tokenize(text)
    assert found == tokens or (found[0] == tokens[0] and "".join(found) == "".join(tokens))


@pytest.mark.parametrize(("text", "same"), [("Röntgen's CAFÉ", "rontgen's cafe"), ("ＣＯＰ１５", "cop15"), ("Ａ\u3000b", "a b")])
def test_case_width_and_accents_are_folded(tokenizer: Any, text: str, same: str) -> None:
    assert tokenizer.tokenize(text) == tokenizer.tokenize(same)


def test_characters_that_the_data_do_not_hold_are_known(tokenizer: Any) -> None:
    assert tokenizer.unk_token_id not in tokenizer("長江十年禁漁，保護生物多樣性。龟 [x] é")["input_ids"]
    assert tokenizer.unk_token_id in tokenizer("🦆")["input_ids"]


def test_pairs_have_types(tokenizer: Any) -> None:
    pair = tokenizer("a", "b", return_token_type_ids=True)
    assert tokenizer.convert_ids_to_tokens(pair["input_ids"]) == ["[CLS]", "a", "[SEP]", "b", "[SEP]"]
    assert pair["token_type_ids"] == [0, 0, 0, 1, 1]


def test_han_characters_are_those_of_gb2312_and_their_traditional_forms() -> None:
    characters = vocabulary.han_characters()
    assert len(characters) == len(set(characters)) > 8_500
    assert {"的", "龟", "護", "漁", "齊"} <= set(characters)


@given(text=st.text(max_size=60))
def test_offsets_lie_in_the_text_and_run_forward(tokenizer: Any, text: str) -> None:
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert all(0 <= a <= b <= len(text) for a, b in offsets)
    assert all(left[0] <= right[0] for left, right in pairwise(offsets))
