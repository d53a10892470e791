"""From a question on the seed documents to a cited answer, with the bundled models."""

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings.reader import CrossEncoderReader, PassageReading
from rag.errors import QuestionError
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.types import Answer, Cited, Document, Done, Retrieved, TextDelta

FACTS = [
    ("长江十年禁渔从哪天开始？", "2021年1月1日", "zh"),
    ("When does the ten-year Yangtze fishing ban start?", "2021年1月1日", "zh"),
    ("到2018年底中国有多少个自然保护地？", "1.18万个", "zh"),
    ("How large is the first round of the National Green Development Fund?", "885亿元", "zh"),
    ("国家绿色发展基金首期规模多大？", "885亿元", "zh"),
    ("What share of the world's mangroves is in the ASEAN region?", "42% of mangroves", "en"),
    ("东盟地区的红树林占全球多少？", "42% of mangroves", "en"),
]
NOT_IN_THE_DOCUMENTS = [
    "2022年世界杯冠军是哪支球队？",
    "Who wrote Pride and Prejudice?",
    "怎样煮一碗好吃的牛肉面？",
    "What is the boiling point of ethanol?",
]


def check_invariants(pipeline: RagPipeline, answer: Answer) -> None:
    """Every citation is a place that contains its quote, and every paragraph carries the marker of one."""
    for number, citation in enumerate(answer.citations, 1):
        document = pipeline.library.document(citation.document_id)
        assert citation.number == number
        assert document.text[citation.start : citation.end] == citation.quote
        assert f"[{number}]" in answer.text
        assert 0 <= citation.support <= 1
    if answer.kind == "answer":
        assert all(line.endswith("]") for line in answer.text.split("\n") if line)
    elif answer.kind != "near":
        assert answer.citations == ()
    assert [result.rank for result in answer.results] == list(range(1, len(answer.results) + 1))
    assert [result.score for result in answer.results] == sorted((result.score for result in answer.results), reverse=True)
    for result in answer.results:
        assert (
            result.chunk.text == pipeline.library.document(result.chunk.document_id).text[result.chunk.start : result.chunk.end]
        )
        assert {"dense", "fused", "support"} <= set(result.scores)


@pytest.mark.parametrize(("question", "fact", "language"), FACTS)
def test_facts_are_found_in_both_languages_and_across_them(
    seed_pipeline: RagPipeline, question: str, fact: str, language: str
) -> None:
    answer = seed_pipeline.answer(question)
    assert not answer.abstained
    assert fact in answer.text
    assert any(fact in citation.quote for citation in answer.citations)
    assert language in {seed_pipeline.library.document(citation.document_id).language for citation in answer.citations}
    check_invariants(seed_pipeline, answer)


def test_more_is_what_was_not_cited_before_and_ends(seed_pipeline: RagPipeline) -> None:
    turns = [seed_pipeline.answer("中国采取了哪些措施保护濒危物种？")]
    for _ in range(30):
        turns.append(seed_pipeline.answer("还有呢？", turns))
        check_invariants(seed_pipeline, turns[-1])
        if turns[-1].abstained:
            break
    assert len(turns) > 2
    assert turns[-1].text == "关于这个问题，文档里没有更多内容了。"
    places = [(c.document_id, c.start, c.end) for turn in turns for c in turn.citations]
    assert len(places) == len(set(places))
    again = seed_pipeline.answer(turns[0].question, turns)
    assert again.citations == turns[0].citations


@pytest.mark.parametrize("question", NOT_IN_THE_DOCUMENTS)
def test_what_is_not_there_is_refused_with_the_closest_passages(seed_pipeline: RagPipeline, question: str) -> None:
    answer = seed_pipeline.answer(question)
    assert answer.abstained
    assert answer.text.startswith("文档中没有找到" if answer.language == "zh" else "The documents do not say")
    assert len(answer.results) == 10
    check_invariants(seed_pipeline, answer)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(question=st.text(max_size=60))
