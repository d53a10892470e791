"""Answers about the library itself: its documents, and what is known of one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from rag import texts
from rag.answering.citations import cite, marker
from rag.answering.composing import Statement
from rag.answering.composing.wording import COLON, TITLED
from rag.answering.drafts import Request, Response
from rag.answering.naming import is_spelled_in, known_terms, named_documents
from rag.answering.summarising.describing import written_date, written_length
from rag.documents.naming import folders_apart
from rag.text import quantities
from rag.text.distinctions import document_kinds
from rag.text.distinctions.document_kinds import ANY_DOCUMENT, SOME_DOCUMENT
from rag.types import Document, Language

if TYPE_CHECKING:
    from rag.library.library import DocumentSummary

Property = Literal["author", "publisher", "date", "length", "kind", "language", "source", "added"]

_MAX_LISTED = 20
_MAX_PASSAGES = 60
# An author, a date or a publisher stands near the beginning or the end of a text.
_MAX_HEAD, _MAX_END = 3000, 600
_PROPERTIES_PATTERNS: tuple[tuple[Property, str], ...] = (
    ("author", r"作者|谁写|执笔|撰写|撰稿|\bauthors?\b|\bwho wrote\b|\bwritten by\b|\bwho (?:is|are) .{0,20}\bby\b"),
    (
        "added",
        r"(?:什么时[候间]|何时|哪天|几时).{0,4}(?:添加|加入|上传|入库|导入)|\bwhen .{0,60}\b(?:added|uploaded|imported)\b",
    ),
    (
        "date",
        r"日期|哪一?[年天日]|什么时[候间]|何时|时间|年份|多久以前|\bwhen\b|\bdate[ds]?\b|\bhow old\b|\b(?:which|what) (?:year|day)\b",
    ),
    (
        "length",
        r"多长|字数|多少[个]?[字词页]|几页|页数|篇幅|多大|\bhow (?:long|many (?:pages|words|characters))\b|\bpages?\b|\blength\b|\blong\b|\bword count\b",
    ),
    ("kind", r"格式|类型|什么文件|\bformat\b|\bkind of (?:file|document)\b|\bfile type\b"),
    ("language", r"什么语[言种]|哪种语言|语种|\b(?:which|what) language\b|\blanguage\b"),
    ("source", r"文件名|\bfile ?name\b|\bname of the file\b"),
    (
        "publisher",
        r"发布|出版|来源|出处|出自|出品|哪家|哪个单位|谁发|哪里来|\bpublish|\bissued\b|\bsource\b|\bcome from\b|\bnewspaper\b",
    ),
)
_PROPERTIES = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _PROPERTIES_PATTERNS]
_ASKS_WHICH = re.compile(
    rf"(?:哪些|哪几|几|多少|什么)[份个篇]?{ANY_DOCUMENT}|\b(?:which|what|how many|any|list|show)(?: (?:me|all|the|other|new))* {ANY_DOCUMENT}",
    re.IGNORECASE,
)
_MAY_BE_TOLD: frozenset[Property] = frozenset(("publisher", "date"))
_OF_FILES: frozenset[Property] = frozenset(("author", "length", "kind", "source", "added"))
_OF_SOME_KIND = re.compile(SOME_DOCUMENT, re.IGNORECASE)
# A noun for the document may be left out: 新华社那篇.
_THAT_ONE = re.compile("[那这]一?[份篇本]")
_COUNTS_OTHERS = re.compile(r"\bhow many\b|多少|几[个处间座]", re.IGNORECASE)
_NEW = re.compile(
    r"新增|新加|新添|有什么新|新[的]?(?:文件|文档|资料)|(?:最近|最新|刚刚?|上次|最后|今天|昨天|这周).{0,8}(?:添加|加入|加|上传|收录|入库|导入|传)"
    r"|\b(?:what(?:'s| is)|anything) new\b|\b(?:last|latest|recent(?:ly)?|lately|today|this week)\b.*\b(?:add|upload|import)|\b(?:add|upload|import)\w*\b.*\b(?:last|recent(?:ly)?|lately|today)\b",
    re.IGNORECASE,
)
_EXTREME: tuple[tuple[re.Pattern[str], Callable[[DocumentSummary], object], bool], ...] = (
    (re.compile(r"最新|最近|最晚|\b(?:newest|latest|most recent)\b", re.IGNORECASE), lambda d: d.published, True),
    (re.compile(r"最早|最旧|最老|\b(?:oldest|earliest)\b", re.IGNORECASE), lambda d: d.published, False),
    (re.compile(r"最长|最大|\b(?:longest|largest|biggest)\b", re.IGNORECASE), lambda d: d.characters, True),
    (re.compile(r"最短|最小|\b(?:shortest|smallest)\b", re.IGNORECASE), lambda d: d.characters, False),
)
_LANGUAGE: tuple[tuple[Language, re.Pattern[str]], ...] = (
    ("zh", re.compile(r"中文|汉语|华文|\bChinese\b", re.IGNORECASE)),
    ("en", re.compile(r"英文|英语|\bEnglish\b", re.IGNORECASE)),
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
# Words of a question about the library. What is left of it names a document, a publisher or a subject.
_WORDS = re.compile(
    r"[中英]文|英语|汉语|请问|请|麻烦|帮我|给我|看看|看一下|显示|展示|列出|列一下|列举|一下|告诉我|我想[知道看]*|知道|一共|总共|共|现在|目前|这里面?|那里|手头|你|我|库里|资料库|知识库|文档库|库中?|里面?|中|之中"
    r"|有没有|有|没有|多少|几|哪些?|哪几|哪一|什么|些|啥|谁|哪里|哪儿|怎么|多长|多大|多|份|个|篇|本|种|都|还|已经?|所有|全部|这些|分别|各|能|可以|可|查|问|读过?|看过?|存着?|传上来|收录|收|上传|添加|加入|新加|加|入库|导入|传"
    r"|有关|相关|关于|提到|提及|涉及|讲到|谈到|写到|说到|跟|与|和|清单|列表|名单|目录|列|发布|出版|写|撰写|执笔|作者|名字|名称|日期|时间|时候|来源|出处|出自|字数|页数|篇幅|格式|类型|语言|语种|单位|机构|媒体|家|哪家|年份|大小|长度|何时|最新|最近|最早|最长|最短|最后|最大|最旧|最老|新增|新|旧|刚刚?|上次|今天|昨天|今年|去年|这周|这|那|该|中文|英文|英语|汉语|包含|包括|东西|是|的|了|吗|呢|吧|啊|过|在|从|由|出|年|天|日|月|字|页|词|发"
    r"|\b(?:please|can|could|would|will|you|your|yours|i|me|my|we|tell|show|list|name|give|see|look|know|about|how|many|much|what(?:'s|’s)?|whats|which|who(?:'s|’s)?|whom|where|when|is|are|was|were|be|been|do|does|did|have|has|had|got|get|there|here|in|on|at|of|for|from|by|to|with|and|or|so|a|an|the|all|any|some|these|those|this|that|them|it|its|other|ones?|among"
    r"|mention(?:s|ed)?|discuss(?:es)?|covers?|deals?|regarding|concerning|related|anything|something|talks?|number|total|count|library|collection|database|store[d]?|loaded|available|inventory|index|catalogue|contain[s]?|exist|added|add|upload(?:ed)?|import(?:ed)?|new(?:est)?|lately|latest|recent(?:ly)?|most|last|oldest|earliest|longest|shortest|largest|biggest|today|week|time"
    r"|author[s]?|wrote|written|write|publish(?:ed|er|es)?|publication|issued|issue|released|release|date[ds]?|year|day|old|long|pages?|words?|characters?|length|size|big|kind|type|format|language|source|come|comes|english|chinese|materials?|using|use|working|read|ask|file|things?|empty|moment|now|currently)\b",
    re.IGNORECASE,
)
_ALL_WORDS = re.compile(rf"(?:{_WORDS.pattern})+", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]+")
_MARKS = re.compile(r"[，。！？、；：,.!?;:()（）“”\"'’《》]")


def answer(request: Request) -> Response | None:
    """Answers a question about the library; None if it asks for something that only the documents' text can tell.

    Lists are narrowed by language, year and publisher. What is known of a document comes from its metadata, and is cited where the
    text says it.
    """
    # Which documents there are does not depend on those that are searched.
    everything = replace(request, documents=request.library.documents())
    if not everything.documents:
        return Response.of_text(texts.NO_DOCUMENTS.in_language(request.language))
    question = request.question
    for pattern, key, descending in _EXTREME:
        if pattern.search(question) and not _NEW.search(question) and not _subject(question, request):
            return _extreme(request, key, descending)
    if (wanted := _wanted(question)) and not (_ASKS_WHICH.search(question) and _subject(question, request)):
        response = _of_document(wanted, request)
        # What is not known of the one that is meant may stand in its text.
        if response is not None or not _ASKS_WHICH.search(question):
            return response
    return _listed(everything)


def _wanted(question: str) -> Property | None:
    return next((name for name, pattern in _PROPERTIES if pattern.search(question)), None)


def _subject(question: str, request: Request) -> str:
    """Returns the words that are not of the question itself, so that they name a document, a publisher or a subject."""
    rest = re.sub(ANY_DOCUMENT, " ", _MARKS.sub(" ", _YEAR.sub(" ", question)), flags=re.IGNORECASE)
    return _without_words(rest, request)


def _without_words(text: str, request: Request) -> str:
    """Returns a text without the words of questions; Chinese is cut into words, so that 新 goes but 新华社 stays."""
    cut = request.library.analyzer.jieba.lcut
    kept = _HAN.sub(lambda run: " ".join(word for word in cut(run[0]) if not _ALL_WORDS.fullmatch(word)), text)
    return " ".join(_WORDS.sub(lambda word: word[0] if _HAN.search(word[0]) else " ", kept).split())


def _of_document(wanted: Property, request: Request) -> Response | None:
    """Answers what is asked of some documents; None if the question names none, or only their text can tell."""
    question, language = request.question, request.language
    general = not _subject(question, request)
    # The publisher and date of "the white paper" may be told by its text; those of "the text about mills" are metadata.
    if not (
        re.search(ANY_DOCUMENT, question, re.IGNORECASE)
        or _THAT_ONE.search(question)
        or wanted in _OF_FILES
        or (general and wanted not in _MAY_BE_TOLD and _OF_SOME_KIND.search(question))
    ):
        return None
    named = named_documents(_subject_phrase(question, request), request)
    if named is None or (named.all_of_them and not general):
        return None
    if len(named.documents) > 1:
        return _each(wanted, named.documents, request)
    summary = named.documents[0]
    document = request.library.document(summary.id)
    value = _value(wanted, document, summary, language)
    if value:
        return _stated(wanted, value, document, language)
    # The text of a document that is named by its subject may still say it.
    return _not_known(wanted, document, language) if general else None


def _not_known(wanted: Property, document: Document, language: Language) -> Response | None:
    """Says that a document does not give a property; None for one that every document has."""
    label = texts.PROPERTIES.get(wanted)
    if label is None:
        return None
    return Response.of_text(texts.NOT_KNOWN.in_language(language, document.title, label.in_language(language)))


def _stated(wanted: Property, value: str, document: Document, language: Language) -> Response:
    """Returns a property of a document with its title, cited where the text says it."""
    text = _LABELS[wanted].in_language(language, value)
    titled = TITLED.in_language(language, document.title)
    place = _place(wanted, document)
    if place is None:
        return Response.of_text(f"{text}\n{titled}")
    citation = cite(document, 1, *place, 1.0)
    return Response((Statement(f"{text}{marker(1)}\n{titled}", (citation,)),), "answer")


def _subject_phrase(question: str, request: Request) -> str:
    """Returns a question without the words that ask, but with its nouns for documents."""
    kept = re.sub(rf"({ANY_DOCUMENT}|{SOME_DOCUMENT})", r" \1 ", question, flags=re.IGNORECASE)
    return _without_words(_MARKS.sub(" ", kept), request)


_LABELS: dict[Property, texts.Words] = {
    "author": texts.ITS_AUTHOR,
    "publisher": texts.ITS_PUBLISHER,
    "date": texts.ITS_DATE,
    "length": texts.ITS_LENGTH,
    "kind": texts.ITS_KIND,
    "language": texts.ITS_LANGUAGE,
    "source": texts.ITS_SOURCE,
    "added": texts.ITS_ADDED,
}


def _value(wanted: Property, document: Document, summary: DocumentSummary, language: Language) -> str:
    """Returns what is known of a document, in words; empty if it is not known."""
    ending = PurePosixPath(document.source).suffix.casefold().lstrip(".")
    kind = texts.FILE_KINDS.get(ending)
    values: dict[Property, Callable[[], str]] = {
        "author": lambda: document.author,
        "publisher": lambda: document.publisher,
        "date": lambda: written_date(document.published, language),
        "length": lambda: written_length(document, language),
        "kind": lambda: kind.in_language(language) if kind else ending,
        "language": lambda: texts.LANGUAGES[document.language].in_language(language),
        "source": lambda: PurePosixPath(document.source).name,
        "added": lambda: written_date(summary.added[:10], language),
    }
    return values[wanted]()


def _place(wanted: Property, document: Document) -> tuple[int, int] | None:
    """Returns where the text says who wrote or published a document, or when; None if it does not."""
    parts = ((0, _MAX_HEAD), (max(_MAX_HEAD, len(document.text) - _MAX_END), len(document.text)))
    for start, end in parts:
        part = document.text[start:end]
        if wanted == "date" and document.published:
            found = [q for q in quantities.find(part, document.language) if _is_date(q, document.published)]
            if found:
                return start + found[0].start, start + found[0].end
        value = {"author": document.author, "publisher": document.publisher}.get(wanted, "")
        if value and (at := part.find(value)) >= 0:
            return start + at, start + at + len(value)
    return None


def _is_date(quantity: quantities.Quantity, iso: str) -> bool:
    year, month, day = (int(part) for part in [*iso.split("-"), "0", "0"][:3])
    return any((date.year, date.month, date.day) == (year, month, day) for date in quantity.dates)


def _each(wanted: Property, documents: Sequence[DocumentSummary], request: Request) -> Response:
    """Lists what is asked of every document."""
    language = request.language
    lines = [texts.DOCUMENT_COUNT.in_language(language, len(documents))]
    for summary in documents[:_MAX_LISTED]:
        document = request.library.document(summary.id)
        value = _value(wanted, document, summary, language) or "–"
        lines.append(f"- {TITLED.in_language(language, summary.title)}{COLON.in_language(language)}{value}")
    return Response.of_text("\n".join([*lines, *_more(documents, language)]))


def _extreme(request: Request, key: Callable[[DocumentSummary], object], descending: bool) -> Response:
    known = [document for document in request.documents if key(document)]
    if not known:
        return _listed_all(request)
    best = sorted(known, key=key, reverse=descending)[0]  # type: ignore[arg-type]
    return Response.of_text(_line(best))


def _listed(request: Request) -> Response | None:
    """Lists the documents that are asked for; None if the question names a subject, which their texts must tell."""
    question, language = request.question, request.language
    if _NEW.search(question) and not _subject(question, request):
        last = max(document.added[:10] for document in request.documents)
        newest = [document for document in request.documents if document.added[:10] == last]
        head = texts.NEWEST_ADDED.in_language(language, written_date(last, language))
        return Response.of_text("\n".join([head, *_lines(newest, language)]))
    chosen = list(request.documents)
    rest = _subject(question, request)
    if rest and _COUNTS_OTHERS.search(question) and not re.search(rf"{ANY_DOCUMENT}|{SOME_DOCUMENT}", question, re.IGNORECASE):
        return None  # How many places does the library have?
    narrowed = False
    for code, pattern in _LANGUAGE:
        if pattern.search(question):
            chosen, narrowed = [document for document in chosen if document.language == code], True
    if year := _YEAR.search(question):
        chosen, narrowed = [document for document in chosen if document.published.startswith(year[1])], True
    if rest:
        published = [document for document in chosen if document.publisher and _is_publisher(rest, document, request)]
        found = published or _about(rest, chosen, request)
        if not found:
            return None
        chosen, narrowed = found, True
    if not narrowed:
        return _listed_all(request)
    total = len(request.documents)
    if not chosen:
        return Response.of_text(texts.CHOSEN_NONE.in_language(language, total))
    head = texts.CHOSEN_COUNT.in_language(language, len(chosen), total)
    return Response.of_text("\n".join([head, *_lines(chosen, language)]))


def _is_publisher(words: str, document: DocumentSummary, request: Request) -> bool:
    """Returns whether all of some words are of the name of a document's publisher."""
    terms = request.library.analyzer.content_terms(words)
    return bool(terms) and set(terms) <= set(request.library.analyzer.terms(document.publisher))


