"""Further texts of the chat page in Chinese and English: answers, notes, suggestions, and the column of documents."""

from __future__ import annotations

from rag.texts import Words

# -- answers ----------------------------------------------------------------------------------------------------------

SURE = (
    (0.9, Words("很有把握", "Very sure")),
    (0.7, Words("有把握", "Sure")),
    (0.5, Words("比较有把握", "Fairly sure")),
    (0.0, Words("把握不大，请核对出处", "Not very sure: check the sources")),
)
"""Words for the confidence of an answer, each with the least confidence that it is for; the first that applies counts."""
SURE_OF_ABSENCE = (
    (0.9, Words("文档里很可能没有答案", "Very likely not in the documents")),
    (0.7, Words("文档里多半没有答案", "Probably not in the documents")),
    (0.0, Words("文档里可能有答案，但没有找到可靠的依据", "The documents may contain it, but no passage supports an answer")),
)
"""The same for an answer that says that the documents do not contain it, by the least probability of that."""
WRITTEN_BY = Words("措辞：", "Worded by")
RATED_GOOD = Words("已评为有帮助", "Rated helpful")
RATED_BAD = Words("已评为没有帮助", "Rated not helpful")

# -- the documents beside the chat ------------------------------------------------------------------------------------

SEARCHED_OF = Words("提问时查找 {} / {} 份文档", "{} of {} documents are searched")
ALL = Words("全部", "All")
NONE = Words("全不选", "None")
ONLY = Words("仅此", "Only")
ONLY_THIS = Words("只查找这一份", "Search only this one")
FIND = Words("查找文档", "Find a document")
ORDER = Words("排序", "Order")
ORDERS = {
    "newest": Words("最近添加", "Newest"),
    "title": Words("标题", "Title"),
    "date": Words("日期", "Date"),
}
"""The orders of the documents, by the value of the choice."""
ANY_LANGUAGE = Words("中文和英文", "Any language")
BEFORE = Words("上一页", "Previous")
AFTER = Words("下一页", "Next")
NO_MATCH = Words("没有符合的文档。", "No document matches.")
NEW_DOCUMENT = Words("新", "new")
COLLECTION = Words("文集", "Collection")
ANY_COLLECTION = Words("所有文集", "Any collection")
SINCE = Words("起始年份", "From year")
UNTIL = Words("截止年份", "To year")
ANY_SINCE = Words("从最早", "From any year")
ANY_UNTIL = Words("到最近", "To any year")
ONLY_FOUND = Words("只查找这 {} 份", "Search only these {}")
ADDRESSES = Words(
    "要把这些网页添加到文档库吗？本机会从网上读取它们。",
    "Add these pages to the library? This computer will fetch them from the web.",
)
ADD_ADDRESSES = Words("添加", "Add")
NOT_NOW = Words("不用", "Not now")
NO_ADDRESSES = Words(
    "这个窗口供多人使用，不从网上读取网页。请在浏览器里保存网页，再把文件拖进来。",
    "This window is shared, so it fetches nothing from the web. Save the page in your browser and drop the file here.",
)
DROP_HERE = Words(
    "还没有文档。把文件拖到页面任何地方，或粘贴进来；也可以到“文档”页选择。",
    "No documents yet. Drop files anywhere on the page or paste them, or choose them on the Documents page.",
)

# -- suggestions ------------------------------------------------------------------------------------------------------

ASK_NEXT = Words("还可以问", "Ask next")

# -- notes, and the list of conversations -----------------------------------------------------------------------------

NOTES = Words("笔记", "Notes")
KEEP = Words("存为笔记", "Keep")
NO_NOTES = Words("还没有笔记。把回答或引文存为笔记，就会出现在这里。", "No notes yet. Keep an answer or a quote to find it here.")
KEEP_SELECTION = Words("把选中的文字存为笔记", "Keep the selection as a note")
OWN_LINE = Words("写一句自己的话", "A line of your own")
MOVE_UP = Words("上移", "Move up")
MOVE_DOWN = Words("下移", "Move down")
STYLE = Words("参考文献格式", "Style of references")
STYLES = {"gbt7714": "GB/T 7714", "apa": "APA"}
"""The styles of references by their value; their names are the same in both languages."""
EXPORT = Words("导出", "Export")
EXPORTS = {
    "md": Words("Markdown", "Markdown"),
    "docx": Words("Word", "Word"),
    "txt": Words("纯文本", "Plain text"),
}
"""The kinds of file that notes and conversations are exported as."""
PIN = Words("置顶", "Pin")
UNPIN = Words("取消置顶", "Unpin")
PINNED = Words("已置顶", "Pinned")
DELETED = Words("已删除“{}”。", "Deleted “{}”.")
UNDO = Words("撤销", "Undo")
FIND_CHAT = Words("查找对话", "Find a conversation")
NO_CHAT_FOUND = Words("没有找到对话。", "No conversation found.")
