"""The texts of `rag` for users, in Chinese and English. The window's own texts are in `ui.texts`; a test compares both languages.

To add a text, define a `Words` here and write `texts.NAME.in_language(language)`, or `texts.NAME.in_language(language, value)` if
the text has a place for a value, in the module that needs it.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One text in both languages. As a string, the Chinese text followed by the English one."""

    chinese: str
    english: str

    def __str__(self) -> str:
        return f"{self.chinese} {self.english}"

    def in_language(self, language: str, *values: object) -> str:
        """Returns the text in one language, Chinese for "zh" and English for any other, with `values` in its braces."""
        text = self.chinese if language == "zh" else self.english
        return text.format(*values) if values else text


# -- the command line -------------------------------------------------------------------------------------------------

PAGE = Words("，第{}页", ", page {}")
ALSO_IN = Words("另见", "also in")

# -- summaries, and answers about the library ---------------------------------------------------------------------------

REFERENCES = Words("参考文献", "References")
SUMMARISE = Words("总结《{}》", "Summarise “{}”")
POINTS_IN_ORIGINAL = Words("，原文为{}，要点照录", ", its points in the original {}")
SEVERAL_SUMMARISED = Words("这里有{}份文档，各用一句原文：", "This is about {} documents; a sentence of each:")
MORE_DOCUMENTS = Words("……还有{}份", "… and {} more")
NO_PART_TO_SUMMARISE = Words("《{}》里没有找到这一部分；它有{}个部分。", "“{}” has no such part; it has {} parts.")
NOTHING_TO_SUMMARISE = Words(
    "《{}》里没有成句的文字，无法概括；可以直接问其中的内容。",
    "“{}” contains no sentences to summarise; ask for what it contains instead.",
)
PAGES = Words("{}页", "{} pages")
ONE_PAGE = Words("{}页", "{} page")
HAN_CHARACTERS = Words("约{}字", "about {} characters")
ENGLISH_WORDS = Words("约{}个英文词", "about {} words")
FILE_KINDS = {
    "pdf": Words("PDF 文件", "PDF"),
    "docx": Words("Word 文档", "Word document"),
    "doc": Words("Word 文档", "Word document"),
    "xlsx": Words("Excel 表格", "Excel table"),
    "pptx": Words("PowerPoint 幻灯片", "PowerPoint slides"),
    "csv": Words("CSV 表格", "CSV table"),
    "html": Words("网页", "web page"),
    "htm": Words("网页", "web page"),
    "epub": Words("电子书", "e-book"),
    "md": Words("Markdown 文本", "Markdown text"),
    "txt": Words("纯文本", "plain text"),
    "png": Words("图片", "picture"),
    "jpg": Words("图片", "picture"),
}
"""The kinds of files, by the ending of their names."""

DOCUMENT_COUNT = Words("资料库里有{}份文档：", "The library contains {} documents:")
ONE_DOCUMENT = Words("资料库里有1份文档：", "The library contains one document:")
CHOSEN_COUNT = Words("符合的有{}份（共{}份）：", "{} of the {} documents:")
CHOSEN_NONE = Words("{}份文档中没有符合的。", "None of the {} documents.")
NEWEST_ADDED = Words("最近一次添加（{}）：", "Added last ({}):")
ITS_AUTHOR = Words("作者：{}", "Author: {}")
ITS_PUBLISHER = Words("发布者：{}", "Publisher: {}")
ITS_DATE = Words("日期：{}", "Date: {}")
ITS_LENGTH = Words("篇幅：{}", "Length: {}")
ITS_KIND = Words("类型：{}", "Kind: {}")
ITS_LANGUAGE = Words("语言：{}", "Language: {}")
ITS_SOURCE = Words("文件名：{}", "File: {}")
ITS_ADDED = Words("添加于：{}", "Added on: {}")
NOT_KNOWN = Words("《{}》没有注明{}。", "“{}” does not give its {}.")
PROPERTIES = {
    "author": Words("作者", "author"),
    "publisher": Words("发布者", "publisher"),
    "date": Words("日期", "date"),
}
"""The properties that a document may not give about itself."""

# -- wishes about the answer before ---------------------------------------------------------------------------------------

