"""No citation contradicts its sentence: which sentences may share one, and that no quote lacks a value that it is cited for."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
import readings
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answering.agreement import Agreement, Relation
from rag.answering.composing import Composition, ExtractiveComposer
from rag.answering.reading import Reading
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.types import Citation, Document, Language

ANALYZER = Analyzer()
AGREEMENT = Agreement(ANALYZER)
COMPOSER = ExtractiveComposer(ANALYZER)


def document(text: str, language: Language, title: str = "", identity: str = "") -> Document:
    return Document(identity or title or text, title, f"{identity or title}.md", text, language)


def reading(source: Document, sentence: str, answer: str = "", section: str = "", support: float = 0.9) -> Reading:
    """Reads a passage of one sentence."""
    read = readings.sentence(source.text, sentence, support, answer)
    return readings.reading(source, read, section=section, start=read.start, end=read.end)


def relation(  # noqa: PLR0917
    shown: str,
    other: str,
    answers: tuple[str, str] = ("", ""),
    language: Language = "zh",
    titles: tuple[str, str] = ("甲", "乙"),
    ask: str = "",
) -> Relation:
    """Returns the relation of the sentence of one document to that of another."""
    places = []
    for text, answer, title in zip((shown, other), answers, titles, strict=True):
        read = reading(document(text, language, title), text, answer)
        places.append(AGREEMENT.place(ask, read, read.sentences[0]))
    return AGREEMENT.relation(*places, value_asked=any(answers))


@pytest.mark.parametrize(
    ("shown", "other", "language"),
    [
        ("国内出差伙食补助为每人每天80元。", "国内出差伙食补助为每人每天120元。", "zh"),
        ("全年修复珊瑚礁355公顷，投入资金2000万元。", "全年修复珊瑚礁355公顷，投入资金2100万元。", "zh"),
        ("The monthly pass costs 70 crowns.", "The monthly pass costs 95 crowns.", "en"),
        ("Dogs are allowed in the common garden of the house.", "Dogs are not allowed in the common garden of the house.", "en"),
        ("公园内允许携带宠物进入核心区域。", "公园内不允许携带宠物进入核心区域。", "zh"),
        ("The gate of the North depot is opened in the morning.", "The gate of the South depot is opened in the morning.", "en"),
        ("海南省修复了全部受损的珊瑚礁。", "广西修复了全部受损的珊瑚礁。", "zh"),
        ("The park protects pandas, tigers and cranes.", "The park protects pandas, tigers and deer.", "en"),
        ("保护区内有大熊猫、金丝猴和羚牛。", "保护区内有大熊猫、金丝猴和朱鹮。", "zh"),
        ("The gate is opened at 6:00 on working days.", "The gate is opened at 8:30 on working days.", "en"),
        ("The gate is opened on all days.", "The gate is opened on all days except Sunday.", "en"),
        ("餐厅每天供应晚餐。", "除星期日外，餐厅每天供应晚餐。", "zh"),
        ("会议于2023年9月17日在南宁举行。", "会议于2023年9月18日在南宁举行。", "zh"),
        ("Unit A beat unit B in the final.", "Unit B beat unit A in the final.", "en"),
        ("费用超过120元。", "费用为120元。", "zh"),
    ],
)
def test_sentences_that_differ_in_what_counts_never_share_a_citation(shown: str, other: str, language: Language) -> None:
    assert relation(shown, other, language=language) in ("rival", "other")
    assert relation(other, shown, language=language) in ("rival", "other")


@pytest.mark.parametrize(
    ("shown", "other", "language"),
    [
        ("2018年底有1.18万个。", "2018年底有1.18万个。", "zh"),
        ("２０１８年底，有1.18万个", "2018年底有1.18万个。", "zh"),
        ("禁漁從2021年1月1日開始。", "禁渔从2021年1月1日开始。", "zh"),
        ("The pass costs 70 crowns.", "The pass costs 70 crowns", "en"),
        ("A pass costs 3,000 crowns.", "The pass costs 3000 crowns.", "en"),
    ],
)
def test_the_same_sentence_in_other_characters_shares_a_citation(shown: str, other: str, language: Language) -> None:
    assert relation(shown, other, language=language) == "same"


def test_a_sentence_that_says_less_is_not_shown_again_and_not_cited() -> None:
    longer = "The pass costs 70 crowns for adults who live here."
    assert relation(longer, "The pass costs 70 crowns.", language="en") == "adds nothing"
    assert relation("The pass costs 70 crowns.", longer, language="en") in ("rival", "other")


def test_the_same_sentence_under_titles_of_other_years_is_of_another_subject() -> None:
    text = "全年修复珊瑚礁355公顷。"
    assert relation(text, text, titles=("2021年报告", "2022年报告")) == "rival"
    assert relation(text, text, titles=("报告", "2022年报告")) == "same"


@pytest.mark.parametrize(
    ("shown", "other", "answers", "language", "agrees"),
    [
        ("全国共有自然保护区1.18万个。", "截至年底，自然保护区达11800个。", ("1.18万", "11800"), "zh", True),
        ("2018年底有自然保护区1.18万个。", "2017年底有自然保护区1.18万个。", ("1.18万", "1.18万"), "zh", False),
        ("海南修复了355公顷。", "广西也修复了355公顷。", ("355公顷", "355公顷"), "zh", False),
        ("共有自然保护区120个。", "共有自然保护区120处。", ("120", "120"), "zh", False),
        ("It grew by 12% in 2020.", "Growth was 12% in the year 2020.", ("12%", "12%"), "en", True),
        ("It grew by 12% in 2020.", "It grew by more than 12% in 2020.", ("12%", "more than 12%"), "en", False),
    ],
)
def test_the_same_value_is_cited_twice_only_where_nothing_else_differs(
    shown: str, other: str, answers: tuple[str, str], language: Language, agrees: bool
) -> None:
    assert (relation(shown, other, answers, language) == "agrees") == agrees


def test_a_value_of_what_the_question_does_not_name_is_not_cited_with_one_of_what_it_names() -> None:
    shown, other = "全年修复珊瑚礁355公顷。", "全年修复红树林355公顷。"
    answers = ("355公顷", "355公顷")
    assert relation(shown, other, answers, ask="修复了多少公顷珊瑚礁？") in ("rival", "other")
    assert relation(shown, other, answers, ask="修复了多少公顷？") == "agrees"


def compose(question: str, *readings: Reading, documents: tuple[Document, ...], language: Language = "zh") -> Composition:
    known = {source.id: source for source in documents}
    return COMPOSER.compose(question, readings, language, known.__getitem__, 4)


def text_of(composition: Composition) -> str:
    return "".join(statement.text for statement in composition.statements)


def test_of_three_annual_reports_the_one_that_is_asked_for_is_cited() -> None:
    reports = tuple(
        document(f"全年修复珊瑚礁{hectares}公顷。", "zh", f"海南省{year}年生态报告")
        for year, hectares in ((2021, 310), (2022, 355), (2023, 402))
    )
    readings = [
        reading(report, report.text, report.text[7:12], support=0.99 - number / 100) for number, report in enumerate(reports)
    ]
    composition = compose("海南省2022年修复了多少公顷珊瑚礁？", *readings, documents=reports)
    assert text_of(composition) == "355公顷[1]\n\n全年修复珊瑚礁355公顷。[1]"
    every = compose("海南省修复了多少公顷珊瑚礁？", *readings, documents=reports)
    assert text_of(every).splitlines()[0] == (
        "海南省2021年生态报告：310公顷[1]；海南省2022年生态报告：355公顷[2]；海南省2023年生态报告：402公顷[3]"
    )


def test_where_more_documents_differ_than_are_shown_the_answer_says_so() -> None:
    reports = tuple(document(f"2023年的预算是{amount}万元。", "zh", f"单位{amount}") for amount in range(101, 131))
    readings = [reading(report, report.text, report.text[8:13]) for report in reports]
    composition = compose("2023年的预算是多少？", *readings, documents=reports)
    assert [len(re.findall(r"\[\d+\]", line)) for line in text_of(composition).splitlines() if line.startswith("- ")] == [
        1,
        1,
        1,
        1,
    ]
    assert composition.notes == ("另有26处给出了别的说法，没有一一列出；可以在问题里写明是哪一份、哪一年或哪一处。",)


def test_the_sections_of_one_document_are_told_apart() -> None:
    tariff = document("The monthly pass costs 70 crowns. The monthly pass costs 95 crowns.", "en", "Tariff")
    readings = [
        reading(tariff, f"The monthly pass costs {price} crowns.", f"{price} crowns", f"Tariff > Zone {zone}")
        for price, zone in ((70, "A"), (95, "B"))
    ]
    composition = compose("What does the monthly pass cost, how many crowns?", *readings, documents=(tariff,), language="en")
    assert text_of(composition) == (
        "Zone A: 70 crowns[1]; Zone B: 95 crowns[2]\n\n"
        "Zone A: The monthly pass costs 70 crowns.[1]\n\nZone B: The monthly pass costs 95 crowns.[2]"
    )
    assert [citation.quote for statement in composition.statements for citation in statement.citations] == [
        "The monthly pass costs 70 crowns.",
        "The monthly pass costs 95 crowns.",
    ]
    of_zone_b = compose(
        "What does the monthly pass cost in Zone B, how many crowns?", *readings, documents=(tariff,), language="en"
    )
    assert text_of(of_zone_b) == "95 crowns[1]\n\nThe monthly pass costs 95 crowns.[1]"


def test_the_rule_of_another_section_is_not_mixed_in() -> None:
    rules = document("病假须提前一天。\n事假须提前一天。\n婚假须提前一周。", "zh", "请假规定")
    leave = document("须提前一天申请。\n须提前 一天申请。\n须提前一周申请。", "zh", "请假规定", "leave")
    readings = [
        reading(leave, sentence, answer, f"请假规定 > {section}", support)
        for sentence, answer, section, support in (
            ("须提前一周申请。", "一周", "婚假", 0.98),
            ("须提前一天申请。", "一天", "病假", 0.97),
            ("须提前 一天申请。", "一天", "事假", 0.96),
        )
    ]
    composition = compose("事假须提前多久申请？", *readings, documents=(rules, leave))
    assert text_of(composition) == "一天[1]\n\n须提前 一天申请。[1]"


@dataclass(frozen=True)
class Variant:
    """A sentence made of parts that can differ, its value, and the document that it stands in."""

    text: str
    value: str
    names: tuple[str, ...]
    denied: bool
    section: str
    source: Document
    support: float


@st.composite
def variants(draw: st.DrawFn, language: Language) -> Variant:
    year = draw(st.sampled_from((2021, 2022, 2023)))
    number = draw(st.sampled_from((80, 120, 1200, 70, 95, 310)))
    denied, dated, listed = draw(st.booleans()), draw(st.booleans()), draw(st.sampled_from((0, 2, 3)))
    bound = draw(st.booleans())
    if language == "zh":
        place = draw(st.sampled_from(("海南", "广西", "云南")))
        value = f"{'超过' if bound else ''}{number}公顷"
        items = "、".join(("大熊猫", "金丝猴", "朱鹮")[:listed])
        when, ending = f"{year}年" if dated else "", f"，保护了{items}" if items else ""
        text = f"{when}{place}{'没有' if denied else ''}修复湿地{value}{ending}。"
        section, title = draw(st.sampled_from(("", "北区", "南区"))), draw(st.sampled_from((f"{year}年报告", "简报", "公报")))
        names = (place, *items.split("、")) if items else (place,)
    else:
        place = draw(st.sampled_from(("Hainan", "Guangxi", "Yunnan")))
        value = f"{'more than ' if bound else ''}{number} hectares"
        items = " and ".join(("pandas", "monkeys", "cranes")[:listed])
        when, ending = f"In {year} " if dated else "", f" for {items}" if items else ""
        text = f"{when}the province of {place} {'never ' if denied else ''}restored {value} of wetland{ending}."
        section, title = (
            draw(st.sampled_from(("", "North", "South"))),
            draw(st.sampled_from((f"Report {year}", "Brief", "Bulletin"))),
        )
        names = (place, *items.split(" and ")) if items else (place,)
    identity = draw(st.sampled_from("abc"))
    source = Document(f"{language}-{identity}-{text}-{section}", title, f"{identity}.md", text, language)
    return Variant(text, value, names, denied, section, source, draw(st.sampled_from((0.95, 0.9, 0.6))))


QUESTIONS: dict[Language, tuple[str, ...]] = {
    "zh": ("2022年海南修复了多少公顷湿地？", "修复了哪些湿地？", "湿地修复得怎么样？", "谁修复了湿地？"),
    "en": ("How many hectares of wetland did Hainan restore in 2022?", "Which wetlands were restored?", "Who restored them?"),
}
MARKED = re.compile(r"(?P<said>.*?)(?P<markers>(?:\[\d+\])+)", re.DOTALL)
NEVER = re.compile(r"没有|\bnever\b")


def said_and_cited(composition: Composition, labels: set[str]) -> list[tuple[str, list[Citation]]]:
    """Each piece of an answer, without what tells documents apart, with what it cites."""
    by_number = {citation.number: citation for statement in composition.statements for citation in statement.citations}
    pieces = []
    for match in MARKED.finditer(text_of(composition)):
        said = re.sub(r"^[\s；;-]+", "", match["said"])
        for label in sorted(labels, key=len, reverse=True):
            said = re.sub(rf"^{re.escape(label)}(?: · [^：:]+)?(?:：|: )", "", said)
        pieces.append((said, [by_number[int(number)] for number in re.findall(r"\d+", match["markers"])]))
    return pieces


def contains(citation: Citation, language: Language, said: str, of: Language) -> bool:
    """Whether a quote gives every quantity of a text, with the same bound."""
    there = quantities.find(citation.quote, language)
    return all(any(known.contains(own) and known.bound == own.bound for known in there) for own in quantities.find(said, of))


@settings(max_examples=300)
@given(st.data(), st.sampled_from(("zh", "en")))
def test_no_shown_value_name_or_denial_is_missing_from_a_quote_that_it_cites(data: st.DataObject, language: Language) -> None:
    made = data.draw(st.lists(variants(language), min_size=2, max_size=4))
    made += data.draw(st.lists(variants("en" if language == "zh" else "zh"), max_size=1))
    question = data.draw(st.sampled_from(QUESTIONS[language]))
    readings = sorted(
        (reading(one.source, one.text, one.value, one.section, one.support) for one in made), key=lambda read: -read.support
    )
    composition = compose(question, *readings, documents=tuple(one.source for one in made), language=language)
    labels = {one.source.title for one in made} | {one.section for one in made if one.section}
    by_document = {one.source.id: one for one in made}
    assert text_of(composition)
    for said, cited in said_and_cited(composition, labels):
        assert cited
        whole = next((one for one in made if one.text in said), None)
        for citation in cited:
            there = by_document[citation.document_id]
            assert citation.quote == there.text
            if whole is None:
                assert contains(citation, there.source.language, said.split(" (")[0].split("（")[0], language)
            else:
                assert contains(citation, there.source.language, whole.text, whole.source.language)
                assert set(whole.names) <= set(there.names)
                assert NEVER.findall(whole.text) == NEVER.findall(there.text)
