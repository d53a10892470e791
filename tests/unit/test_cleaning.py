"""Cleaning: what goes, what stays, what is joined; and that nothing of it is ever lost."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from growth import is_about_linear
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.cleaning import clean, ends_sentence, removed_passages, restore
from rag.text.lines import width
from rag.types import Document

SEEDS = Path(__file__).parents[2] / "seeds" / "documents"
POSITION_PAPER = "2020-un-biodiversity-summit-position-paper.zh.txt"
WHITE_PAPER = "2021-10-09-xinhua-white-paper-part-7.zh.txt"
FORUM = "2023-09-17-guangxi-daily-environment-forum.zh.txt"
ENGLISH = ("2021-10-08-xinhua-biodiversity-white-paper.en.txt", "2021-10-09-china-news-asean-kang-fu.en.txt")

PARAGRAPH = "中国高度重视生物多样性保护工作，设立了国家公园，划定了生态保护红线，取得了显著成效。"
ANOTHER = "各方应当携手合作，共同应对全球生物多样性面临的严峻挑战。"
ENGLISH_PARAGRAPH = "The conservation of biodiversity has achieved remarkable results, and cooperation has grown."

HOSTILE = st.text(
    st.sampled_from("中文，。（“》#*|>-—=_[]()!<0129aB.： \t\u3000\u200b\n\r\f\x0b\x0c\x1c\x85\u2028\0\xad\u202e")
    | st.characters(exclude_categories=[]),
    max_size=120,
)
LINES = """首页 > 新闻 > 正文|12|13|第 3 页|免责声明|相关阅读|登录|---|# 题|<!-- x -->|**重点**|标签：云南|2021-10-09 来源：新华社
a b c|bio-|diversity is|一、总则|\f|\x00|```|《公约|公约》""".replace("\n", "|").split("|")
PIECES = st.lists(st.sampled_from([PARAGRAPH, ANOTHER, ENGLISH_PARAGRAPH, *LINES]) | HOSTILE, max_size=25).flatmap(
    lambda pieces: st.sampled_from(["\n", "\n\n", "\r\n", " \n ", "\n\f"]).map(lambda end: end.join(pieces))
)


def document(text: str, source: str = "a.txt") -> Document:
    pages = (0, *(match.end() for match in re.finditer("\f", text))) if "\f" in text else ()
    return Document("d", "a", source, text, pages=pages)


def cleaned(text: str, source: str = "a.txt") -> Document:
    result = clean(document(text, source))
    assert restore(result) == text
    return result


def removed(result: Document) -> list[tuple[str, str]]:
    return [(edit.removed, edit.reason) for edit in removed_passages(result)]


def joins(result: Document) -> list[str]:
    """Eight characters on either side of each place where lines were joined."""
    places = [(edit.start, edit.start + len(edit.inserted)) for edit in result.edits if edit.reason == "broken line"]
    return [result.text[start - 8 : end + 8] for start, end in places]


def seed(name: str) -> Document:
    return cleaned((SEEDS / name).read_text(encoding="utf-8"))


# -- the documents that a fresh checkout answers from ---------------------------------------------------------------------


def test_the_position_paper_is_joined_where_its_pages_broke_it() -> None:
    result = seed(POSITION_PAPER)
    assert removed(result) == []
    assert joins(result) == [
        "行，推动达成既具雄心又平衡务实的",
        "护修复规划、国土空间规划及其专项",
        "国家级自然保护区管理、监测、科研",
        "林保护、森林质量精准提升、京津风",
        "，实现生态优势向经济优势的转化。",
        "国生物多样性红色名录—大型真菌卷",
        "的违法犯罪案件，持续开展打击整治",
        "江湖泊等重点水域实行10年禁捕，",
        "量稳中向好。国家重点生态功能区县",
        "物多样性十年中国行动”系列活动，",
        "推动可信赖的木材贸易认证。201",
        "淖尔、通辽和甘肃武威、敦煌等地区",
        "息地的国际重要湿地公约》《联合国",
        "方驱动等原则基础上，充分讨论和磋",
        "克龙访华期间，与中国国家主席习近",
        "；举办生物多样性保护领域培训班，",
    ]
    assert result.text.startswith("共建地球生命共同体：中国在行动\n\n——联合国生物多样性峰会中方立场文件\n\n中方支持")
    assert "各项筹备工作有序推进，会场服务和保障措施日益完善。\n\nCOP15会标\n\n中国愿与各方" in result.text


def test_the_white_paper_loses_the_web_page_around_it() -> None:
    result = seed(WHITE_PAPER)
    assert [(text[:12], reason) for text, reason in removed(result)] == [
        ("地方联播政务动态", "navigation"),
        ("新农村网_新农村客户端", "navigation"),
        ("当前位置:", "navigation"),
        ("版权声明:", "notice"),
        ("原网页已被新农村转码收录", "notice"),
        ("您如因版权和若对该稿件内", "notice"),
        ("对于任何包含、经由链接、", "notice"),
        ("基于技术和不可预见的原因", "notice"),
        ("服务邮箱:4834222", "notice"),
        ("标签:", "tags"),
        ("热门标签", "tags"),
    ]
    assert joins(result) == []
    assert result.text.startswith("中国的生物多样性保护(7)\n\n时间:2021-10-09 08:47人气:来源: 新华社\n\n促进")
    assert result.text.endswith("中日韩三国生物多样性政策对话机制。\n\n结束语")


def test_the_forum_report_loses_its_breadcrumbs_and_share_bar() -> None:
    result = seed(FORUM)
    assert removed(result) == [("当前位置:广西政协网首页 > 时政动态 > 正文", "navigation"), ("【字体:", "share bar")]
    assert joins(result) == []
    assert result.text.startswith(
        "2023中国—东盟环境合作论坛侧记\n\n2023-09-17 08:09:00 作者:余 锋 韦夏妮 曹胜平 来源:广西日报\n\n"
        "共谋人与自然和谐共生之道\n——2023"
    )
    assert result.text.endswith("共同建设清洁美丽新世界。□ 余 锋 韦夏妮 曹胜平")


@pytest.mark.parametrize("name", ENGLISH)
def test_the_english_reports_lose_only_blanks(name: str) -> None:
    result = seed(name)
    assert removed(result) == []
    assert joins(result) == []
    source = (SEEDS / name).read_text(encoding="utf-8")
    assert result.text == "\n\n".join(line.strip() for line in source.splitlines() if line.strip())


@pytest.mark.parametrize("name", [POSITION_PAPER, WHITE_PAPER, FORUM, *ENGLISH])
def test_clean_text_is_clean(name: str) -> None:
    text = seed(name).text
    assert clean(document(text)).text == text


# -- what is not the document ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("您现在的位置：首页 > 新闻中心 > 正文", "navigation"),
        ("当前位置：首页 » 政策文件 » 通知", "navigation"),
        ("首页 > 时政动态 > 正文", "navigation"),
        ("Home > News > Environment", "navigation"),
        ("Home » About", "navigation"),
        ("Skip to main content", "navigation"),
        ("上一篇：关于湿地保护的通知", "navigation"),
        ("下一页", "navigation"),
        ("返回顶部", "navigation"),
        ("Previous article: Wetlands of the south", "navigation"),
        ("首页 | 新闻 | 政策 | 关于我们", "navigation"),
        ("We use cookies to improve your visit. By continuing you agree to this.", "navigation"),
        ("字体：大 中 小", "share bar"),
        ("【字体：大 中 小】 【打印】 【关闭】", "share bar"),
        ("分享到：微信 微博 QQ空间", "share bar"),
        ("打印本页", "share bar"),
        ("扫一扫在手机打开当前页", "share bar"),
        ("Share this article on Facebook Twitter LinkedIn", "share bar"),
        ("Share: Facebook | Twitter | WeChat", "share bar"),
        ("Follow us on Weibo", "share bar"),
        ("标签：生物多样性 COP15 云南", "tags"),
        ("Tags: biodiversity, climate change, China", "tags"),
        ("第 3 页 共 12 页", "page number"),
        ("第3页", "page number"),
        ("Page 3 of 12", "page number"),
        ("- 3 -", "page number"),
        ("— 12 —", "page number"),
        ("----------", "rule"),
        ("* * *", "rule"),
    ],
)
def test_boilerplate_is_removed(line: str, reason: str) -> None:
    result = cleaned(f"{line}\n\n{PARAGRAPH}\n\n{ANOTHER}\n")
    assert removed(result) == [(line, reason)]
    assert result.text == f"{PARAGRAPH}\n\n{ANOTHER}"


@pytest.mark.parametrize(
    "line",
    [
        "登录",
        "搜索",
        "Search",
        "微信",
        "打印",
        "标签",
        "位置：南宁市青秀区",
        "上一页讲到的方法",
        "主页面的设计",
        "字体设计是一门艺术",
        "微信用户超过十亿",
        "标签：由文字和图形组成，贴在商品上的说明。",
        "输入 → 处理 → 输出",
        "Geography > Area > water: 6,000 sq km",
        "Geography > Area > land\nGeography > Area > water",
        "分享经济",
        "Share prices fell",
        "Home range of the panda",
        "Page 3 explains the method",
        "Next steps",
        "未经甲方书面许可，乙方不得将本合同转让给第三方。",
        "2021-2023",
        "24/7",
        "3",
        "——",
        "……",
        "Yunnan | 2020 | 390,000",
        "来源：新华社 | 作者：李明 | 2021-10-09",
    ],
)
def test_text_that_only_resembles_boilerplate_stays(line: str) -> None:
    text = f"{PARAGRAPH}\n\n{line}\n\n{ANOTHER}\n\n{PARAGRAPH}"
    assert cleaned(text).text == text


def test_doubtful_words_go_together() -> None:
    menu = "登录\n注册\n搜索\n首页\nHome\nSearch\nContact us"
    assert cleaned(f"{menu}\n\n{PARAGRAPH}").text == PARAGRAPH
    assert cleaned(f"{PARAGRAPH}\n\n分享到：\n微信\n微博\n朋友圈").text == PARAGRAPH
    assert cleaned(f"{PARAGRAPH}\n标签：\n热门标签\n").text == PARAGRAPH


def test_names_of_the_site_go_but_titles_stay() -> None:
    page = f"云南日报\n时政频道\n首页 > 要闻 > 正文\n守护“自然宝藏”\n——记洱海论坛\n2021-10-09 来源：云南日报\n{PARAGRAPH}"
    result = cleaned(page)
    assert removed(result) == [("云南日报", "navigation"), ("时政频道", "navigation"), ("首页 > 要闻 > 正文", "navigation")]
    assert result.text.startswith("守护“自然宝藏”\n——记洱海论坛\n2021-10-09 来源：云南日报\n中国")
    below = f"守护自然宝藏\n首页 > 要闻 > 正文\n2021-10-09 来源：云南日报\n{PARAGRAPH}"
    assert cleaned(below).text.startswith("守护自然宝藏\n")


def test_related_links_go_and_the_text_after_them_stays() -> None:
    links = "Related articles\nChina and ASEAN sign a plan for wetlands\n1. Mangroves return to Guangxi\nWhite paper published"
    body = f"{ENGLISH_PARAGRAPH}\n\n{ENGLISH_PARAGRAPH}"
    assert cleaned(f"A title\n\n{body}\n\n{links}").text == f"A title\n\n{body}"
    assert cleaned(f"A title\n\n{body}\n\n{links}\n\n{ENGLISH_PARAGRAPH}").text == f"A title\n\n{body}\n\n{ENGLISH_PARAGRAPH}"
    chinese = f"标题\n{PARAGRAPH}\n{ANOTHER}\n相关阅读：\n云南发布生物多样性白皮书\n洱海论坛开幕\n责任编辑：李明。"
    assert cleaned(chinese).text == f"标题\n{PARAGRAPH}\n{ANOTHER}\n\n责任编辑：李明。"
    early = f"Related links\nhttps://example.org\n\n{body}"
    assert cleaned(early).text.startswith("Related links\nhttps://example.org")


@pytest.mark.parametrize(
    "notice",
    [
        "版权声明\n本网站所有内容版权归原作者所有，未经许可不得转载。\n如有侵权，请联系我们。",
        "【免责声明】\n\n本文不代表本网观点，对其真实性不承担责任。",
        "免责声明：本文仅代表作者观点，不代表本站立场，版权归原作者所有。",
        "未经授权不得转载本网站内容，违者追究法律责任。\n版权所有：云南省生态环境厅\n滇ICP备12345678号",
        "Disclaimer\nThe publisher accepts no liability for the accuracy of this page.",
        "© 2021 Xinhua News Agency. All rights reserved.",
        "Copyright 2021 Example Press",
    ],
)
def test_notices_at_the_end_go(notice: str) -> None:
    body = f"标题\n\n{PARAGRAPH}\n\n{ANOTHER}\n\n{PARAGRAPH}"
    result = cleaned(f"{body}\n\n{notice}\n\n返回顶部\n")
    assert result.text == body
    assert {reason for _, reason in removed(result)} == {"notice", "navigation"}


def test_notices_that_are_the_matter_stay() -> None:
    contract = (
        "技术服务合同\n\n第一条 服务内容\n\n甲方委托乙方提供监测服务，乙方应当按时完成，并保证质量。\n\n"
        "免责声明\n\n因不可抗力造成的损失，双方不承担责任，法律责任由保险人承担。"
    )
    assert cleaned(contract).text == contract
    agreement = (
        f"Licence\n\nThis Agreement is made between the parties.\n\n{ENGLISH_PARAGRAPH}\n\nDisclaimer\n\nNo warranty is given."
    )
    assert cleaned(agreement).text == agreement
    study = f"{PARAGRAPH}\n\n免责声明\n\n网站常以此回避侵权责任。\n\n{PARAGRAPH}\n\n{ANOTHER}"
    assert cleaned(study).text == study


def test_page_numbers_that_count_up_go_and_numbers_of_tables_stay() -> None:
    pages = [PARAGRAPH * 8 for _ in range(4)]
    numbered = "".join(f"{page}\n\n{number}\n\n" for number, page in enumerate(pages, 7))
    result = cleaned(numbered)
    assert removed(result) == [("7", "page number"), ("8", "page number"), ("9", "page number"), ("10", "page number")]
    assert result.text == "\n\n".join(pages)
    of_all = "".join(f"{page}\n\n{number} / 4\n\n" for number, page in enumerate(pages, 1))
    assert [text for text, _ in removed(cleaned(of_all))] == ["1 / 4", "2 / 4", "3 / 4", "4 / 4"]
    table = f"{PARAGRAPH}\n年份\n数量\n1\n2\n3\n4\n{PARAGRAPH}"
    assert cleaned(table).text == table
    chronicle = f"2019\n{PARAGRAPH * 9}\n2020\n{PARAGRAPH * 9}\n2021\n{PARAGRAPH}"
    assert cleaned(chronicle).text == chronicle


def test_running_heads_go_with_the_numbers_in_them() -> None:
    pages = [
        f"年度报告 {n}\n第{n}节的第一段{PARAGRAPH}\n其后的一段{n}{ANOTHER}\n又一段{n}{PARAGRAPH}\n生态环境部"
        for n in (1, 2, 3, 4)
    ]
    result = cleaned("\n\f".join(pages))
    assert [text for text, reason in removed(result) if reason == "page header or footer"] == [
        line for n in (1, 2, 3, 4) for line in (f"年度报告 {n}", "生态环境部")
    ]
    assert result.text.count("其后的一段") == 4
    assert [result.text[start:].lstrip()[:4] for start in result.pages] == ["第1节的", "第2节的", "第3节的", "第4节的"]


def test_a_title_that_is_a_running_head_stays_once() -> None:
    pages = [f"生物多样性白皮书\n{n}甲{PARAGRAPH}\n{n}乙{PARAGRAPH}\n{n}丙{PARAGRAPH}" for n in (1, 2, 3)]
    assert cleaned("\f".join(pages)).text == "生物多样性白皮书\n" + "\n\n".join(page.split("\n", 1)[1] for page in pages)


def test_running_heads_are_found_by_page_numbers_where_there_are_no_form_feeds() -> None:
    page = "{0}甲{1}\n{0}乙{1}\n{0}丙{1}\nAnnual Report\n{0}\nMinistry of Ecology\n"
    result = cleaned("".join(page.format(n, PARAGRAPH * 4) for n in range(1, 6)))
    assert "Annual Report" not in result.text
    assert "Ministry" not in result.text
    assert result.text.count("丙") == 5


def test_lines_that_repeat_within_one_page_stay() -> None:
    song = "\n".join(["重复的一行，唱了又唱。"] * 9)
    assert cleaned(song).text == song
    assert cleaned("\f".join(["同一句话"] * 6)).text.split() == ["同一句话"] * 6


# -- what is joined -------------------------------------------------------------------------------------------------------

PROSE = (
    "The white paper introduced the effectiveness of China's biodiversity conservation in five aspects: optimizing the in-situ "
    "protection system, improving the ex-situ protection system, strengthening biosafety management, improving the quality of "
    "the ecological environment, and promoting green development in coordination. At least 60 percent of the tropical peatlands "
    "are found there, and 42 percent of the mangroves. Fifteen percent of the forests are protected by law in 2021."
)
SECOND = (
    "However, due to rapid deforestation, extinction of wild species, and ecological vulnerability in the face of disasters, the "
    "biodiversity of the region is facing severe challenges. ASEAN is taking action to meet them, which requires cooperation."
)
CHINESE_PROSE = (
    "为应对工业化过程所带来的环境污染、生态系统退化等严峻挑战，中国政府倡导并建设生态文明。生态文明思想继承了中国古代"
    "“天人合一”“道法自然”的优秀传统思想，是以人与自然、人与人、人与社会和谐共生、良性循环、全面发展、持续繁荣为基本宗旨的"
    "文化伦理形态。截至2018年底，各类自然保护地总数量已达1.18万个，其中国家公园试点10个，国家级自然保护区474个，"
    "省级自然保护区864个。"
)


def wrapped(text: str, columns: int = 72, indent: str = "") -> str:
    return "\n".join(textwrap.wrap(text, columns, initial_indent=indent, break_on_hyphens=False))


def wrapped_chinese(text: str, columns: int = 70, indent: str = "") -> str:
    lines = [indent]
    for character in text:
        if width(lines[-1] + character) > columns and character not in "，。、”":
            lines.append("")
        lines[-1] += character
    return "\n".join(lines)


def test_english_wrapped_at_a_width_is_joined() -> None:
    result = cleaned(f"A short title\n\n{wrapped(PROSE)}\n\n{wrapped(SECOND)}\n")
    assert result.text == f"A short title\n\n{PROSE}\n\n{SECOND}"
    assert {edit.reason for edit in result.edits} == {"broken line", "layout"}


def test_english_paragraphs_may_be_told_by_their_indent() -> None:
    result = cleaned(
        f"A short title\n{wrapped(PROSE, indent='    ')}\n{wrapped(SECOND, indent='    ')}\n{wrapped(PROSE, indent='    ')}"
    )
    assert result.text == f"A short title\n{PROSE}\n{SECOND}\n{PROSE}"


def test_hyphens_at_line_ends_go_where_the_word_is_one() -> None:
    text = (
        "The conservation of the many wild species of the region has been con-\n"
        "tinuously improved, and the system of ex-situ protection was built, so\n"
        "that the in-situ protection of the plants and animals there, and the ex-\n"
        "situ protection of the endangered ones, became more and more effec-\n"
        "tive, as the experts of the ASEAN-\nChina centre said at the meeting of the board in the autumn of that year.\n"
    )
    joined = cleaned(text).text
    assert "has been continuously improved, and" in joined
    assert "and the ex-situ protection of the endangered ones, became more and more effective, as" in joined
    assert "ASEAN-\nChina" in joined
    soft = wrapped(PROSE).replace("\n", "\u00ad\n", 1)
    assert cleaned(soft).text == PROSE.replace("biodiversity conservation", "biodiversityconservation")


def test_chinese_wrapped_at_a_width_is_joined() -> None:
    page = f"坚持生态文明思想\n\n{wrapped_chinese(CHINESE_PROSE)}\n\n{wrapped_chinese(CHINESE_PROSE)}"
    assert cleaned(page).text == f"坚持生态文明思想\n\n{CHINESE_PROSE}\n\n{CHINESE_PROSE}"
    indented = (
        f"坚持生态文明思想\n{wrapped_chinese(CHINESE_PROSE, indent='　　')}\n{wrapped_chinese(CHINESE_PROSE, indent='　　')}"
    )
    assert cleaned(indented).text == f"坚持生态文明思想\n{CHINESE_PROSE}\n{CHINESE_PROSE}"


def test_chinese_wrapped_by_characters_is_joined() -> None:
    lines = [CHINESE_PROSE[i : i + 35] for i in range(0, len(CHINESE_PROSE), 35)]
    assert cleaned("\n".join(lines)).text == CHINESE_PROSE


def test_prose_without_a_title_is_joined_from_its_first_line() -> None:
    assert cleaned(wrapped(PROSE)).text == PROSE
    assert cleaned(wrapped_chinese(CHINESE_PROSE)).text == CHINESE_PROSE


def test_pages_do_not_break_wrapped_prose() -> None:
    lines = wrapped(PROSE * 3, 72).split("\n")
    broken = "\n".join(lines[:4]) + "\n\n7\n\f\n" + "\n".join(lines[4:9]) + "\n\n8\n\f" + "\n".join(lines[9:]) + "\n\n9\n"
    result = cleaned(broken)
    assert [text for text, _ in removed(result)] == ["7", "8", "9"]
    assert result.text == PROSE * 3
    assert [result.text[page:].lstrip()[:12] for page in result.pages] == [lines[0][:12], lines[4][:12], lines[9][:12]]


def test_page_numbers_and_heads_do_not_break_chinese_paragraphs() -> None:
    lines = wrapped_chinese(CHINESE_PROSE * 2).split("\n")
    broken = "\n".join(lines[:5]) + "\n— 3 —\n" + "\n".join(lines[5:])
    assert cleaned(broken).text == CHINESE_PROSE * 2
    long = CHINESE_PROSE * 2
    assert cleaned(f"标题\n\n{long[:150]}\n\n第 3 页\n\n{long[150:]}").text == f"标题\n\n{long}"
    short = "各方应当携手合作，共同应对全球生物多样性面临的严峻挑战。"
    assert cleaned(f"标题\n\n{short[:22]}\n\n- 3 -\n\n{short[22:]}").text == f"标题\n\n{short}"


def test_articles_of_laws_are_joined() -> None:
    law = """土石采取准则
第 15 条 土石采取场所之开发，其对环境之影响，应依规定预测、分析及评定。中央主管机关得视需要会商有关机关订定技术规范
公告之。
第 16 条 附则
本准则自发布日施行。"""
    assert cleaned(law).text == law.replace("规范\n公告", "规范公告")
    law = "环保工程准则\n第 3 条 环保工程分为空气污染防制、废弃物清理\n、土壤污染防治等工程项目。"
    assert cleaned(law).text == law.replace("清理\n、", "清理、")


def test_words_of_both_scripts_are_joined_as_each_is_written() -> None:
    chinese = """中方支持举办联合国生物多样性峰会，赞赏联合国在推动
COP15进程所作的努力，各方应携手合作，共同迈向2030
年愿景，应对挑战，推动达成既具雄心又平衡务实的新框架，
形成治理体系。"""
    assert cleaned(chinese).text == chinese.replace("\n", "")
    english = """The experts said that the plan, which was approved in 2020, is “good”
and that it would be carried out—slowly, as always in such cases, but—
they added—with the help of all the parties, who had agreed to support
it."""
    assert cleaned(english).text == english.replace("but—\n", "but—").replace("\n", " ")


UNJOINED = {
    "Chinese list": """三项任务，分别如下：
（一）完善法律法规，健全政策体系，提供资金保障，加强监督
（二）加强就地保护，推进迁地保护，建设国家公园，恢复湿地
（三）开展国际合作，履行公约义务，分享经验做法，支持各方""",
    "English list": """The plan has these parts, which are long:
- protect the wetlands of the south, where the many birds winter,
- restore the forests of the north, which were cut in the past,
- watch the seas, rivers and lakes, and report on what is found,
- help the people, who live there, to make a living from them""",
    "list without marks": """《中华人民共和国环境保护法》
《中华人民共和国野生动物保护法》
《中华人民共和国海洋环境保护法》
《中华人民共和国自然保护区条例》
《中华人民共和国长江保护法》""",
    "numbered list": """1. 加强监测，完善制度，提高能力，保障资金，扩大宣传
2. 建设公园，恢复湿地，保护森林，治理荒漠，养护海洋
3. 开展合作，分享经验，支持各方，履行公约，推动进程""",
    "awards": f"""{ENGLISH_PARAGRAPH} Awards: BEST ASIAN, for “One Loves Camille”

2016: the best of them, {ENGLISH_PARAGRAPH}""",
    "names": f"""{ENGLISH_PARAGRAPH} These were named by a large number of people, in the

(Cerro) Hill, {ENGLISH_PARAGRAPH}""",
    "sonnet": """Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date""",
    "old poem": """床前明月光，
疑是地上霜。
举头望明月，
低头思故乡。""",
    "new poem": """轻轻的我走了，
正如我轻轻的来；
我轻轻的招手，
作别西天的云彩。""",
    "table with blanks": """Province    Reserves    Area in km2
Yunnan      164         28,600
Guangxi     78          13,900
Sichuan     166         83,000""",
    "table with tabs": """省份\t保护区\t面积
云南\t164\t2.86
广西\t78\t1.39
四川\t166\t8.3""",
    "table with bars": """云南 | 164 | 2.86
广西 | 78 | 1.39
四川 | 166 | 8.30""",
    "title": """共建地球生命共同体：中国在行动，世界在关注，各方在努力
中方支持联合国举办生物多样性峰会，赞赏联合国的努力。""",
    "English title": """China's national parks, wetlands and other protected areas of the south

the text begins with a small letter, and it goes on to say much more than that.""",
    "heading": f"""{PARAGRAPH}

坚持生态优先、绿色发展，推进人与自然和谐共生的现代化

近年来，{PARAGRAPH}""",
    "caption": f"""{PARAGRAPH}

图1 2009—2019年全国造林面积，单位为万公顷，数据逐年增加

数据表明，{PARAGRAPH}""",
    "byline": f"""标题

2021-10-09 08:47，来源：新华社，作者：李明、王芳、张伟、刘洋

新华社北京电，{PARAGRAPH}""",
}


@pytest.mark.parametrize("kind", list(UNJOINED))
def test_what_must_not_be_joined(kind: str) -> None:
    assert cleaned(UNJOINED[kind]).text == UNJOINED[kind]


def test_what_stands_among_wrapped_prose_is_not_joined() -> None:
    bullets = "- protect the wetlands of the south, where the many birds winter, and\n  the forests\n- restore the north"
    text = cleaned(f"A title\n\n{wrapped(PROSE)}\n\n{bullets}\n\n1.2 The second section\n{wrapped(SECOND)}").text
    assert text == (
        f"A title\n\n{PROSE}\n\n- protect the wetlands of the south, where the many birds winter, and the forests\n"
        f"- restore the north\n\n1.2 The second section\n{SECOND}"
    )


# -- Markdown -------------------------------------------------------------------------------------------------------------


def test_markdown_loses_its_markup_and_keeps_its_structure() -> None:
    source = (
        "---\ntitle: Wetlands\ndate: 2021-10-09\n---\n\n# Wetlands\n\n<!-- a note\nover two lines -->\n"
        "See [the **report**](https://a.org/x_(1).html) and ![a map](map.png)it.\n\n"
        "**重点**在于__保护__，not 2**3 or a**b.<!-- here -->\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "```python\nf(**kwargs)  # __init__\n```\n\n- one\n- two\n"
    )
    result = cleaned(source, "a.md")
    assert result.text == (
        "# Wetlands\n\nSee [the report] and it.\n\n重点在于__保护__，not 2**3 or a**b.\n\n| a | b |\n| 1 | 2 |\n\n"
        "```python\nf(**kwargs)  # __init__\n```\n\n- one\n- two"
    )
    assert removed(result)[:7] == [
        ("---", "front matter"),
        ("title: Wetlands", "front matter"),
        ("date: 2021-10-09", "front matter"),
        ("---", "front matter"),
        ("<!-- a note", "comment"),
        ("over two lines -->", "comment"),
        ("**", "Markdown emphasis"),
    ]


