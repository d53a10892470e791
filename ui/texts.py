"""The texts of the window in Chinese and English. Those of the evaluation report are in `rag.texts`."""

from __future__ import annotations

from typing import NamedTuple

from rag import texts as shared
from rag.texts import Words


class Example(NamedTuple):
    """A question to try, and the name of the file that answers it."""

    question: str
    file_name: str


CONFIDENCE = shared.CONFIDENCE
LANGUAGES = shared.LANGUAGES
THRESHOLD = shared.THRESHOLD

NAME = Words("引据", "Yinju")
TAGLINE = Words("句句有出处", "Every sentence cited")
WELCOME = Words("向你的文档提问", "Ask your documents")
PROMISE = Words(
    "用中文或英文提问都可以。回答的每一句都标明出处；文档里没有的，就说没有。",
    "Ask in Chinese or English. Every sentence of an answer cites its source. If the documents contain no answer, Yinju says so.",
)
DOCUMENTS = Words("份文档", "documents")

QUESTION = Words("问题", "Question")
PLACEHOLDER = Words("输入问题", "Ask a question")
ASK = Words("提问", "Ask")
LANGUAGE = Words("语言", "Language")
THEME = Words("浅色或深色", "Light or dark")
TRY = Words("试试这些问题", "Try asking")

SEARCHING = Words("正在查找……", "Searching…")
READING = Words("正在阅读找到的段落……", "Reading the passages…")
WRITING = Words("正在组织回答……", "Writing…")
STEPS = {"retrieve": Words("查找", "Searched"), "read": Words("阅读", "Read")}
"""The steps of an answer by their names in `Answer.timings`."""
WRITTEN = Words("组织回答", "Wrote")
STOPPED = Words("已停止。", "Stopped.")
STOP = Words("停止", "Stop")
COPY = Words("复制", "Copy")
KEEP_QUOTE = Words("存入笔记", "Keep this quote")
SIDE = Words("文档与对话", "Documents and conversations")
RETRY = Words("重新回答", "Retry")
EDIT = Words("修改问题", "Edit")
EDITING = Words("正在修改第 {} 个问题，它之后的对话会被替换。", "Editing question {}. Everything after it will be replaced.")
CANCEL = Words("取消", "Cancel")
GOOD = Words("有帮助", "Helpful")
BAD = Words("没有帮助", "Not helpful")
NOTE = Words("补充说明", "Add a note")
KEEP_NOTE = Words("保存", "Save note")
COMPLETED = Words("补全后的问题", "Understood as")
CONFIDENCE_MEANS = Words("所示的话答得对的可能性", "The probability that what is shown is right")
PROBLEM = Words("没能回答", "Could not answer")
NOT_DONE = Words("没能完成", "Could not do that")
UNEXPECTED = Words("出现意外错误，详情见日志。", "Something unexpected went wrong; see the log for details.")

CONVERSATIONS = Words("对话", "Conversations")
NEW = Words("新对话", "New chat")
NO_CONVERSATIONS = Words("还没有对话。", "No conversations yet.")
MORE = Words("更多", "More")
TITLE = Words("标题", "Title")
RENAME = Words("改名", "Rename")
SAVE = Words("导出 Markdown", "Export Markdown")
DELETE = Words("删除", "Delete")

NEWER = Words("较新", "Newer")
OLDER = Words("较早", "Older")
SHOWN_OF = Words("第 {}–{} 个，共 {} 个", "{}–{} of {}")

CHAT_TAB = Words("问答", "Chat")
DOCUMENTS_TAB = Words("文档", "Documents")
EVALUATION_TAB = Words("评测", "Evaluation")
SETTINGS_TAB = Words("设置", "Settings")

