"""Conditions: what a question names, against what a sentence says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import readings

from rag.answering.agreement import Place
from rag.answering.composing import near_miss
from rag.answering.conditions import Conditions
from rag.answering.reading import Reading, Sentence
from rag.text.analysis import Analyzer
from rag.types import Chunk, Document, SearchResult

CONDITIONS = Conditions(Analyzer())


def document(text: str, title: str = "公告", language: str = "zh", published: str = "") -> Document:
    return Document("d", title, "d.txt", text, language, published)  # type: ignore[arg-type]


def place(source: Document, sentence: str, support: float = 0.9) -> Place:
    found = readings.sentence(source.text, sentence, support)
    return Place(readings.reading(source, found), found)


def unmet(question: str, text: str, **known: str) -> list[tuple[str, str, str]]:
    """The conditions of a question that a text of one sentence does not meet."""
    source = document(text, **known)
    return [(found.kind, found.text, found.instead) for found in CONDITIONS.unmet(question, place(source, text), source)]


@pytest.mark.parametrize(
    ("question", "text", "kind", "named", "instead"),
    [
        ("2024年的花展在哪里举行？", "2023年的花展在云溪举行。", "date", "2024年", "2023年"),
        ("2016年拨款多少？", "2017—2018年拨款2600万元。", "date", "2016年", "2017—2018年"),
        ("3月12日谁主持会议？", "3月13日的会议由何立群主持，2024年。", "date", "3月12日", "2024年"),
        ("基金第二期募资多少？", "基金首期募资885万元。", "ordinal", "第二期", "首期"),
        ("第三次报告何时提交？", "2019年7月提交了第六次报告。", "ordinal", "第三次", "第六次"),
        ("ABC16的主题是什么？", "ABC15的主题是河流。", "code", "ABC16", "ABC15"),
        ("秘书长是谁？", "副秘书长周远出席。", "rank", "秘书长", "副秘书长"),
        ("市级保护区有多少个？", "省级保护区有8个。", "contrast", "市级保护区", "省级保护区"),
        ("种了多少公顷芦苇？", "冬天数到41300只鸟。", "unit", "公顷", ""),
        ("林鹤说了什么？", "周远说票价不高。", "name", "林鹤", ""),
        ("通票要多少欧元？", "通票390美元。", "unit", "欧元", "390美元"),
        ("花展是哪一天开幕的？", "花展17日闭幕。", "contrast", "开幕", "闭幕"),
        ("西岸的堤有多长？", "东岸的堤长3千米。", "contrast", "西岸", "东岸"),
        ("大型桥梁有几座没有护栏？", "约三成的小型桥梁没有护栏。", "contrast", "大型桥梁", "小型桥梁"),
        ("上海有多少个植物园？", "全国有近200个植物园。", "name", "上海", ""),
        ("园里有多少只大熊猫？", "园里的大熊猫等动物有10种。", "unit", "多少只大熊猫", "10种"),
        ("示范园面积是多少？", "各类农场面积超过80公顷。", "subject", "示范园面积", "农场面积"),
        ("基金的第一大股东是谁？", "基金由省里设立。", "name", "股东", ""),
        ("会标出自哪位设计师之手？", "会标外形似水滴。", "name", "设计师", ""),
        ("9万吨的船签订了多少艘？", "8.45万吨的船已签订12艘。", "amount", "9万吨", "8.45万吨"),
        ("中缅保护区有多大？", "中老保护区有20万公顷。", "name", "中缅", "中老"),
    ],
)
def test_a_condition_that_a_chinese_sentence_does_not_meet_is_found(
    question: str, text: str, kind: str, named: str, instead: str
) -> None:
    assert (kind, named, instead) in unmet(question, text)


@pytest.mark.parametrize(
    ("question", "text", "kind", "named", "instead"),
    [
        ("Where was the fair held in 2024?", "The fair of 2023 was held in Osterby.", "date", "2024", "2023"),
        ("How many lifeboats does the ferry carry?", "The ferry carries 180 passengers.", "unit", "lifeboats", "passengers"),
        ("What does an electric scooter cost?", "Bicycles pay 20 dollars.", "subject", "electric", ""),
        ("Who is the managing director?", "The company was founded by two brothers.", "rank", "managing director", ""),
        ("How much did phase 2 cost?", "Phase 1 cost 40 crowns.", "ordinal", "phase 2", "Phase 1"),
        (
            "Which bid was accepted for the west quay?",
            "The bid for the east quay was accepted.",
            "contrast",
            "west quay",
            "east quay",
        ),
        ("When does phase three begin?", "Phase one begins in May.", "ordinal", "phase three", "Phase one"),
        ("How much was found on 20 February?", "They found 3.8 tonnes on 20 January.", "date", "20 February", "20 January"),
        ("When was the seventh report handed in?", "The sixth report was handed in in July.", "ordinal", "seventh", "sixth"),
        ("Who is the Director?", "The Deputy Director is Ida Marsh.", "rank", "Director", "Deputy Director"),
        ("How many imports were counted?", "There were 30 exports.", "contrast", "imports", "exports"),
        ("How many visitors came to Larnfield?", "The mill had 300 visitors.", "name", "larnfield", ""),
        ("Who won season 4?", "Season one was won by Ida Marsh.", "ordinal", "season 4", "Season one"),
    ],
)
def test_a_condition_that_an_english_sentence_does_not_meet_is_found(
    question: str, text: str, kind: str, named: str, instead: str
) -> None:
    assert (kind, named, instead) in unmet(question, text, title="Notice", language="en")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("2023年的花展在哪里举行？", "2023年的花展在云溪举行。"),
        ("2017年拨款多少？", "2017—2018年拨款2600万元。"),
        ("首期募资多少？", "第一期募资885万元。"),
        ("副秘书长是谁？", "Deputy Secretary-General Ida Marsh spoke."),
        ("省级和市级保护区各有多少个？", "省级保护区有8个。"),
        ("中国有多少个植物园？", "建立植物园近200个。"),
        ("《2020年后框架》是什么？", "《2020年后框架》是2018年的文件。"),
        ("园里有多少种动物？", "园里有10种动物。"),
        ("8.45万吨的船签订了多少艘？", "8.45万吨的船已签订12艘，6.2万吨的25艘。"),
        ("哪些船超过5万吨？", "这艘船有8万吨。"),
        ("Who won season 3?", "Ida Marsh won seasons two and three."),
        ("Who judged season 4?", "Ida Marsh judged seasons 2 to 5."),
        ("What was the first boat to carry the new Hale engine?", "The fifth boat carries the new Hale engine."),
        ("Where are texts on Aksen kept?", "Texts on Akṣen are kept in Osterby."),
        ("How warm was it in NHC?", "In New Harbour City it was 40 degrees."),
        ("周砚秋的生母是谁？", "周砚秋，号晚亭，母沈氏。"),
        ("哪一座山峰至今无人登顶？", "青崖顶至今无人登顶。"),
        ("他不肯喝什么东西？", "他不肯喝那碗苦酒。"),
        ("Sluice可以搭配Sluice#使用吗？", "Sluice是个方便的工具，可以搭配Sluice#使用。"),
    ],
)
def test_a_condition_that_is_met_or_cannot_be_compared_is_not_found(question: str, text: str) -> None:
    assert unmet(question, text) == []


@pytest.mark.parametrize(
    ("question", "right", "beside"),
    [
        (
            "How many people work in the fashion industry?",
            "The fashion industry has 900 workers.",
            "The printing industry employs 250 people.",
        ),
        ("文化产业有多少名职工？", "文化产业的职工有900名。", "出版产业的职工有250名。"),
    ],
)
def test_a_sentence_of_another_kind_of_thing_gives_way(question: str, right: str, beside: str) -> None:
    source = document(f"{right}{beside}", title="Notice", language="zh" if question[0] > "z" else "en")
    found = (readings.sentence(source.text, beside, 0.9), readings.sentence(source.text, right, 0.8))
    judged = CONDITIONS.judge(question, [readings.reading(source, *found)], lambda _: source)
    assert max(judged.readings[0].sentences, key=lambda sentence: sentence.support).text == right


def test_a_street_does_not_take_the_place_of_a_city() -> None:
    question = "香港的旧海岸在哪一座建筑附近？"
    for sentence, found in (("旧海岸在东街的水仙庙附近。", []), ("上海的旧海岸在水仙庙附近。", ["香港"])):
        source = document(f"{sentence}香港曾是渔村。")
        assert [condition.text for condition in CONDITIONS.unmet(question, place(source, sentence), source)] == found


def test_the_report_of_one_county_is_not_about_another_that_it_mentions() -> None:
    sentence = "森林覆盖率71.8%。"

    def instead(title: str) -> list[str]:
        source = document(f"{sentence}去双溪的路已通车。", title=title)
        return [found.instead for found in CONDITIONS.unmet("双溪县的森林覆盖率是多少？", place(source, sentence), source)]

    assert instead("云台县2023年统计公报") == ["云台县"]
    assert instead("双溪县2023年统计公报") == []


def test_the_year_of_a_sentence_may_stand_in_its_title_its_date_or_before_it() -> None:
    text = "花展在云溪举行。"
    assert unmet("2023年花展在哪里？", text, title="2023年花展公告") == []
    assert unmet("2023年花展在哪里？", text, published="2023-09-17") == []
    assert unmet("2024年花展在哪里？", text, published="2023-09-17") == [("date", "2024年", "2023-09-17")]
    source = document("2023年春天准备就绪。花展在云溪举行。")
    assert CONDITIONS.unmet("2023年花展在哪里？", place(source, text), source) == []


def test_sentences_that_do_not_meet_the_conditions_are_parted_from_those_that_do() -> None:
    source = document("2022年花展在东渠举行。2023年花展在云溪举行。")
    both = [place(source, "2022年花展在东渠举行。", 0.6), place(source, "2023年花展在云溪举行。", 0.95)]
    readings = [found.reading for found in both]
    judged = CONDITIONS.judge("2022年花展在哪里？", readings, lambda _: source)
    assert [sentence.text for reading in judged.readings for sentence in reading.sentences] == ["2022年花展在东渠举行。"]
    assert judged.confidence == 0.6
    assert judged.nearest is not None
    assert judged.nearest[0].sentence.text == "2023年花展在云溪举行。"


def test_a_much_better_sentence_that_does_not_meet_a_condition_outweighs_one_of_something_else() -> None:
    source = document("另有展览若干。2023年花展在云溪举行。")
    readings = [place(source, "另有展览若干。", 0.4).reading, place(source, "2023年花展在云溪举行。", 0.95).reading]
    assert CONDITIONS.judge("2022年花展在哪里？", readings, lambda _: source).confidence == 0


def test_another_sentence_of_the_same_passage_may_be_well_supported_too() -> None:
    source = document("另有展览若干。2023年花展在云溪举行。")
    readings = [place(source, "另有展览若干。", 0.93).reading, place(source, "2023年花展在云溪举行。", 0.99).reading]
    assert CONDITIONS.judge("2022年花展在哪里？", readings, lambda _: source).confidence == 0


def test_what_shares_no_word_with_the_question_is_no_near_miss() -> None:
    source = document("河上有七座桥。")
    judged = CONDITIONS.judge("云溪的市长是谁？", [place(source, source.text, 0.7).reading], lambda _: source)
    assert (judged.readings, judged.nearest) == ([], None)


def test_a_near_miss_is_worded_with_its_condition_and_its_exact_quote() -> None:
    source = document("基金首期募资885万元。")
    close = place(source, source.text)
    composed = near_miss(close, CONDITIONS.unmet("基金第二期募资多少？", close, source), "zh", lambda _: source)
    (statement,) = composed.statements
    assert statement.text == "文档里没有找到关于“第二期”的答案；最接近的内容说的是“首期”：“基金首期募资885万元。”[1]"
    (citation,) = statement.citations
    assert source.text[citation.start : citation.end] == citation.quote == "基金首期募资885万元。"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many minutes does the crossing take?", "The crossing takes 40 minutes."),
        ("What does the term mean?", "The term stands for the maximum load."),
        ("Hello, I'm new here, how long is the crossing?", "The crossing takes 40 minutes."),
    ],
)
def test_a_common_word_is_no_condition(question: str, text: str) -> None:
    assert unmet(question, text, title="Ferry", language="en") == []


def test_a_document_that_a_question_names_by_its_kind_comes_before_others() -> None:
    report, minutes = document("年费12元。", title="年度报告"), document("年费15元。", title="会议纪要")
    readings = [place(report, "年费12元。", 0.9).reading, place(minutes, "年费15元。", 0.5).reading]
    judged = CONDITIONS.judge("根据会议纪要，年费是多少？", readings, lambda _: minutes)
    assert [reading.result.title for reading in judged.readings] == ["会议纪要"]


def test_a_year_that_a_document_of_other_years_never_names_is_a_condition() -> None:
    source = document("本办法自2021年5月1日起施行。" + "其他规定若干。" * 200 + "中心编制为48人。")
    chunk = Chunk("d-9", source.id, "中心编制为48人。", source.text.index("中心"), len(source.text))
    sentence = Sentence(chunk.start, chunk.end, chunk.text, 0.9, (chunk.start, chunk.start), 0.0)
    found = Place(Reading(SearchResult(chunk, source.title, "d.txt", "zh", 0.0, 1), (sentence,), 0.9), sentence)
    assert [(c.kind, c.text) for c in CONDITIONS.unmet("2018年中心编制多少人？", found, source)] == [("date", "2018年")]
    assert CONDITIONS.unmet("2021年中心编制多少人？", found, source) == []


@pytest.mark.parametrize(
    ("question", "answer", "instead"),
    [
        ("画展二等奖的奖金是多少？", "8万元", ["一等奖"]),
        ("画展一等奖的奖金是多少？", "8万元", []),
        ("画展三等奖有几名？", "五名", []),
        ("第二期要花多少钱？", "40万元", ["第一期"]),
        ("第一期要花多少钱？", "40万元", []),
        ("三等奖有几名？", "两名", []),
    ],
)
def test_an_answer_that_is_of_the_other_of_two_in_a_sentence_is_none(question: str, answer: str, instead: list[str]) -> None:
    text = "画展由林鹤获一等奖，奖金8万元；二等奖两名，三等奖五名；第一期40万元，第二期明年开始。"
    source = document(text)
    found = place(source, text)
    begin = text.index(answer)
    read = replace(found, sentence=replace(found.sentence, answer=(begin, begin + len(answer))))
    assert [condition.instead for condition in CONDITIONS.unmet(question, read, source)] == instead
