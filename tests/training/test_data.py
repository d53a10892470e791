"""The training data: questions made from statements, windows, pairs and near misses."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.training import cloze, pairs, reading_data
from embeddings.training.corpus import Corpus, held_out
from embeddings.training.parallel import read
from embeddings.training.reading_data import Source, draw
from embeddings.training.switching import CodeSwitcher, meanings

STATEMENTS = st.text(
    alphabet="长江十年禁渔从2021年1月日开始，；。《公约》“红线”第15次缔约方大会%万个 The Act of May 1990 has seven chapters, in Berlin.",
    max_size=80,
)


def asked(statement: str, language: str) -> set[tuple[str, str]]:
    found = (cloze.ask(statement, language, random.Random(seed)) for seed in range(40))
    return {(made.question.rstrip("？"), statement[made.start : made.end]) for made in found if made}


@pytest.mark.parametrize(
    ("statement", "question", "answer"),
    [
        ("长江十年禁渔从2021年1月1日开始。", "长江十年禁渔从什么时候开始", "2021年1月1日"),
        ("公司于1998年在上海市区成立。", "公司于哪一年在上海市区成立", "1998年"),
        ("据悉，全国各类自然保护地总数达1.18万个，", "全国各类自然保护地总数达多少个", "1.18万"),
        ("红线划定的面积占比达到25%左右。", "红线划定的面积占比达到百分之多少左右", "25%"),
    ],
)
def test_chinese_questions_stand_where_the_answer_stood(statement: str, question: str, answer: str) -> None:
    assert (question, answer) in asked(statement, "zh")


@pytest.mark.parametrize(
    ("statement", "question", "answer"),
    [
        ("Marie Curie founded the institute in Paris.", "Who founded the institute in Paris?", "Marie Curie"),
        (
            "The Act was promulgated in 1990 and has seven chapters.",
            "The Act was promulgated in what year and has seven chapters?",
            "1990",
        ),
        (
            "The Act was promulgated in 1990 and has seven chapters.",
            "The Act was promulgated in 1990 and has how many chapters?",
            "seven",
        ),
    ],
)
def test_english_questions(statement: str, question: str, answer: str) -> None:
    assert (question, answer) in asked(statement, "en")


def test_ordinals_and_years_are_not_counted() -> None:
    assert not [
        q for q, _ in asked("《生物多样性公约》第十五次缔约方大会2021年在昆明举行。", "zh") if "第几次" in q or "多少年" in q
    ]


@given(STATEMENTS, st.sampled_from(["zh", "en"]), st.integers(0, 5))
def test_asking_never_fails_and_the_answer_has_a_place(statement: str, language: str, seed: int) -> None:
    made = cloze.ask(statement, language, random.Random(seed))
    if made:
        assert 0 <= made.start < made.end <= len(statement)
        assert made.question


@given(st.text(alphabet="甲乙丙。！\n ab. ", max_size=900), st.sampled_from(["zh", "en"]))
def test_windows_lose_nothing(text: str, language: str) -> None:
    spans = pairs.windows(text, language)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(a < b for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


def test_held_out_documents_are_in_no_training_text(data: Path) -> None:
    corpus = Corpus(data)
    questions = corpus.questions()
    measured = {question.title for question in questions if question.held_out}
    assert measured
    assert all(held_out(title) for title in measured)
    training = pairs.read(corpus, CodeSwitcher(corpus), 1)
    asked_of = {pair.query for pair in pairs.of_questions(q for q in questions if not q.held_out)}
    assert asked_of <= {pair.query for pair in training}
    assert not [article for article in corpus.articles() if held_out(article.title)]


def test_pairs_cover_every_language_pair(data: Path) -> None:
    corpus = Corpus(data)
    made = pairs.read(corpus, CodeSwitcher(corpus), 1)
    assert {pair.kind for pair in made} == {"zh->zh", "en->en", "zh->en", "en->zh"}
    across = [pair for pair in made if pair.kind == "zh->en" and "North Hill" in pair.passage and "北山" in pair.query]
    assert across
    for pair in made:
        if pair.avoid:
            assert any(answer in pair.passage for answer in pair.avoid)
            assert not any(answer in text for text in pair.near for answer in pair.avoid)


def test_parallel_text_is_the_same_every_time_and_holds_passages(data: Path) -> None:
    text = read(Corpus(data), 1)
    assert text == read(Corpus(data), 1)
    assert "" in text.chinese
    assert ("观鸟", "bird watching") in zip(text.chinese, text.english, strict=True)
    assert any("。" in chinese[:-1] for chinese in text.chinese)


@pytest.mark.parametrize(
    ("gloss", "expected"),
    [
        ("to rise; to go up (in price); CL:次", ["rise", "go up"]),
        ("surname Wang", []),
        ("variant of 台", []),
    ],
)
def test_meanings(gloss: str, expected: list[str]) -> None:
    assert meanings(gloss) == expected


def test_near_misses_do_not_hold_the_answer() -> None:
    text = "北山观鸟站于1990年开放。它有三座塔楼，由陈明设计。每年约有两千名游客前来参观。这里栖息着一百多种鸟类，春天的时候最热闹，许多人来。"
    source = Source("zh", "北山观鸟站哪一年开放？", "北山", "zh", text, ((6, 11),), True, ("东湖观鸟站也很热闹，游客不少。",))
    for seed in range(20):
        positive, *near = draw(source, None, random.Random(seed))
        assert positive.passage[positive.start : positive.end] == "1990年"
        assert positive.supported
        assert near
        assert not any(example.supported or "1990" in example.passage for example in near)


def test_statements_are_asked_of_their_translations(data: Path) -> None:
    sources = list(reading_data.of_translations(Corpus(data), random.Random(1)))
    assert {(source.language, source.text_language) for source in sources} == {("zh", "en"), ("en", "zh")}
    for source in sources:
        if source.marked:
            ((start, end),) = source.answers
            assert source.text[start:end].isdigit()


def test_questions_are_switched_word_by_word(data: Path) -> None:
    switcher = CodeSwitcher(Corpus(data))
    generator = random.Random(1)
    assert switcher.switch("观鸟站什么时候开放？", "zh", 0.0, generator).replace(" ", "") == "观鸟站什么时候开放？"
    assert {"station", "what", "open"} <= set(switcher.switch("观鸟站什么开放？", "zh", 1.0, generator).split())
    assert "开放" in switcher.switch("When did the stations open?", "en", 1.0, generator)