SOURCES = Words("出处", "Sources")
NO_SOURCES = Words("回答的出处会显示在这里。", "The sources of an answer appear here.")
NEAREST = Words("最接近的段落", "Nearest passages")
ONLY_NEAREST = Words(
    "文档里没有找到答案。以下只是最接近的段落，不是答案。",
    "The documents do not contain the answer. These are only the nearest passages, not an answer.",
)
MORE_PASSAGES = Words("更多段落", "More passages")
NOTHING_NEAR = Words("没有相近的段落。", "No similar passages.")
PAGE = Words("第 {} 页", "p. {}")
SUPPORT = Words("支持度", "Support")
SUPPORT_MEANS = Words("这段引文在多大程度上回答了问题", "How well the quote answers the question")
ALSO_IN = Words("内容大体相同的文档：", "Documents with mostly the same text:")
SCORE = Words("得分", "Score")
BACK = Words("回到回答", "Back to the answer")
OPEN_DOCUMENT = Words("打开全文", "Open document")
GONE = Words("原文已不在文档库中。", "The document is no longer in the library.")

# -- a whole document --------------------------------------------------------------------------------------------------

CLOSE = Words("关闭", "Close")
IN_DOCUMENT = Words("在文档里查看", "Tools for this document")
CONTENTS = Words("目录", "Contents")
PREVIOUS_QUOTE = Words("上一处引文", "Previous quote")
NEXT_QUOTE = Words("下一处引文", "Next quote")
FIND = Words("查找", "Find")
FIND_IN_DOCUMENT = Words("在这份文档里查找", "Find in this document")
HITS = Words("找到 {} 处", "{} found")
FIRST_HITS = Words("只列出前 {} 处", "the first {} are listed")
NO_HITS = Words("没有找到。", "Nothing found.")
AS_TEXT = Words("看文字", "Show text")
AS_PAGES = Words("看原页", "Show pages")
EARLIER_PART = Words("前一部分", "Earlier part")
LATER_PART = Words("后一部分", "Later part")
SLIDE = Words("第 {} 张", "slide {}")
PAGE_COUNT = Words("共 {} 页", "{} pages")
SLIDE_COUNT = Words("共 {} 张", "{} slides")
DOWNLOAD_ORIGINAL = Words("下载原文件（{}）", "Download the original ({})")
NOT_MARKED = Words(
    "这一处在原页上找不到对应的位置，页面没有标出；“看文字”里有标记。",
    "This place cannot be found on the drawn page, so it is not marked there; it is marked in the text.",
)

WHY = Words("为什么是这些段落", "Why these passages")
STAGES = {
    "dense": (shared.SEARCH_STAGES["dense"], Words("向量余弦相似度", "Cosine similarity of question and passage")),
    "lexical": (shared.SEARCH_STAGES["lexical"], Words("BM25；条形以最高分为满", "BM25; the longest bar is the best score")),
    "coverage": (
        shared.SEARCH_STAGES["coverage"],
        Words("问题中的词在段落里出现的比例", "Share of the question's terms that the passage contains"),
    ),
    "fused": (
        shared.SEARCH_STAGES["fused"],
        Words("合并各路检索的排名；条形以最高分为满", "Ranks of all searches combined; the longest bar is the best score"),
    ),
    "support": (shared.SEARCH_STAGES["support"], SUPPORT_MEANS),
}
"""The name and the meaning of each score, by its name in `SearchResult.scores`."""

