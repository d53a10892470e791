"""Chunks: exact places, in order, of the right size, under the right headings."""

from __future__ import annotations

import math
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from growth import is_about_linear
from hypothesis import given
from hypothesis import strategies as st

import rag.documents.chunking
from rag.documents.chunking import Chunker, context
from rag.documents.cleaning import clean
from rag.documents.loaders import load
from rag.documents.metadata import describe
from rag.types import Chunk, Document

if TYPE_CHECKING:
    from collections.abc import Sequence

SEEDS = Path(__file__).parents[2] / "seeds" / "documents"
SENTENCE = "中国高度重视生物多样性保护，取得了显著成效。"
ENGLISH = "The conservation of biodiversity has achieved remarkable results."

TEXTS = st.lists(
    st.sampled_from([SENTENCE, ENGLISH, SENTENCE * 9, "一、总则", "（一）范围", "第一章 总则"])
    | st.sampled_from(["1.2 Scope", "# Scope", "短标题", "a" * 400, "\n", " "])
    | st.text("中国，。！aB1. \n\t“”#、", max_size=60),
    max_size=14,
).flatmap(lambda parts: st.sampled_from(["\n", "\n\n", " "]).map(lambda end: end.join(parts)))


def half_characters(texts: Sequence[str]) -> list[int]:
    return [(len(text) + 1) // 2 for text in texts]


def chunks_of(text: str, tokens: int = 40, title: str = "", pages: tuple[int, ...] = ()) -> list[Chunk]:
    return Chunker(half_characters, tokens).chunk(Document("doc", title, "a.txt", text, pages=pages))


def sections(text: str, title: str = "") -> list[tuple[str, str]]:
    return [(chunk.section, chunk.text) for chunk in chunks_of(text, 100, title)]


def seed_chunks(name: str) -> tuple[Document, list[Chunk]]:
    document = describe(clean(*load(SEEDS / name, 10**6)))
    return document, Chunker(half_characters, 160).chunk(document)


# -- laws for any text ----------------------------------------------------------------------------------------------


@given(TEXTS, st.integers(8, 60))
def test_chunks_are_exact_in_order_and_lose_nothing(text: str, tokens: int) -> None:
    chunks = chunks_of(text, tokens)
    position = 0
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text == chunk.text.strip() != ""
        assert chunk.start >= position
        assert not text[position : chunk.start].strip()
        assert half_characters([chunk.text])[0] <= tokens
        position = chunk.end
    assert not text[position:].strip()
    assert [chunk.id for chunk in chunks] == [f"doc-{number}" for number in range(len(chunks))]
    assert {(chunk.document_id, chunk.page) for chunk in chunks} <= {("doc", None)}


@given(TEXTS)
def test_dense_and_thin_text_fit_alike(text: str) -> None:
    def count(texts: Sequence[str]) -> list[int]:
        return [sum(1 if c.isascii() else 5 for c in text if not c.isspace()) for text in texts]

    chunks = Chunker(count, 30).chunk(Document("d", "", "a.txt", text))
    assert all(count([chunk.text])[0] <= 30 for chunk in chunks)
    assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(text.split())


def test_a_token_larger_than_a_chunk_stands_alone() -> None:
    chunks = Chunker(lambda texts: [9 * len(text) for text in texts], 8).chunk(Document("d", "", "a.txt", "生物 多样"))
    assert [chunk.text for chunk in chunks] == ["生", "物", "多", "样"]


def test_an_endless_word_is_cut_though_tokenizers_take_it_for_one_token() -> None:
    chunks = Chunker(lambda texts: [1] * len(texts), 10).chunk(Document("d", "", "a.txt", "x" * 1000))
    assert all(len(chunk.text) <= 160 for chunk in chunks)
    assert "".join(chunk.text for chunk in chunks) == "x" * 1000


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([SENTENCE, SENTENCE * 5, ENGLISH]))), st.integers(30, 60))
def test_no_chunk_is_only_a_heading_when_text_follows(parts: list[tuple[int, str]], tokens: int) -> None:
    headings = ["第一章 总则", "一、范围", "（一）地域"]
    chunks = chunks_of("\n\n".join(line for depth, prose in parts for line in (*headings[3 - depth :], prose)), tokens)
    assert all(set(chunk.text.splitlines()) - {*headings, ""} for chunk in chunks)


def test_empty_documents_have_no_chunks() -> None:
    assert chunks_of("") == chunks_of(" \n\n\t") == []


