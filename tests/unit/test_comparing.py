"""The differences between two documents, and the choice of the two."""

import numpy as np
import pytest
from hashing_encoder import HashingEncoder

from rag.answering.comparing import compare, side_by_side, which_two
from rag.library.library import DocumentSummary
from rag.types import Answer, AnswerKind, Citation, Document


class MattersEncoder(HashingEncoder):
    """Sentences are as alike as the matters that they begin with: the first character is the matter, digits do not count."""

    def encode_query(self, texts: list[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            vectors[row, "湿森草海林".index(text[0])] = 1.0
            vectors[row, 6] = 0.1 * text.count("呀")
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    encode_document = encode_query


def document(name: str, text: str) -> Document:
    return Document(name, name, f"{name}.txt", text, "zh")


def compared(one: str, other: str, most: int = 5) -> list[tuple[str, str]]:
    pairs = compare(document("one", one), document("other", other), MattersEncoder(), most)
    return [(one[mine[0] : mine[1]], other[theirs[0] : theirs[1]]) for mine, theirs in pairs]


def test_other_numbers_come_first_then_numbers_of_one_then_other_words() -> None:
    one = "森林很多呀呀呀呀。湿地占百分之五。草原退化呀呀呀呀。海洋广阔。"
    other = "湿地占百分之六。海洋有300万平方公里。森林不多。林场很远。"
    assert compared(one, other) == [
        ("湿地占百分之五。", "湿地占百分之六。"),
        ("海洋广阔。", "海洋有300万平方公里。"),
        ("森林很多呀呀呀呀。", "森林不多。"),
    ]


def test_the_same_number_in_the_same_words_is_no_difference() -> None:
    assert compared("湿地占5%。", "湿地占百分之五。") == []


def test_sentences_on_other_matters_are_not_paired() -> None:
    assert compared("湿地有300块。", "森林有500片。") == []


def test_a_sentence_is_paired_with_the_nearest_only_and_both_ways() -> None:
    assert compared("湿地有300块。湿地呀呀有200块。", "湿地呀呀呀有100块。") == [("湿地呀呀有200块。", "湿地呀呀呀有100块。")]


def test_headings_are_not_compared_and_no_more_than_asked() -> None:
    one, other = "湿地300块\n湿地有400块。森林有1片。", "湿地100块\n湿地有500块。森林有2片。"
    assert compared(one, other, most=1) == [("湿地有400块。", "湿地有500块。")]
    assert compared("湿地300块", other) == []


def test_only_the_first_three_hundred_sentences_are_read() -> None:
    assert compared("湿地很多。" * 299 + "森林有1片。", "森林有2片。") == [("森林有1片。", "森林有2片。")]
    assert compared("湿地很多。" * 300 + "森林有1片。", "森林有2片。") == []


def summary(name: str, title: str) -> DocumentSummary:
    return DocumentSummary(name, title, f"{name}.txt", "zh", "", "", 100, 1, "2024-01-01")


WHITE, POSITION, FORUM = (
    summary("w", "中国的生物多样性保护白皮书"),
    summary("p", "共建地球生命共同体——峰会中方立场文件"),
    summary("f", "Environment Forum"),
)


def citing(*documents: str, kind: AnswerKind = "answer") -> Answer:
    citations = tuple(Citation(n, name, "", "", None, 0, 1, "。", 1.0) for n, name in enumerate(documents, 1))
    return Answer("问", "问", "", kind, citations, (), 1.0, "zh")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("比较《立场文件》和《白皮书》", ("p", "w")),
        ("compare “environment forum” and “白皮书”", ("f", "w")),
        ("Environment Forum和中国的生物多样性保护白皮书有什么不同？", ("f", "w")),
        ("比较《立场文件》和《年鉴》", None),
        ("比较《白皮书》和《中国》", None),
    ],
)
def test_the_question_names_them_in_its_order(question: str, expected: tuple[str, str] | None) -> None:
    assert which_two(question, [citing("p", "f")], [WHITE, POSITION, FORUM]) == expected


NEWS = summary("n", "China releases a white paper on ecology")
GUILIN, NANNING = summary("g", "Environment Forum 2022 in Guilin"), summary("m", "Environment Forum 2023 in Nanning")
NORTH, SOUTH = summary("north", "Lease North Mill"), summary("south", "Lease South Mill")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("比较立场文件和白皮书", ("p", "w")),
        ("立场文件和中国的白皮书有什么不同？", ("p", "w")),
        ("What is the difference between the position paper and the forum in Nanning?", ("p", "m")),
        ("What changed between the 2022 forum and the 2023 forum?", ("g", "m")),
        ("Compare the two forums", ("g", "m")),
        ("两个论坛有什么不同？", ("g", "m")),
        ("How do the North Mill and the South Mill differ?", ("north", "south")),
        # This compares two things of a kind, not all that the documents say.
        ("Compare the rent of the North Mill and the South Mill.", None),
        ("比较年鉴和白皮书", None),
    ],
)
def test_words_of_the_titles_name_them(question: str, expected: tuple[str, str] | None) -> None:
    documents = [WHITE, POSITION, NEWS, GUILIN, NANNING, NORTH, SOUTH]
    assert which_two(question, [], documents) == expected
    if expected is None:
        assert which_two(question, [], [NORTH, SOUTH]) is None


def test_long_titles_are_given_once() -> None:
    one = Document(
        "one",
        "North Mill: terms of the lease and duties of the miller",
        "n.txt",
        "The rent is 40 crowns. The miller sweeps.",
        "en",
    )
    other = Document(
        "other", "South Mill: terms of the lease and duties of the tenant", "s.txt", "The rent is 50 crowns. Nobody sweeps.", "en"
    )
    text = "".join(statement.text for statement in side_by_side(one, other, [((0, 22), (0, 22)), ((23, 41), (23, 37))], "en"))
    assert text == (
        "A: North Mill: terms of the le…of the miller\nB: South Mill: terms of the le…of the tenant\n"
        "- A: The rent is 40 crowns.[1]\n  B: The rent is 50 crowns.[2]\n- A: The miller sweeps.[3]\n  B: Nobody sweeps.[4]"
    )


def test_else_the_last_answer_cites_them() -> None:
    documents = [WHITE, POSITION, FORUM]
    assert which_two("这两份有什么不同？", [citing("w", "p"), citing("f", "p", "f")], documents) == ("f", "p")
    assert which_two("这两份有什么不同？", [citing("f", "p"), citing(kind="reply")], documents) == ("f", "p")
    assert which_two("这两份有什么不同？", [citing("f", "p"), citing("w")], documents) is None
    assert which_two("这两份有什么不同？", [citing("f", "gone")], documents) is None


def test_else_the_library_holds_two() -> None:
    assert which_two("这两份有什么不同？", [], [WHITE, FORUM]) == ("w", "f")
    assert which_two("这两份有什么不同？", [], [WHITE, POSITION, FORUM]) is None
    assert which_two("这两份有什么不同？", [], [WHITE]) is None