def _about(words: str, documents: Sequence[DocumentSummary], request: Request) -> list[DocumentSummary]:
    """Returns the documents of a kind, those with some words in their names, or else those with all of the words in a passage.

    One name in its spelling is enough for a document in the other language, as 松陵 in Songling.
    """
    kinds = document_kinds.find(words, loosely=True)
    subject = re.sub(SOME_DOCUMENT, " ", words, flags=re.IGNORECASE) if kinds else words
    analyzer = request.library.analyzer
    terms = [term for term in analyzer.content_terms(subject) if len(term) > 1]

    def has_all(text: str, language: str) -> bool:
        known = known_terms(text, analyzer)
        spelled = [is_spelled_in(term, known, analyzer) for term in terms]
        if language != request.language:
            return any(spelled)
        return all(term in known or is_spelled for term, is_spelled in zip(terms, spelled, strict=True))

    of_kind = [d for d in documents if kinds & document_kinds.find(_name(d), loosely=True)]
    if named := [d for d in of_kind if not terms or has_all(_name(d), d.language)]:
        return named
    if not terms:
        return []
    passages = request.library.search(subject, _MAX_PASSAGES, [document.id for document in documents])
    saying = {passage.chunk.document_id for passage in passages if has_all(passage.chunk.text, passage.language)}
    return [d for d in documents if d.id in saying or has_all(_name(d), d.language)]


def _name(document: DocumentSummary) -> str:
    return f"{document.title} {PurePosixPath(document.source).stem}"


def _listed_all(request: Request) -> Response:
    documents, language = request.documents, request.language
    words = texts.DOCUMENT_COUNT if len(documents) > 1 else texts.ONE_DOCUMENT
    head = words.in_language(language, len(documents)) if len(documents) > 1 else words.in_language(language)
    return Response.of_text("\n".join([head, *_lines(documents, language)]))


def _lines(documents: Sequence[DocumentSummary], language: Language) -> list[str]:
    folders = folders_apart([document.title for document in documents], [document.source for document in documents])
    shown = zip(documents[:_MAX_LISTED], folders, strict=False)
    return ["- " + _line(document, folder) for document, folder in shown] + _more(documents, language)


def _line(document: DocumentSummary, folder: str = "") -> str:
    return " · ".join(filter(None, (document.title, folder, document.author, document.publisher, document.published)))


def _more(documents: Sequence[DocumentSummary], language: Language) -> list[str]:
    left = len(documents) - _MAX_LISTED
    return [texts.MORE_DOCUMENTS.in_language(language, left)] if left > 0 else []
