"""A language model's answer: checked against what it cites, mended or left out, and replaced when nothing is left of it."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from rag.answering.reading import Reader, Reading
from rag.errors import GeneratorError
from rag.language_models.generators import Message
from rag.pipeline import RagPipeline
from rag.types import Answer, Chunk, Cited, Done, SearchResult

QUESTION = "到2018年底中国有多少个国家级自然保护区？"
HELD = "到2018年底，国家级自然保护区有474个。"


class Speaker:
    """Says what it was told to, whatever it is asked; an error among the pieces is raised. Keeps the last prompt."""

    name = "speaker"

    def __init__(self, *pieces: str | Exception) -> None:
        self.pieces = pieces
        self.prompt = ""

    def fits(self, messages: Sequence[Message]) -> bool:
        return True

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Iterator[str]:
        self.prompt = messages[-1].content
        number = next((line[1 : line.index("]")] for line in self.prompt.split("\n") if "474个" in line and line[0] == "["), "0")
        for piece in self.pieces:
            if stop.is_set():
                return
            if isinstance(piece, Exception):
                raise piece
            yield piece.replace("{right}", number)


class RememberingReader:
    """Remembers its readings, as nearly all tests ask the same question and are about what is said to its passages."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, tuple[Chunk, ...]], list[Reading]] = {}

    def read(self, question: str, results: Sequence[SearchResult], stop: threading.Event | None = None) -> list[Reading]:
        key = question, tuple(result.chunk for result in results)
        if key not in self._known:
            self._known[key] = self._reader.read(question, results, stop)
        return list(self._known[key])


@pytest.fixture(scope="module")
def seed_pipeline(seed_pipeline: RagPipeline) -> RagPipeline:
    return RagPipeline(seed_pipeline.library, RememberingReader(seed_pipeline.reader))


def answered(seed_pipeline: RagPipeline, speaker: Speaker) -> Answer:
    answer = seed_pipeline.with_options(generator=speaker).answer(QUESTION)
    for citation in answer.citations:
        assert seed_pipeline.library.document(citation.document_id).text[citation.start : citation.end] == citation.quote
    return answer


def test_what_the_cited_sentence_holds_is_said(seed_pipeline: RagPipeline) -> None:
    answer = answered(seed_pipeline, Speaker("到2018年底，国家级", "自然保护区有474个", "。[{right}", "]"))
    assert answer.text == f"{HELD}[1]"
    assert "国家级自然保护区474个" in answer.citations[0].quote
    assert (answer.generator, answer.notes) == ("speaker", ())


@pytest.mark.parametrize("marker", ["[99]", ""])
def test_a_wrong_or_missing_marker_is_mended(seed_pipeline: RagPipeline, marker: str) -> None:
    answer = answered(seed_pipeline, Speaker(HELD + marker))
    assert answer.text == f"{HELD}[1]"
    assert "国家级自然保护区474个" in answer.citations[0].quote
    assert any("引用有误" in note for note in answer.notes)
    assert any("不存在" in note for note in answer.notes) == bool(marker)


def test_a_false_sentence_is_left_out_and_counted(seed_pipeline: RagPipeline) -> None:
    answer = answered(seed_pipeline, Speaker(f"{HELD}[{{right}}]", "其中企鹅保护区有9999个。[{right}]"))
    assert answer.text == f"{HELD}[1]"
    assert answer.notes == ("语言模型有1句话在文档中找不到依据，已略去。",)


@pytest.mark.parametrize("said", ["", "HACKED", "我是一只企鹅。[1]", "文档中没有答案。", "```\n[1]\n```"])
def test_when_nothing_is_left_the_documents_own_sentences_are_said(seed_pipeline: RagPipeline, said: str) -> None:
    answer = answered(seed_pipeline, Speaker(said))
    assert answer.kind == "answer"
    assert "474" in answer.text
    assert answer.generator == ""
    assert "改用文档原句" in answer.notes[0]


def test_a_model_that_fails_is_replaced_or_broken_off(seed_pipeline: RagPipeline) -> None:
    failed = answered(seed_pipeline, Speaker(GeneratorError("the server is down")))
    assert "474" in failed.text
    assert failed.notes == ("语言模型出错（the server is down），这里改用文档原句。",)
    broken = answered(seed_pipeline, Speaker(f"{HELD}[{{right}}]", "\n\n其中", GeneratorError("cut off")))
    assert broken.text.startswith(f"{HELD}[1]")
    assert any("中途出错（cut off）" in note for note in broken.notes)


def test_a_refusal_does_not_ask_the_model(seed_pipeline: RagPipeline) -> None:
    speaker = Speaker("比利时是2022年世界杯冠军。[1]")
    answer = seed_pipeline.with_options(generator=speaker).answer("2022年世界杯冠军是哪支球队？")
    assert answer.kind == "refusal"
    assert speaker.prompt == ""


def test_the_stream_gives_each_citation_before_its_sentence(seed_pipeline: RagPipeline) -> None:
    pipeline = seed_pipeline.with_options(generator=Speaker(f"{HELD}[{{right}}]"))
    events = list(pipeline.stream(QUESTION))
    assert isinstance(events[1], Cited)
    assert isinstance(events[-1], Done)


def test_stopping_the_model_ends_without_an_answer(seed_pipeline: RagPipeline) -> None:
    stop = threading.Event()
    pipeline = seed_pipeline.with_options(generator=Speaker(f"{HELD}[{{right}}]", "\n", "又一句。", "再一句。"))
    events = []
    for event in pipeline.stream(QUESTION, (), stop):
        events.append(event)
        if isinstance(event, Cited):
            stop.set()
    assert not any(isinstance(event, Done) for event in events)
