"""Follow-up questions: what of the turns before completes them, and what is left alone."""

import pytest
import readings
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.follow_ups import Completion, answer_before, cited_first, complete, with_cited
from rag.answering.reading import Reading
from rag.text.analysis import Analyzer
from rag.types import Answer, AnswerKind, Citation, Document

ANALYZER = Analyzer()
RESERVES = "国家级自然保护区有多少个？"
FUND = "When was the National Green Development Fund set up?"


def answered(question: str, query: str = "", kind: AnswerKind = "answer", title: str = "") -> Answer:
    citations = (Citation(1, "d", title, "d.txt", None, 0, 1, "。", 1.0),) if title else ()
    return Answer(question, query or question, "", kind, citations, (), 1.0, "zh")


def talk(*questions: str) -> str:
    """The last of the questions, completed from those before it."""
    history: list[Answer] = []
    for question in questions:
        history.append(answered(question, complete(question, history, ANALYZER).query))
    return history[-1].query


@pytest.mark.parametrize(
    ("before", "question", "completed"),
    [
        (RESERVES, "那省级的呢？", "省级自然保护区有多少个？"),
        (RESERVES, "省级？", "省级自然保护区有多少个？"),
        ("2017年中国投入了多少资金？", "2018年呢？", "2018年中国投入了多少资金？"),
        ("中国跟英国有什么合作？", "那日本和韩国呢", "中国跟日本和韩国有什么合作？"),
        ("湖北省五峰县是怎么减贫的？", "河北呢？", "河北是怎么减贫的？"),
        ("《环境保护法》规定了什么？", "《种子法》呢？", "《种子法》规定了什么？"),
        ("COP15的主题是什么？", "会标呢？", "COP15的会标是什么？"),
        ("中国建了多少个植物园？", "动物园呢？", "中国建了多少个动物园？"),
        ("第二期什么时候开始？", "第三期呢？", "第三期什么时候开始？"),
        ("How long is the first phase?", "And the second?", "How long is the second phase?"),
        ("How long is the first phase?", "And the third stage?", "How long is the third stage?"),
        ("观测站的站长是谁？", "副站长呢？", "观测站的副站长是谁？"),
        ("成人票多少钱？", "儿童票呢？", "儿童票多少钱？"),
        ("缓冲区的面积有多大？", "核心区呢？", "核心区的面积有多大？"),
        ("博物馆周一开放吗？", "周二呢？", "博物馆周二开放吗？"),
        ("When does the ferry leave on weekdays?", "and on Sundays?", "When does the ferry leave on Sundays?"),
        ("What does a ticket cost for adults?", "And for children?", "What does a ticket cost for children?"),
        ("How many papers appeared in 2022?", "What about the year after?", "How many papers appeared in 2023?"),
        ("2023年末常住人口是多少？", "上一年呢？", "2022年末常住人口是多少？"),
        (
            "How many national reserves are there in China?",
            "And provincial ones?",
            "How many provincial reserves are there in China?",
        ),
        ("How much did China invest in 2017?", "What about 2018?", "How much did China invest in 2018?"),
        ("How does China cooperate with Germany?", "and Russia", "How does China cooperate with Russia?"),
        ("How many gardens has China built?", "How many zoos?", "How many zoos has China built?"),
        (
            "What share of the world's mangroves does ASEAN have?",
            "peatlands?",
            "What share of the world's peatlands does ASEAN have?",
        ),
    ],
)
def test_an_ellipsis_takes_the_place_of_what_is_of_its_kind(before: str, question: str, completed: str) -> None:
    assert talk(before, question) == completed


def test_an_ellipsis_with_nothing_of_its_kind_stands_after_the_question() -> None:
    assert talk("乌东德水电站保护了哪条河？", "叶巴滩呢？") == "乌东德水电站保护了哪条河？叶巴滩呢？"
    assert talk("What has China done about biosafety?", "And alien species?") == (
        "What has China done about biosafety? And alien species?"
    )


@pytest.mark.parametrize(
    ("before", "question", "completed"),
    [
        ("长江流域重点水域禁捕多少年？", "它什么时候开始？", "长江流域重点水域禁捕什么时候开始？"),
        ("生态保护红线是什么？", "它的面积有多大？", "生态保护红线的面积有多大？"),
        ("COP15的主题是什么？", "它在哪里举行？", "COP15在哪里举行？"),
        ("库布其沙漠的生物种类有多少？", "那里的企业做了什么？", "库布其沙漠的企业做了什么？"),
        ("国家绿色发展基金是哪一年设立的？", "这个基金有多少钱？", "国家绿色发展基金有多少钱？"),
        ("《生物多样性公约》的目标是什么？", "该公约何时生效？", "《生物多样性公约》何时生效？"),
        ("What is the fishing ban on the Yangtze?", "When does it start?", "When does the fishing ban on the Yangtze start?"),
        ("Who is Kang Fu?", "What did he say?", "What did Kang Fu say?"),
        ("When was the white paper published?", "What are its aspects?", "What are the white paper's aspects?"),
        ("Where was the Erhai Forum held?", "Who spoke there?", "Who spoke at the Erhai Forum?"),
        (FUND, "How large is that fund?", "How large is the National Green Development Fund?"),
        (FUND, "它有多大？", "National Green Development Fund有多大？"),
        ("长江十年禁渔从哪天开始？", "Why was it introduced?", "Why was 长江十年禁渔 introduced?"),
    ],
)
def test_a_pronoun_gives_way_to_what_it_stands_for(before: str, question: str, completed: str) -> None:
    assert talk(before, question) == completed