SEARCH_AND_ANSWER = Words("检索与回答", "Search and answers")
PASSAGES = Words("段落数", "Passages")
PASSAGES_MEANS = Words("每个回答最多列出多少个段落。", "The maximum number of passages listed with an answer.")
SENTENCES = Words("句数", "Sentences")
SENTENCES_MEANS = Words("每个回答最多引用多少句原文。", "The maximum number of sentences that an answer quotes.")
THRESHOLD_MEANS = Words(
    "最好的句子的支持度低于门槛时，就说文档里没有答案。调低则答错的更多，调高则漏答的更多。",
    "If the best sentence has less support than this, Yinju says that the documents contain no answer. Lower: more answers, more of them wrong. Higher: more refusals.",
)
GENERATOR = Words("由谁组织回答", "How answers are worded")
GENERATOR_NAME = Words("语言模型", "Language model")
GENERATOR_MEANS = Words(
    "填模型名、文件夹，或兼容 OpenAI 的服务地址（http://…/v1）。使用前会先试一次。留空则直接引用原文。",
    "A model's name, a folder, or the address of an OpenAI-compatible server (http://…/v1). It is tried before it is used. Leave empty to quote the documents.",
)
GENERATOR_FIXED = Words("由管理员用 yinju chat --generator 指定。", "Set by the administrator with yinju chat --generator.")
USE = Words("使用", "Use")
MODELS_HERE = Words("本机上的语言模型", "Language models on this computer")
NO_MODELS_HERE = Words(
    "本机上没有找到语言模型。可以启动 Ollama、LM Studio、llama.cpp 或 vLLM，或在下面填写模型名。",
    "No language model was found on this computer. Start Ollama, LM Studio, llama.cpp or vLLM, or name a model below.",
)
LOOK_AGAIN = Words("重新查找", "Look again")
LOOKING = Words("正在查找本机上的语言模型……", "Looking for language models on this computer…")
MODEL_PLACES = {
    "server": Words("正在运行的服务", "running server"),
    "hub": Words("已下载", "downloaded"),
    "file": Words("本地文件", "local file"),
}
"""Where a language model is, by `FoundModel.place`."""
IN_USE = Words("正在使用", "In use")
NO_MODEL = Words("不用语言模型，直接引用原文", "No language model: quote the documents")
LICENCE_UNKNOWN = Words("许可证未知", "licence unknown")
TRYING = Words("正在试用。较大的模型需要一会儿才能加载……", "Trying it. A large model takes a while to load…")
TRIED = Words("试答用了 {} 秒。", "It began to answer after {} s.")
DEFAULTS = Words("恢复默认设置", "Restore the defaults")
FETCH = Words("下载并使用", "Download and use")
FETCHING = Words("正在下载……", "Downloading…")
DOWNLOAD = Words("这个模型不在本机，需要下载 {} MB。", "This model is not on this machine: {} MB must be downloaded.")
EXTRACTED = Words(
    "现在直接引用文档原句回答，不用语言模型。", "Answers quote the documents' own sentences; no language model is used."
)
GENERATED_BY = Words(
    "现在由 {} 组织回答，逐句核对出处。", "Answers are worded by {}; each sentence is checked against its source."
)
GENERATED_BY_SERVER = Words(
    "现在由语言模型服务器组织回答，逐句核对出处。",
    "Answers are worded by a language model's server; each sentence is checked against its source.",
)
ENCODER = Words("编码模型", "Encoder")
ENCODER_MEANS = Words(
    "更换编码模型后需要重新索引全部文档：yinju reindex --encoder 名称",
    "To change the encoder, encode every document again: yinju reindex --encoder NAME",
)