def test_the_fingerprint_tells_sizes_apart() -> None:
    assert Chunker(half_characters, 40).fingerprint != Chunker(half_characters, 41).fingerprint


# -- where chunks end -----------------------------------------------------------------------------------------------------


def test_paragraphs_stay_whole_and_share_a_chunk_when_they_are_short() -> None:
    short = "保护湿地。恢复森林。"
    assert [chunk.text for chunk in chunks_of("\n\n".join([short] * 6), 20)] == [f"{short}\n\n{short}"] * 3


def test_long_paragraphs_are_cut_evenly_between_sentences() -> None:
    text = SENTENCE * 8
    assert [chunk.text for chunk in chunks_of(text, 60)] == [SENTENCE * 4, SENTENCE * 4]


def test_a_short_last_sentence_is_not_left_alone() -> None:
    text = f"{ENGLISH} {ENGLISH} {ENGLISH} {ENGLISH} Fruitful results."
    assert [chunk.text for chunk in chunks_of(text, 80)] == [f"{ENGLISH} {ENGLISH}", f"{ENGLISH} {ENGLISH} Fruitful results."]


def test_a_long_sentence_is_cut_at_its_commas() -> None:
    parts = [f"第{n}项任务是保护湿地和森林" for n in "一二三四五六"]
    text = "，".join(parts) + "。"
    assert [chunk.text for chunk in chunks_of(text, 20)] == [
        f"{parts[0]}，{parts[1]}，",
        f"{parts[2]}，{parts[3]}，",
        f"{parts[4]}，{parts[5]}。",
    ]


def test_a_heading_takes_along_part_of_a_long_sentence() -> None:
    text = "一、总则\n\n" + "保护湿地和森林，" * 12 + "恢复草原。"
    first, *rest = chunks_of(text, 24)
    assert first.text.startswith("一、总则\n\n保护湿地和森林，保护")
    assert {chunk.section for chunk in (first, *rest)} == {"一、总则"}


def test_the_page_is_that_of_the_beginning() -> None:
    text = f"{SENTENCE * 3}\n{SENTENCE * 3}\n{SENTENCE * 3}"
    third = 3 * len(SENTENCE) + 1
    assert [chunk.page for chunk in chunks_of(text, 36, pages=(0, third, 2 * third))] == [1, 2, 3]


# -- headings -------------------------------------------------------------------------------------------------------------


def test_chinese_numbering_gives_the_path() -> None:
    text = (
        f"一、坚持理念\n\n{SENTENCE}\n\n二、采取措施\n\n（一）加速主流化\n\n{SENTENCE}\n\n(二) 完善法律\n\n{SENTENCE}\n\n"
        f"1.加强监测\n\n{SENTENCE}\n\n三、促进发展\n\n{SENTENCE}"
    )
    assert sections(text) == [
        ("一、坚持理念", f"一、坚持理念\n\n{SENTENCE}"),
        ("二、采取措施 > （一）加速主流化", f"二、采取措施\n\n（一）加速主流化\n\n{SENTENCE}"),
        ("二、采取措施 > (二) 完善法律", f"(二) 完善法律\n\n{SENTENCE}"),
        ("二、采取措施 > (二) 完善法律 > 1.加强监测", f"1.加强监测\n\n{SENTENCE}"),
        ("三、促进发展", f"三、促进发展\n\n{SENTENCE}"),
    ]


def test_chapters_sections_and_articles_give_the_path() -> None:
    text = (
        f"第一编 总则\n{SENTENCE}\n第三章 监督管理\n第一节 一般规定\n第 12 条 适用范围\n{SENTENCE}\n"
        f"第二节　监测\n{SENTENCE}\n第四章\n{SENTENCE}"
    )
    assert [section for section, _ in sections(text)] == [
        "第一编 总则",
        "第一编 总则 > 第三章 监督管理 > 第一节 一般规定 > 第 12 条 适用范围",
        "第一编 总则 > 第三章 监督管理 > 第二节　监测",
        "第一编 总则 > 第四章",
    ]


def test_english_numbering_gives_the_path() -> None:
    lines = [
        "Chapter 2 Measures",
        "2.1 Protected areas",
        ENGLISH,
        "2.1.1 Parks",
        ENGLISH,
        "2.2 Law",
        ENGLISH,
        "Annex A: Data",
        ENGLISH,
    ]
    text = "\n\n".join(lines)
    assert [section for section, _ in sections(text)] == [
        "Chapter 2 Measures > 2.1 Protected areas",
        "Chapter 2 Measures > 2.1 Protected areas > 2.1.1 Parks",
        "Chapter 2 Measures > 2.2 Law",
        "Annex A: Data",
    ]


