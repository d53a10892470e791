"""Understanding: intents by rule, questions after a greeting, conditions on the classifier, and replies."""

import numpy as np
import pytest
from hashing_encoder import HashingEncoder
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.intents import Intent, classifier, intent_by_rule, understand
from rag.answering.intents.courtesy import without_courtesy
from rag.answering.intents.decisions import decide
from rag.answering.intents.features import FEATURES, Kind, features, kinds_by_rule
from rag.answering.intents.replies import reply

INTENTS: list[tuple[Intent, str]] = [
    ("greeting", "你好 您好！ 早上好 在吗？ hi Hello! hey"),
    ("thanks", "谢谢 谢谢你！ 非常感谢 多谢了 thanks Thanks! cheers"),
    ("farewell", "再见 拜拜！ 晚安 bye Goodbye!"),
    ("abilities", "你能做什么？ 你会干啥 你是谁？ 请问你有哪些功能？ 怎么用？ help"),
    (
        "library",
        "有哪些文件提到湿地？ 哪些文件讲到了船票 有没有关于论坛的报道？ 你有哪些文档？ 这里都有什么资料 列出所有文件 资料库里有多少份文档？ 一共有哪些文件",
    ),
    ("summary", "总结一下 概括这份文件 这份报告主要讲了什么？ 这篇文章的主要内容"),
    ("summary", "用三句话说说这份规划 这部办法规定了什么？ 这份公报的主要内容是什么？两点就行"),
    ("wish", "用要点说 简短一点 详细一些 列成要点 只要原文 用英文 翻译成英文 用一句话说"),
    ("comparison", "这两份文件有什么不同？ 那两篇文章的区别 比较一下这两份报告 比较《白皮书》和《立场文件》"),
]
ENGLISH_INTENTS: list[tuple[Intent, str]] = [
    ("greeting", "hi there"),
    ("greeting", "Good morning!"),
    ("thanks", "thanks a lot"),
    ("thanks", "OK, thank you very much!"),
    ("farewell", "see you later"),
    ("abilities", "What can you do?"),
    ("abilities", "who are you?"),
    ("abilities", "How does this work?"),
    ("library", "which documents do you have?"),
    ("library", "What’s in the library?"),
    ("library", "List all documents, please"),
    ("summary", "What is this document about?"),
    ("summary", "Summarise this document."),
    ("wish", "Shorter, please"),
    ("wish", "as bullets"),
    ("wish", "List them as bullet points, please"),
    ("wish", "in one sentence"),
    ("summary", "What is the trust's page about, in three points?"),
    ("summary", "云溪县的统计公报主要讲了哪些内容？"),
    ("wish", "Keep it to one line."),
    ("wish", "Can you shorten that?"),
    ("summary", "What does the press release on the city wall say? Three points, please."),
    ("library", "Which documents are about the lake?"),
    ("library", "Do you have anything on ferries?"),
    ("wish", "translate it into English"),
    ("comparison", "what changed between these two?"),
    ("comparison", "What is the difference between these two documents?"),
    ("comparison", "compare “white paper” and “position paper”"),
]
ALL = ENGLISH_INTENTS + [(kind, text) for kind, texts in INTENTS for text in texts.split()]
QUESTIONS = """
    哪些文件规定了红线？
    谢谢，红线占国土面积多少？
    你好，长江禁渔几年？
    你能做什么来保护湿地？
    中国能做什么？
    这里有什么动物？
    这两个公约有什么不同？
    就地保护和迁地保护有什么区别？
    《名古屋议定书》和《卡塔赫纳议定书》有什么不同？
    谁说了再见？
    校长在会上说了什么？
    谁用一句话说服了他？
    What can governments do to protect wetlands?
    What can China do?
    Thanks to which law did pandas recover?
    Which documents do you need to register a company?
    What documents did COP15 adopt?
    How do these two species differ?
    What changed between 2008 and 2018?
    Hello Kitty was designed by whom?
    Who are the members of the committee?
    How does the ban work?
"""


@pytest.mark.parametrize(("kind", "utterance"), ALL)
def test_a_whole_utterance_is_an_intent(kind: Intent, utterance: str) -> None:
    assert intent_by_rule(utterance) == kind


@pytest.mark.parametrize("question", [line.strip() for line in QUESTIONS.strip().splitlines()])
def test_a_question_after_the_documents_is_none(question: str) -> None:
    assert intent_by_rule(question) is None


@pytest.mark.parametrize(
    "question",
    [
        "Who is the author of the text on the Tanner mill?",
        "Who wrote the article about the flood?",
        "When was the text about rebuilding the mill written?",
        "关于磨坊重建的文章是谁写的？",
        "有关古树的报告是哪一年发布的？",
    ],
)
def test_the_author_and_the_day_of_a_text_on_a_subject_are_asked_of_the_library(question: str) -> None:
    assert intent_by_rule(question) == "library"


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote the treaty on birds?",
        "When was the mill about which the text is written built?",
        "关于磨坊的文章提到谁写过信？",
    ],
)
def test_what_a_text_says_is_not_asked_of_the_library(question: str) -> None:
    assert intent_by_rule(question) is None


TEXTS = st.text(st.sampled_from("你好谢两份文件的比较有什么 hithanks《》“”?？，") | st.characters(codec="utf-8"), max_size=300)


AROUND = {
    True: st.tuples(st.sampled_from(("", " ", "嗯，", "请问")), st.sampled_from(("", "！", "？", "啊。", "~"))),
    False: st.tuples(st.sampled_from(("", " ", "Ok, ", "so, ")), st.sampled_from(("", "!!", "?", " then.", " ~"))),
}