NOTHING_TO_CHANGE = Words("还没有可以改写的回答，请先提问。", "There is no answer to change yet; ask a question first.")
NOT_TRANSLATED = Words(
    "没有语言模型，译不出全文。能准确给出的是：{}。原文：",
    "Without a language model, the text cannot be translated. These can be given exactly: {}. The original:",
)
NOTHING_TRANSLATED = Words(
    "没有语言模型，译不出下面的原文：", "Without a language model, the original below cannot be translated:"
)
MACHINE_TRANSLATED = Words("以上由语言模型翻译，请与原文核对。", "Translated by a language model; compare it with the original.")
TRANSLATION_FAILED = Words("语言模型没有译成，这里给出原文。", "The language model did not translate it; this is the original.")

# -- evaluation: what is measured -------------------------------------------------------------------------------------

FIGURES = {
    "n": (Words("题数", "Questions"), Words("问了多少个问题", "The number of questions asked")),
    "hit_at_1": (
        Words("命中@1", "hit@1"),
        Words("第一个段落就含有依据的问题占比", "Share of the questions whose first passage contains evidence"),
    ),
    "hit_at_5": (
        Words("命中@5", "hit@5"),
        Words("前 5 个段落里有依据的问题占比", "Share of the questions with evidence in the first 5 passages"),
    ),
    "hit_at_10": (
        Words("命中@10", "hit@10"),
        Words("前 10 个段落里有依据的问题占比", "Share of the questions with evidence in the first 10 passages"),
    ),
    "recall_at_1": (
        Words("召回@1", "R@1"),
        Words("第一个段落占全部相关段落的比例", "Share of the relevant passages in first place"),
    ),
    "recall_at_5": (
        Words("召回@5", "R@5"),
        Words("相关段落中排进前 5 的占比", "Share of the relevant passages among the first 5"),
    ),
    "recall_at_10": (
        Words("召回@10", "R@10"),
        Words("相关段落中排进前 10 的占比", "Share of the relevant passages among the first 10"),
    ),
    "mrr": (
        Words("MRR", "MRR"),
        Words("首个含依据的段落的名次取倒数，再求平均", "Mean of 1 / rank of the first passage with evidence"),
    ),
    "ndcg_at_10": (
        Words("nDCG@10", "nDCG@10"),
        Words("前 10 个段落的排序质量，相关的越靠前越好", "How well the first 10 passages are ordered by relevance"),
    ),
    "right": (
        Words("答对", "Right"),
        Words("有答案的问题中答对的占比", "Share of the answerable questions whose answer contains an accepted string"),
    ),
    "exact_match": (
        Words("完全一致", "Exact match"),
        Words("答案片段与标准答案完全一致的占比", "Share of the answer spans that equal an accepted answer"),
    ),
    "f1": (Words("F1", "F1"), Words("答案片段与标准答案的重合程度", "Overlap of the answer span with the accepted answer")),
    "gold_right": (
        Words("单看阅读：答对", "Reading alone: right"),
        Words("只给相关段落时，选中的句子含有答案的占比", "As “Right”, for the best sentence of the relevant passages"),
    ),
    "gold_exact_match": (
        Words("单看阅读：完全一致", "Reading alone: exact match"),
        Words("只给相关段落时，答案片段完全一致的占比", "As “Exact match”, given the relevant passages"),
    ),
    "gold_f1": (
        Words("单看阅读：F1", "Reading alone: F1"),
        Words("只给相关段落时，答案片段的重合程度", "As “F1”, given the relevant passages"),
    ),
    "on_evidence": (
        Words("引用落在依据上", "On the evidence"),
        Words("引文与依据重合的引用占比", "Share of the citations that quote the evidence"),
    ),
    "exact": (
        Words("引文位置准确", "Exact quotes"),
        Words("引文与所标位置的原文一字不差的占比", "Share of the citations whose quote is the text at its offsets"),
    ),
    "citation_recall": (
        Words("引用召回率", "Citation recall (ALCE)"),
        Words("有引用支持的陈述占比", "Share of the statements that their citations support"),
    ),
    "citation_precision": (
        Words("引用精确率", "Citation precision (ALCE)"),
        Words("确有必要的引用占比", "Share of the citations that their statement needs"),
    ),
    "wrongly_answered": (
        Words("误答", "Wrongly answered"),
        Words("文档里没有答案却作了回答的占比", "Share of the unanswerable questions that were answered"),
    ),
    "wrongly_refused": (
        Words("误拒", "Wrongly refused"),
        Words("文档里有答案却没有回答的占比", "Share of the answerable questions that were refused"),
    ),
    "refusal_precision": (
        Words("拒答：精确率", "Refusals: precision"),
        Words("拒答的问题中确实没有答案的占比", "Share of the refused questions that are unanswerable"),
    ),
    "refusal_recall": (
        Words("拒答：召回率", "Refusals: recall"),
        Words("没有答案的问题中拒答的占比", "Share of the unanswerable questions that were refused"),
    ),
    "refusal_f1": (
        Words("拒答：F1", "Refusals: F1"),
        Words("拒答精确率与召回率的调和平均", "Harmonic mean of precision and recall"),
    ),
    "auroc": (
        Words("把握的 AUROC", "AUROC of the confidence"),
        Words("有答案的问题比没有答案的问题更有把握的概率", "How often an answerable question gets the higher confidence"),
    ),
    "aurc": (
        Words("风险—覆盖曲线下面积", "Area under risk-coverage"),
        Words("各种覆盖程度下的平均错误率，越低越好", "Mean error rate over all coverages; lower is better"),
    ),
    "ece": (
        Words("校准误差", "Expected calibration error"),
        Words(
            "给出的回答，其把握与答对的比例相差多少",
            "Of what was answered, how far the confidence is from the share that is right",
        ),
    ),
    "median_seconds": (
        Words("用时中位数", "Median time"),
        Words("一半的问题在这个时间内答完", "Half of the answers took no longer"),
    ),
    "p95_seconds": (Words("95% 用时", "95% within"), Words("95% 的问题在这个时间内答完", "95 of 100 answers took no longer")),
}
"""The name and the meaning of each of `rag.evaluation.figures.Figures`."""