def test_markdown_comments_cost_no_text() -> None:
    source = "<!-- a --> one\n\n<!-- b\n\nc --> two\n\n<!-- never closed\n\nthree\n"
    assert cleaned(source, "a.md").text == "one\n\n<!-- b\n\nc --> two\n\n<!-- never closed\n\nthree"


def test_markdown_pictures_go_with_the_blanks_beside_them() -> None:
    source = (
        "![a](b.png)\n[![badge](c.svg)](https://d.org) ![e](f)\n\n![g](h) one ![i](j) two ![k](l) ![m](n)\n\n[![o](p)](q) three"
    )
    result = cleaned(source, "a.md")
    assert result.text == "one two\n\nthree"
    assert removed(result)[:2] == [("![a](b.png)", "picture"), ("[![badge](c.svg)](https://d.org) ![e](f)", "picture")]


def test_markdown_code_stays_as_it_is() -> None:
    code = "```\n<!-- x -->\n-----\n**a** [b](/c)\n© 2021\n```"
    assert cleaned(f"Text.\n\n{code}\n\n-----", "a.md").text == f"Text.\n\n{code}"


def test_markdown_is_not_joined_and_rules_at_its_head_are_no_front_matter() -> None:
    source = "---\n\nA paragraph between rules.\n\n---\n\nOne line,\nand another."
    assert cleaned(source, "a.md").text == "A paragraph between rules.\n\nOne line,\nand another."