UPLOAD = Words("把文件拖到这里，或点击选择", "Drop files here, or click to choose")
INTO_COLLECTION = Words("把上传的文件放进文集（可不填）", "Put uploads in a collection (optional)")
WITHIN_COLLECTIONS = Words("只在这些文集里提问", "Ask within these collections")
MOSTLY_SAME = Words("与另一份文档内容大体相同", "mostly the same text as another")
REINDEX = Words("重新索引", "Re-index")
REINDEXED = Words("已重新索引 {} 份文档。", "{} documents re-indexed.")
REMOVE = Words("移除", "Remove")
REMOVE_SURELY = Words("确定移除", "Yes, remove")
REMOVED = Words("已移除《{}》。", "Removed “{}”.")
DOCUMENT_COUNT = Words("{} 份文档，{} 个段落", "{} documents, {} passages")
SEARCHES = Words("提问时只在其中 {} 份里查找", "{} of them are searched")
SCOPE = Words(
    "只在选中的 {} / {} 份文档里查找（可在对话旁或“文档”页更改）",
    "Searching {} of {} documents (chosen beside the chat or on the Documents page)",
)
SEARCH_ALL = Words("在全部文档里查找", "Search all documents")
NO_DOCUMENTS_YET = Words("还没有文档", "No documents yet")
HOW_TO_ADD = Words(
    "把文件拖到上面的方框里，或点击方框选择。读完之后就可以到“问答”页提问。",
    "Drop files in the box above, or click it to choose some. Once they are read, ask about them on the Chat page.",
)
FORMATS = Words(
    "可以添加 PDF、Word、PowerPoint、Excel、CSV、网页、电子书、Markdown、纯文本、图片和压缩包，每个文件最大 {}。",
    "PDF, Word, PowerPoint, Excel, CSV, web pages, e-books, Markdown, plain text, pictures and archives, each up to {}.",
)
FIND_DOCUMENTS = Words("查找文档", "Find documents")
ORDER = Words("排序", "Sort by")
ORDERS = {
    "added": Words("最近添加", "Last added"),
    "title": Words("标题", "Title"),
    "published": Words("发布日期", "Date"),
    "length": Words("篇幅", "Length"),
}
"""The orders of the list of documents."""
NO_MATCH = Words("没有文档符合“{}”。", "No document matches “{}”.")
TICKED = Words("已勾选 {} 份", "{} ticked")
TICK_ALL = Words("勾选全部 {} 份", "Tick all {}")
TICK_NONE = Words("取消勾选", "Untick all")
ASK_ONLY_THESE = Words("只问这些", "Ask only these")
COLLECTION = Words("文集", "Collection")
COLLECT = Words("放进文集", "Add to collection")
UNCOLLECT = Words("移出文集", "Take out of collection")
COLLECTED = Words("已放进文集“{}”：{} 份文档。", "Added to the collection “{}”: {} documents.")
UNCOLLECTED = Words("已移出文集“{}”：{} 份文档。", "Taken out of the collection “{}”: {} documents.")
REMOVE_SEVERAL = Words("确定移除这 {} 份", "Yes, remove all {}")
REMOVED_SEVERAL = Words("已移除 {} 份文档。", "Removed {} documents.")
EDIT_DOCUMENT = Words("修改信息", "Edit details")
DATE = Words("日期", "Date")
AUTHOR = Words("作者", "Author")
SAVE_CHANGES = Words("保存", "Save")
EDITED = Words("已保存《{}》的信息。", "Saved the details of “{}”.")
NOT_SEARCHED = Words("提问时不查找", "not searched")
PREVIOUS_PAGE = Words("上一页", "Previous")
NEXT_PAGE = Words("下一页", "Next")
REINDEXING = Words("正在准备重新索引……", "Getting ready to re-index…")
KEEP_FILES = Words("保留原文件", "Keep the original files")
KEEP_FILES_MEANS = Words(
    "保留之后，可以对照原页查看引文，也可以下载原文件。只保留此后添加的文件；取消后，保留的文件会被删除。",
    "Kept files let you see quotes on the pages themselves, and download the files. Files that you add from now on are kept; unticking this deletes the copies.",
)
KEPT_FILES = Words("现在保留了 {} 个文件，共 {}。", "Kept now: {} files, {}.")
PASSAGES_COUNT = Words("{} 个段落", "{} passages")
ADDED_ON = Words("{} 添加", "added {}")
CLEANED = Words("清理掉的内容", "Removed by cleaning")
MORE_CLEANED = Words("……还有 {} 处", "… and {} more places")
NOTHING_CLEANED = Words("没有清理掉任何内容。", "Cleaning removed nothing.")
ADDING = Words("正在处理 {} / {}", "Processing {} of {}")
AT_PAGE = Words("第 {} / {} 页，文字识别", "page {} of {}, by OCR")
SAME = Words("内容已在文档库中", "its text is already in the library")
REPLACED = Words("替换了原来的版本", "replaces the earlier version")
NAME_TAKEN = Words("已有另一份同名文件，两份都保留", "another document has this file name; both are kept")
MORE_RESULTS = Words("……还有 {} 份", "… and {} more")
STATUSES = {
    "added": Words("添加了 {} 份", "{} added"),
    "replaced": Words("更新了 {} 份", "{} replaced"),
    "unchanged": Words("{} 份没有变化", "{} unchanged"),
    "removed": Words("移除了压缩包里已不存在的 {} 份", "{} removed because their archive no longer contains them"),
    "failed": Words("{} 份没能添加", "{} could not be added"),
}
"""The results of adding files, by `AddResult.status`."""
CLEANING_REASONS = {
    "broken line": Words("接上断行", "broken line joined"),
    "notice": Words("声明", "notice"),
    "navigation": Words("导航", "navigation"),
    "tags": Words("标签", "tags"),
    "share bar": Words("分享栏", "share bar"),
    "links": Words("相关链接", "related links"),
    "page number": Words("页码", "page number"),
    "page header or footer": Words("页眉页脚", "page header or footer"),
    "rule": Words("分隔线", "rule"),
    "picture": Words("图片", "picture"),
    "front matter": Words("文件头信息", "front matter"),
    "struck out": Words("划掉的文字", "struck out"),
    "tracked deletion": Words("修订中删除的文字", "tracked deletion"),
    "page boilerplate": Words("网页边栏等", "surroundings of the page"),
    "comment": Words("注释", "comment"),
    "control character": Words("控制字符", "control character"),
    "Markdown comment": Words("Markdown 注释", "Markdown comment"),
    "Markdown picture": Words("Markdown 图片", "Markdown picture"),
    "Markdown link address": Words("Markdown 链接地址", "Markdown link address"),
    "Markdown emphasis": Words("Markdown 强调标记", "Markdown emphasis"),
}
"""The reasons for a change by cleaning, by `Edit.reason`. Other reasons are shown by their own name."""