SEARCH_STAGES = {
    "dense": Words("语义", "Dense"),
    "lexical": Words("词面", "Lexical"),
    "coverage": Words("覆盖", "Coverage"),
    "fused": Words("融合", "Fused"),
    "support": Words("支持", "Support"),
    "reranked": Words("重排", "Reranked"),
}
"""The stages of a search, by their names in `SearchResult.scores` and `Outcome.rankings`."""

FAILURES = {
    "wrongly answered": Words("误答：文档里没有答案，却作了回答", "Wrongly answered: the documents contain no answer"),
    "wrongly refused": Words("误拒：文档里有答案，却没有回答", "Wrongly refused: the documents contain the answer"),
    "not right": Words("没有答对", "Not right"),
    "off the evidence": Words("答对了，但有引用不在依据上", "Right, but with a citation that is not of the evidence"),
}
"""The faults of an answer, by `rag.evaluation.outcome.Failure`."""

FAILED_STAGES = {
    "retrieval": Words("检索：没有找到含答案的段落", "Retrieval: no passage with the answer was found"),
    "reading": Words("阅读：找到了段落，但没有读出答案", "Reading: the passage was found, but not its answer"),
    "refusal": Words("取舍：该答的没有答，或不该答的答了", "Refusal: the threshold decided wrongly"),
    "composing": Words(
        "组织回答：找到了正确的句子，却说了别的", "Composing: the right sentence was found, but the answer says other things"
    ),
}
"""The stage at which an answer went wrong, by `rag.evaluation.outcome.Stage`."""

QUESTION_KINDS = {
    "date": Words("日期", "date"),
    "how": Words("怎样", "how"),
    "list": Words("列举", "list"),
    "name": Words("名称", "name"),
    "number": Words("数字", "number"),
    "what": Words("什么", "what"),
    "why": Words("为什么", "why"),
    "near_miss": Words("近似但没有", "near miss"),
    "off_topic": Words("无关", "off topic"),
}
"""The kinds of the seed questions. Other kinds are shown by their own name."""

LANGUAGES = {"zh": Words("中文", "Chinese"), "en": Words("英文", "English")}
CONFIDENCE = Words("把握", "Confidence")
THRESHOLD = Words("门槛", "Threshold")

# -- evaluation: its report -------------------------------------------------------------------------------------------

