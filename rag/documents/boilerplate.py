"""Finds the lines of a text that are not part of the document: navigation, share bars, notices, page numbers and the like.

A line that could also be a heading, such as "登录" or "Search", counts as boilerplate only next to others.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from rag.documents.removals import STRUCK_OUT
from rag.text.lines import BYLINE, HEADING, ROW, code_of, ends_sentence, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.text.lines import Line

_HEAD_LINES = 12
_MAX_LINE = 120
_MAX_NOTICE = 1000
_MAX_LINK = 120
_MIN_PAGE = 300

# The groups whose names begin with "perhaps" are boilerplate only next to other boilerplate.
_BOILERPLATE = re.compile(
    r"^(?:(?P<navigation>(?:您|你|当前|现在|目前|所在)[^\s:：]{0,6}位置\s*[:：]\s*"
    r"(?:[^。]*(?:[>»›→/]|首页|主页)[^。]*)?"
    r"|首页|主页|网站首页|设为首页|加入收藏|网站地图|返回(?:首页|顶部|列表|上一[页级])|回到顶部|[上下]一[篇页条](?:(?:\s*[:：]|\s).{0,80})?"
    r"|you are here(?:\s*:.*)?|skip to (?:main )?(?:content|navigation)|(?:back|return) to (?:the )?top|main menu|site ?map"
    r"|(?:previous|next) (?:article|page|post|story)(?:\s*:.*)?"
    r"|accept (?:all )?cookies|(?:we use|this (?:web)?site uses) cookies.*(?:accept|agree|continu).*)"
    r"|(?P<share_bar>(?:分享|打印|收藏|关闭)(?:到|至|本文|本页|窗口)|复制链接"
    r"|(?:微信|微博)?扫(?:一扫|码|描二维码).{0,20}(?:分享|打开|关注|查看|下载|阅读|手机).{0,12})"
    r"|(?P<tags>(?:(?:热门|文章|相关)?标签|tags?|filed under)\s*[:：]\s*"
    r"[^\s,，、|/。]{1,20}(?:[\s,，、|/]+[^\s,，、|/。]{1,20}){0,25})"
    r"|(?P<page_number>(?:共\s*\d+\s*页\s*)?第\s*\d+\s*页(?:\s*[/,，]?\s*共\s*\d+\s*页)?"
    r"|page\s+\d+(?:\s*(?:of|/)\s*\d+)?|[-–—·]\s*\d{1,4}\s*[-–—·])"
    r"|(?P<perhaps_navigation>返回|登录|注册|搜索|菜单|导航|关闭|更多|联系我们|关于我们"
    r"|menu|home|search|sign (?:in|up)|log ?in|register|subscribe|previous|next|more|close|contact us|about us)"
    r"|(?P<perhaps_tags>(?:(?:热门|文章|相关)?标签|tags?)\s*[:：]?))$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^[\s\-=_*~+|:#—–─━═]{3,}$")
_HOME = re.compile(r"^(?:.{0,10}首页|主页|home)$", re.IGNORECASE)
_BREADCRUMB_MARK = re.compile(r"\s*(?:>>|[>»›→])\s*")
_SHARE_MARK = re.compile(r"[\s|｜:：,，、/\[\]【】()（）]+")
_SHARE_TO = re.compile("(分享[到至给])")
_SHARE = """
    分享 分享到 分享至 分享给 分享本文 打印 打印本页 打印本文 收藏 收藏本文 关闭窗口 关闭本页 点赞 复制链接 字体 字号 字体大小
    微信 微信好友 微博 新浪微博 腾讯微博 朋友圈 qq qq空间 qq好友
    share tweet follow print email facebook twitter linkedin whatsapp wechat weibo reddit telegram
