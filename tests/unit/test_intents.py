"""Courtesies: which utterances are one, and what is said to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.intents import Intent, intent_of, reply
from rag.library.library import DocumentSummary

INTENTS: list[tuple[Intent, str]] = [
    ("greeting", "你好 您好！ 早上好 在吗？ hi Hello! hey"),
    ("thanks", "谢谢 谢谢你！ 非常感谢 多谢了 thanks Thanks! cheers"),
    ("farewell", "再见 拜拜！ 晚安 bye Goodbye!"),
    ("abilities", "你能做什么？ 你会干啥 你是谁？ 请问你有哪些功能？ 怎么用？ help"),
    ("documents", "你有哪些文档？ 这里都有什么资料 列出所有文件 资料库里有多少份文档？"),
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
    ("documents", "which documents do you have?"),
    ("documents", "What’s in the library?"),
    ("documents", "List all documents, please"),
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
    有哪些文件提到湿地？
    这两个公约有什么不同？
    就地保护和迁地保护有什么区别？
    《名古屋议定书》和《卡塔赫纳议定书》有什么不同？
    谁说了再见？
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
DOCUMENT = DocumentSummary("1", "白皮书", "a.txt", "zh", "2021-10-08", "新华社", 100, 1, "2024-01-01")


@pytest.mark.parametrize(("kind", "utterance"), ALL)
def test_a_whole_utterance_is_an_intent(kind: Intent, utterance: str) -> None:
    assert intent_of(utterance) == kind


@pytest.mark.parametrize("question", [line.strip() for line in QUESTIONS.strip().splitlines()])
def test_a_question_after_the_documents_is_none(question: str) -> None:
    assert intent_of(question) is None


TEXTS = st.text(st.sampled_from("你好谢两份文件的比较有什么 hithanks《》“”?？，") | st.characters(codec="utf-8"), max_size=300)


AROUND = {
    True: st.tuples(st.sampled_from(("", " ", "嗯，", "请问")), st.sampled_from(("", "！", "？", "啊。", "~"))),
    False: st.tuples(st.sampled_from(("", " ", "Ok, ", "so, ")), st.sampled_from(("", "!!", "?", " then.", " ~"))),
}


@given(st.sampled_from(ALL).flatmap(lambda said: st.tuples(st.just(said), AROUND[any(c >= "\u3400" for c in said[1])])))
def test_what_people_say_around_an_intent_does_not_hide_it(said: tuple[tuple[Intent, str], tuple[str, str]]) -> None:
    (kind, utterance), (before, after) = said
    assert intent_of(before + utterance + after) == kind


@given(TEXTS, st.sampled_from(ALL))
def test_any_text_with_a_number_of_its_own_is_a_question(text: str, said: tuple[Intent, str]) -> None:
    assert intent_of(f"{text}37") is None
    assert intent_of(f"{said[1]}{text}37") is None


def test_the_documents_are_listed_with_what_is_known_of_them() -> None:
    undated = DocumentSummary("2", "Position paper", "b.txt", "zh", "", "", 100, 1, "2024-01-01")
    assert reply("documents", "en", [DOCUMENT, undated]) == (
        "The library contains 2 documents:\n- 白皮书 · 新华社 · 2021-10-08\n- Position paper"
    )
    assert reply("documents", "zh", [DOCUMENT]) == "资料库里有1份文档：\n- 白皮书 · 新华社 · 2021-10-08"


def test_a_long_list_ends_with_how_many_more() -> None:
    lines = reply("documents", "en", [DOCUMENT] * 23).splitlines()
    assert lines[0] == "The library contains 23 documents:"
    assert lines[1:21] == ["- 白皮书 · 新华社 · 2021-10-08"] * 20
    assert lines[21:] == ["… and 3 more"]
    assert reply("documents", "zh", [DOCUMENT] * 20).splitlines()[-1] == "- 白皮书 · 新华社 · 2021-10-08"


def test_an_empty_library_says_how_to_add() -> None:
    assert reply("documents", "zh", []) == "资料库里还没有文档。请先添加：yinju add 路径"
    assert reply("documents", "en", []) == "There are no documents in the library yet. Add some with: yinju add PATH"


def test_the_example_of_a_comparison_is_one() -> None:
    assert intent_of(reply("comparison", "zh", []).split("：", 1)[1]) == "comparison"
    assert intent_of(reply("comparison", "en", []).split(": ", 1)[1]) == "comparison"


def test_what_it_can_do_is_said_with_an_example_that_works() -> None:
    assert intent_of("这两份文件有什么不同？") == "comparison"
    assert "这两份文件有什么不同？" in reply("abilities", "zh", [])
    assert "what changed between two documents" in reply("abilities", "en", [])


@pytest.mark.parametrize("kind", ["greeting", "thanks", "farewell", "abilities", "comparison"])
def test_a_reply_is_in_its_language(kind: Intent) -> None:
    assert not any("a" <= character <= "z" for character in reply(kind, "zh", []))
    assert not any("\u4e00" <= character <= "\u9fff" for character in reply(kind, "en", []))