FOUND_BY_PAIR = Words("检索命中", "Passages found")
ANSWERS_BY_PAIR = Words("回答与引用", "Answers and citations")
PAIRS_MEAN = Words("提问所用的语言 → 依据所用的语言", "Language of the question → language of its evidence")
RETRIEVAL_BY_STAGE = Words("检索各步", "Retrieval, stage by stage")
RETRIEVAL_BY_STAGE_MEANS = Words(
    "每种检索单独的结果，以及逐步合并后的结果。", "The results of each search alone, and after each step."
)
RISK_COVERAGE = Words("风险与覆盖", "Risk and coverage")
COVERAGE = Words("覆盖：作了回答的问题占比", "Coverage: share of the questions answered")
RISK = Words("风险：回答出错的占比", "Risk: share of the answers that are wrong")
RISK_COVERAGE_MEANS = Words(
    "从最有把握的回答算起；把握低于门槛的问题不作回答。",
    "The surest answers come first. A question below the threshold is not answered.",
)
CALIBRATION = Words("把握是否可信", "Calibration")
CALIBRATION_MEANS = Words("平均把握，以及文档里确有答案的问题占比。", "Mean confidence, and the share of answerable questions.")
ANSWERABLE = Words("确有答案", "Answerable")
LATENCY = Words("用时", "Time")
LATENCY_MEANS = Words("从提问到完整回答。", "From the question to the whole answer.")
SECONDS = Words("秒", "Seconds")
WITHIN = Words("在此时间内答完的问题占比", "Share of the questions answered within this time")
MEDIAN_IS = Words("中位数 {} 秒", "median {} s")
P95_IS = Words("95% {} 秒", "95% {} s")
VALUES = Words("数值", "Values")
NOTHING_TO_DRAW = Words("没有可以画出的数据。", "There is nothing to draw.")
ALL_FIGURES = Words("全部数值：按语言与问题类型", "All figures, by languages and kind of question")
EVERYTHING = Words("全部", "All")
NO_EVIDENCE = Words("无", "none")
FAILED_QUESTIONS = Words("出错的问题", "Failures")
NO_FAILURES = Words("没有出错的问题。", "No failures.")
EXPECTED = Words("应含", "Expected")
RETRIEVED = Words("找到的段落（相关的已标出）", "Passages found; relevant ones are marked")
MORE_FAILURES = Words("……还有 {} 个", "… and {} more")

# -- answers ----------------------------------------------------------------------------------------------------------

NOT_SAID = Words(
    "文档中没有找到这个问题的答案。最接近的内容见出处，但其中没有答案。",
    "The documents do not say. The closest passages are shown, but they do not contain the answer.",
)
NOT_MENTIONED = Words(
    "文档中没有找到这个问题的答案：找到的段落都没有提到“{}”。最接近的内容见出处。",
    "The documents do not say: none of the passages found mentions “{}”. The closest ones are shown.",
)
NOT_CALCULATED = Words(
    "文档中没有直接写出答案；有关的表格见出处，但无法确定该怎样从表中得出。请直接问其中某一行某一列的内容。",
    "The documents do not say it, and how to work it out from the table shown is not certain. Ask for one row and one column.",
)
NONE_CHOSEN = Words(
    "没有选中资料库里的任何文档，请先选择要查找的文档。",
    "None of the documents in the library is chosen. Choose the ones to search first.",
)
NO_MORE = Words("关于这个问题，文档里没有更多内容了。", "The documents contain nothing more about this.")
NO_DOCUMENTS = Words(
    "资料库里还没有文档。请先添加文档：yinju add 路径",
    "There are no documents in the library yet. Add some with: yinju add PATH",
)
MORE_VALUES = Words(
    "另有{}处给出了别的说法，没有一一列出；可以在问题里写明是哪一份、哪一年或哪一处。",
    "The documents give other answers in further places ({}), which are not listed; name the document, year or place that you mean.",
)
ORIGINAL = Words("原文（英文）：“{}”", "In the original Chinese: “{}”")
NOT_ANSWERED_PART = Words("文档里没有找到“{}”的答案", "the documents do not clearly answer “{}”")
NEAR_INSTEAD = Words(
    "文档里没有找到关于“{}”的答案；最接近的内容说的是“{}”：",
    "The documents do not answer this for “{}”; the closest passage is about “{}”: ",
)
NEAR = Words("文档里没有找到关于“{}”的答案；最接近的内容：", "The documents do not answer this for “{}”; the closest passage: ")
WITHOUT_MODEL = Words(
    "语言模型没有给出有依据的回答，这里改用文档原句。",
    "The language model gave no answer that the documents support; these are the documents' own sentences.",
)
MODEL_FAILED = Words(
    "语言模型出错（{}），这里改用文档原句。", "The language model failed ({}); these are the documents' own sentences."
)
MODEL_BROKE_OFF = Words(
    "语言模型中途出错（{}），回答可能不完整。", "The language model broke off ({}); the answer may be incomplete."
)

