"""The fixed question set fits the documents."""

from collections import Counter

import pytest

from rag.documents.cleaning import clean
from rag.documents.loaders import find_files, load
from rag.documents.metadata import describe
from rag.evaluation.measures.matching import FoldedDocument, fold
from rag.evaluation.questions.question_set import SEED_QUESTIONS, Question, read
from rag.pipeline import SEEDS

QUESTIONS = read(SEED_QUESTIONS)
DOCUMENTS = [
    FoldedDocument(describe(clean(document))) for file in find_files([SEEDS / "documents"]) for document in load(file, 10**6)
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_evidence_stands_in_a_document_and_an_answer_in_the_evidence_s_surroundings(question: Question) -> None:
    for quote in question.evidence:
        assert any(document.places(quote) for document in DOCUMENTS), quote
    if question.answerable:
        assert any(
            fold(answer) in fold(" ".join(question.evidence)) or any(d.places(answer) for d in DOCUMENTS)
            for answer in question.answers
        )


def test_the_set_covers_what_it_promises() -> None:
    pairs = Counter("-".join(question.id.split("-")[:2]) for question in QUESTIONS)
    assert pairs["zh-none"] + pairs["en-none"] >= 30
    assert min(pairs[pair] for pair in ("zh-zh", "en-en", "en-zh", "zh-en")) >= 15
    kinds = Counter(question.kind for question in QUESTIONS)
    assert set(kinds) == {"number", "date", "name", "list", "why", "how", "what", "near_miss", "off_topic"}
    assert 2 * kinds["near_miss"] >= kinds["near_miss"] + kinds["off_topic"]
    quoted = {
        document.id for document in DOCUMENTS for question in QUESTIONS for quote in question.evidence if document.places(quote)
    }
    assert quoted == {document.id for document in DOCUMENTS}
    in_two = [q for q in QUESTIONS if sum(any(d.places(quote) for quote in q.evidence) for d in DOCUMENTS) >= 2]
    assert len(in_two) >= 10
