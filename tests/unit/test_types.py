"""Answers as JSON and as Markdown."""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from rag.types import Answer, Chunk, Citation, SearchResult

CITATION = Citation(1, "d", "白皮书", "d.txt", 3, 10, 14, "1.18万", 0.8)
RESULT = SearchResult(Chunk("d-0", "d", "共1.18万个。", 8, 16, 3, "一 > 二"), "白皮书", "d.txt", "zh", 0.5, 1, {"dense": 0.25})
ANSWER = Answer(
    "那现在呢？",
    "现在有多少个？",
    "1.18万[1]",
    "answer",
    (CITATION,),
    (RESULT,),
    0.75,
    "zh",
    "a model",
    ("注意。",),
    {"total": 0.125},
)

WITHOUT_SHRINKING = settings(max_examples=1000, phases=[Phase.generate])
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
unit = st.floats(0, 1)
answers = st.builds(
    Answer,
    texts,
    texts,
    texts,
    st.sampled_from(("answer", "refusal", "reply")),
    st.lists(
        st.builds(
            Citation,
            st.integers(1),
            texts,
            texts,
            texts,
            st.none() | st.integers(1),
            st.integers(0),
            st.integers(0),
            texts,
            unit,
            st.lists(texts, max_size=3).map(tuple),
        )
    ).map(tuple),
    st.lists(
        st.builds(
            SearchResult,
            st.builds(Chunk, texts, texts, texts, st.integers(0), st.integers(0), st.none() | st.integers(1), texts),
            texts,
            texts,
            st.sampled_from(("zh", "en")),
            unit,
            st.integers(1),
            st.dictionaries(texts, unit),
            texts,
        )
    ).map(tuple),
    unit,
    st.sampled_from(("zh", "en")),
    texts,
    st.lists(texts).map(tuple),
    st.dictionaries(texts, unit),
)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (parts, field.name)
        for kind, parts in (
            (Answer, lambda answer: (answer,)),
            (Citation, lambda a: a.citations),
            (SearchResult, lambda a: a.results),
        )
        for field in fields(kind)
    ],
    ids=lambda value: value if isinstance(value, str) else "of",
)
def test_every_field_is_generated_with_other_values_than_its_default(
    parts: Callable[[Answer], Sequence[object]], name: str
) -> None:
    find(answers, lambda answer: any(getattr(part, name) for part in parts(answer)), settings=WITHOUT_SHRINKING)


@given(answers)
def test_json_loses_nothing(answer: Answer) -> None:
    assert Answer.from_json(answer.to_json()) == answer
    assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


def test_an_answer_that_calls_its_query_asked_can_be_read() -> None:
    old = {"asked" if name == "query" else name: value for name, value in ANSWER.to_dict().items()}
    assert "query" not in old
    assert Answer.from_dict(old) == ANSWER


def test_what_is_no_answer_is_an_error() -> None:
    for text in ("", "[]", '["asked"]', "5", "{}", '{"question": "?"}'):
        with pytest.raises((ValueError, TypeError, KeyError)):
            Answer.from_json(text)


def test_only_a_refusal_abstained() -> None:
    kinds = ("answer", "refusal", "reply")
    assert [Answer("", "", "", kind, (), (), 0.0, "en").abstained for kind in kinds] == [False, True, False]


def test_markdown_has_the_text_and_numbered_sources() -> None:
    assert ANSWER.to_markdown() == "1.18万[1]\n\n1. 白皮书, p. 3: “1.18万” (characters 10–14)"
    reply = Answer("你好", "你好", "你好！", "reply", (), (), 1.0, "zh")
    assert reply.to_markdown() == "你好！"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("- one[1]\n- two[2]", "- one[1]\n- two[2]"),
        ("![pixel](http://x)", r"\!\[pixel\](http://x)"),
        ("<img onerror=x> & `code`", r"\<img onerror=x\> \& \`code\`"),
        ("# no heading", r"\# no heading"),
        ("1. no list", "1\\. no list"),
        ("[link](javascript:x)", r"\[link\](javascript:x)"),
    ],
)
def test_what_a_document_says_is_not_markdown(said: str, shown: str) -> None:
    assert Answer("", "", said, "answer", (), (), 1.0, "en").to_markdown() == shown