def test_a_pronoun_without_a_clear_noun_stands_after_the_topic() -> None:
    assert (
        talk("What did China and France publish together?", "When was that?")
        == "China and France publish together: When was that?"
    )
    assert talk("谁主持了论坛？", "他说了什么？") == "主持了论坛，他说了什么？"
    assert talk("Who chairs the committee?", "What is his name?") == "chairs the committee: What is his name?"


def test_a_noun_is_looked_for_in_several_turns_and_a_document_is_what_was_cited() -> None:
    assert talk("《生物多样性公约》的目标是什么？", RESERVES, "该公约何时生效？") == "《生物多样性公约》何时生效？"
    assert complete("这份报告是谁写的？", [answered(RESERVES, title="绿色年鉴")], ANALYZER).query == "绿色年鉴是谁写的？"


def test_a_noun_without_a_name_stands_after_the_topic() -> None:
    assert talk("人大常委会通过了什么决定？", "该决定的目的是什么？") == "人大常委会通过了决定，该决定的目的是什么？"
    assert talk("What did the mayor say?", "Who wrote this speech?") == "the mayor say: Who wrote this speech?"


@pytest.mark.parametrize(
    ("before", "question", "completed"),
    [
        ("长江要禁渔多少年？", "为什么？", "长江要禁渔，为什么？"),
        ("环境合作论坛在哪里举行？", "有多少代表参加？", "环境合作论坛有多少代表参加？"),
        ("国家委员会由多少个部门组成？", "哪年成立的？", "国家委员会哪年成立的？"),
        ("Did China ban the wildlife trade?", "When?", "When did China ban the wildlife trade?"),
        ("What did China ban?", "why", "Why did China ban?"),
        ("Which projects has China carried out?", "Where?", "projects China carried out: Where?"),
        ("How much did China spend in 2017?", "How much more than in 2008?", "China spend in 2017: How much more than in 2008?"),
    ],
)
def test_a_question_that_says_nothing_of_its_own_gets_the_topic(before: str, question: str, completed: str) -> None:
    assert talk(before, question) == completed


@pytest.mark.parametrize("question", ["还有呢？", "还有哪些", "Anything else?", "and what else?", "Tell me more."])
def test_going_on_asks_the_question_before_again(question: str) -> None:
    assert talk(RESERVES, question) == RESERVES


@pytest.mark.parametrize(
    "question",
    [
        "COP15的会标像什么？",
        "碳排放什么时候达峰？",
        "好的，那中国有多少个植物园？",
        "哪些文件规定了红线？",
        "东盟如何保护其红树林？",
        "其他国家有多少保护区？",
        "应该怎样保护湿地？",
        "Yangtze fishing ban",
        "Who wrote Pride and Prejudice?",
        "How does ASEAN protect its mangroves?",
        "If the ban ends, what happens to it?",
        "Is it true that China planted trees in the Gobi?",
        "Which projects that China started failed?",
        "How many people died in the flood?",
        "Thanks. What are the goals of the Convention?",
    ],
)
def test_a_question_of_another_topic_is_left_alone(question: str) -> None:
    assert talk(FUND, question) == question
    assert talk("长江十年禁渔从哪天开始？", question) == question


@pytest.mark.parametrize(
    "question",
    [
        "中国的生态文明思想这一理念是谁提出的？",
        "中国的生态文明思想对这些国家有什么作用？",
        "How did the Convention help these countries?",
        "中国有多大？",
        "How big is China?",
    ],
)
def test_a_question_with_a_subject_of_its_own_is_left_alone(question: str) -> None:
    history = [answered("What share of the country do nature reserves cover?")]
    assert complete(question, history, ANALYZER) == Completion(question, "new")


@pytest.mark.parametrize(
    ("first", "question", "query"),
    [
        ("How large is the fund?", "How large is it?", "How large is the fund?"),
        ("长江十年禁渔从哪天开始？", "为什么？", "长江十年禁渔开始，为什么？"),
        ("国家绿色发展基金是哪一年设立的？", "规模有多大？", "国家绿色发展基金规模有多大？"),
    ],
)
def test_an_elliptical_question_that_is_asked_twice_is_the_same_question_and_asks_for_no_more(
    first: str, question: str, query: str
) -> None:
    history = [answered(first)]
    for _ in range(2):
        completion = complete(question, history, ANALYZER)
        assert completion == Completion(query, "completed")
        history.append(answered(question, completion.query))
    assert complete("还有呢？", history, ANALYZER) == Completion(query, "continue")


