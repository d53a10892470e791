from __future__ import annotations

import json
from pathlib import Path

import pytest

from embeddings import catalogue
from embeddings.catalogue import CATALOGUE


@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=lambda spec: spec.name)
def test_a_model_is_found_by_its_name_and_its_hub_name_in_any_case(spec) -> None:
    for name in (spec.name, spec.name.upper(), spec.source, spec.source.swapcase()):
        assert catalogue.find(name) is spec


@pytest.mark.parametrize("name", ["", "e5", "intfloat", "no/such-model", "/models/bundled", "bundled "])
def test_any_other_name_is_no_entry(name) -> None:
    assert catalogue.find(name) is None


def test_names_are_told_apart() -> None:
    names = [name.casefold() for spec in CATALOGUE.values() for name in (spec.name, spec.source)]
    assert len(set(names)) == len(names)


def test_only_the_bundled_model_ships_with_the_project() -> None:
    assert [spec.name for spec in CATALOGUE.values() if spec.bundled] == ["bundled"]


def test_the_bundled_entry_says_what_its_files_say() -> None:
    spec = CATALOGUE["bundled"]
    config = json.loads((Path(spec.source) / "config.json").read_text(encoding="utf-8"))
    assert config["hidden_size"] == spec.dim
    assert {"zh", "en"} <= set(spec.languages)


@pytest.mark.parametrize(
    ("name", "query", "document"),
    [
        ("multilingual-e5-small", "query: ", "passage: "),
        ("multilingual-e5-base", "query: ", "passage: "),
        ("bge-m3", "", ""),
        ("bge-small-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("paraphrase-multilingual-minilm-l12-v2", "", ""),
        (
            "qwen3-embedding-0.6b",
            "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
            "",
        ),
    ],
)
def test_the_prefixes_are_those_of_the_model_cards(name, query, document) -> None:
    assert (CATALOGUE[name].query_prefix, CATALOGUE[name].document_prefix) == (query, document)
