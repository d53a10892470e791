"""The Chinese of the errors that users see, which `rag` raises in English.

To translate another error, add its text here, with `{}` for each value; `{0}`, `{1}` and so on are their places in the Chinese. The
name of the file before the first colon does not belong to the text. A test goes through every error that `rag` raises.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from string import Formatter

from ui import texts

ERRORS = {
    # -- files
    "the file is empty": "文件是空的",
    "the file contains no text": "文件里没有文字",
    "this is {}, which cannot be read; {}": "这是{0}，无法读取；{1}",
    "cannot read {}; {}": "无法读取{0}；{1}",
    "known are {}": "可以读取的有{0}",
    "this is a folder, not a file": "这是文件夹，不是文件",
    "this is a device or a pipe, not a file": "这是设备或管道，不是文件",
    "{} MB is more than the limit of {} MB; split the file or raise max_file_megabytes": "{0} MB 超过了 {1} MB 的上限；请拆分文件，或调高 max_file_megabytes",
    "reading takes more memory than it may; split the file": "读取所需内存超过上限，请拆分文件",
    "the document has {} characters, more than the limit of {}; split it, or raise max_characters": "文档有 {0} 个字符，超过了 {1} 个的上限；请拆分文档，或调高 max_characters",
    "this is {}, not text; convert it to text first": "这是{0}，不是文字；请先转换成文字",
    "this does not look like text; if it is, save it as UTF-8": "这看起来不是文字；如果是，请另存为 UTF-8",
    "line {} cannot be read as a table: {}": "第 {0} 行不能作为表格读取：{1}",
    "this line is not JSON": "这一行不是 JSON",
    'this line is not an object, such as {"title": "…", "text": "…"}': '这一行不是形如 {{"title": "…", "text": "…"}} 的对象',
    'there is no "text"': "缺少“text”",
    '"{}" is not a text': "“{0}”不是文字",
    "there is no file of a known kind there ({})": "那里没有可以读取的文件（{0}）",
    # -- archives
    "the archive contains no file of a known kind; known are {}": "压缩包里没有可以读取的文件；可以读取的有 {0}",
    "this is an archive in an archive in an archive; unpack it first": "压缩包嵌套了三层，请先解开",
    "the archive contains more than {} files; split it": "压缩包里的文件超过 {0} 个，请拆分",
    "unpacked, {} MB is more than the limit of {} MB for everything in an archive; split it": "解开后有 {0} MB，超过了压缩包总共 {1} MB 的上限，请拆分",
    "the archive does not contain this file": "压缩包里没有这个文件",
    "this is encrypted; unpack it with its password first": "文件已加密，请先用密码解开",
    "this is packed closer than {} to 1, as only harmful files are": "压缩比超过 {0}:1，只有有害的文件才会这样",
    "this is packed in a way that cannot be unpacked here; pack it as a ZIP file again": "这种压缩方式在这里解不开，请重新压缩成 ZIP 文件",
    "the ZIP file is damaged or cut short; get it again": "ZIP 文件已损坏或不完整，请重新获取",
    "this is damaged in the archive; get it again": "压缩包里的这个文件已损坏，请重新获取",
    # -- books, pages, Office files and PDF files
    "this is not an EPUB book: it does not say where its contents are": "这不是 EPUB 电子书：没有注明内容在哪里",
    "this is not an EPUB book, or it is damaged: {} is not XML": "这不是 EPUB 电子书，或已损坏：{0} 不是 XML",
    "{} defines entities, which only harmful files do": "{0} 定义了实体，只有有害的文件才会这样",
    "the book is copy-protected; get it without protection": "电子书有防复制保护，请换用没有保护的版本",
    "the book contains no text": "电子书里没有文字",
    "the page contains no text; if a script makes it, print it to a PDF or copy the text to a file": "网页里没有文字；如果内容由脚本生成，请打印成 PDF，或把文字复制到文件里",
    "the page is empty": "网页是空的",
    "this is an old Office file or one with a password; save it as {} without a password": "这是旧格式或有密码的 Office 文件，请另存为没有密码的{0}",
    "no Office program packs files like this; save it as {} again": "没有 Office 程序会这样打包文件，请重新另存为{0}",
    "unpacked it grows by {} MB; at most {} MB are read": "解开后有 {0} MB，最多读取 {1} MB",
    "this is not {}, or it is damaged": "这不是{0}，或已损坏",
    "the text has more than {} million characters; split the file": "文字超过 {0} 百万个字符，请拆分文件",
    "a sheet has more than {} million cells; split the file": "工作表超过 {0} 百万个单元格，请拆分文件",
    "the file is encrypted; save it without a password": "文件已加密，请另存为没有密码的文件",
    "this is not a PDF file, or it is damaged": "这不是 PDF 文件，或已损坏",
    "the file has {} pages; at most {} are read": "文件有 {0} 页，最多读取 {1} 页",
    "page {} has {} characters, more than any page can show": "第 {0} 页有 {1} 个字符，任何一页都放不下这么多",
    "pages {} are scans and need OCR ({})": "第 {0} 页是扫描件，需要文字识别（{1}）",
    "page {} is a scan and needs OCR ({})": "第 {0} 页是扫描件，需要文字识别（{1}）",
    "{} in which OCR finds no text": "{0}，没有识别出文字",
    "pages {} are scans": "第{0}页是扫描件",
    "page {} is a scan": "第{0}页是扫描件",
    "the page cannot be shown: the file is damaged or is not there": "无法显示这一页：文件已损坏，或已不在",
    "this is a picture, which needs OCR ({})": "这是图片，需要文字识别（{0}）",
    "this is a picture in which OCR finds no text": "这是图片，没有识别出文字",
    "the picture is damaged": "图片已损坏",
    "the picture is damaged or too large": "图片已损坏，或太大",
    "the file contains too many or too large pictures; split it": "文件里的图片太多或太大，请拆分",
    "OCR does not start ({}); install it again with: {}": "文字识别无法启动（{0}）；请重新安装：{1}",
    "OCR fails at a page ({}); split the file": "文字识别在某一页失败（{0}），请拆分文件",
    "the loader {} of {} fails at this file ({}); tell the authors of the package": "{1} 的加载器 {0} 读取这个文件时失败（{2}），请告知该软件包的作者",
    # -- the process that reads files
    "reading takes more than {} MB of memory; split the file": "读取需要超过 {0} MB 内存，请拆分文件",
    "after {}, {}": "读完 {0} 之后，{1}",
    "reading broke off ({}); the file is damaged or made to do harm": "读取中断（{0}）；文件已损坏，或有害",
    "reading took longer than {} s and was stopped; split the file": "读取超过 {0} 秒，已停止；请拆分文件",
    "reading takes more memory than the {} MB allowed, or crashes the reader ({}); the file is damaged or too large": "读取所需内存超过 {0} MB，或使读取程序崩溃（{1}）；文件已损坏，或太大",
    "the process that reads files cannot be started: {}": "读取文件的进程无法启动：{0}",
    "the process that reads files does not start; is the installation whole?": "读取文件的进程没有启动，请检查安装是否完整",
    # -- pages from the web
    "the server answers {} {}": "服务器回应 {0} {1}",
    "the server takes too long": "服务器太久没有回应",
    "cannot be reached: {}": "无法访问：{0}",
    "cannot be reached: the name of its host is not known; check the address and the connection to the internet": "无法访问：找不到这个主机；请检查地址和网络连接",
    "this is more than the limit of {} MB; raise max_file_megabytes": "超过了 {0} MB 的上限，可以调高 max_file_megabytes",
    "the server compresses the page although it was asked not to; save the page and add the file": "服务器压缩了网页，尽管要求它不要压缩；请保存网页，再添加文件",
    "this is not the address of a page": "这不是网页的地址",
    "addresses with a password in them are not fetched": "带密码的地址不会被访问",
    "the host has no address": "找不到这个主机的地址",
    "it redirects to an address that is not http or https": "它转向的地址不是 http 或 https",
    "{} is an address of this computer or of a private network, and is not fetched; if that is meant, repeat with --allow-private": "{0} 是本机或内部网络的地址，不会访问；如确需访问，请加上 --allow-private",
    # -- the library
    "the name of a collection has 1 to {} printable characters": "文集的名称须有 1 至 {0} 个可见字符",
    'no collection is called "{}"; {}': "没有名为“{0}”的文集；{1}",
    "there are: {}": "现有：{0}",
    "there are none yet; make one with: yinju add --collection NAME PATH": "还没有任何文集",
    "a document needs a title; write one": "文档需要标题，请填写",
    '"{}" is not a date; write 2021, 2021-10 or 2021-10-09': "“{0}”不是日期；请写成 2021、2021-10 或 2021-10-09",
    "no document has the id {}": "没有编号为{0}的文档",
    "there is no document {} in the library": "文档库里没有文档 {0}",
    "{} (yinju list shows them)": "{0}（可在“文档”页查看）",
    'no document goes by "{}"': "文档库里没有“{0}”",
    '{} documents go by "{}"; use an id': "有{0}份文档都叫“{1}”，请用编号",
    'the document "{}" ({}) is damaged: it is not what was stored; remove it and add it again, or put back a copy of the library': "文档“{0}”（{1}）已损坏，与存入时不同；请移除后重新添加，或恢复文档库的备份",
    "documents are being added to the library {} or indexed again; try again when that is done": "正在向文档库 {0} 添加文档或重新索引，请在完成后再试",
    "{} is writing to the library {}; try again when it is done": "{0} 正在写入文档库 {1}，请在完成后再试",
    "cannot make the library folder {}: {}; choose another with --library": "无法建立文档库文件夹 {0}：{1}；请用 --library 另选一个",
    "there is no library in {} yet; add documents with: yinju add PATH": "{0} 里还没有文档库，请先添加文档",
    "the library {} has schema {}, this version of Yinju needs {}": "文档库{0}的格式是{1}，这个版本的引据需要{2}",
    "{}; use the version that made it, or add the documents to a new library": "{0}；请使用建立它的版本，或把文档添加到新的文档库",
    "{}, and the folder cannot be written to; open it once where it can, or copy it": "{0}，而文件夹不可写；请在可写的地方打开一次，或复制一份",
    "the file {} is damaged or is not a library of Yinju ({}); put back a copy of the folder, or choose another with --library and add the documents again": "文件 {0} 已损坏，或不是引据的文档库（{1}）；请恢复文件夹的备份，或用 --library 另选一个并重新添加文档",
    "the disk of {} is full, or fails; what was in the library is still there: free some space and repeat": "{0} 所在的磁盘已满或出错；文档库里原有的内容都还在：请腾出空间后重试",
    "the library {} cannot be used ({}); check the folder's permissions, or choose another with --library": "文档库 {0} 无法使用（{1}）；请检查文件夹的权限，或用 --library 另选一个",
    "the library {} reports: {}": "文档库 {0} 报告：{1}",
    "the library {} was built with another {} ({}, now {}); bring it up to date with: yinju reindex, or set what it was built with": "文档库 {0} 是用另一种{1}建立的（原为 {2}，现为 {3}）；请重新索引，或改用建立时的设置",
    "the lexical index cannot be used ({}); it is rebuilt from the library": "词面索引无法使用（{0}），将从文档库重建",
    "{} has no place {}-{}; re-index the library with: yinju reindex": "{0} 里没有第 {1} 至 {2} 个字符；请重新索引",
    # -- conversations and questions
    "a notebook has room for {} notes; remove some first": "一本笔记最多 {0} 条，请先移除一些",
    "no source supports this part of the answer; select a sentence with a source": "回答的这一部分没有出处，请选择带出处的句子",
    "the selected text is not part of this answer; select text of one answer or quote": "选中的文字不在这个回答里，请在同一个回答或同一段引文里选择",
    "this answer has no such quote; open the conversation again": "这个回答没有这条引文，请重新打开对话",
    "this conversation was deleted; start another": "这个对话已被删除，请另开一个",
    "this answer was deleted; open the conversation again": "这个回答已被删除，请重新打开对话",
    "{} was written by a newer version of Yinju; use that one, or move the file away": "{0} 是由更新版本的引据写入的；请使用那个版本，或移走这个文件",
    "the question is empty: ask in words, in Chinese or English": "问题是空的，请用中文或英文提问",
    "the question has {} characters; ask in at most {}": "问题有 {0} 个字符，请不要超过 {1} 个",
    # -- question sets
    "cannot read the questions in {}: {}": "无法读取 {0} 里的问题：{1}",
    "{} contains no questions": "{0} 里没有问题",
    '{} contains only drafts; correct each line and remove its "draft"': "{0} 里只有草稿；请逐行修改，并去掉“draft”",
    "not a JSON object": "不是 JSON 对象",
    "not JSON ({})": "不是 JSON（{0}）",
    '"{}" must be a text': "“{0}”必须是文字",
    '"{}" must be a list of texts': "“{0}”必须是文字的列表",
    '"answerable" must be true or false': "“answerable”必须是 true 或 false",
    'an answerable question needs "evidence" and "answers"': "有答案的问题需要“evidence”和“answers”",
    'the id "{}" is used twice': "编号“{0}”用了两次",
    'question "{}": {}': "问题“{0}”：{1}",
    "passage {}: {}": "段落 {0}：{1}",
    # -- language models
    "“{}” is neither a folder nor the name of a model": "“{0}”既不是文件夹，也不是模型的名称",
    "the hub has no model “{}” that may be downloaded: {}": "模型库里没有可以下载的模型“{0}”：{1}",
    "{} answers nothing; choose another model": "{0} 没有回答，请换一个模型",
    "“{}” is not on this machine, and the hub cannot be reached: {}": "“{0}”不在本机，也无法访问模型库：{1}",
    "cannot download “{}”: {}": "无法下载“{0}”：{1}",
    "cannot load the language model {}: {} ({})": "无法加载语言模型 {0}：{1}（{2}）",
    "the language model {} has a chat template that takes no question; choose another": "语言模型 {0} 的对话模板不接受问题，请另选一个",
    "the language model {} broke off: {}; ask again": "语言模型 {0} 中断：{1}；请重新提问",
    "{} took longer than {} seconds; ask again, or allow it more time": "{0} 超过了 {1} 秒；请重新提问，或放宽时限",
    "say which model of {} to use; {}": "请指定使用 {0} 的哪个模型；{1}",
    "answers from a server need the package openai; install it with: pip install 'yinju[openai]'": "使用服务器的模型需要软件包 openai，请安装：pip install 'yinju[openai]'",
    "GGUF files need the packages gguf and accelerate; install them with: pip install 'yinju[gguf]'": "读取 GGUF 文件需要软件包 gguf 和 accelerate，请安装：pip install 'yinju[gguf]'",
    "{}; look after the server": "{0}；请检查服务器",
    "{} is not the address of an OpenAI-compatible server; check the URL, which mostly ends in /v1": "{0} 不是兼容 OpenAI 的服务地址；请检查网址，它通常以 /v1 结尾",
    "{} has no model {}; {}": "{0} 没有模型 {1}；{2}",
    "{} refuses the API key; check it": "{0} 不接受这个 API 密钥，请检查",
    "{} was silent for {} seconds; look after the server, or allow it more time": "{0} 有 {1} 秒没有回应；请检查服务器，或放宽时限",
    "cannot reach {}; start the server, or check the URL": "无法访问 {0}；请启动服务器，或检查网址",
    "{} answers with error {}: {}; look after the server": "{0} 回应错误 {1}：{2}；请检查服务器",
    "{} fails: {}; look after the server": "{0} 出错：{1}；请检查服务器",
    "{} does not answer as an OpenAI-compatible server; check the URL": "{0} 的回应不像兼容 OpenAI 的服务器，请检查网址",
    "{} broke off before the end of the answer; ask again": "{0} 在回答结束前中断，请重新提问",
    "the answer has more than {} characters; ask again, or choose another model": "回答超过 {0} 个字符；请重新提问，或换一个模型",
    "the reranker gives the corpus_id {} for {} documents; it must count from 0": "重排模型为 {1} 份文档给出了 corpus_id {0}，编号必须从 0 开始",
    "the reranker gives the score {}; pass `probability` to turn scores into 0 to 1": "重排模型给出的得分是 {0}，请用 `probability` 换算到 0 至 1",
}
"""The Chinese of each error by its English. Longer texts are tried before shorter ones."""

WORDS = {
    "files without an ending": "没有扩展名的文件",
    "a ZIP archive or an Office file": "ZIP 压缩包或 Office 文件",
    "a ZIP archive": "ZIP 压缩包",
    "a PDF file": "PDF 文件",
    "a PNG picture": "PNG 图片",
    "a JPEG picture": "JPEG 图片",
    "a GIF picture": "GIF 图片",
    "a TIFF picture": "TIFF 图片",
    "a WebP picture": "WebP 图片",
    "a film or a sound": "视频或音频",
    "a sound": "音频",
    "a gzip archive": "gzip 压缩包",
    "a bzip2 archive": "bzip2 压缩包",
    "an xz archive": "xz 压缩包",
    "a 7z archive": "7z 压缩包",
    "a RAR archive": "RAR 压缩包",
    "a program": "程序",
    "an old or encrypted Office file": "旧格式或加密的 Office 文件",
    "a database": "数据库",
    "an RTF file": "RTF 文件",
    "a Word file": "Word 文件",
    "an Excel file": "Excel 文件",
    "a PowerPoint file": "PowerPoint 文件",
    "a Word file (.docx)": "Word 文件（.docx）",
    "an Excel file (.xlsx)": "Excel 文件（.xlsx）",
    "a PowerPoint file (.pptx)": "PowerPoint 文件（.pptx）",
    "an Office file": "Office 文件",
    "an OpenDocument file": "OpenDocument 文件",
    "an EPUB book": "EPUB 电子书",
    "a web page": "网页",
    "an invalid result": "结果无效",
    "another process": "另一个进程",
    "encoder": "编码模型",
    "chunk size or chunker": "段落大小或分段方式",
    "it has none of its tables": "缺少应有的表",
    "No such file or directory": "没有这个文件或文件夹",
    "Permission denied": "没有权限",
    "File name too long": "文件名太长",
    "Is a directory": "这是文件夹",
}
"""The Chinese of the words that are values of errors."""

_PLACE = re.compile(r"\{\}")
_HAN = re.compile("[\u3400-\u9fff]")
_ALPHANUMERIC = re.compile("[A-Za-z0-9.]")
_LINE = re.compile(r", line (\d+)\Z")
_MAX_NESTED = 4
_MAX_COLONS = 4
_MAX_LENGTH = 5_000


def chinese(message: str) -> str:
    """Returns the Chinese of an error; the error itself if it is not known."""
    if message == texts.UNEXPECTED.english:
        return texts.UNEXPECTED.chinese
    return (_translated(message, _MAX_NESTED) if len(message) <= _MAX_LENGTH else "") or message


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    ordered = sorted(ERRORS.items(), key=lambda error: -len(_PLACE.sub("", error[0])))
    return [
        (re.compile("(.+?)".join(map(re.escape, _PLACE.split(english))), re.DOTALL), translated)
        for english, translated in ordered
    ]


def _translated(message: str, depth: int) -> str:
    """Returns the Chinese of an error or of a value; empty if it is not known."""
    if message in WORDS:
        return WORDS[message]
    if not depth:
        return ""
    for pattern, translated in _patterns():
        if match := pattern.fullmatch(message):
            return _filled(translated, [_translated(value, depth - 1) or value for value in match.groups()])
    for colon in islice(re.finditer(": ", message), _MAX_COLONS):
        if known := _translated(message[colon.end() :], depth - 1):
            name = _LINE.sub(r"，第 \1 行", message[: colon.start()])
            return f"{name}：{known}"
    return ""


def _filled(translated: str, values: list[str]) -> str:
    """Puts values in their places, with a blank between Chinese characters and Latin letters or digits."""
    text = ""
    for literal, place, _, _ in Formatter().parse(translated):
        text = _joined(text, literal)
        if place is not None:
            text = _joined(text, values[int(place)])
    return text


def _joined(one: str, other: str) -> str:
    wide, narrow = _HAN.fullmatch, _ALPHANUMERIC.fullmatch
    first, last = other[:1], one[-1:]
    apart = (wide(last) and narrow(first)) or (narrow(last) and wide(first))
    return f"{one} {other}" if apart else one + other