def test_a_chain_of_follow_ups_keeps_the_topic_and_does_not_grow() -> None:
    assert talk(RESERVES, "那省级的呢？", "市级的呢？") == "市级自然保护区有多少个？"
    assert talk(RESERVES, "甲类呢？", "乙类呢？", "丙类呢？") == f"{RESERVES}丙类呢？"


def test_replies_are_no_topic_and_refusals_are() -> None:
    greeting = answered("你好", kind="reply")
    assert complete("为什么？", [greeting], ANALYZER).query == "为什么？"
    assert complete("那省级的呢？", [answered(RESERVES), greeting], ANALYZER).query == "省级自然保护区有多少个？"
    assert complete("那省级的呢？", [answered(RESERVES, kind="refusal")], ANALYZER).query == "省级自然保护区有多少个？"


TEXTS = st.text(st.sampled_from("那省级的呢它这个为什么哪年？，。 itwhy?And'2017") | st.characters(codec="utf-8"), max_size=40)


@given(TEXTS)
def test_without_turns_before_every_question_is_left_alone(question: str) -> None:
    assert complete(question, [], ANALYZER).query == question


@given(TEXTS, TEXTS, TEXTS)
def test_any_text_is_completed_with_words_of_the_last_turns(first: str, second: str, question: str) -> None:
    completed = complete(question, [answered(first), answered(second)], ANALYZER).query
    assert len(completed) <= len(first) + len(second) + len(question) + 10
    assert set(completed.casefold()) <= set(f"{first}{second}{question} ，:'s的at".casefold())
    # A question may give way to the one before, but never to nothing.
    assert bool(completed.strip()) == bool(question.strip())


@pytest.mark.parametrize("question", ["涉及哪些水域？", "主要包括什么鱼？", "持续多长时间？"])
def test_a_question_that_begins_with_a_verb_gets_the_topic(question: str) -> None:
    assert talk("长江十年禁渔是从哪天开始的？", question) == f"长江十年禁渔{question}"


def passage(document: str, *texts: str, support: tuple[float, ...] = ()) -> Reading:
    """A passage of sentences with the given support."""
    source = Document(document, document, f"{document}.txt", "".join(texts), "zh")
    supports = zip(texts, support or (0.5,) * len(texts), strict=True)
    return readings.reading(source, *(readings.sentence(source.text, *each) for each in supports))


CITED = passage("a", "禁渔从一月开始。", "范围包括干流和湖泊。")
BEFORE = Answer(
    "禁渔从哪天开始？", "禁渔从哪天开始？", "", "answer", (Citation(1, "a", "", "", None, 8, 18, "范围包括干流和湖泊。", 1.0),),
    (CITED.result,), 1.0, "zh",
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "is_read_first"),
    [
        ("涉及哪些水域？", True),
        ("它包括哪些湖泊？", True),
        ("Which lakes are covered?", True),
        ("那休渔呢？", False),
        ("How many lakes?", False),
        ("2023年广西红树林的面积一共有多少公顷？", False),
        ("Who chaired the forum in Nanning?", False),
    ],
)
def test_follow_ups_and_short_questions_are_read_in_what_was_cited(
    question: str, is_read_first: bool, analyzer: Analyzer
) -> None:
    completion = complete(question, [BEFORE], analyzer)
    assert answer_before(question, completion, [BEFORE]) == (BEFORE if is_read_first else None)


def test_the_cited_passage_is_read_if_it_may_be_searched() -> None:
    other = passage("b", "别的。").result
    assert with_cited([other], BEFORE, None) == [other, CITED.result]
    assert with_cited([other], BEFORE, ["b"]) == [other]
    assert with_cited([CITED.result], BEFORE, None) == [CITED.result]
    assert with_cited([other], None, None) == [other]


@pytest.mark.parametrize(
    ("cited", "best", "is_kept"),
    [(0.8, 0.85, True), (0.9, 0.3, True), (0.6, 0.95, False), (0.4, 0.3, False), (0.961, 0.998, False)],
)
def test_the_cited_sentence_answers_alone_if_nearly_as_well(cited: float, best: float, is_kept: bool) -> None:
    own = passage("a", "禁渔从一月开始。", "范围包括干流和湖泊。", support=(0.1, cited))
    other = passage("b", "湖泊很多。", support=(best,))
    readings = sorted([own, other], key=lambda reading: -reading.support)
    kept = cited_first(readings, BEFORE)
    assert ([s.text for r in kept for s in r.sentences] == ["范围包括干流和湖泊。"]) == is_kept
    assert is_kept or kept == readings
    assert cited_first(readings, None) == readings