# -- pages, characters, and laws for any text -----------------------------------------------------------------------


def test_pages_move_with_the_text() -> None:
    result = cleaned("首页 > 新闻 > 正文\n第一页。\f\n第 1 页\n  第二页。 \f第三页。\f\f第五页。\f")
    assert result.text == "第一页。\n\n第二页。\n第三页。\n\n第五页。"
    starts = [result.text.index(f"第{n}页") for n in "一二三五"]
    assert [result.page_at(start) for start in starts] == [1, 2, 3, 5]
    assert [result.page_at(start + 3) for start in starts] == [1, 2, 3, 5]
    assert len(result.pages) == 6


def test_line_ends_of_all_kinds_become_one() -> None:
    result = cleaned("一。\r\n二。\r三。\n\r\n四。\x0b五。\x85六。\u2028七。\u2029八。")
    assert result.text == "一。\n二。\n三。\n\n四。\n五。\n六。\n七。\n八。"


def test_unseen_characters_go() -> None:
    result = cleaned("\ufeff生\u200b物\x00多\x07样\u00ad性\u202e！\U000e0041\U000e007f\n\u200b\n\x1b[0m好。")
    assert result.text == "生物多样性！\n\n[0m好。"
    assert [edit.removed for edit in result.edits if edit.reason == "control character"] == [
        "\u200b",
        "\x00",
        "\x07",
        "\u00ad",
        "\u202e",
    ]