def test_markdown_gives_the_path_without_its_marks() -> None:
    text = (
        f"# Guide\n\n{ENGLISH}\n\n## Setup ##\n\n### On Linux\n\n{ENGLISH}\n\n## Use\n\n{ENGLISH}\n\n#tag is prose\n\n{ENGLISH}"
    )
    assert [section for section, _ in sections(text)] == ["Guide", "Guide > Setup > On Linux", "Guide > Use"]


def test_plain_short_lines_are_headings_where_none_are_numbered() -> None:
    text = f"{SENTENCE}\n\n聚焦政策  应对变化\n\n{SENTENCE}\n\nA plain heading\n\n{ENGLISH}\n\n不是标题，有逗号\n\n{SENTENCE}"
    assert [section for section, _ in sections(text)] == ["", "聚焦政策  应对变化", "A plain heading"]
    numbered = f"一、总则\n\n{SENTENCE}\n\n二、分则\n\n{SENTENCE}\n\n图片说明\n\n{SENTENCE}"
    assert [section for section, _ in sections(numbered)][-1] == "二、分则"


@pytest.mark.parametrize(
    "items",
    [
        "1. 苹果\n2. 香蕉\n3. 梨",
        "1. Apples\n\n2. Bananas\n\n3. Pears",
        "（一）加强监测\n（二）完善制度",
        "第一章 总则\n第二章 监督管理\n第三章 附则",
    ],
)
def test_lists_and_tables_of_contents_are_no_headings(items: str) -> None:
    text = f"{SENTENCE}\n\n{items}\n\n{SENTENCE}"
    assert [section for section, _ in sections(text)] == [""] * len(sections(text))


@pytest.mark.parametrize(
    "line",
    [
        "一、这是一句完整的话。",
        "3.5 million hectares were planted",
        "7.1 万公顷",
        "5 May 2021",
        "30 个国家",
        "第一条新闻",
        "Part of the plan",
    ],
)
def test_lines_that_only_begin_like_headings_are_none(line: str) -> None:
    text = f"第一章\n\n二、中间\n\n{SENTENCE}\n\n{line}\n\n{SENTENCE}"
    assert {section for section, _ in sections(text)} == {"第一章 > 二、中间"}


def test_title_and_byline_go_with_the_text_and_are_no_section() -> None:
    text = f"守护宝藏\n——记洱海论坛\n\n2021-10-09 来源：新华社\n\n{SENTENCE}\n\n一、背景\n\n{SENTENCE}"
    assert sections(text, title="守护宝藏——记洱海论坛") == [
        ("", f"守护宝藏\n——记洱海论坛\n\n2021-10-09 来源：新华社\n\n{SENTENCE}"),
        ("一、背景", f"一、背景\n\n{SENTENCE}"),
    ]
    assert sections(f"# 守护宝藏\n\n## 背景\n\n{SENTENCE}", title="守护宝藏")[0][0] == "背景"


def test_the_position_paper_has_its_headings() -> None:
    document, chunks = seed_chunks("2020-un-biodiversity-summit-position-paper.zh.txt")
    paths = list(dict.fromkeys(chunk.section for chunk in chunks))
    assert paths[:4] == [
        "",
        "一、坚持生态文明思想",
        "二、采取有力政策措施 > （一）加速生物多样性主流化进程",
        "二、采取有力政策措施 > （二）完善法律法规和政策体系",
    ]
    assert paths[-2:] == [
        "六、加强国际交流与合作 > （一）建立广泛的双多边合作交流机制",
        "六、加强国际交流与合作 > （二）深化南南合作",
    ]
    assert len(paths) == 20
    (parks,) = [chunk for chunk in chunks if "国家公园试点10个" in chunk.text]
    assert parks.section == "二、采取有力政策措施 > （五）不断完善就地与迁地保护"
    assert document.text[parks.start : parks.end] == parks.text


def test_the_forum_report_has_its_plain_headings() -> None:
    _, chunks = seed_chunks("2023-09-17-guangxi-daily-environment-forum.zh.txt")
    assert list(dict.fromkeys(chunk.section for chunk in chunks)) == [
        "",
        "聚焦环境政策对话\u00a0 积极应对气候变化",
        "深化环保产业技术交流\u00a0 促进合作走深走实",
        "凝聚绿色发展共识\u00a0 促进人与自然和谐共生",
    ]


