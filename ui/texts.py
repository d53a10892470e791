"""The words of the window, in Chinese and English, side by side."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The same words in both languages; as a string, one after the other."""

    chinese: str
    english: str

    def __str__(self) -> str:
        return f"{self.chinese} {self.english}"


class Example(NamedTuple):
    """A question that can be tried, and the name of the file that answers it."""

    question: str
    file_name: str


NAME = Words("引据", "Yinju")
TAGLINE = Words("句句有出处", "Every sentence cited")
WELCOME = Words("向你的文档提问", "Ask your documents")
PROMISE = Words(
    "用中文或英文都可以。回答的每一句都标明出处；文档里没有的，就说没有。",
    "In Chinese or English. Every sentence of an answer cites its source; what the documents do not say, Yinju does not answer.",
)
DOCUMENTS = Words("份文档", "documents")
NO_DOCUMENTS = Words("还没有文档，请先用 yinju add 添加。", "No documents yet: add some with yinju add.")

QUESTION = Words("问题", "Question")
PLACEHOLDER = Words("输入问题", "Ask a question")
ASK = Words("提问", "Ask")
CLEAR = Words("清空", "Clear")
TRY = Words("试试这些问题", "Try asking")

SEARCHING = Words("正在查找……", "Searching…")
READING = Words("正在阅读找到的段落……", "Reading the passages…")
COMPLETED = Words("补全后的问题", "Understood as")
CONFIDENCE = Words("把握", "Confidence")
CONFIDENCE_MEANS = Words("文档里有答案的可能性", "How likely it is that the documents hold the answer")
PROBLEM = Words("没能回答", "Could not answer")
UNEXPECTED = Words("出现意外错误，详情见日志。", "Something unexpected went wrong; the log has the details.")

SOURCES = Words("出处", "Sources")
NO_SOURCES = Words("回答的出处会显示在这里。", "The sources of an answer appear here.")
NEAREST = Words("最接近的段落", "Nearest passages")
ONLY_NEAREST = Words(
    "文档里没有找到答案。以下只是最接近的段落，不是答案。",
    "The documents do not hold the answer. These are only the nearest passages, not an answer.",
)
NOTHING_NEAR = Words("没有相近的段落。", "No passage comes near.")
PAGE = Words("第 {} 页", "p. {}")
SUPPORT = Words("支持度", "Support")
SUPPORT_MEANS = Words("这段引文在多大程度上回答了问题", "How surely the quote answers the question")
SCORE = Words("得分", "Score")
BACK = Words("回到回答", "Back to the answer")
GONE = Words("原文已不在文档库中。", "The document is no longer in the library.")

WHY = Words("为什么是这些段落", "Why these passages")
STAGES = {
    "dense": (Words("语义", "Dense"), Words("向量余弦相似度", "Cosine of question and passage")),
    "lexical": (Words("词面", "Lexical"), Words("BM25，条长相对于最高分", "BM25; the bar is relative to the best")),
    "coverage": (
        Words("覆盖", "Coverage"),
        Words("问题中的词有多少出现在段落里", "Share of the question's terms in the passage"),
    ),
    "fused": (
        Words("融合", "Fused"),
        Words("各路排名的融合，条长相对于最高分", "Ranks put together; the bar is relative to the best"),
    ),
    "support": (Words("支持", "Support"), SUPPORT_MEANS),
}
"""Each stage of retrieval by its name in `SearchResult.scores`: what it is called, and what it measures."""

EXAMPLES = (
    Example("《生物多样性公约》的三大目标分别是什么？", "2020-un-biodiversity-summit-position-paper.zh.txt"),
    Example("2023年中国—东盟环境合作论坛的主题是什么？", "2023-09-17-guangxi-daily-environment-forum.zh.txt"),
    Example("Why does ASEAN say it needs more support from China?", "2021-10-09-china-news-asean-kang-fu.en.txt"),
    Example("By when does China aim to be carbon neutral?", "2021-10-09-xinhua-white-paper-part-7.zh.txt"),
)
