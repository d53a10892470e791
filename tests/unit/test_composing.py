"""The extractive composer: what is said, in which order, with which citations."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
import readings
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.citations import quoted
from rag.answering.comparing import side_by_side
from rag.answering.composing import ExtractiveComposer, Part, Statement, kind_of, pieces, refusal
from rag.answering.reading import Reading
from rag.text.analysis import Analyzer
from rag.types import Document

ANALYZER = Analyzer()
CHINESE = Document(
    "zh", "白皮书", "zh.txt", "2018年底有1.18万个。占国土面积18%以上。退化趋势得到遏制。康富先生提出了建议。", "zh", "2021-10-08"
)
ENGLISH = Document(
    "en",
    "White paper",
    "en.txt",
    "There were 11,800 in 2018. They cover over 18% of the land. It was curbed.",
    "en",
    "2021-10-09",
)
COPY = Document("copy", "转载", "copy.txt", "转载。2018年底有1.18万个。", "zh")
MIXED = Document("mixed", "观鸟站", "mixed.txt", "观鸟站由基金会管理。The costs are paid by the fund. COP15", "zh")
LATER = Document("later", "新报道", "later.txt", "现在有1.3万个。", "zh", "2023-09-17")
DOCUMENTS = {document.id: document for document in (CHINESE, ENGLISH, COPY, MIXED, LATER)}


def reading(document: Document, *supports: tuple[str, float, str]) -> Reading:
    """A reading of a document: its sentences, how well each is supported, and the short answer found in it."""
    return readings.reading(document, *(readings.sentence(document.text, *each) for each in supports))


def compose(question: str, *readings: Reading, language: str = "zh", most: int = 4) -> list[Statement]:
    return list(ExtractiveComposer(ANALYZER).compose(question, readings, language, DOCUMENTS.__getitem__, most).statements)  # type: ignore[arg-type]


def said(statements: Sequence[Statement]) -> str:
    return "".join(statement.text for statement in statements)


def test_a_quantity_among_several_of_its_kind_is_given_alone_only_when_surely_meant() -> None:
    document = Document("two", "禁渔", "two.txt", "2020年1月1日起保护区禁捕，2021年1月1日起干流禁捕十年。", "zh")
    read = reading(document, (document.text, 0.9, "2020年1月1日"))

    def shown(likelihood: float) -> str:
        sure = Reading(read.result, (replace(read.sentences[0], likelihood=likelihood),), 0.9)
        composed = ExtractiveComposer(ANALYZER).compose("哪天开始？", [sure], "zh", lambda _: document, 4)
        return said(composed.statements)

    assert shown(0.9) == f"2020年1月1日[1]\n\n{document.text}[1]"
    assert shown(0.5) == f"{document.text}[1]"


@pytest.mark.parametrize(
    ("question", "first_line"),
    [
        ("十年禁捕从哪天开始？", "从2021年1月1日开始[1]"),
        ("2022年接待了多少人？", "318万人[1]"),
        ("2023年接待了多少人？", "467万人[1]"),
    ],
)
def test_the_quantity_is_that_of_the_number_or_the_year_in_question(question: str, first_line: str) -> None:
    text = "2020年1月1日起保护区禁捕，2021年1月1日起干流禁捕10年；2022年接待318万人，2023年接待467万人。"
    document = Document("river", "禁捕", "river.txt", text, "zh")
    read = reading(document, (text, 0.9, "2020年1月1日"))
    composed = ExtractiveComposer(ANALYZER).compose(question, [read], "zh", lambda _: document, 4)
    assert said(composed.statements).split("\n")[0] == first_line


@pytest.mark.parametrize(
    ("question", "text", "read", "first_line"),
    [
        ("移动界桩罚款多少？", "移动界桩的，处一千元以上一万元以下罚款。", "一万元以下", "一千元以上一万元以下[1]"),
        ("桥面有多高？", "桥面到地面大约有10米，桥长200米。", "10米", "大约10米[1]"),
    ],
)
def test_a_quantity_keeps_both_bounds_and_says_that_it_is_no_exact_one(
    question: str, text: str, read: str, first_line: str
) -> None:
    document = Document("rule", "条例", "rule.txt", text, "zh")
    composed = ExtractiveComposer(ANALYZER).compose(question, [reading(document, (text, 0.9, read))], "zh", lambda _: document, 4)
    assert said(composed.statements).split("\n")[0] == first_line


def test_the_same_list_is_given_once() -> None:
    text = "公约确定了清淤、种草、放鱼三大目标。平衡推进清淤、种草、放鱼三大目标。另有造林、修路、建塔三项任务。"
    document = Document("lake", "公约", "lake.txt", text, "zh")
    sentences = ("公约确定了清淤、种草、放鱼三大目标。", "平衡推进清淤、种草、放鱼三大目标。", "另有造林、修路、建塔三项任务。")
    read = reading(document, *((each, 0.9, each[6:8]) for each in sentences))
    composed = ExtractiveComposer(ANALYZER).compose("有哪些目标？", [read], "zh", lambda _: document, 4)
    assert said(composed.statements).count("种草") == 1
    assert "造林、修路、建塔" in said(composed.statements)


def test_a_fact_that_is_hardly_supported_is_not_given_alone() -> None:
    assert said(compose("有多少个？", reading(CHINESE, ("2018年底有1.18万个。", 0.45, "1.18万")))) == "2018年底有1.18万个。[1]"


def test_a_year_is_not_given_anew() -> None:
    document = Document("year", "愿景", "year.txt", "2016—2020年的规划和2050年愿景要求投入885亿元。", "zh")
    composed = ExtractiveComposer(ANALYZER).compose(
        "Why is it planned?", [reading(document, (document.text, 0.9, "885亿元"))], "en", lambda _: document, 4
    )
    assert said(composed.statements) == f"In the original Chinese: “{document.text}” (885亿元 = 88.5 billion yuan)[1]"


def test_a_fact_is_given_first_and_then_the_sentence_that_holds_it() -> None:
    statements = compose(
        "有多少个？", reading(CHINESE, ("2018年底有1.18万个。", 0.8, "1.18万"), ("占国土面积18%以上。", 0.4, "18%"))
    )
    assert said(statements) == "1.18万个[1]\n\n2018年底有1.18万个。[1]"
    (citation,) = statements[0].citations
    assert (citation.number, citation.quote, citation.support, citation.title) == (1, "2018年底有1.18万个。", 0.8, "白皮书")
    assert CHINESE.text[citation.start : citation.end] == citation.quote
    assert len(statements) == 1


def test_without_a_sure_short_answer_the_sentence_stands_alone() -> None:
    assert said(compose("有多少个？", reading(CHINESE, ("2018年底有1.18万个。", 0.8, "")))) == "2018年底有1.18万个。[1]"
    long = reading(CHINESE, ("康富先生提出了建议。", 0.8, "康富先生提出了建议"))
    assert said(compose("谁提出了建议？", long)) == "康富先生提出了建议。[1]"
    assert said(compose("谁提出了建议？", reading(CHINESE, ("康富先生提出了建议。", 0.8, "康富先生")))).startswith(
        "康富先生[1]\n\n"
    )


def test_the_same_sentence_of_two_documents_is_said_once_and_cites_both() -> None:
    statements = compose(
        "有什么变化？",
        reading(CHINESE, ("2018年底有1.18万个。", 0.8, "1.18万")),
        reading(COPY, ("2018年底有1.18万个。", 0.7, "1.18万")),
    )
    assert said(statements) == "2018年底有1.18万个。[1][2]"
    assert [citation.document_id for citation in statements[0].citations] == ["zh", "copy"]


def test_the_same_number_in_two_languages_is_said_once_and_cites_both() -> None:
    statements = compose(
        "有多少个？",
        reading(CHINESE, ("2018年底有1.18万个。", 0.8, "1.18万")),
        reading(ENGLISH, ("There were 11,800 in 2018.", 0.7, "11,800")),
    )
    assert said(statements) == "1.18万个[1][2]\n\n2018年底有1.18万个。[1]"
    assert [citation.document_id for citation in statements[0].citations] == ["zh", "en"]


def test_other_numbers_of_other_documents_stand_side_by_side_with_their_dates() -> None:
    statements = compose(
        "有多少个？", reading(CHINESE, ("2018年底有1.18万个。", 0.8, "1.18万")), reading(LATER, ("现在有1.3万个。", 0.7, "1.3万"))
    )
    assert said(statements) == "1.18万个[1]\n\n2021-10-08：2018年底有1.18万个。[1]\n\n2023-09-17：现在有1.3万个。[2]"


def test_a_second_sentence_without_any_number_is_no_answer_to_how_many() -> None:
    statements = compose("有多少个？", reading(CHINESE, ("2018年底有1.18万个。", 0.8, "1.18万"), ("退化趋势得到遏制。", 0.7, "")))
    assert said(statements) == "1.18万个[1]\n\n2018年底有1.18万个。[1]"


def test_a_quote_in_the_other_language_is_framed_and_its_numbers_are_given_anew() -> None:
    english = compose("How many were there?", reading(CHINESE, ("2018年底有1.18万个。", 0.8, "1.18万")), language="en")
    assert said(english) == "11,800 (1.18万个)[1]\n\nIn the original Chinese: “2018年底有1.18万个。”[1]"
    chinese = compose("有什么变化？", reading(ENGLISH, ("They cover over 18% of the land.", 0.8, "")))
    assert said(chinese).startswith("原文（英文）：“They cover over 18% of the land.”")
    assert said(chinese).endswith("[1]")


def test_a_quote_in_another_language_than_its_document_is_known_by_its_words() -> None:
    paid = "The costs are paid by the fund."
    assert said(compose("Who pays?", reading(MIXED, (paid, 0.8, "")), language="en")) == f"{paid}[1]"
    assert said(compose("谁付钱？", reading(MIXED, (paid, 0.8, "")))) == f"原文（英文）：“{paid}”[1]"
    assert said(compose("Which one?", reading(MIXED, ("COP15", 0.8, "")), language="en")) == "In the original Chinese: “COP15”[1]"


def test_an_open_question_gets_every_sentence_that_is_nearly_as_good_in_the_order_of_the_document() -> None:
    sentences = (("退化趋势得到遏制。", 0.8, ""), ("2018年底有1.18万个。", 0.7, ""), ("占国土面积18%以上。", 0.1, ""))
    statements = compose("生态保护取得了哪些成效？", reading(CHINESE, *sentences))
    assert [statement.text for statement in statements] == ["2018年底有1.18万个。[1]", "\n\n退化趋势得到遏制。[2]"]


def test_three_sentences_are_a_list() -> None:
    sentences = (("退化趋势得到遏制。", 0.8, ""), ("2018年底有1.18万个。", 0.7, ""), ("占国土面积18%以上。", 0.7, ""))
    assert said(compose("生态保护取得了哪些成效？", reading(CHINESE, *sentences))) == (
        "- 2018年底有1.18万个。[1]\n- 占国土面积18%以上。[2]\n- 退化趋势得到遏制。[3]"
    )


def test_never_more_sentences_than_allowed() -> None:
    sentences = (("2018年底有1.18万个。", 0.9, ""), ("占国土面积18%以上。", 0.9, ""), ("退化趋势得到遏制。", 0.9, ""))
    for most in (2, 3):
        assert len(compose("取得了哪些成效？", reading(CHINESE, *sentences), most=most)) == most


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("长江十年禁渔从哪天开始？", "quantity"),
        ("How large is the fund?", "quantity"),
        ("谁创立了基金？", "fact"),
        ("Where was the forum held?", "fact"),
        ("中国采取了哪些措施？", "list"),
        ("What measures were taken?", "list"),
        ("Who are the members of the team?", "list"),
        ("工作组的成员有谁？", "list"),
        ("Who is the leader of the team?", "fact"),
        ("馆长是谁？", "fact"),
        ("为什么要设立红线？", "open"),
        ("What did Guangxi do about mangroves?", "open"),
    ],
)
def test_what_is_asked_for(question: str, kind: str) -> None:
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("（五）建立了红线制度。", "建立了红线制度。"),
        ("3. Panda numbers rose.", "Panda numbers rose."),
        ("新华社北京10月8日电 白皮书发布。", "白皮书发布。"),
        ("- 退化趋势得到遏制。", "退化趋势得到遏制。"),
        ("BEIJING, Oct. 8 (Xinhua) -- A white paper was issued.", "A white paper was issued."),
        ("2018年底有1.18万个。", "2018年底有1.18万个。"),
        ("3.5 million hectares were added.", "3.5 million hectares were added."),
    ],
)
def test_numbers_of_lists_and_datelines_are_not_quoted(text: str, quote: str) -> None:
    citation = quoted(Document("d", "d", "d.txt", text), 1, 0, len(text), 1.0)
    assert citation.quote == quote == text[citation.start : citation.end]


def test_two_documents_stand_side_by_side() -> None:
    pairs = [((0, 14), (0, 9))]
    (statement,) = side_by_side(CHINESE, LATER, pairs, "zh")
    assert statement.text == "- 2021-10-08：2018年底有1.18万个。[1]\n  2023-09-17：现在有1.3万个。[2]"
    assert [citation.document_id for citation in statement.citations] == ["zh", "later"]
    (nothing,) = side_by_side(CHINESE, LATER, [], "en")
    assert nothing.citations == ()


def test_refusals_are_in_the_language_of_the_question() -> None:
    assert "没有找到" in refusal("zh", "not said")
    assert "do not say" in refusal("en", "not said")
    assert "没有选中" in refusal("zh", "none chosen")
    assert "None of the documents" in refusal("en", "none chosen")
    assert "yinju add" in refusal("zh", "no documents")
    assert "yinju add" in refusal("en", "no documents")
    assert not re.search(r"[A-Za-z]{4}", refusal("zh", "not said") + refusal("zh", "none chosen"))


@given(st.text())
def test_streaming_loses_nothing(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_a_place_that_has_its_verb_already_is_given_alone() -> None:
    document = Document("fair", "农博会", "fair.txt", "第十五届农博会7月14日在源深体育馆拉开帷幕，共设28个展区，各方都来。", "zh")

    def first_line(place: str) -> str:
        read = reading(document, (document.text, 0.9, place))
        composed = ExtractiveComposer(ANALYZER).compose("农博会在哪里举行？", [read], "zh", lambda _: document, 4)
        return said(composed.statements).split("\n")[0]

    assert first_line("源深体育馆拉开帷幕") == "源深体育馆拉开帷幕[1]"
    assert first_line("源深体育馆") == "在源深体育馆举行[1]"


def test_one_value_does_not_answer_two_parts() -> None:
    document = Document("rail", "铁路", "rail.txt", "上半年加开临时旅客列车6067列。", "zh")
    read = [reading(document, (document.text, 0.9, "6067"))]
    parts = [Part("加开了多少列？", "", "加开列车", read), Part("发送了多少旅客？", "", "发送旅客", read)]
    composed = ExtractiveComposer(ANALYZER).compose_parts(parts, "zh", lambda _: document, 4)
    assert said(composed.statements).split("\n")[0] == "6067列[1]，文档里没有找到“发送旅客”的答案。"


@pytest.mark.parametrize(
    ("question", "text", "first_line"),
    [
        ("这种鱼有几颗犬齿？", "下颌前端有犬齿2颗，其后有细齿多行。", "2颗[1]"),
        ("它全长多少厘米？", "它全长通常只有2厘米（0.79英寸）。", "2厘米[1]"),
        ("七十分钟的唱片大小是多大？", "每张70分钟的唱片，压缩后大小约300MB。", "约300MB[1]"),
        ("局面在哪一年代之后改变？", "这一局面在1980年代之后才改变。", "在1980年代之后改变[1]"),
    ],
)
def test_a_quantity_is_in_the_unit_asked_for_and_none_of_the_questions_own(question: str, text: str, first_line: str) -> None:
    document = Document("note", "札记", "note.txt", text, "zh")
    composed = ExtractiveComposer(ANALYZER).compose(
        question, [reading(document, (text, 0.9, text[:-1]))], "zh", lambda _: document, 4
    )
    assert said(composed.statements).splitlines()[0] == first_line


@pytest.mark.parametrize(
    ("question", "text", "answer", "first_line"),
    [
        ("暑假阅览室开到几点？", "暑假期间（7月1日至8月31日）阅览室延长至21:00。", "7月1日至8月31日", "21:00[1]"),
        ("馆长是谁？", "馆长罗静宜，副馆长陈亦川。", "馆长罗静宜，副馆长陈亦川", "罗静宜[1]"),
        ("副馆长是谁？", "馆长罗静宜，副馆长陈亦川。", "馆长罗静宜", "陈亦川[1]"),
        ("他最著名的是哪一句格言？", "他最著名的是这句格言：行在知前。", "他", "行在知前[1]"),
        ("岛上的人靠什么发电？", "岛上的人自1960年以来靠潮汐发电，不用煤。", "潮汐", "潮汐[1]"),
        (
            "What was the name of the clerk?",
            "In May a clerk named Ida Marsh told the council of the loss.",
            "May",
            "Ida Marsh[1]",
        ),
        (
            "In what season was Hale a judge?",
            "Hale, who sings, was a judge in season eight of the show.",
            "eight",
            "season eight[1]",
        ),
        ("With Hale gone, what did the court do next?", "The court then heard Hale and the mayor for several days.", "Hale", ""),
        (
            "What is spending set at for 2023?",
            "Spending for 2024 is set at 14 million, against 13 million in 2023, by the council.",
            "14 million",
            "13 million[1]",
        ),
    ],
)
def test_a_phrase_that_the_reader_is_sure_of_comes_first(question: str, text: str, answer: str, first_line: str) -> None:
    language = "zh" if question[0] > "z" else "en"
    document = Document("note", "Note", "note.txt", text, language)  # type: ignore[arg-type]
    composed = ExtractiveComposer(ANALYZER).compose(
        question, [reading(document, (text, 0.9, answer))], language, lambda _: document, 4
    )  # type: ignore[arg-type]
    assert said(composed.statements).splitlines()[0] == (first_line or f"{text}[1]")


def test_one_clause_that_answers_two_parts_is_given_once() -> None:
    document = Document(
        "note", "Note", "note.txt", "A species is put in a group when its range has been watched for a year.", "en"
    )
    read = [reading(document, (document.text, 0.9, "when its range has been watched for a year"))]
    parts = [Part("When is a species put in a group?", "", "when", read), Part("Which group is it?", "", "which", read)]
    composed = ExtractiveComposer(ANALYZER).compose_parts(parts, "en", lambda _: document, 4)
    assert said(composed.statements).count("[1]") == 1


def test_prose_does_not_stand_beside_a_list_that_answers() -> None:
    text = "广场上有钟楼、水塔和戏台。楼顶的白帆是全城的地标。"
    document = Document("square", "广场", "square.txt", text, "zh")
    read = reading(document, ("广场上有钟楼、水塔和戏台。", 0.9, "钟楼、水塔和戏台"), ("楼顶的白帆是全城的地标。", 0.85, "白帆"))
    composed = ExtractiveComposer(ANALYZER).compose("广场上有哪些建筑？", [read], "zh", lambda _: document, 4)
    assert said(composed.statements) == "钟楼、水塔、戏台[1]"


def test_why_is_answered_by_the_sentence_before_what_follows_from_it() -> None:
    text = "每年清明道路管制，人们只能步行。因此委员会于2006年决定修路。"
    document = Document("road", "公路", "road.txt", text, "zh")
    read = reading(document, ("因此委员会于2006年决定修路。", 0.9, "2006年"))
    composed = ExtractiveComposer(ANALYZER).compose("委员会为什么决定修路？", [read], "zh", lambda _: document, 4)
    assert said(composed.statements) == "每年清明道路管制，人们只能步行。[1]\n\n因此委员会于2006年决定修路。[2]"


def test_the_best_sentence_of_an_open_question_comes_first() -> None:
    sentences = (("退化趋势得到遏制。", 0.8, ""), ("2018年底有1.18万个。", 0.7, ""))
    statements = compose("保护得怎么样？", reading(CHINESE, *sentences))
    assert [statement.text for statement in statements] == ["退化趋势得到遏制。[1]", "\n\n2018年底有1.18万个。[2]"]


def test_all_dates_of_a_list_answer_when_something_was_done() -> None:
    text = "城里于1995年制定了《妇女纲要》，并于2001年、2011年和2018年三次更新。"
    document = Document("outline", "纲要", "outline.txt", text, "zh")
    read = reading(document, (text, 0.9, "1995年"))
    composed = ExtractiveComposer(ANALYZER).compose("《妇女纲要》什么时候更新过？", [read], "zh", lambda _: document, 4)
    assert said(composed.statements).splitlines()[0] == "2001年、2011年和2018年[1]"


def test_a_sentence_with_the_date_asked_for_stands_before_one_that_says_only_since_when() -> None:
    text = "2016年以来村里种花，带动全村脱贫。2019年底实现整村脱贫。"
    document = Document("village", "村庄", "village.txt", text, "zh")
    read = reading(document, ("2016年以来村里种花，带动全村脱贫。", 0.86, "2016年"), ("2019年底实现整村脱贫。", 0.39, "2019年底"))
    composed = ExtractiveComposer(ANALYZER).compose("这个村哪一年脱贫的？", [read], "zh", lambda _: document, 4)
    assert said(composed.statements).startswith("2019年底实现整村脱贫。[1]")


def test_a_theme_of_something_else_gives_way_to_that_of_what_the_question_names() -> None:
    fair = Document("fair", "云溪花展", "fair.txt", "来宾围绕“人与花”的主题交流。", "zh")
    congress = Document("congress", "大会筹备", "congress.txt", "大会2020的主题为“水”。", "zh")
    sources = {"fair": fair, "congress": congress}
    read = [reading(congress, (congress.text, 0.8, "“水”")), reading(fair, (fair.text, 0.75, "“人与花”"))]
    composed = ExtractiveComposer(ANALYZER).compose("花展的主题是什么？", read, "zh", sources.__getitem__, 4)
    assert [citation.document_id for statement in composed.statements for citation in statement.citations] == ["fair"]


def test_a_list_of_the_questions_language_stands_alone() -> None:
    chinese = Document("park", "公园", "park.txt", "公园里有大熊猫、金丝猴和朱鹮。", "zh")
    english = Document("parks", "Parks", "parks.txt", "The park keeps many animals.", "en")
    sources = {"park": chinese, "parks": english}
    read = [reading(chinese, (chinese.text, 0.8, "大熊猫")), reading(english, (english.text, 0.78, "many animals"))]
    composed = ExtractiveComposer(ANALYZER).compose("公园里有哪些动物？", read, "zh", sources.__getitem__, 4)
    assert {citation.document_id for statement in composed.statements for citation in statement.citations} == {"park"}


@pytest.mark.parametrize(
    ("text", "question", "first"),
    [
        ("大会的主题为“生态文明：共建家园”，会标像水滴。", "大会的主题是什么？", "“生态文明：共建家园”[1]"),
        ("来宾围绕“人与花”的主题交流，全方位、多层次地展开合作。", "花展的主题是什么？", "“人与花”[1]"),
        (
            'The fair met under the theme "Water for all" and was opened by the mayor.',
            "What is the theme of the fair?",
            '"Water for all"[1]',
        ),
    ],
)
def test_what_stands_in_quotation_marks_beside_the_word_asked_for_is_the_answer(text: str, question: str, first: str) -> None:
    language = "zh" if question.endswith("？") else "en"
    document = Document("theme", "会", "theme.txt", text, language)  # type: ignore[arg-type]
    read = reading(document, (text, 0.9, ""))
    composed = ExtractiveComposer(ANALYZER).compose(question, [read], language, lambda _: document, 4)  # type: ignore[arg-type]
    assert said(composed.statements).splitlines()[0] == first


def test_an_amount_is_that_of_those_named_after_it() -> None:
    text = "The yearly fee is 320 crowns for adults and 90 crowns for juniors."
    document = Document("fees", "Bylaws", "fees.txt", text, "en")
    read = reading(document, (text, 0.95, "320 crowns"))
    # The reader is not sure of the place of the answer.
    unsure = Reading(read.result, (replace(read.sentences[0], likelihood=0.6),), 0.95)
    composed = ExtractiveComposer(ANALYZER).compose("What is the yearly fee for juniors?", [unsure], "en", lambda _: document, 4)
    assert said(composed.statements).splitlines()[0] == "90[1]"
