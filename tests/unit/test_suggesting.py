"""Questions to ask next: made from a document's sentences, and offered only if they are answered well."""

from __future__ import annotations

import threading

import pytest

from rag.answering import suggesting
from rag.errors import DocumentNotFoundError
from rag.pipeline import RagPipeline
from rag.types import Answer, Citation, Document

RIVER = "The Blue River Fund was founded in 1987 by Ada Lim. The Blue River Fund protects 312 wetlands in the valley. It has 40 members now."
LAKE = "青湖基金于2003年在南宁成立。青湖基金保护着46处湿地。其中12处在城里，以及2处在山上。"
ENGLISH = Document("en", "River", "/river.txt", RIVER, "en")
CHINESE = Document("zh", "青湖", "/lake.txt", LAKE, "zh")


def asked(document, most=4, confidence=0.9, kind="answer", quote=None):
    """Returns the questions that were asked, and those that are offered."""
    tried = []

    def ask(question, documents):
        tried.append((question, documents))
        text = quote or document.text
        cited = Citation(1, document.id, document.title, document.source, None, 0, len(text), text, 0.9)
        return Answer(question, question, "…[1]", kind, (cited,), (), confidence, document.language)

    return tried, list(suggesting.of_document(document, ask, most))


@pytest.mark.parametrize(
    ("document", "questions"),
    [
        (
            ENGLISH,
            [
                "When was the Blue River Fund founded by Ada Lim?",
                "How many wetlands in the valley does the Blue River Fund protect?",
            ],
        ),
        (CHINESE, ["青湖基金于哪一年在南宁成立？", "青湖基金保护着多少处湿地？"]),
    ],
)
def test_questions_are_made_from_sentences_that_stand_alone(document, questions):
    tried, offered = asked(document)
    assert [question for question in offered if question in questions] == questions
    assert not any("It has" in question or "其中" in question or "以及" in question for question in offered)
    assert tried == [(question, {document.id}) for question in offered]


@pytest.mark.parametrize("answer", [{"confidence": 0.59}, {"kind": "near"}, {"kind": "refusal"}, {"quote": "Something else."}])
def test_only_questions_that_are_answered_well_are_offered(answer):
    tried, offered = asked(CHINESE, **answer)
    assert len(tried) >= 2
    assert offered == []


def test_no_more_are_asked_than_are_wanted():
    tried, offered = asked(CHINESE, most=1)
    assert len(tried) == len(offered) == 1


@pytest.mark.parametrize(
    "text",
    [
        "共同迈向人与自然和谐共处的2050年愿景。",
        "2015年连续两年安排超过2600亿资金投入相关工作。",
        "自2015年起，通过实施重大工程保护生物多样性。",
        "This paper was published in 2021 in Beijing for their members.",
        "Its 312 wetlands are in the valley of the river.",
    ],
)
def test_what_needs_the_sentence_before_is_not_asked(text):
    language = "zh" if text[0] > "z" or text[0].isdigit() else "en"
    tried, _ = asked(Document("d", "d", "/d", text, language))
    assert tried == []


def test_next_questions_are_about_what_the_answer_does_not_quote():
    start = CHINESE.text.index("青湖基金保护")
    quote = CHINESE.text[start : CHINESE.text.index("。", start) + 1]
    cited = Citation(1, "zh", "青湖", "/lake.txt", None, start, start + len(quote), quote, 0.9)
    answer = Answer("湿地？", "湿地？", "46处[1]", "answer", (cited,), (), 0.9, "zh")

    def ask(question, documents):
        whole = Citation(1, "zh", "青湖", "/lake.txt", None, 0, len(LAKE), LAKE, 0.9)
        return Answer(question, question, "…", "answer", (whole,), (), 0.9, "zh")

    def find(document_id):
        return CHINESE

    assert list(suggesting.after(answer, find, ask, set(), 3)) == ["青湖基金于哪一年在南宁成立？"]
    assert list(suggesting.after(answer, find, ask, {"青湖基金于哪一年在南宁成立？"}, 3)) == []

    def gone(document_id):
        raise DocumentNotFoundError("removed")

    assert list(suggesting.after(answer, gone, ask, set(), 3)) == []


class Asked(RagPipeline):
    """Counts the questions, and answers each with its whole document."""

    def __init__(self, library):
        super().__init__(library)
        self.questions = []

    def answer(self, question, history=(), documents=None):
        self.questions.append(question)
        document = next(
            document
            for document in map(self.library.document, [each.id for each in self.library.documents()])
            if documents is None or document.id in documents
        )
        cited = Citation(1, document.id, document.title, document.source, None, 0, len(document.text), document.text, 0.9)
        return Answer(question, question, "…", "answer", (cited,), (), 0.9, document.language)


class Documents:
    """A library of two documents."""

    def __init__(self):
        self.all = {document.id: document for document in (CHINESE, ENGLISH)}
        self.analyzer = None
        self.added = "2026-01-01"

    def documents(self):
        return [Summary(document.id, self.added, len(document.text)) for document in self.all.values()]

    def document(self, document_id):
        return self.all[document_id]


class Summary:
    def __init__(self, document_id, added, characters):
        self.id, self.added, self.characters = document_id, added, characters


def test_suggestions_are_remembered_until_the_documents_change():
    library = Documents()
    pipeline = Asked(library)
    found = pipeline.suggestions("zh")
    assert found == ["青湖基金于哪一年在南宁成立？", "青湖基金保护着多少处湿地？"]
    tried = len(pipeline.questions)
    assert pipeline.suggestions("zh") == found
    assert len(pipeline.questions) == tried
    library.added = "2026-01-02"
    assert pipeline.suggestions("zh") == found
    assert len(pipeline.questions) == 2 * tried


def test_suggestions_stop_and_are_then_not_remembered():
    pipeline = Asked(Documents())
    stop = threading.Event()
    stop.set()
    assert pipeline.suggestions("zh", stop=stop) == []
    assert pipeline.questions == []
    assert len(pipeline.suggestions("zh")) == 2


def test_suggestions_for_an_unknown_document():
    with pytest.raises(DocumentNotFoundError):
        Asked(Documents()).suggestions("gone")