# -- context --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "section", "text", "expected"),
    [
        ("题", "一、甲 > （一）乙", "正文。", "题\n一、甲 > （一）乙\n正文。"),
        ("题", "一、甲 > （一）乙", "（一）乙\n正文。", "题\n一、甲\n（一）乙\n正文。"),
        ("题", "一、甲 > （一）乙", "一、甲\n\n（一）乙\n正文。", "题\n一、甲\n\n（一）乙\n正文。"),
        ("题", "", "题\n正文。", "题\n正文。"),
        ("", "", "正文。", "正文。"),
    ],
)
def test_context_adds_what_the_text_does_not_begin_with(title: str, section: str, text: str, expected: str) -> None:
    assert context(title, section, text) == expected


@pytest.mark.parametrize("part", [SENTENCE, "a", "，", "一、总则\n", "# a\n\n", "x。\n", "第一章\n\n" + ENGLISH + "\n"])
def test_long_texts_take_linear_time(part: str) -> None:
    text = part * (240_000 // len(part))
    assert chunks_of(text, 160)[-1].end == len(text.rstrip())
    assert is_about_linear(lambda size: chunks_of(part * (size // len(part)), 160), len(text))


# -- limits -----------------------------------------------------------------------------------------------------------

LONG = 120_000
PATHOLOGICAL = {
    "one word": "a" * LONG,
    "full stops": ". " * (LONG // 2),
    "short sentences": "A b. " * (LONG // 5),
    "short sentences of Chinese": "好。" * (LONG // 2),
    "closing quotes": "。”" * (LONG // 2),
    "digits": "7" * LONG,
    "Chinese without punctuation": "海" * LONG,
    "brackets": "[(" * (LONG // 2),
    "short lines": "a\n" * (LONG // 2),
    "blanks": "a" + " " * LONG + "b",
    "line ends": "a" + "\n" * LONG + "b",
}


class Counting:
    """A tokenizer that finds a token in four characters, and remembers the most characters and texts that it was given at once."""

    def __init__(self) -> None:
        self.longest = self.most = self.texts = self.total = 0

    def __call__(self, texts: Sequence[str]) -> list[int]:
        self.longest = max(self.longest, *map(len, texts))
        self.most = max(self.most, sum(map(len, texts)))
        self.texts = max(self.texts, len(texts))
        self.total += sum(map(len, texts))
        return [math.ceil(len(text) / 4) for text in texts]


@pytest.mark.parametrize("kind", PATHOLOGICAL)
def test_a_tokenizer_is_never_given_much_at_once(kind: str) -> None:
    text = PATHOLOGICAL[kind]
    counting = Counting()
    chunks = Chunker(counting, 160).chunk(Document("id", "Title", "/a.txt", text))
    assert counting.longest <= 5_000
    assert counting.most <= 100_000
    assert counting.texts <= 100_000 / 16
    assert counting.total <= 3 * len(text)
    assert [text[chunk.start : chunk.end] for chunk in chunks] == [chunk.text for chunk in chunks]
    assert "".join("".join(chunk.text for chunk in chunks).split()) == "".join(text.split())
    assert max(len(chunk.text) for chunk in chunks) <= 16 * 160


@pytest.mark.parametrize("kind", ["full stops", "short sentences of Chinese"])
def test_the_sentences_of_a_long_line_are_not_all_in_memory(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.documents.chunking, "_MAX_LINE", 2_000)
    monkeypatch.setattr(rag.documents.chunking, "_COUNTED_AT_ONCE", 4_000)
    text = PATHOLOGICAL[kind][:40_000]
    document = Document("id", "Title", "/a.txt", text)
    tracemalloc.start()
    try:
        for _ in Chunker(Counting(), 160)._spans(document):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A sentence takes some 300 bytes, and there are 20,000 of them.
    assert peak < 50 * len(text)


def test_a_long_line_is_cut_between_its_sentences() -> None:
    sentence = "The lake lies in the north and is as deep as it is old. "
    text = sentence * 4000
    chunks = Chunker(lambda texts: [len(text) // 4 for text in texts], 160).chunk(Document("id", "Title", "/a.txt", text))
    assert {chunk.text[-1] for chunk in chunks} == {"."}
    assert {chunk.text[:8] for chunk in chunks} == {"The lake"}