def test_a_document_is_cleaned_once() -> None:
    once = cleaned("字体：大 中 小\n正文。")
    assert clean(once) is once
    assert cleaned("").text == cleaned(" \n\f ").text == ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("完。", True),
        ("“完。”", True),
        ("(See it.)", True),
        ("如下：", True),
        ("完", False),
        ("a.b", False),
        ("《法》", False),
        ("", False),
        ("注）", True),
    ],
)
def test_ends_of_sentences(line: str, expected: bool) -> None:
    assert ends_sentence(line) is expected


@settings(max_examples=300)
@given(PIECES | HOSTILE, st.sampled_from(["a.txt", "a.md"]))
def test_nothing_is_ever_lost(text: str, source: str) -> None:
    result = clean(document(text, source))
    assert restore(result) == text
    assert not [c for c in result.text if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert all(line == line.strip() and line for line in re.split("\n{1,2}", result.text) if result.text)
    assert list(result.pages) == sorted(result.pages)
    assert all(0 <= page <= len(result.text) for page in result.pages)
    kept = iter(text)
    assert all(c in kept for c in result.text if not c.isspace()), "a character came in or was moved"
    for edit in result.edits:
        assert edit.inserted in ("", " ", "\n", "\n\n")
        assert result.text[edit.start : edit.start + len(edit.inserted)] == edit.inserted


@given(
    st.lists(
        st.sampled_from([PARAGRAPH, ANOTHER, ENGLISH_PARAGRAPH, "一、总则", "首页 > 新闻 > 正文", "字体：大 中 小", "登录"]),
        max_size=9,
    )
)
def test_cleaning_twice_changes_nothing_more(lines: list[str]) -> None:
    once = cleaned("\n\n".join(lines)).text
    assert cleaned(once).text == once


@pytest.mark.parametrize("source", ["a.txt", "a.md"])
@pytest.mark.parametrize(
    "part",
    [
        "a|",
        " > ",
        "（",
        "*",
        "#",
        "](/",
        "![",
        "<!--",
        "[",
        "**a",
        "__",
        "-",
        "“",
        "第一",
        "1.",
        "版权",
        "\u3000",
        "\u200b",
        "!",
        "! ",
        "a-",
        "2021-1-1 ",
    ],
)
def test_hostile_lines_take_linear_time(part: str, source: str) -> None:
    def one_line(size: int) -> str:
        return part * (size // len(part)) + "x"

    def many_lines(size: int) -> str:
        return "\n".join([part * (200 // len(part)) + "。"] * (size // 200))

    for text in (one_line, many_lines):
        assert restore(clean(document(text(100_000), source))) == text(100_000)
        assert is_about_linear(lambda size, text=text: clean(document(text(size), source)), 100_000)


@pytest.mark.parametrize(
    "line",
    ["免责声明\n", "相关阅读\n", "1\n", "登录\n", "\f1\n", "首页 > a > b\n", "|\n", "Copyright 2021\n", "a\f", "---\n", "<!--\n"],
)
def test_hostile_lines_in_numbers_take_linear_time(line: str) -> None:
    for source in ("a.txt", "a.md"):
        text = line * 20_000 + "终。"
        assert restore(clean(document(text, source))) == text
        assert is_about_linear(lambda size, source=source: clean(document(line * size + "终。", source)), 20_000)


def test_five_megabytes() -> None:
    for text in ("生物多样性，" * 280_000, (wrapped(PROSE) + "\n\n") * 11_000):
        result = clean(replace(document(text), pages=tuple(range(0, len(text), 1000))))
        assert restore(result) == text
        assert list(result.pages) == sorted(result.pages)


def test_a_narrow_column_is_unwrapped() -> None:
    lines = (
        "The town council has decided to re-\nbuild the old mill bridge. Work be-\ngins on 3 April and lasts eleven\n"
        "weeks. During this time the detour\nruns along Tanner Street. The costs\nare borne by the district, which has\n"
        "set aside 640,000 crowns for it."
    )
    assert "Work begins on 3 April and lasts eleven weeks. During" in cleaned(lines).text
    poem = "the lake is deep\nand dark is the reed\nthe heron asleep\nhas nothing to need\nthe water is cold\nthe summer is old\n"
    assert cleaned(poem).text == poem.strip()


@pytest.mark.parametrize(
    ("text", "left", "removed"),
    [
        ("It costs ~~3,000~~ 2,500 crowns.", "It costs 2,500 crowns.", "~~3,000~~"),
        ("a\n\n- ~~The tenant may sublet.~~\n- Keys", "a\n\n- Keys", "- ~~The tenant may sublet.~~"),
        ("Between ~5 and ~~ 6", "Between ~5 and ~~ 6", ""),
        ("```\na ~~b~~\n```", "```\na ~~b~~\n```", ""),
    ],
)
def test_struck_out_text_of_markdown_is_in_the_record(text: str, left: str, removed: str) -> None:
    found = clean(Document("d", "a", "/a.md", text))
    assert found.text == left
    assert "".join(edit.removed.strip() for edit in removed_passages(found) if edit.reason == "struck out") == removed