# -- answers: numbered parts of a document ----------------------------------------------------------------------------

NO_SUCH_PART = Words("《{0}》里没有{1}：它从{2}编到{3}。", "“{0}” has no {1}: its parts run from {2} to {3}.")
PART_GOES_ON = Words("……（后文见原文）", "… (the rest is in the document)")

# -- answers: another wording of the question -------------------------------------------------------------------------

DID_YOU_MEAN = Words("您是不是要问“{0}”？这里按这个问题作答。", "Did you mean “{0}”? This answers that question.")

# -- answers: comparing two things ------------------------------------------------------------------------------------

MORE_BY = Words("多{}。", "{} more.")
LESS_BY = Words("少{}。", "{} less.")
YES_COMPARED = Words("是。", "Yes.")
NO_COMPARED = Words("不是。", "No.")
BOTH_ALIKE = Words("两者相同。", "Both are alike.")

# -- answers: abbreviations -------------------------------------------------------------------------------------------

STANDS_FOR = Words("{0}是“{1}”的简称。", "{0} stands for “{1}”.")

# -- answers: names that two documents share --------------------------------------------------------------------------

NOTHING_SHARED = Words("两份文档里没有都提到的{0}。", "There is no {0} that both documents mention.")
ASPECT_NOT_MENTIONED = Words("{0}里没有找到关于“{1}”的内容。", "Nothing on “{1}” was found in {0}.")
NO_DIFFERENCE = Words(
    "《{}》和《{}》没有在同一件事上说法不同的句子。",
    "“{}” and “{}” have no sentences that say different things about the same matter.",
)
MARKERS_DROPPED = Words(
    "语言模型引用了{}个不存在的出处，已去掉。", "The language model cited {} sources that do not exist; they were dropped."
)
LEFT_OUT = Words(
    "语言模型有{}句话在文档中找不到依据，已略去。",
    "Sentences of the language model that the documents do not support were left out: {}.",
)
CITATIONS_REPAIRED = Words(
    "语言模型有{}处引用有误，已改为真正的出处。", "Citations of the language model that were corrected: {}."
)
REPLIES = {
    "greeting": Words(
        "你好！请就资料库里的文档提问，中文、英文都可以。",
        "Hello! Ask about the documents in the library, in Chinese or English.",
    ),
    "thanks": Words(
        "不客气。还想知道什么，请接着问。",
        "You are welcome. Ask again if there is more you would like to know.",
    ),
    "farewell": Words(
        "再见！",
        "Goodbye!",
    ),
    "abilities": Words(
        "我从资料库的文档里找答案，中文、英文都行，问的和文档不是一种语言也可以。每句话都标明出处；文档里没有的，我会说没有。可以问一个数字、日期或名字，问原因、做法，也可以接着上一个问题往下问；可以说“总结这份文件”“有哪些文件？”“简短一点”，或者问“这两份文件有什么不同？”。",
        "I find answers in the documents of the library, in Chinese and English and across the two. Every sentence cites the place it comes from, and I say so when the documents do not contain the answer. Ask for a number, a date or a name, for reasons or measures, follow up on the question before, ask for a summary, which documents there are or what changed between two documents, or wish for a shorter or longer answer.",
    ),
    "comparison": Words(
        "请写出要比较的两份文档的标题，或标题的一部分，例如：比较《标题一》和《标题二》",
        "Name the two documents by their titles or parts of these, for example: compare “first title” and “second title”",
    ),
}
"""Replies that need no document, by intent."""