"""
_SHARE_FILLERS = "大 中 小 特大 默认 关闭 a a+ a- t + - this article page story post us on via to by x copy link"
_SHARE_NAMES = frozenset(_SHARE.split())
_SHARE_WORDS = _SHARE_NAMES | frozenset(_SHARE_FILLERS.split())
_SIZES = frozenset("大中小")
_RELATED = re.compile(
    r"^(?:相关(?:阅读|链接|新闻|文章|推荐|报道)|延伸阅读|推荐阅读|热门(?:文章|推荐|新闻|阅读)|猜你喜欢"
    r"|related (?:articles?|posts?|stories|news|links?)|more (?:news|stories)"
    r"|you (?:may|might) also like|recommended for you)\s*[:：]?$",
    re.IGNORECASE,
)
_NOTICE_NAME = (
    r"(?:版权声明|免责声明|特别声明|郑重声明|法律声明|声明|版权与免责声明"
    r"|disclaimer|copyright(?: notice)?|legal notice|terms of use)"
)
_NOTICE_HEADING = re.compile(rf"^[【\[]?{_NOTICE_NAME}[】\]]?\s*[:：]?$", re.IGNORECASE)
_NOTICE_LINE = re.compile(
    rf"^(?:[【\[]?{_NOTICE_NAME}[】\]]?\s*[:：].*|(?:©|\(c\)\s|copyright\s+(?:©|\(c\)|\d{{4}})).*"
    r"|.{0,120}all rights reserved.*|.{0,20}版权所有.*"
    r"|.{0,60}未经.{0,12}(?:授权|许可|允许).{0,12}(?:不得|禁止|严禁).*|.{0,80}不代表本[网站平].*|.{0,60}京?ICP[备证].*)$",
    re.IGNORECASE,
)
_NOTICE_WORDS = re.compile(
    r"版权|转载|侵权|免责|不代表|真实性|本[网站]|不承担|负责任|服务中断|自行承担|法律责任|举报|客服"
    r"|(?:服务|联系)邮箱|联系我们|ICP[备证]"
    r"|liabilit|warrant|copyright|©|reproduc|permission|endorse|without notice|rights reserved|accuracy|own risk|privacy policy",
    re.IGNORECASE,
)
# These words mark a law or a contract, whose notices are part of the text.
_CONTRACT = re.compile(
    r"[甲乙]方|本(?:合同|协议|办法|规定|法|条例)"
    r"|\b(?:the parties|this (?:agreement|contract|licen[cs]e)|hereinafter)\b",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"^(\d{1,3})(?:\s*/\s*\d{1,4})?$")
# A Markdown picture, which may be inside a link.
PICTURE = r"(?:\[!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)\]\([^)\n]{0,500}\)|!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\))"
_PICTURES = re.compile(rf"^(?:{PICTURE}\s*)+$")
_STRUCK_OUT = re.compile(r"^(?:[-*+]\s+|\d{1,3}[.)]\s+)?~~(?=[^\s~])[^~]+(?<=\S)~~[.。]?$")
_FRONT_MATTER_KEY = re.compile(r"^(?:[A-Za-z][\w -]*:|(?:标题|题目|作者|日期|来源|标签|分类)\s*[:：])")


def judge(lines: Sequence[Line], markdown: bool) -> list[str]:
    """Gives for each line the reason why it is not part of the document, or "" if it is."""
    reasons = ["rule" if _RULE.match(line.text) else "" for line in lines]
    if markdown:
        reasons = ["picture" if _PICTURES.match(line.text) else reason for line, reason in zip(lines, reasons, strict=True)]
        reasons = [STRUCK_OUT if _STRUCK_OUT.match(line.text) else reason for line, reason in zip(lines, reasons, strict=True)]
        _mark_front_matter(lines, reasons)
        _mark_comments(lines, reasons)
    else:
        _mark_boilerplate(lines, reasons)
    _mark_related(lines, reasons)
    _mark_notice(lines, reasons)
    _mark_page_numbers(lines, reasons)
    _mark_running_heads(lines, reasons)
    _mark_site_names(lines, reasons)
    return ["" if is_code else reason for reason, is_code in zip(reasons, code_of(lines, markdown), strict=True)]


def _mark_front_matter(lines: Sequence[Line], reasons: list[str]) -> None:
    if len(lines) > 1 and lines[0].text == "---" and _FRONT_MATTER_KEY.match(lines[1].text):
        end = next((i for i, line in enumerate(lines[1:60], 1) if line.text in ("---", "...")), -1)
        reasons[: end + 1] = ["front matter"] * (end + 1)


def _mark_comments(lines: Sequence[Line], reasons: list[str]) -> None:
    """Marks comments that take up whole lines."""
    first = -1
    for i, line in enumerate(lines):
        if first < 0 and line.text.startswith("<!--"):
            first = i
        if first >= 0 and "-->" in line.text:
            if line.text.endswith("-->"):
                reasons[first : i + 1] = ["comment"] * (i + 1 - first)
            first = -1


def _mark_boilerplate(lines: Sequence[Line], reasons: list[str]) -> None:
    """Marks lines that are boilerplate by their words, alone or in a run."""
    run: list[tuple[int, str]] = []
    is_certain = False
    for i in range(len(lines) + 1):
        reason, certain = _boilerplate(lines, i) if i < len(lines) else ("", False)
        if reason and reason != "page number":
            run.append((i, reason))
            is_certain = is_certain or certain
            continue
        if is_certain or len(run) > 1:
            for place, reason_there in run:
                reasons[place] = reason_there
        run, is_certain = [], False
        if reason:
            reasons[i] = reason


def _boilerplate(lines: Sequence[Line], i: int) -> tuple[str, bool]:
    """The reason why the words of a line are boilerplate, or "", and whether that is certain without a second such line."""
    text = lines[i].text
    if len(text) > _MAX_LINE:
        return "", False
    if match := _BOILERPLATE.match(text):
        name = str(match.lastgroup).replace("_", " ")
        return name.removeprefix("perhaps "), not name.startswith("perhaps")
    if _is_breadcrumb(lines, i) or (("|" in text or "｜" in text) and _is_menu(lines, i)):
        return "navigation", True
    words = [word for word in _SHARE_MARK.split(_SHARE_TO.sub(r"\1 ", text.lower())) if word]
    if _SHARE_WORDS.issuperset(words):
        if not _SHARE_NAMES.isdisjoint(words):
            return "share bar", len(words) > 1 or text[-1] in ":："
        if len(words) > 1 and _SIZES.issuperset(words):
            return "share bar", False
    return "", False


def _is_breadcrumb(lines: Sequence[Line], i: int) -> bool:
    """Returns whether the line is a path of links: from the home page, or at the head of the text without another such line beside it."""
    text = lines[i].text
    parts = _BREADCRUMB_MARK.split(text)
    if len(parts) < 2 or re.search(r"[。！？!?.:：]", text) or not all(len(p) <= 40 and any(map(str.isalpha, p)) for p in parts):
        return False
    if _HOME.match(parts[0]):
        return True
    beside = [lines[k].text for k in (i - 1, i + 1) if 0 <= k < len(lines)]
    return len(parts) > 2 and i < _HEAD_LINES and "→" not in text and not any(map(_BREADCRUMB_MARK.search, beside))


def _is_menu(lines: Sequence[Line], i: int) -> bool:
    """Returns whether the line is a row of links, not of a table: it contains only words, and the lines beside it have no cells."""
    cells = [cell.strip() for cell in re.split(r"[|｜]", lines[i].text)]
    beside = [lines[k].text for k in (i - 1, i + 1) if 0 <= k < len(lines)]
    if len(cells) < 3 or any("|" in text or "｜" in text for text in beside):
        return False
    return all(0 < len(cell) <= 24 and not re.search(r"[\d。！？.!?:：]", cell) for cell in cells)


def _mark_notice(lines: Sequence[Line], reasons: list[str]) -> None:
    """Marks notices at the end of a page. Elsewhere, and in a contract, they may be part of the text."""
    first = len(lines)
    while first > 1 and (reasons[first - 1] or _is_of_notice(lines[first - 1].text)):
        first -= 1
    heading = next((i for i in range(first, len(lines) - 1) if _NOTICE_HEADING.match(lines[i].text)), len(lines))
    if heading < len(lines) and 4 * lines[heading].start < lines[-1].end:
        heading = len(lines)
    notices = [i for i in range(first, len(lines)) if not reasons[i] and (i >= heading or _NOTICE_LINE.match(lines[i].text))]
    if notices and not any(_CONTRACT.search(line.text) for line in lines[: notices[0]]):
        for i in notices:
            reasons[i] = "notice"


def _is_of_notice(text: str) -> bool:
    return len(text) <= _MAX_NOTICE and bool(_NOTICE_WORDS.search(text) or _NOTICE_HEADING.match(text))


def _mark_related(lines: Sequence[Line], reasons: list[str]) -> None:
    """Marks lists of links under a heading such as "Related articles", in the later part of the text."""
    inside = False
    for i, line in enumerate(lines):
        if 3 * line.start > lines[-1].end and _RELATED.match(line.text):
            inside = True
        elif inside:
            inside = not _ends_links(line.text)
        if inside:
            reasons[i] = reasons[i] or "links"


def _ends_links(text: str) -> bool:
    numbered = text[0].isdigit()
    return ends_sentence(text) or width(text) > _MAX_LINK or bool(HEADING.match(text) and not numbered)


def _mark_page_numbers(lines: Sequence[Line], reasons: list[str]) -> None:
    """Marks bare numbers as page numbers if most of them count up, with at least a page of text between them."""
    chain: dict[int, list[int]] = {}
    numbered = 0
    for i, line in enumerate(lines):
        if match := _BARE_NUMBER.match(line.text):
            number = int(match[1])
            numbered += 1
            before = chain.get(number - 1, [])
            far = before and (line.page != lines[before[-1]].page or line.start - lines[before[-1]].end >= _MIN_PAGE)
            if far or number not in chain:
                chain[number] = [*before, i] if far else [i]
    longest = max(chain.values(), key=len, default=[])
    if len(longest) > 1 and 2 * len(longest) > numbered:
        for i in longest:
            reasons[i] = "page number"


def _mark_running_heads(lines: Sequence[Line], reasons: list[str]) -> None:
    """Marks lines that are first or last on at least three pages and half of all pages, apart from digits, but keeps the title once."""
    pages = list(_pages(lines, reasons))
    edges = [{i: re.sub(r"\d+", "#", lines[i].text) for i in (*page[:2], *page[-2:])} for page in pages]
    whole = [set(edge.values()) for page, edge in zip(pages, edges, strict=True) if len(page) > 3]
    times = Counter(text for texts in whole for text in texts)
    for edge in edges:
        for i, text in edge.items():
            is_title = i < 2 and "#" not in text
            if times[text] >= max(3, len(whole) / 2) and _may_be_running_head(text) and not is_title:
                reasons[i] = "page header or footer"


def _may_be_running_head(text: str) -> bool:
    return len(text) <= _MAX_LINE and any(map(str.isalpha, text)) and not ends_sentence(text) and not ROW.match(text)


def _pages(lines: Sequence[Line], reasons: Sequence[str]) -> Iterator[list[int]]:
    """The lines of each page. Pages end at form feeds or, in a text without any, at page numbers."""
    fed = bool(lines) and lines[-1].page > 0
    page: list[int] = []
    for i, line in enumerate(lines):
        if page and (line.page != lines[page[-1]].page if fed else reasons[page[-1]] == "page number"):
            yield page
            page = []
        page.append(i)
    yield page


def _mark_site_names(lines: Sequence[Line], reasons: list[str]) -> None:
    """Marks short lines above the navigation at the head of a page: the names of the site and its section."""
    head = range(min(_HEAD_LINES, len(lines)))
    byline = next((i for i in head if BYLINE.match(lines[i].text)), 0)
    navigation = max((i for i in range(byline) if reasons[i] == "navigation"), default=0)
    if all(reasons[navigation + 1 : byline]):
        return
    for i in range(navigation):
        if width(lines[i].text) <= 60 and not ends_sentence(lines[i].text):
            reasons[i] = reasons[i] or "navigation"