@given(st.sampled_from(ALL).flatmap(lambda said: st.tuples(st.just(said), AROUND[any(c >= "\u3400" for c in said[1])])))
def test_what_people_say_around_an_intent_does_not_hide_it(said: tuple[tuple[Intent, str], tuple[str, str]]) -> None:
    (kind, utterance), (before, after) = said
    assert intent_by_rule(before + utterance + after) == kind


# A number may name the document to summarise.
@given(TEXTS, st.sampled_from([said for said in ALL if said[0] != "summary"]))
def test_any_text_with_a_number_of_its_own_is_a_question(text: str, said: tuple[Intent, str]) -> None:
    assert intent_by_rule(f"{text}37") is None
    assert intent_by_rule(f"{said[1]}{text}37") is None


def test_the_example_of_a_comparison_is_one() -> None:
    assert intent_by_rule(reply("comparison", "zh").split("：", 1)[1]) == "comparison"
    assert intent_by_rule(reply("comparison", "en").split(": ", 1)[1]) == "comparison"


def test_what_it_can_do_is_said_with_an_example_that_works() -> None:
    assert intent_by_rule("这两份文件有什么不同？") == "comparison"
    assert "这两份文件有什么不同？" in reply("abilities", "zh")
    assert "what changed between two documents" in reply("abilities", "en")


@pytest.mark.parametrize("kind", ["greeting", "thanks", "farewell", "abilities", "comparison"])
def test_a_reply_is_in_its_language(kind: Intent) -> None:
    assert not any("a" <= character <= "z" for character in reply(kind, "zh"))
    assert not any("\u4e00" <= character <= "\u9fff" for character in reply(kind, "en"))


@pytest.mark.parametrize(
    ("utterance", "question"),
    [
        ("你好，借书要押金吗？", "借书要押金吗？"),
        ("您好！请问红线占国土面积多少？", "红线占国土面积多少？"),
        ("你好请问食堂几点开门", "食堂几点开门"),
        ("谢谢，红线占国土面积多少？", "红线占国土面积多少？"),
        ("红线占国土面积多少？谢谢！", "红线占国土面积多少？"),
        ("我是记者，正在写稿。论坛在哪里举行？", "论坛在哪里举行？"),
        ("我想知道长江禁渔从哪天开始", "长江禁渔从哪天开始"),
        ("hi, what can you do?", "what can you do?"),
        ("Hello, how much is a day ticket? Thanks!", "how much is a day ticket?"),
        ("Could you tell me when the fair begins?", "when the fair begins?"),
        ("We arrive by train. At what times do the boats leave?", "At what times do the boats leave?"),
        (
            "Hello, I am planning a trip, and since we arrive early I would like to know at what times the boats leave, thank you!",
            "at what times the boats leave",
        ),
    ],
)
def test_a_question_is_left_without_its_courtesies(utterance: str, question: str) -> None:
    assert without_courtesy(utterance) == question


@pytest.mark.parametrize(
    "question",
    [
        "Hello Kitty was designed by whom?",
        "Thanks to which law did pandas recover?",
        "谁说了再见？",
        "The mill burned down in 1902. Who rebuilt it?",
        "中国采取了措施。效果如何？",
        "谢谢",
        "hello",
        "Good Friday is on what date?",
    ],
)
def test_other_words_before_a_question_stay(question: str) -> None:
    assert without_courtesy(question) == question


@pytest.mark.parametrize(
    ("utterance", "intent", "question"),
    [
        ("hi, what can you do?", "abilities", "what can you do?"),
        ("你好，一共有哪些文件？", "library", "一共有哪些文件？"),
        ("谢谢！简短一点", "wish", "简短一点"),
        ("Hello, how high is the tower?", None, "how high is the tower?"),
        ("你好！", "greeting", "你好！"),
    ],
)
def test_an_utterance_is_understood_by_rule_with_any_encoder(utterance: str, intent: Intent | None, question: str) -> None:
    understood = understand(utterance, HashingEncoder())
    assert (understood.intent, understood.question) == (intent, question)


def test_the_classifier_leaves_other_encoders_to_the_rules() -> None:
    assert classifier.probabilities("给个摘要", HashingEncoder()) is None
    assert understand("给个摘要", HashingEncoder()).intent is None


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("有多少人参加？", {"number"}),
        ("论坛何时在哪里举行？", {"date", "place"}),
        ("Who chairs it?", {"person"}),
        ("Are pets allowed?", {"yes-no"}),
        ("食堂收不收现金", {"yes-no"}),
        ("What is a gauge?", {"definition"}),
        ("Which meal was chosen?", {"fact"}),
    ],
)
def test_kinds_of_questions_by_their_words(question: str, kinds: set[Kind]) -> None:
    assert kinds_by_rule(question) == kinds


def chances(**given: float) -> dict[Kind, float]:
    return {kind: given.get(kind.replace("-", "_"), 0.0) for kind in classifier.KINDS}


def test_a_kind_needs_a_cue_unless_it_is_all_but_certain() -> None:
    assert decide("给个摘要", chances(summary=0.6)) == "summary"
    assert decide("那边的天气", chances(summary=0.6)) is None
    assert decide("那边的天气", chances(summary=0.99)) == "summary"
    assert decide("给个摘要", chances(summary=0.4)) is None


def test_a_long_sentence_with_words_of_its_own_is_no_wish() -> None:
    question = "Shorter beams of seasoned mountain oak were brought across frozen lakes by sledge drivers"
    assert decide(question, chances(wish=0.99)) is None


def test_features_are_between_0_and_1_and_named() -> None:
    row = dict(zip(FEATURES, features("总结《白皮书》的要点").tolist(), strict=True))
    assert row["summary"] == row["named"] == row["document"] == row["Chinese"] == 1
    assert row["asked number"] == row["translate"] == 0
    assert np.all((features("x" * 500) >= 0) & (features("x" * 500) <= 1))
