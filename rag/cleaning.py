"""Takes out of a text what is not the document, joins lines that were broken, and records every change.

Lines are judged in the source, so all decisions share one set of offsets; the edits that follow from them turn the source
into the text, and back (`restore`). The characters that stay are never altered: a quote of the text is a quote of the
source.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from rag.types import Document, Edit

# Line ends of every kind; a form feed begins a page.
_LINE_END = re.compile(r"\r\n|[\n\r\f\x0b\x85\u2028\u2029]")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_CONTROL = re.compile(rf"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f{_INVISIBLE}]+")
_BLANK = f" \t\u00a0\u3000{_INVISIBLE}" + "".join(map(chr, (*range(0x09), *range(0x0E, 0x20), *range(0x7F, 0xA0), *range(0x2000, 0x200B))))

_TERMINAL = re.compile(r"""(?:[。！？!?；;：:….][”’」』"')）】》\]\s]*|[)）】\]])$""")
_INNER_PUNCTUATION = re.compile(r"[，。、；,;“”（）《》]|[.!?]\s")
_CONTINUES = re.compile(r"^[\u3400-\u9fff0-9a-z《“”‘’（(，。、；：）》,;)%％]")
_LIST_ITEM = re.compile(r"^(?:[-*+•·●○■□◆▪—–]\s*|\(?\d{1,3}[.)、．]\s*\D|[（(][一二三四五六七八九十\d]{1,3}[）)])")
HEADING = re.compile(
    r"^(?:#{1,6}\s+\S"
    r"|第[一二三四五六七八九十百零〇\d]{1,5}[章节编篇部卷条][\s\u3000:：]*\S{0,40}$"
    r"|[一二三四五六七八九十]{1,3}[、．.]\s*\S{1,60}$"
    r"|[（(][一二三四五六七八九十]{1,3}[）)]\s*\S{1,60}$"
    r"|(?:Chapter|Section|Part|Article|Annex|Appendix)\s+[\dIVXLC]+\b.{0,80}$"
    r"|\d{1,2}(?:\.\d{1,2}){0,3}[.、]?\s+\S.{0,80}$)"
)

_DATE = r"(?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}"
BYLINE = re.compile(rf"(?=.*(?:{_DATE}))(?=.*(?:来源|作者|记者|时间|编辑|发布|Source|By |Published|Updated))", re.IGNORECASE)

_NAVIGATION = re.compile(
    r"^(?:(?:您|你)?(?:现在)?(?:的|所在)?(?:当前)?(?:的)?位置\s*[:：].*"
    r"|(?:首页|主页|网站首页|返回首页|返回顶部|返回列表|回到顶部|返回|上一[篇页条].{0,60}|下一[篇页条].{0,60}|设为首页|加入收藏|登录|注册|网站地图)"
    r"|(?:you are here|skip to (?:main )?content|back to top|main menu|menu|home|search|sign in|log ?in|register|subscribe|site ?map"
    r"|previous(?: article| page| post)?|next(?: article| page| post)?|accept (?:all )?cookies?.*|we use cookies.*)\s*[:：]?)$",
    re.IGNORECASE,
)
_BREADCRUMB = re.compile(r"^\S[^。！？.!?]{0,24}(?:\s*(?:>|»|›|>>|→)\s*[^>»›→。！？]{1,40}){2,}$")
_MENU = re.compile(r"^[^|｜。！？.!?]{1,24}(?:\s*[|｜]\s*[^|｜。！？.!?]{1,24}){2,}$")
_RELATED = re.compile(
    r"^(?:相关(?:阅读|链接|新闻|文章|推荐|报道|内容)|延伸阅读|推荐阅读|热门(?:文章|推荐|新闻|阅读)|猜你喜欢"
    r"|related (?:articles?|posts?|stories|news|links?)|more (?:news|stories)|you may also like|recommended(?: for you)?)\s*[:：]?$",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"^(?:[【\[(（]?\s*字[体号]\s*[:：]?.{0,16}"
    r"|[【\[(（]?\s*(?:分享(?:到|至|本文)?|打印(?:本页|本文)?|收藏(?:本文)?|关闭(?:窗口|本页)?|点赞|复制链接|扫一扫.{0,20}|扫码.{0,20}|微信|微博|新浪微博|朋友圈|QQ空间|QQ好友)"
    r"(?:[\s|｜:：,，、/】\])）]*(?:分享(?:到|至)?|打印(?:本页|本文)?|收藏(?:本文)?|关闭(?:窗口|本页)?|点赞|复制链接|微信|微博|新浪微博|朋友圈|QQ空间|QQ好友|大|中|小))*[\s|｜:：】\])）]*"
    r"|(?:share(?: this)?(?: article| page| story)?(?: on| via)?|tweet(?: this)?|follow us(?: on)?|print(?: this)?(?: page| article)?|email this(?: page| article)?)"
    r"(?:[\s|,:/]*(?:facebook|twitter|x|linkedin|whatsapp|wechat|weibo|reddit|telegram|email|print|copy link))*\s*[:：]?)$",
    re.IGNORECASE,
)
_TAGS = re.compile(r"^(?:(?:热门|文章|相关)?标签\s*(?:[:：].{0,100})?|(?:tags?|filed under|topics)\s*[:：].{0,120})$", re.IGNORECASE)
_NOTICE_HEADING = re.compile(
    r"^[【\[]?(?:版权声明|免责声明|特别声明|郑重声明|法律声明|声明|版权与免责声明"
    r"|disclaimer|copyright(?: notice)?|legal notice|terms of use)[】\]]?\s*[:：]?$",
    re.IGNORECASE,
)
_NOTICE_WORDS = re.compile(
    r"版权|转载|侵权|免责|不代表|真实性|本[网站]|本网站|不负责任|不承担|负责任|服务中断|自行承担|法律责任|服务邮箱|联系邮箱|联系我们|举报|客服"
    r"|liabilit|warrant|copyright|reproduc|permission|endorse|without notice|rights reserved|accuracy|at your own risk|privacy policy",
    re.IGNORECASE,
)
_NOTICE_LINE = re.compile(
    r"^(?:(?:©|\(c\)\s|copyright\s+(?:©|\(c\)|\d{4})).{0,160}|.{0,120}all rights reserved\.?.{0,60}|.{0,20}版权所有.{0,80}"
    r"|.{0,60}未经.{0,12}(?:授权|许可|允许).{0,12}(?:不得|禁止|严禁).{0,60}|.{0,80}不代表本[网站平].{0,80}|.{0,60}京?ICP[备证].{0,60})$",
    re.IGNORECASE,
)
_PAGE_LABEL = re.compile(r"^(?:第\s*\d+\s*页(?:\s*[/,，]?\s*共\s*\d+\s*页)?|page\s+\d+(?:\s+of\s+\d+)?|[-–—]\s*\d{1,4}\s*[-–—]|\d{1,4}\s*/\s*\d{1,4})$", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"^\d{1,4}$")

_HEAD_LINES = 12
_SHORT = 40
_FULL_LINE = 0.75
_LONGEST_WRAPPED_LINE = 130

_MARKDOWN = (
    (re.compile(r"<!--.*?-->", re.DOTALL), "comment"),
    (re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)"), "picture"),
    (re.compile(r"(?<=\])\((?:https?:|mailto:|/|\.|#)[^)\n]*\)"), "link address"),
    (re.compile(r"\*\*(?=\S)|(?<=\S)\*\*|__(?=\S)(?<![\w_]__)|(?<=\S)__(?![\w_])"), "emphasis"),
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the source without the blanks at its ends, and how far it was indented."""

    start: int
    end: int
    text: str
    indent: int
    page: int


def clean(document: Document) -> Document:
    """The document with furniture removed, broken lines joined and `edits` that say so; its pages move along.

    The source text is `document.text`; a document that was cleaned before is not cleaned again.
    """
    if document.edits:
        return document
    source = document.text
    markdown = Path(document.source).suffix.lower() in (".md", ".markdown")
    lines = list(_lines(source))
    reasons = _judge(lines, markdown)
    kept = [line for line, reason in zip(lines, reasons, strict=True) if not reason]
    removed = [(line, reason) for line, reason in zip(lines, reasons, strict=True) if reason]
    edits = _Edits(source)
    position = 0
    pending = iter(removed)
    upcoming = next(pending, None)
    separators = _separators(kept, source, markdown)
    for number, (line, separator) in enumerate(zip([*kept, None], separators, strict=True)):
        gap_end = line.start if line else len(source)
        while upcoming and upcoming[0].start < gap_end:
            edits.replace(position, upcoming[0].start, "", "layout")
            edits.replace(upcoming[0].start, upcoming[0].end, "", upcoming[1])
            position = upcoming[0].end
            upcoming = next(pending, None)
        joined = 0 < number < len(kept) and "\n" not in separator
        if joined and separator == "" and source[position - 1] == "-":
            position -= 1
        edits.replace(position, gap_end, separator, "broken line" if joined else "layout")
        if line:
            for start, end, reason in _within(source, line, markdown):
                edits.replace(start, end, "", reason)
            position = line.end
    text = edits.text()
    pages = tuple(edits.moved(page) for page in document.pages)
    return replace(document, text=text, edits=tuple(edits.made), pages=pages)


def restore(document: Document) -> str:
    """The source text that `clean` made the document of."""
    parts, position = [], 0
    for edit in document.edits:
        parts += [document.text[position : edit.start], edit.removed]
        position = edit.start + len(edit.inserted)
    return "".join([*parts, document.text[position:]])


def ends_sentence(line: str) -> bool:
    """Whether a line ends as a sentence does, so that what follows begins anew."""
    return bool(_TERMINAL.search(line))


def removed_passages(document: Document) -> list[Edit]:
    """What cleaning took out that a reader would miss: not blanks and line ends."""
    return [edit for edit in document.edits if edit.reason not in ("layout", "broken line")]


class _Edits:
    """Collects replacements in order of the source."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._places: list[tuple[int, int]] = []
        self.made: list[Edit] = []
        self._shift = 0

    def replace(self, start: int, end: int, inserted: str, reason: str) -> None:
        removed = self._source[start:end]
        if removed == inserted:
            return
        self.made.append(Edit(start + self._shift, removed, inserted, reason))
        self._places.append((start, end))
        self._shift += len(inserted) - len(removed)

    def text(self) -> str:
        parts, position = [], 0
        for (start, end), edit in zip(self._places, self.made, strict=True):
            parts += [self._source[position:start], edit.inserted]
            position = end
        return "".join([*parts, self._source[position:]])

    def moved(self, offset: int) -> int:
        """Where the character at `offset` of the source stands in the text, or what follows it when it was removed."""
        shift = 0
        for (start, end), edit in zip(self._places, self.made, strict=True):
            if start > offset:
                break
            if end > offset:
                return edit.start + len(edit.inserted)
            shift += len(edit.inserted) - len(edit.removed)
        return offset + shift


def _lines(source: str) -> Iterator[_Line]:
    """The lines of the source that hold more than blanks, in order."""
    start, page = 0, 0
    ends = [(m.start(), m.end()) for m in _LINE_END.finditer(source)]
    for end, following in [*ends, (len(source), len(source))]:
        raw = source[start:end]
        text = raw.strip(_BLANK)
        if text:
            indent = len(raw) - len(raw.lstrip(_BLANK))
            yield _Line(start + indent, start + indent + len(text), text, indent, page)
        page += source[end:following] == "\f"
        start = following


def _judge(lines: Sequence[_Line], markdown: bool) -> list[str]:
    """For each line why it is not part of the document, or "" when it is."""
    reasons = ["" if markdown else _furniture(line.text) for line in lines]
    if markdown:
        _mark_front_matter(lines, reasons)
    _mark_notice(lines, reasons)
    _mark_related(lines, reasons)
    _mark_page_numbers(lines, reasons)
    _mark_running_heads(lines, reasons)
    _mark_site_names(lines, reasons)
    return reasons


def _furniture(text: str) -> str:
    if len(text) > 240:
        return ""
    if _NAVIGATION.match(text) or _BREADCRUMB.match(text) or _MENU.match(text):
        return "navigation"
    if _SHARE.match(text):
        return "share bar"
    if _TAGS.match(text):
        return "tags"
    if _NOTICE_LINE.match(text):
        return "notice"
    if _PAGE_LABEL.match(text):
        return "page number"
    return ""


def _mark_front_matter(lines: Sequence[_Line], reasons: list[str]) -> None:
    if lines and lines[0].text == "---":
        end = next((i for i, line in enumerate(lines[1:40], 1) if line.text in ("---", "...")), 0)
        for i in range(end + 1 if end else 0):
            reasons[i] = "front matter"


def _mark_notice(lines: Sequence[_Line], reasons: list[str]) -> None:
    """A notice under its heading, such as a disclaimer, when only furniture follows it: elsewhere it may be the matter."""
    for first, line in enumerate(lines):
        if first and _NOTICE_HEADING.match(line.text):
            end = first + 1
            while end < len(lines) and (reasons[end] or _NOTICE_WORDS.search(lines[end].text)):
                end += 1
            if end == len(lines) and end > first + 1:
                for i in range(first, end):
                    reasons[i] = reasons[i] or "notice"
                return


def _mark_related(lines: Sequence[_Line], reasons: list[str]) -> None:
    """A list of links under a heading such as "Related articles", in the last part of the text."""
    for first in range(int(0.6 * len(lines)), len(lines)):
        if _RELATED.match(lines[first].text):
            reasons[first] = "links"
            for i in range(first + 1, len(lines)):
                if len(lines[i].text) > 60 or ends_sentence(lines[i].text):
                    break
                reasons[i] = reasons[i] or "links"


def _mark_page_numbers(lines: Sequence[_Line], reasons: list[str]) -> None:
    """Bare numbers are page numbers when they count up through the text."""
    bare = [i for i, line in enumerate(lines) if _BARE_NUMBER.match(line.text)]
    numbers = [int(lines[i].text) for i in bare]
    if len(bare) >= 2 and all(b - a == 1 for a, b in pairwise(numbers)):
        for i in bare:
            reasons[i] = "page number"


def _mark_running_heads(lines: Sequence[_Line], reasons: list[str]) -> None:
    """Lines that stand first or last, digits aside, on at least three pages and half of all."""
    pages: dict[int, list[int]] = {}
    for i, line in enumerate(lines):
        pages.setdefault(line.page, []).append(i)
    if len(pages) < 3:
        return
    found: dict[str, list[int]] = {}
    for page in pages.values():
        for i in {*page[:2], *page[-2:]}:
            found.setdefault(re.sub(r"\d+", "#", lines[i].text), []).append(i)
    for places in found.values():
        if len(places) >= max(3, len(pages) / 2):
            for i in places:
                reasons[i] = "page header or footer"


def _mark_site_names(lines: Sequence[_Line], reasons: list[str]) -> None:
    """Short lines above the title of a page whose head has a navigation line: channel and site names."""
    head = range(min(_HEAD_LINES, len(lines)))
    byline = next((i for i in head if BYLINE.search(lines[i].text)), None)
    navigation = next((i for i in head if reasons[i] == "navigation"), None)
    if byline is None or navigation is None or navigation > byline:
        return
    above = [i for i in range(byline) if not reasons[i]]
    for i in above[:-1]:
        if len(lines[i].text) <= _SHORT and not ends_sentence(lines[i].text):
            reasons[i] = "navigation"


def _separators(kept: Sequence[_Line], source: str, markdown: bool) -> Iterable[str]:
    """What stands before each kept line, and after the last: nothing, a space, or one or two line ends."""
    if not kept:
        return [""]
    wrapped = 0 if markdown else _wrap_width(kept, source)
    head = next((i for i, line in enumerate(kept[:_HEAD_LINES]) if BYLINE.search(line.text)), 0)
    between = []
    for i, (above, below) in enumerate(pairwise(kept)):
        single = len(_LINE_END.findall(source[above.end : below.start])) == 1
        if not markdown and i > head and _is_broken(above, below, wrapped if single else 0):
            between.append(_joint(above.text, below.text))
        else:
            between.append("\n" if single else "\n\n")
    return ["", *between, ""]


def _wrap_width(kept: Sequence[_Line], source: str) -> int:
    """The width at which the lines of the text were broken, in columns; 0 when they were not."""
    followed = [
        _width(above.text)
        for above, below in pairwise(kept)
        if source[above.end : below.start].count("\n") == 1 and not ends_sentence(above.text) and not HEADING.match(above.text)
    ]
    if len(followed) < 3:
        return 0
    width = sorted(followed)[int(0.9 * (len(followed) - 1))]
    full = sum(_FULL_LINE * width <= w <= 1.1 * width for w in followed)
    return width if 24 <= width <= _LONGEST_WRAPPED_LINE and full >= 0.6 * len(followed) else 0


def _is_broken(above: _Line, below: _Line, wrapped: int) -> bool:
    """Whether a sentence, or a paragraph wrapped at a width, runs on from one line to the next."""
    if HEADING.match(above.text) or HEADING.match(below.text) or _LIST_ITEM.match(below.text):
        return False
    ended = ends_sentence(above.text)
    if wrapped and _width(above.text) >= _FULL_LINE * wrapped:
        return not (ended and below.indent > above.indent)
    if ended or not _CONTINUES.match(below.text) or not _INNER_PUNCTUATION.search(above.text):
        return False
    return len(above.text) >= 20 and (ends_sentence(below.text) or len(below.text) >= 60)


def _joint(above: str, below: str) -> str:
    if _is_wide(above[-1]) or _is_wide(below[0]):
        return ""
    return "" if re.search(r"[a-z]-$", above) and below[0].islower() else " "


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF" or character in "“”‘’—…"


def _width(text: str) -> int:
    """Columns on a screen, where a Chinese character takes two."""
    return len(text) + sum(unicodedata.east_asian_width(c) in "WF" for c in text)


def _within(source: str, line: _Line, markdown: bool) -> Iterator[tuple[int, int, str]]:
    """What is taken out of a line that stays: control and invisible characters, and Markdown's markup."""
    found = [(m.start(), m.end(), "control character") for m in _CONTROL.finditer(source, line.start, line.end)]
    if markdown and not line.text.startswith(("```", "    ")):
        found += [(m.start(), m.end(), f"Markdown {what}") for pattern, what in _MARKDOWN for m in pattern.finditer(source, line.start, line.end)]
    end = line.start
    for start, stop, reason in sorted(found):
        if start >= end:
            yield start, stop, reason
            end = stop