def test_any_question_keeps_the_invariants(seed_pipeline: RagPipeline, question: str) -> None:
    if not any(map(str.isalnum, question)):
        with pytest.raises(QuestionError, match="empty"):
            seed_pipeline.answer(question)
        return
    answer = seed_pipeline.answer(question)
    check_invariants(seed_pipeline, answer)
    assert Answer.from_json(answer.to_json()) == answer


def test_a_stream_ends_with_the_whole_answer(seed_pipeline: RagPipeline) -> None:
    first, *deltas, last = seed_pipeline.stream("长江十年禁渔从哪天开始？")
    assert isinstance(first, Retrieved)
    assert isinstance(last, Done)
    assert first.query == "长江十年禁渔从哪天开始？"
    assert [result.rank for result in first.results] == list(range(1, 11))
    assert last.answer.results[0].chunk in [result.chunk for result in first.results]
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == last.answer.text
    assert len([delta for delta in deltas if isinstance(delta, TextDelta)]) > 10
    assert tuple(event.citation for event in deltas if isinstance(event, Cited)) == last.answer.citations
    assert isinstance(deltas[0], Cited)


@pytest.mark.parametrize("question", ["", "   ", "？！…", "\0\0"])
def test_an_empty_question_is_an_error(seed_pipeline: RagPipeline, question: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        seed_pipeline.answer(question)


def test_a_question_of_ten_thousand_characters_is_an_error(seed_pipeline: RagPipeline) -> None:
    with pytest.raises(QuestionError, match="10,000 characters"):
        seed_pipeline.answer("为什么" * 3333 + "？")


def test_a_question_in_a_third_language_gets_a_sensible_answer(seed_pipeline: RagPipeline) -> None:
    for question in ("Quelle est la capitale de la France ?", "フランスの首都はどこですか？", "Какая столица Франции?"):
        check_invariants(seed_pipeline, seed_pipeline.answer(question))


def test_an_empty_library_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Library(tmp_path_factory.mktemp("empty") / "library") as library:
        answer = RagPipeline(library).answer("有什么？")
    assert (answer.kind, answer.results, answer.confidence) == ("refusal", (), 0.0)
    assert "yinju add" in answer.text


WHITE_PAPER = "2021-10-09-xinhua-white-paper-part-7.zh.txt"
POSITION_PAPER = "2020-un-biodiversity-summit-position-paper.zh.txt"


def test_a_question_to_some_documents_is_answered_from_them_only(seed_pipeline: RagPipeline) -> None:
    question = "长江十年禁渔从哪天开始？"
    chosen = seed_pipeline.library.find(POSITION_PAPER).id
    answer = seed_pipeline.answer(question, documents=[chosen])
    assert "2021年1月1日" in answer.text
    assert {citation.document_id for citation in answer.citations} == {chosen}
    assert {result.chunk.document_id for result in answer.results} == {chosen}
    check_invariants(seed_pipeline, answer)
    events = list(seed_pipeline.stream(question, documents={chosen}))
    assert isinstance(events[0], Retrieved)
    assert {result.chunk.document_id for result in events[0].results} == {chosen}


def test_what_only_the_other_documents_say_is_refused_with_passages_of_the_chosen(seed_pipeline: RagPipeline) -> None:
    chosen = seed_pipeline.library.find("2023-09-17-guangxi-daily-environment-forum.zh.txt").id
    answer = seed_pipeline.answer("What share of the world's mangroves is in the ASEAN region?", documents=[chosen])
    assert answer.abstained
    assert answer.text.startswith("The documents do not say")
    assert {result.chunk.document_id for result in answer.results} == {chosen}


@pytest.mark.parametrize("documents", [[], (), set(), ["unknown"], ["", "000000000000"]])
def test_where_no_document_is_chosen_that_is_said(seed_pipeline: RagPipeline, documents: list[str]) -> None:
    answer = seed_pipeline.with_options(threshold=0.0).answer("长江十年禁渔从哪天开始？", documents=documents)
    assert (answer.kind, answer.results, answer.confidence) == ("refusal", (), 0.0)
    assert "没有选中" in answer.text
    english = seed_pipeline.answer("When does the fishing ban start?", documents=documents)
    assert english.text == "None of the documents in the library is chosen. Choose the ones to search first."


def test_a_comparison_is_of_the_two_chosen_documents(seed_pipeline: RagPipeline) -> None:
    chosen = [seed_pipeline.library.find(name).id for name in (POSITION_PAPER, WHITE_PAPER)]
    answer = seed_pipeline.answer("这两份文件有什么不同？", documents=chosen)
    assert answer.kind == "answer"
    assert {citation.document_id for citation in answer.citations} == set(chosen)
    assert seed_pipeline.answer("这两份文件有什么不同？", documents=chosen[:1]).kind == "reply"


def test_the_documents_are_listed_whichever_are_chosen(seed_pipeline: RagPipeline) -> None:
    question = "Which documents do you have?"
    assert seed_pipeline.answer(question, documents=[]).text == seed_pipeline.answer(question).text


def test_what_is_no_question_after_the_documents_gets_a_fitting_reply(seed_pipeline: RagPipeline) -> None:
    for question, words in (
        ("你好！", "你好"),
        ("Thanks a lot!", "welcome"),
        ("你能做什么？", "出处"),
        ("Which documents do you have?", "The library contains 5 documents"),
    ):
        answer = seed_pipeline.answer(question)
        assert answer.kind == "reply"
        assert words in answer.text
        assert (answer.citations, answer.results) == ((), ())


def test_a_follow_up_is_completed_and_says_so(seed_pipeline: RagPipeline) -> None:
    first = seed_pipeline.answer("国家绿色发展基金是什么时候设立的？")
    answer = seed_pipeline.answer("规模有多大？", [first])
    assert answer.question == "规模有多大？"
    assert "国家绿色发展基金" in answer.query
    assert "885亿元" in answer.text
    assert seed_pipeline.answer("长江十年禁渔从哪天开始？", [first]).query == "长江十年禁渔从哪天开始？"


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_after_a_stop_nothing_more_is_read_and_no_answer_comes(
    seed_pipeline: RagPipeline, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    """Stopped when so many batches of passages are read; how long a batch takes, `tests/benchmarks/warm_answer.py` measures."""
    question, read = "生态保护红线是什么？", CrossEncoderReader._read
    stop, sizes = threading.Event(), []

    def counted(reader: CrossEncoderReader, questions: list[str], passages: list[str]) -> list[PassageReading]:
        sizes.append(len(passages))
        if len(sizes) == batches:
            stop.set()
        return read(reader, questions, passages)

    monkeypatch.setattr(CrossEncoderReader, "_read", counted)
    events = seed_pipeline.stream(question, (), stop)
    first = next(events)
    assert isinstance(first, Retrieved)
    assert sizes == []
    if not batches:
        stop.set()
    assert list(events) == []
    assert len(sizes) == batches
    # There was more to read, in small batches.
    sizes.clear()
    assert seed_pipeline.answer(question).kind == "answer"
    assert len(sizes) > 2
    assert max(sizes) <= 8


def test_a_document_that_is_removed_while_it_is_read_is_in_no_answer(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        for name in ("北山", "南山"):
            library.add_document(
                Document(name, name, f"{name}.txt", f"{name}观鸟站于2024年5月开放。门票为{len(library) + 8}元。")
            )
        events = RagPipeline(library).stream("北山观鸟站什么时候开放？")
        next(events)
        library.remove("北山")
        *_, last = events
    assert isinstance(last, Done)
    assert all(citation.document_id != "北山" for citation in last.answer.citations)


@pytest.mark.parametrize(
    ("question", "named", "quoted"),
    [
        ("国家绿色发展基金第二期募资规模是多少？", "“第二期”", "首期募资规模885亿元"),
        ("2024年中国—东盟环境合作论坛在哪里举行？", "“2024年”", "2023年中国—东盟环境合作论坛在南宁举行"),
    ],
)
def test_a_near_miss_names_the_condition_and_quotes_what_is_close(
    seed_pipeline: RagPipeline, question: str, named: str, quoted: str
) -> None:
    answer = seed_pipeline.answer(question)
    check_invariants(seed_pipeline, answer)
    assert answer.kind == "near"
    assert answer.abstained
    assert named in answer.text
    assert quoted in answer.citations[0].quote