EXAMPLES = (
    Example("《生物多样性公约》的三大目标分别是什么？", "2020-un-biodiversity-summit-position-paper.zh.txt"),
    Example("2023年中国—东盟环境合作论坛的主题是什么？", "2023-09-17-guangxi-daily-environment-forum.zh.txt"),
    Example("Why does ASEAN say it needs more support from China?", "2021-10-09-china-news-asean-kang-fu.en.txt"),
    Example("By when does China aim to be carbon neutral?", "2021-10-09-xinhua-white-paper-part-7.zh.txt"),
)

# -- the evaluation ---------------------------------------------------------------------------------------------------

EVALUATE = Words("开始评测", "Run the evaluation")
OWN_QUESTIONS = Words("选择自己的问题集（.jsonl）", "Choose a question set (.jsonl)")
SEED_QUESTIONS = Words("改用自带问题集", "Back to the seed questions")
ASKS_SEEDS = Words(
    "自带的 {} 个问题，在随软件提供的文档里查找；与你的文档无关。",
    "The {} seed questions, asked of the documents that come with Yinju, not of yours.",
)
ASKS_OWN = Words("{} 里的 {} 个问题，在你的文档库里查找。", "{}: {} questions, asked of your library.")
WITH_YOUR_SETTINGS = Words("回答时采用“设置”页的选项。", "Answers follow the Settings page.")
GETTING_READY = Words("正在准备……", "Getting ready…")
ADDING_SEEDS = Words("正在添加自带文档：{} / {}", "Adding the seed documents: {} of {}")
ASKED = Words("已问 {} / {} · 每分钟 {} 个 · 还需约 {}", "{} of {} asked · {} a minute · about {} left")
ALL_ASKED = Words("问完了 {} 个问题，用时 {}。", "All {} questions asked, in {}.")
SOME_ASKED = Words("只问了 {} / {} 个问题，以下只是它们的结果。", "Only {} of {} questions asked; the figures are for these.")
NOT_EVALUATED = Words("没能完成评测", "Could not evaluate")
NOT_IN_LIBRARY = Words(
    "文档库里找不到依据原文的问题：{} 个，计为未命中。只有文档库里有这些问题所针对的文档，结果才有意义。",
    "Questions whose evidence is nowhere in the library: {}. They count as not found. The figures are meaningful only if the library contains the documents that the questions are about.",
)
ASK_IN_CHAT = Words("到问答页提问", "Ask in the chat")

# -- Gradio's own words, which are in the language of the browser -----------------------------------------------------

GRADIO = {
    "Error": Words("出错", "Error"),
    "Warning": Words("注意", "Warning"),
    "Info": Words("提示", "Note"),
    "Success": Words("完成", "Done"),
    "An Unexpected Error Occurred!": UNEXPECTED,
    "An error occurred": UNEXPECTED,
    "Unexpected error": UNEXPECTED,
    "Unknown error": UNEXPECTED,
    "Connection Lost": Words("连接中断", "Connection lost"),
    "Connection errored out.": Words("连接出错，请检查引据是否仍在运行。", "The connection failed; is Yinju still running?"),
    "Connection to the server was lost. Attempting reconnection...": Words(
        "与引据的连接中断，正在重新连接……", "The connection to Yinju was lost. Connecting again…"
    ),
    "This application is currently busy. Please try again.": Words(
        "现在太忙，请稍后再试。", "Yinju is busy; try again in a moment."
    ),
    "Error uploading file": Words("文件上传失败，请重试。", "The file could not be uploaded; try again."),
    "Lost connection due to leaving page. Rejoining queue...": Words(
        "离开页面使连接中断，正在重新排队……", "Leaving the page broke the connection. Waiting in line again…"
    ),
    "由于离开页面，连接已丢失。正在重新加入队列...": Words(
        "离开页面使连接中断，正在重新排队……", "Leaving the page broke the connection. Waiting in line again…"
    ),
    "Waiting for file(s) to finish uploading, please retry.": Words(
        "文件还在上传，请稍后再试。", "Files are still being uploaded; try again then."
    ),
    "等待文件上传完成，请稍后重试。": Words("文件还在上传，请稍后再试。", "Files are still being uploaded; try again then."),
}
"""The words of the page for those of Gradio."""

# -- refused requests -------------------------------------------------------------------------------------------------

NO_SUCH_ADDRESS = Words("没有这个地址。", "There is nothing at this address.")
SIGN_IN_FIRST = Words("请先登录。", "Sign in first.")
HOST_NOT_ALLOWED = Words(
    "这个窗口没有使用“{}”这个主机名；如需使用，请管理员用 --allow-host 允许。",
    "The window is not served as “{}”; its administrator can allow that name with --allow-host.",
)
OTHER_SITE = Words("拒绝来自其他网站的请求。", "Requests from the pages of other sites are refused.")
TOO_MANY_PAGES = Words("打开的页面太多，请关掉一些。", "Too many pages are open; close some of them.")
TOO_MANY_REQUESTS = Words("请求太多，请稍后再试。", "Too many requests at once; try again in a moment.")
TOO_MANY_FILES = Words("等待处理的文件太多，请稍后再试。", "Too many files are waiting to be read; try again later.")
TOO_MANY_SIGN_INS = Words(
    "登录失败次数太多，请过几分钟再试。", "Too many failed attempts to sign in; try again in a few minutes."
)
NOT_JSON = Words("请求不是 JSON。", "The request is not JSON.")
NOT_UPLOADED = Words("请求里的文件不是从这个浏览器上传的。", "The request names a file that this browser has not uploaded.")
REQUEST_TOO_LARGE = Words("请求超过 {} 字节。", "The request is larger than {} bytes.")
REQUEST_TOO_SLOW = Words("请求没有在规定时间内发完。", "The request was not sent in time.")
REQUEST_BROKE_OFF = Words("请求没有发完。", "The request broke off.")
